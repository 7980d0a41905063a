"""What a text is: a string without half a character, whose words stand between white space."""

import re
from collections.abc import Iterable, Mapping

from .errors import DataError

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Rust's `char::is_whitespace` calls white space. (Python's `str.isspace` adds U+001C to U+001F.)"""

UNSPACED = (
    "Words are cut at white space: a script without spaces between words (Chinese, Japanese, Thai) needs a tokenizer "
    "of characters or of byte pairs, or spaces put between its words."
)
"""What to tell who has a text without white space."""

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def check_text(text: object, where: str) -> str:
    """The text itself, if it is one: a string that can be written to a file.

    Raises:
        DataError: it is not a string (None, NaN, ids, bytes), or holds half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise DataError("this is not a text", where=where, expected="a string", got=f"{text!r:.60}")
    if half := _HALF_CHARACTER.search(text):
        raise DataError(
            "this text holds half a character (a lone surrogate)",
            where=where,
            got=f"{half[0]!r} in {text[:60]!r}",
            remedy="An emoji was cut in two when the text was made: write it whole, or take it out.",
        )
    return text


def check_texts(texts: Iterable[str]) -> list[str]:
    """The texts as a list, if every one is a text.

    Raises:
        DataError: `texts` is a single text, a dict, a table or nothing to go through; or `texts[i]` is no text.
    """
    if isinstance(texts, str | bytes):
        raise DataError("a single text where a list of texts belongs", where="texts", remedy="Write [text].")
    is_row = isinstance(texts, Iterable) and getattr(texts, "ndim", 1) == 1  # not a table of pandas or NumPy
    if not is_row or isinstance(texts, Mapping):
        raise DataError(
            "these are not texts", where="texts", expected="a list of strings", got=type(texts).__name__
        )
    return [check_text(text, f"texts[{i}]") for i, text in enumerate(texts)]
