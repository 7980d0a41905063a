"""The numbers of an array as JSON text: nearly all that there is in a file, so a fast library reads them, in pieces."""

from collections.abc import Iterator

import msgspec
import numpy as np

from ..errors import FileError, JsonSyntaxError, NumberError
from ..numerics import Array
from .json_text import LONGEST, SPACE, JsonText
from .rounding import nearest_float32

PIECE = 1 << 16
"""Bytes of text decoded at a time: little enough to stay in the processor's cache."""
NUMBERS = msgspec.json.Decoder(list[float])
NUMBERS_OR_NULL = msgspec.json.Decoder(list[float | None])


class Span:
    """The numbers of an array as text, between its brackets."""

    def __init__(self, data: memoryview, start: int, end: int):
        self.data, self.start, self.end = data, start, end

    @property
    def limit(self) -> int:
        return (self.end - self.start + 1) // 2  # a number has a digit, and all but one a comma

    def fill(self, target: Array) -> int:
        count = 0
        for piece in self.pieces():
            room = target[count : count + piece.size]
            room[:] = piece[: room.size]
            count += piece.size
        return count

    def pieces(self) -> Iterator[Array]:
        start = SPACE.match(self.data, self.start).end()  # type: ignore[union-attr]
        try:
            while start < self.end:
                piece, stop = self._cut(start)
                yield self._decode(piece, start)
                if stop == self.end:
                    return
                start = stop + 1
                if start == self.end:
                    raise JsonSyntaxError("a comma ends a list", offset=stop, expected="a number after it")
        except FileError as error:
            error.where.enter(".data")
            raise

    def _cut(self, start: int) -> tuple[bytes, int]:
        """Text from `start` up to a comma or the end, and where that is."""
        piece = bytes(self.data[start : min(start + PIECE, self.end)])
        if start + PIECE >= self.end:
            return piece, self.end
        comma = piece.rfind(b",")
        if comma < 0:
            raise JsonSyntaxError("no comma among many bytes of numbers", offset=start, expected="numbers")
        return piece[:comma], start + comma

    def _decode(self, piece: bytes, start: int) -> Array:
        text = b"[" + piece + b"]"
        try:
            try:
                numbers = NUMBERS.decode(text)
                wide = np.fromiter(numbers, np.float64, len(numbers))
            except msgspec.ValidationError:
                wide = np.array(NUMBERS_OR_NULL.decode(text), np.float64)
        except msgspec.MsgspecError as error:
            raise self._explain(piece, start) from error
        narrow = nearest_float32(wide, piece)
        commas = np.frombuffer(piece, np.uint8, len(piece) // LONGEST * LONGEST).reshape(-1, LONGEST) == ord(
            ","
        )
        if not wide.size or np.isinf(narrow).any() or not commas.any(axis=1).all():
            raise self._explain(piece, start)
        return narrow

    def _explain(self, piece: bytes, start: int) -> FileError:
        """Which of the numbers of a bad piece is bad, and why."""
        reader = JsonText(piece + b"]")
        try:
            reader.f32()
            while reader.has(b","):
                reader.f32()
            if reader.start() == len(piece):
                return NumberError("a number with too much white space", offset=start)
            return _moved(reader.wrong("a comma or the end of the list"), start)
        except FileError as error:
            return _moved(error, start)


def _moved(error: FileError, start: int) -> FileError:
    """The same error, counted from the start of the file and not of a piece of it."""
    error.where.offset = start + (error.where.offset or 0)
    return error
