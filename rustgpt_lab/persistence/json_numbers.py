"""The numbers of an array as JSON text: nearly all that there is in a file, so simdjson reads them, in pieces."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import simdjson

from ..numerics import Array
from .reader import inside

PIECE = 1 << 16
"""Bytes of text decoded at a time: little enough to stay in the processor's cache."""
LONGEST = 256
"""Characters of a number; its float32 needs 112 at most, even without an exponent."""
# The `+` behind a repetition (`*+`) forbids going back in it: a hostile text costs no more than a good one.
SPACE = re.compile(rb"[ \t\n\r]*+")
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")


class Span:
    """The numbers of an array as text: what stands between its brackets.

    Args:
        data: the file.
        start, end: where in it the text begins and ends.
        one_by_one: (data, start, end) of a piece with something unusual -> float64, or the error.
    """

    def __init__(self, data: Any, start: int, end: int, one_by_one: Callable[[Any, int, int], Array]):
        self.data, self.start, self.end, self.one_by_one = data, start, end, one_by_one
        self.limit = (end - start + 1) // 2  # a number has a digit, and all but one a comma

    def pieces(self) -> Iterator[Array]:
        """The numbers, float32; null is NaN."""
        data, start, parser = self.data, self.start, simdjson.Parser()
        if SPACE.match(data, start).end() >= self.end:  # type: ignore[union-attr]
            return
        while start <= self.end:
            comma = data.find(b",", start + PIECE, self.end)
            stop = self.end if comma < 0 else comma
            numbers = _decoded(data[start:stop], parser) if stop - start < PIECE + LONGEST else None
            if numbers is None:
                with inside(".data"):
                    numbers = nearest_float32(self.one_by_one(data, start, stop), data[start:stop])
            yield numbers
            start = stop + 1


def _decoded(text: bytes, parser: simdjson.Parser) -> Array | None:
    """Numbers with commas between them, as float32; None if one of them needs a closer look, or is none."""
    try:
        array: Any = parser.parse(b"[%b]" % text)
        narrow = nearest_float32(np.frombuffer(array.as_buffer(of_type="d")), text)
    except (ValueError, TypeError, RuntimeError):  # what simdjson refuses: a null or a long whole number, too
        return None
    commas = np.frombuffer(text, np.uint8, len(text) // LONGEST * LONGEST).reshape(-1, LONGEST) == ord(",")
    return narrow if narrow.size and commas.any(axis=1).all() and np.isfinite(narrow).all() else None


def nearest_float32(wide: Array, text: bytes) -> Array:
    """Numbers that were read as float64, rounded to float32 as if read as float32.

    Rounding twice goes wrong where the first rounding lands in the middle between two float32: 7.038531e-26 is the
    shortest text of a float32, its float64 lies in the middle, and the second rounding would take the other neighbour.
    There, the exact number decides.

    Args:
        wide: (n,) float64.
        text: the n numbers, with commas between them.

    >>> nearest_float32(np.array([7.038531e-26]), b"7.038531e-26")
    array([7.038531e-26], dtype=float32)
    """
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    surplus = wide.view(np.uint64) & 0x1FFFFFFF  # the 29 bits that float32 has not
    doubtful = surplus == 0x10000000  # a one and zeros: the middle
    tiny = np.abs(wide) < np.finfo(np.float32).tiny  # there, float32 has still fewer bits
    if tiny.any():
        step = float(np.finfo(np.float32).smallest_subnormal)
        doubtful |= tiny & (np.abs(wide) / step % 1 == 0.5)
    if doubtful.any():
        texts = text.split(b",")
        for i in np.flatnonzero(doubtful):
            exact, middle = Decimal(texts[i].decode()), Decimal(float(wide[i]))
            if exact != middle and (exact > middle) == (narrow[i] < wide[i]):
                narrow[i] = np.nextafter(narrow[i], np.float32("inf" if exact > middle else "-inf"))
    return narrow
