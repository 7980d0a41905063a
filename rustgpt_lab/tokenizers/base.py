"""What every tokenizer can do, whether its pieces are words or pairs of bytes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol


class Tokenizer(Protocol):
    """From text to ids below `len(tokenizer)`, and back."""

    @property
    def end(self) -> int | None:
        """The id that ends a text, or None if there is none (generation then runs to the last position)."""

    def __len__(self) -> int:
        """V, the number of ids."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text. What ends a text, such as `</s>`, is that one id where it stands in the text."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, the end included."""

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """What each id stands for, as pictures show it: white space, too, is then something that one sees."""

    def unknown(self, text: str) -> list[str]:
        """What of a text `encode` drops, in order."""


def spoken(tokenizer: Tokenizer, ids: Iterable[int]) -> Iterator[str]:
    """The text of ids that come one by one: what each adds to `decode` of those before, so that the sum is the same.

    A character whose bytes are not all there yet waits for them.
    """
    said, start, told = list[int](), 0, ""
    for i in ids:
        said.append(i)
        text = tokenizer.decode(said[start:])
        if text.endswith("\ufffd"):
            continue
        yield text[len(told) :]
        start, told = len(said) - 1, tokenizer.decode([i])
    text = tokenizer.decode(said[start:])
    if text != told:
        yield text[len(told) :]
