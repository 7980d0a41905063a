"""The binary format: bincode 2, `config::standard()`. Values follow each other without names or gaps, little-endian.

A whole number is one byte below 251; else a marker, 251, 252 or 253, and 2, 4 or 8 bytes. Text, sequences and maps
are a count and their items; an f32 is its four bytes.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from ..errors import (
    ArrayVersionError,
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
from .schema import MODEL, Enum, Kind, Map, Option, Scalar, Seq, Struct, Tuple

WIDE = {
    251: (struct.Struct("<H"), 251),
    252: (struct.Struct("<I"), 1 << 16),
    253: (struct.Struct("<Q"), 1 << 32),
}
"""Marker -> the form of the whole number that follows it, and the smallest number that needs it."""
FLOAT = np.dtype("<f4")


class Window:
    """The numbers of an array, where they lie in the file: nothing is copied."""

    def __init__(self, data: memoryview, count: int, start: int):
        self.array = np.frombuffer(data, FLOAT, count, start)

    @property
    def limit(self) -> int:
        return self.array.size

    def pieces(self) -> Iterator[Array]:
        yield self.array


class Bincode:
    """The primitives of the binary format (`schema.Source`).

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
        start = self.offset
        count = self.raw[start] if start < self.size else 251
        if count < 251 and start + count < self.size:  # as for nearly every word: no time is lost
            start += 1
        else:
            count = self.length()
            start = self.offset
        self.offset = end = start + count
        try:
            return str(self.raw[start:end], "utf-8")
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
        start = self.offset
        count = self.length()
        if count > most:
            raise TooLargeError(
                "a longer list than the limit", offset=start, expected=f"at most {most}", got=count
            )
        return iter(range(count))

    def parts(self, size: int) -> Iterator[int]:
        return iter(range(size))

    def key(self, kind: str) -> Callable[[], Any]:
        return getattr(self, kind)

    def pairs(self, key: Callable, value: Callable, most: int) -> list[tuple[Any, Any]]:
        return [(key(), value()) for _ in self.items(most)]


@lru_cache(maxsize=64)
def shortest(data: bytes) -> float:
    """The shortest decimal that means this f32: what was saved as 0.9 is 0.9 again, not 0.8999999761581421."""
    return float(str(np.float32(struct.unpack("<f", data)[0])))


def read(data: Any) -> dict[str, Any]:
    """The values of `schema.MODEL` in a file; the numbers of arrays are windows into `data`."""
    source = Bincode(data)
    values = MODEL.read(source)
    source.finish()
    return values


def write(file: BinaryIO, values: dict[str, Any]) -> None:
    """Write the values of `schema.MODEL`."""
    encode(file, MODEL, values)


def encode(file: BinaryIO, kind: Kind, value: Any) -> None:
    """Write a value of some kind; an array goes from its own memory straight to the file."""
    if isinstance(kind, Scalar):
        file.write(ENCODERS[kind.name](value))
        if kind.name == "floats":
            file.write(value.astype(FLOAT, copy=False).data)
    elif isinstance(kind, Struct):
        for name, part in kind.fields.items():
            encode(file, part, value[name])
    elif isinstance(kind, Enum):
        [(name, part)] = value.items()
        file.write(varint(list(kind.variants).index(name)))
        encode(file, kind.variants[name], part)
    elif isinstance(kind, Seq):
        file.write(varint(len(value)))
        for part in value:
            encode(file, kind.item, part)
    elif isinstance(kind, Tuple):
        for item, part in zip(kind.items, value, strict=True):
            encode(file, item, part)
    elif isinstance(kind, Map):
        first, second = ENCODERS[kind.key.name], ENCODERS[kind.value.name]
        file.write(varint(len(value)) + b"".join([first(k) + second(v) for k, v in value.items()]))
    elif isinstance(kind, Option):
        file.write(bytes([value is not None]))
        if value is not None:
            encode(file, kind.item, value)


def varint(value: int) -> bytes:
    """A whole number in its shortest form."""
    if value < 251:
        return bytes((value,))
    marker = 251 if value < 1 << 16 else 252 if value < 1 << 32 else 253
    return bytes((marker,)) + WIDE[marker][0].pack(value)


def _text(value: str) -> bytes:
    data = value.encode()
    return varint(len(data)) + data


ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "usize": varint,
    "f32": struct.Struct("<f").pack,
    "string": _text,
    "version": varint,
    "floats": lambda array: varint(array.size),
}
"""The name of a scalar -> its bytes; of an array's numbers, what stands before them."""
