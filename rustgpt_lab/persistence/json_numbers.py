"""The numbers of an array as JSON text: nearly all that there is in a file, so simdjson reads them, in pieces."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import simdjson

from ..errors import FileError
from ..numerics import Array

PIECE = 1 << 16
"""Bytes of text decoded at a time: little enough to stay in the processor's cache."""
LONGEST = 256
"""Characters of a number; its float32 needs 112 at most, even without an exponent."""
# The `+` behind a repetition (`*+`) forbids going back in it: a hostile text costs no more than a good one.
SPACE = re.compile(rb"[ \t\n\r]*+")
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")


class Span:
    """The numbers of an array as text, between its brackets.

    Args:
        data: the file.
        start, end: where in it the text begins and ends.
        explain: (start, end) of a piece with something wrong -> the error.
    """

    def __init__(self, data: memoryview, start: int, end: int, explain: Callable[[int, int], FileError]):
        self.data, self.start, self.end, self.explain = data, start, end, explain
        self.limit = (end - start + 1) // 2  # a number has a digit, and all but one a comma

    def pieces(self) -> Iterator[Array]:
        """The numbers, float32; null is NaN."""
        start, parser = self.start, simdjson.Parser()
        if SPACE.match(self.data, start).end() >= self.end:  # type: ignore[union-attr]
            return
        while start <= self.end:
            stop = min(start + PIECE, self.end)
            piece = bytes(self.data[start:stop])
            if stop < self.end:  # only up to the last comma
                piece = piece[: max(piece.rfind(b","), 0)]
                stop = start + len(piece)
            numbers = _decode(piece, parser)
            if numbers is None:
                error = self.explain(start, stop)
                error.where.enter(".data")
                raise error
            yield numbers
            start = stop + 1


def _decode(piece: bytes, parser: simdjson.Parser) -> Array | None:
    """Numbers with commas between them, as float32; None if something is wrong."""
    text = b"[" + piece + b"]"
    try:
        array: Any = parser.parse(text)
        wide = np.frombuffer(array.as_buffer(of_type="d"))
    except (ValueError, TypeError, RuntimeError):  # for simdjson; a null or a long whole number is right, too
        try:
            numbers = json.loads(text, parse_int=float, parse_constant=str)
        except (ValueError, RecursionError):
            return None
        if not {type(number) for number in numbers} <= {float, type(None)}:
            return None
        wide = np.array(numbers, np.float64)
    narrow = nearest_float32(wide, piece)
    commas = np.frombuffer(piece, np.uint8, len(piece) // LONGEST * LONGEST).reshape(-1, LONGEST) == ord(",")
    sound = wide.size and commas.any(axis=1).all() and not np.isinf(narrow).any()
    return narrow if sound else None


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
