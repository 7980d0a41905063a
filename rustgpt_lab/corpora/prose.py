"""Plain text: where its texts begin and end, and how one that is too long is cut."""

import re
from itertools import pairwise

from ..texts import WHITE_SPACE
from ..tokenizers import END, tokenize

_LINE_BREAK = re.compile(r"\r\n|\r")
_BOUNDARY = re.compile(rf"(?<=[{WHITE_SPACE}]{END})[{WHITE_SPACE}]*\n|\n[{WHITE_SPACE}]*\n")


def paragraphs(text: str) -> list[str]:
    """The texts of a plain text, without their `</s>`: each ends at a blank line, or at a line's end after `</s>`.

    Line breaks inside a text stay: they are white space.

    >>> paragraphs("The sun\\nrises.\\n\\nIt sets.\\n")
    ['The sun\\nrises.', 'It sets.']
    """
    return [part for part in map(bare, _BOUNDARY.split(_LINE_BREAK.sub("\n", text))) if part]


def is_ended(text: str) -> bool:
    """Whether `</s>` is the last word."""
    return tokenize(text.rstrip(WHITE_SPACE)[-len(END) - 1 :])[-1:] == [END]


def bare(text: str) -> str:
    """The text without white space around it, and without the `</s>` at its end."""
    text = text.strip(WHITE_SPACE)
    return text.removesuffix(END).rstrip(WHITE_SPACE) if is_ended(text) else text


def pieces(text: str, longest: int) -> list[str]:
    """The text in as few pieces of at most `longest` words as it takes, which are equally long but for one word.

    >>> pieces("one two three, four </s>", 4)
    ['one two three', ', four </s>']
    """
    words = tokenize(text)
    count = max(1, -(-len(words) // longest))
    starts, at = [], 0
    for word in words:
        starts.append(text.index(word, at))
        at = starts[-1] + len(word)
    bounds = [0, *(starts[len(words) * i // count] for i in range(1, count)), len(text)]
    return [text[a:b].strip(WHITE_SPACE) for a, b in pairwise(bounds)]
