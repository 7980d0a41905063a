"""How values look in the binary format, to one who reads it (see `bincode`)."""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import (
    ArrayVersionError,
    FileError,
    LengthError,
    TagError,
    TooLargeError,
    TrailingBytesError,
    TruncatedError,
    UnknownLayerError,
    Utf8Error,
    VarintError,
)
from ..numerics import Array
from .kinds import Matrix, Seq, Struct, Texts

WIDE = {
    251: (struct.Struct("<H"), 251),
    252: (struct.Struct("<I"), 1 << 16),
    253: (struct.Struct("<Q"), 1 << 32),
}
"""Marker -> the form of the whole number that follows it, and the smallest number that needs it."""
FLOAT = np.dtype("<f4")
TEXT, TEXT_NUMBER, NUMBER_TEXT = (True,), (True, False), (False, True)
"""What follows what in a list of words, and in the two maps of a vocabulary: whether it is a text."""


class Window:
    """The numbers of an array, where they lie in the file: nothing is copied."""

    def __init__(self, data: memoryview, count: int, start: int):
        self.array = np.frombuffer(data, FLOAT, count, start)

    @property
    def limit(self) -> int:
        return self.array.size

    def fill(self, target: Array) -> int:
        target[:] = self.array[: target.size]
        return self.array.size

    def pieces(self) -> Iterator[Array]:
        yield self.array


class Bincode:
    """The primitives of the binary format (`kinds.Source`).

    Args:
        data: the whole file, bytes or a map of it.
    """

    def __init__(self, data: Any):
        self.raw = data  # gives single bytes and short texts faster than its memoryview does
        self.data = memoryview(data)
        self.size = len(self.data)
        self.offset = 0

    def start(self) -> int:
        return self.offset

    end = start

    def finish(self) -> None:
        left = self.size - self.offset
        if left:
            got = f"{left} more bytes"
            raise TrailingBytesError(
                "bytes follow the end of the model",
                offset=self.offset,
                expected="the end of the file",
                got=got,
            )

    def take(self, size: int) -> memoryview:
        """The next `size` bytes."""
        start, left = self.offset, self.size - self.offset
        if size > left:
            expected = f"{size} more byte{'s'[: size > 1]}"
            remedy = "Copy or download the file once more."
            raise TruncatedError(
                "the file is cut off", offset=start, expected=expected, got=left, remedy=remedy
            )
        self.offset = start + size
        return self.data[start : self.offset]

    def usize(self) -> int:
        start = self.offset
        first: int = self.raw[start] if start < self.size else self.byte()
        self.offset = start + 1
        if first < 251:
            return first
        if first not in WIDE:
            raise VarintError(
                "a whole number is marked as wider than 64 bits",
                offset=start,
                expected="a marker from 251 to 253",
                got=first,
            )
        form, smallest = WIDE[first]
        self.take(form.size)
        value: int = form.unpack_from(self.data, start + 1)[0]
        if value < smallest:
            expected = "the shortest form"
            raise VarintError("a small number is written wide", offset=start, expected=expected, got=value)
        return value

    def length(self, width: int = 1) -> int:
        """A count of things that take at least `width` bytes each."""
        start = self.offset
        count = self.usize()
        left = self.size - self.offset
        if count * width > left:
            raise LengthError(
                "a length is larger than what is left of the file",
                offset=start,
                expected=f"at most {left // width}",
                got=count,
                remedy="The file is cut off or damaged: copy or download it once more.",
            )
        return count

    def f32(self) -> float:
        return shortest(bytes(self.take(4)))

    def string(self) -> str:
        count = self.length()
        start = self.offset
        self.offset = start + count
        try:
            return str(self.raw[start : self.offset], "utf-8")
        except UnicodeDecodeError as error:
            offset, got = start + error.start, f"byte 0x{error.object[error.start]:02x}"
            raise Utf8Error("a text is not UTF-8", offset=offset, expected="UTF-8", got=got) from error

    def byte(self) -> int:
        """The next byte."""
        start = self.offset
        if start >= self.size:
            self.take(1)  # says that the file is cut off
        self.offset = start + 1
        return self.data[start]

    def version(self) -> int:
        version = self.byte()
        if version != 1:
            offset = self.offset - 1
            raise ArrayVersionError("an array of an unknown version", offset=offset, expected=1, got=version)
        return version

    def floats(self) -> Window:
        count = self.length(FLOAT.itemsize)
        start = self.offset
        self.offset += count * FLOAT.itemsize
        return Window(self.data, count, start)

    def option(self) -> bool:
        tag = self.byte()
        if tag > 1:
            offset, expected = self.offset - 1, "0 (absent) or 1 (present)"
            raise TagError("a bad tag of an optional value", offset=offset, expected=expected, got=tag)
        return tag == 1

    def fields(self, names: Mapping[str, Any]) -> Iterator[str]:
        return iter(names)

    def variant(self, names: Mapping[str, Any]) -> Iterator[str]:
        start = self.offset
        tag = self.usize()
        if tag > 0xFFFFFFFF:
            raise VarintError("a tag of 64 bits", offset=start, expected="at most 32 bits", got=tag)
        if tag >= len(names):
            raise UnknownLayerError(
                "an unknown kind of layer",
                offset=start,
                expected=f"0 to {len(names) - 1} ({', '.join(names)})",
                got=tag,
                remedy="A newer version of this library may know it.",
            )
        yield list(names)[tag]

    def items(self, most: int) -> Iterator[int]:
        return iter(range(self._count(most)))

    def _count(self, most: int) -> int:
        start = self.offset
        count = self.length()
        if count > most:
            raise TooLargeError(
                "a longer list than the limit", offset=start, expected=f"at most {most}", got=count
            )
        return count

    def parts(self, size: int) -> Iterator[int]:
        return iter(range(size))

    def key(self, kind: str) -> Callable[[], Any]:
        return getattr(self, kind)

    # There are hundreds of words and arrays, and they take most of the time of a load. What nearly all of them look
    # like is therefore read with few calls; the rest, and what is wrong, by the kinds themselves.

    def pairs(self, key: Callable, value: Callable, most: int) -> Iterable[tuple[Any, Any]]:
        count = self._count(most)
        with suppress(IndexError, ValueError):
            if (key, value) == (self.string, self.usize):
                texts, numbers = self._plain(TEXT_NUMBER * count)
                return zip(texts, numbers, strict=True)
            if (key, value) == (self.usize, self.string):
                texts, numbers = self._plain(NUMBER_TEXT * count)
                return zip(numbers, texts, strict=True)
        return [(key(), value()) for _ in range(count)]

    def texts(self, kind: Texts) -> list[str]:
        start = self.offset
        try:
            return self._plain(TEXT * self._count(kind.most))[0]
        except (IndexError, ValueError):
            self.offset = start
            return Seq.read(kind, self)

    def _plain(self, are_texts: Sequence[bool]) -> tuple[list[str], list[int]]:
        """Texts of at most 250 bytes, and numbers below 2^16, in the order of `are_texts`.

        Raises:
            IndexError, ValueError: there is something else; nothing has been read.
        """
        raw, at = self.raw, self.offset
        texts, numbers = [], []
        for is_text in are_texts:
            first = raw[at]
            at += 1
            if is_text:
                if first > 250 or at + first > self.size:
                    raise ValueError("a long text, or a cut one")
                texts.append(raw[at : at + first].decode())
                at += first
            elif first > 250:
                number = raw[at] | raw[at + 1] << 8
                if first > 251 or number < 251:
                    raise ValueError("a large number, or a bad one")
                numbers.append(number)
                at += 2
            else:
                numbers.append(first)
        self.offset = at
        return texts, numbers

    def matrix(self, kind: Matrix) -> dict[str, Any]:
        start = self.offset
        try:
            return {"v": self.version(), "dim": [self.usize(), self.usize()], "data": self.floats()}
        except FileError:
            self.offset = start
            return Struct.read(kind, self)  # once more, to say in which field it is


@lru_cache(maxsize=64)
def shortest(data: bytes) -> float:
    """The shortest decimal that means this f32: what was saved as 0.9 is 0.9 again, not 0.8999999761581421."""
    return float(str(np.float32(struct.unpack("<f", data)[0])))
