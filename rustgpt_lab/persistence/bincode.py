"""The binary format: bincode 2, `config::standard()`. Values follow each other without names or gaps, little-endian.

A whole number is one byte below 251; else a marker, 251, 252 or 253, and 2, 4 or 8 bytes. Text, sequences and maps
are a count and their items; an f32 is its four bytes, a truth value and an option begin with a byte 0 or 1.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from ..errors import FileError
from ..layers import REGISTRY
from ..numerics import Array
from . import schema
from .reader import Reader, check_matrix, limited

WIDE = {251: ("<H", 251), 252: ("<I", 1 << 16), 253: ("<Q", 1 << 32)}
"""Marker -> the form of the whole number that follows it, and the smallest number that needs it."""
ARE_TEXTS = {schema.WORDS: (True,), schema.WORD_TO_ID: (True, False), schema.ID_TO_WORD: (False, True)}
"""What follows what in a list of words, and in the two maps of a vocabulary: whether it is a text."""

# ---- writing --------------------------------------------------------------------------------------------------------


def write(file: BinaryIO, values: dict[str, Any]) -> None:
    """Write the values of `schema.MODEL`."""
    encode(file, schema.MODEL, values)


def encode(file: BinaryIO, kind: Any, value: Any) -> None:
    """Write a value of some kind; an array goes from its own memory straight to the file."""
    if isinstance(kind, schema.Scalar):
        file.write(SCALARS[kind.name](value))
        if kind is schema.FLOATS:
            file.write(value.astype(schema.FLOAT, copy=False).data)
    elif isinstance(kind, schema.Struct):
        for name, part in [*kind.fields.items(), *kind.rest(value).items()]:
            encode(file, part, value[name])
    elif isinstance(kind, schema.AnyLayer):
        [(name, part)] = value.items()
        file.write(varint(REGISTRY[name].tag))
        encode(file, schema.form_of(name), part)
    elif isinstance(kind, schema.Map):
        first, second = (SCALARS[part.name] for part in kind.entry)
        file.write(varint(len(value)) + b"".join([first(k) + second(v) for k, v in value.items()]))
    elif isinstance(kind, schema.Option):
        file.write(bytes([value is not None]))
        if value is not None:
            encode(file, kind.item, value)
    else:
        file.write(varint(len(value)) if isinstance(kind, schema.Seq) else b"")
        for part in value:
            encode(file, kind.item, part)


def varint(value: int) -> bytes:
    """A whole number in its shortest form.

    >>> [varint(number).hex(" ") for number in (7, 251, 65536)]
    ['07', 'fb fb 00', 'fc 00 00 01 00']
    """
    if value < 251:
        return bytes((value,))
    marker = 251 if value < 1 << 16 else 252 if value < 1 << 32 else 253
    return bytes((marker,)) + struct.pack(WIDE[marker][0], value)


def _text(value: str) -> bytes:
    data = value.encode()
    return varint(len(data)) + data


SCALARS: dict[str, Callable[[Any], bytes]] = dict.fromkeys(("usize", "usize_key", "bool", "version"), varint)
SCALARS |= {"f32": struct.Struct("<f").pack, "string": _text, "floats": lambda array: varint(array.size)}
"""The name of a scalar -> its bytes; of an array's numbers, what stands before them."""

# ---- reading --------------------------------------------------------------------------------------------------------


class Window:
    """The numbers of an array, where they lie in the file: nothing is copied."""

    def __init__(self, data: memoryview, count: int, start: int, kind: Any = schema.FLOAT):
        self.array = np.frombuffer(data, kind, count, start)
        self.limit = count

    def pieces(self) -> Iterator[Array]:
        yield self.array


class Bincode(Reader):
    """Reads the binary format."""

    def read(self, kind: Any) -> Any:
        start = self.offset
        if isinstance(kind, schema.Scalar):
            return getattr(self, kind.name)()
        if isinstance(kind, schema.Matrix):
            return check_matrix(self._matrix(kind), start)
        if isinstance(kind, schema.Struct):
            return self._struct(kind)
        if isinstance(kind, schema.AnyLayer):
            return self.layer(self._kind_of_layer())
        if isinstance(kind, schema.Seq):
            count = self._count(kind.most)
            plain = self._plain(kind, count)
            return plain[0] if plain else [self.part(f"[{i}]", kind.item) for i in range(count)]
        if isinstance(kind, schema.Map):
            return self._map(kind)
        if isinstance(kind, schema.Entry):
            return self.part("key", kind.key), self.part("value", kind.value)
        if isinstance(kind, schema.Pair):
            return [self.part("[0]", kind.item), self.part("[1]", kind.item)]
        return self.part("value", kind.item) if self.bool() else None

    def _struct(self, kind: schema.Struct) -> dict[str, Any]:
        found = {name: self.part(f".{name}", part) for name, part in kind.fields.items()}
        for name, part in kind.rest(found).items():
            found[name] = self.part(f".{name}", part)
        return found

    def _map(self, kind: schema.Map) -> dict[Any, Any]:
        count = self._count(kind.most)
        if plain := self._plain(kind.entry, count):
            keys, values = plain if kind.entry is schema.WORD_TO_ID else reversed(plain)
            pairs = list(zip(keys, values, strict=True))
        else:
            pairs = [self.part("entry", kind.entry) for _ in range(count)]
        found = dict(pairs)
        if len(found) < count:
            [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
            raise FileError("key twice", path=f"[{twice!r}]", offset=self.offset)
        return found

    def _kind_of_layer(self) -> str:
        start, tag = self.offset, self.usize()
        if tag > 0xFFFFFFFF:
            raise FileError("wide tag", offset=start, expected="at most 32 bits", got=tag)
        for name, kind in REGISTRY.items():
            if kind.tag == tag:
                return name
        raise self.unknown(start, tag)

    # There are hundreds of words and arrays, and they take most of the time of a load. What nearly all of them look
    # like is therefore read with few calls; the rest, and what is wrong, part by part.

    def _plain(self, kind: schema.Seq | schema.Entry, count: int) -> tuple[list[str], list[int]] | None:
        """So many texts of at most 250 bytes, and numbers below 2^16; None if there is something else."""
        are_texts = ARE_TEXTS.get(kind) if self.quick else None
        if are_texts is None:
            return None
        raw, at, texts, numbers = self.raw, self.offset, list[str](), list[int]()
        try:
            for is_text in are_texts * count:
                first = raw[at]
                at += 1
                if is_text:
                    end = at + first
                    if first > 250 or end > self.size:
                        return None
                    texts.append(raw[at:end].decode())
                    at = end
                elif first < 251:
                    numbers.append(first)
                else:
                    numbers.append(raw[at] | raw[at + 1] << 8)
                    at += 2
                    if first > 251 or numbers[-1] < 251:
                        return None
        except (IndexError, UnicodeDecodeError):
            return None
        self.offset = at
        return texts, numbers

    def _matrix(self, kind: schema.Matrix) -> dict[str, Any]:
        start = self.offset
        try:
            if self.quick:
                return {"v": self.version(), "dim": [self.usize(), self.usize()], "data": self.floats()}
        except FileError:  # once more, to say in which field it is
            self.offset = start
        return self._struct(kind)

    # ---- primitives --------------------------------------------------------------------------------------------------

    def take(self, size: int) -> memoryview:
        """The next `size` bytes."""
        start, left = self.offset, self.size - self.offset
        if size > left:
            expected = f"{size} more byte{'s'[: size > 1]}"
            raise FileError("cut off", offset=start, expected=expected, got=left)
        self.offset = start + size
        return self.data[start : self.offset]

    def byte(self) -> int:
        start = self.offset
        if start >= self.size:
            self.take(1)  # says that the file is cut off
        self.offset = start + 1
        value: int = self.raw[start]
        return value

    def usize(self) -> int:
        start = self.offset
        first: int = self.raw[start] if start < self.size else self.byte()
        self.offset = start + 1
        if first < 251:
            return first
        if first not in WIDE:
            raise FileError("varint", offset=start, expected="a marker from 251 to 253", got=first)
        form, smallest = WIDE[first]
        value: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        if value < smallest:
            raise FileError("long varint", offset=start, expected="the shortest form", got=value)
        return value

    usize_key = usize

    def _length(self, width: int = 1) -> int:
        """A count of things that take at least `width` bytes each."""
        start, count = self.offset, self.usize()
        if count > (most := (self.size - self.offset) // width):
            raise FileError("length", offset=start, expected=f"at most {most}", got=count)
        return count

    def _count(self, most: int) -> int:
        start, count = self.offset, self._length()
        limited(count, most, start)
        return count

    def f32(self) -> float:
        return shortest(bytes(self.take(4)))

    def string(self) -> str:
        data, start = bytes(self.take(self._length())), self.offset
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise self.text_error(start - len(data), error) from error

    def bool(self) -> bool:
        tag = self.byte()
        if tag > 1:
            raise FileError("tag", offset=self.offset - 1, expected="0 (absent) or 1 (present)", got=tag)
        return tag == 1

    def version(self) -> int:
        version = self.byte()
        if version != 1:
            raise FileError("version", offset=self.offset - 1, expected=1, got=version)
        return version

    def floats(self) -> Window:
        count = self._length(schema.FLOAT.itemsize)
        start = self.offset
        self.offset += count * schema.FLOAT.itemsize
        return Window(self.data, count, start)


def read(data: Any) -> dict[str, Any]:
    """The values of `schema.MODEL` in a file; the numbers of arrays are windows into `data`."""
    values: dict[str, Any] = Bincode(data).whole()
    return values


@lru_cache(maxsize=64)
def shortest(data: bytes) -> float:
    """The shortest decimal that means this f32: what was saved as 0.9 is 0.9 again, not 0.8999999761581421."""
    return float(str(np.float32(struct.unpack("<f", data)[0])))
