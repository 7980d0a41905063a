"""The binary format: bincode 2, `config::standard()` (its docs/spec.md). Values without names or gaps, little-endian.

A whole number is one byte below 251; else a marker, 251, 252 or 253, and 2, 4 or 8 bytes. Text, sequences and maps
are a count and their items; an f32 is its four bytes, a truth value and an option begin with a byte 0 or 1.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from ..errors import FileError
from ..layers import REGISTRY
from ..numerics import Array
from . import schema
from .reader import Reader, decoded, limited

WIDE = {251: (2, 251), 252: (4, 1 << 16), 253: (8, 1 << 32)}
"""Marker -> the bytes of the whole number that follows it, and the smallest number that needs it."""
COUNT, TAG, LAYER_TAG = map(schema.Scalar, ("count", "tag", "layer_tag"))
"""What stands before a list, an optional value and a layer."""

# ---- writing --------------------------------------------------------------------------------------------------------


def encode(file: BinaryIO, value: Any, kind: Any = schema.MODEL) -> None:
    """Write a value of some kind; an array goes from its own memory straight to the file."""
    if isinstance(kind, schema.Scalar):
        file.write(SCALARS[kind.name](value))
    elif kind is schema.MATRIX:
        file.write(b"".join(map(varint, (value["v"], *value["dim"], value["data"].size))))
        file.write(value["data"].astype(schema.FLOAT, copy=False).data)
    elif isinstance(kind, schema.Struct):
        for name, part in kind.known(value).items():
            encode(file, value[name], part)
    elif isinstance(kind, schema.AnyLayer):
        [(name, part)] = value.items()
        file.write(varint(REGISTRY[name].tag))
        encode(file, part, schema.form_of(name))
    elif isinstance(kind, schema.Option):
        file.write(bytes([value is not None]))
        if value is not None:
            encode(file, value, kind.item)
    elif isinstance(kind, schema.Map):
        first, second = (SCALARS[part.name] for part in kind.entry)
        file.write(varint(len(value)) + b"".join([first(k) + second(v) for k, v in value.items()]))
    elif kind is schema.WORDS:
        file.write(varint(len(value)) + b"".join(map(_text, value)))
    else:
        file.write(varint(len(value)))
        for part in value:
            encode(file, part, kind.item)


def varint(value: int) -> bytes:
    """A whole number in its shortest form.

    >>> [varint(number).hex(" ") for number in (7, 251, 65536)]
    ['07', 'fb fb 00', 'fc 00 00 01 00']
    """
    if value < 251:
        return bytes((value,))
    marker = 251 if value < 1 << 16 else 252 if value < 1 << 32 else 253
    return bytes((marker,)) + value.to_bytes(WIDE[marker][0], "little")


def _text(value: str) -> bytes:
    data = value.encode()
    return varint(len(data)) + data


SCALARS: dict[str, Callable[[Any], bytes]] = dict.fromkeys(("usize", "usize_key", "bool"), varint)
SCALARS |= {"f32": struct.Struct("<f").pack, "string": _text}
"""The name of a scalar -> its bytes."""

# ---- reading --------------------------------------------------------------------------------------------------------


class Window:
    """The numbers of an array, where they lie in the file: nothing is copied."""

    def __init__(self, data: memoryview, kind: Any = schema.FLOAT):
        self.array = np.frombuffer(data, kind)
        self.limit = self.array.size

    def pieces(self) -> Iterable[Array]:
        return (self.array,)


class Bincode(Reader):
    """Reads the binary format."""

    def present(self) -> bool:
        return self.part("tag", TAG) == 1

    def items(self, kind: Any) -> Iterable[int]:
        if isinstance(kind, schema.Pair):
            return range(2)
        start, count = self.offset, self.part("count", COUNT)
        limited(count, kind.most, start)
        return range(count)

    def any_layer(self) -> dict[str, Any]:
        start, tag = self.offset, self.part("tag", LAYER_TAG)
        if tag > 0xFFFFFFFF:
            raise FileError("wide tag", offset=start, expected="at most 32 bits", got=tag)
        name = next((name for name, kind in REGISTRY.items() if kind.tag == tag), None)
        return self.layer(name, start, tag)

    def struct(self, kind: schema.Struct) -> dict[str, Any]:
        if self.quick and kind is schema.MATRIX:
            return {"v": self.usize(), "dim": [self.usize(), self.usize()], "data": self.window(self.usize())}
        if self.quick and isinstance(kind, schema.State):
            numbers = *shortest(bytes(self.take(12))), self.usize()
            m, v = self.read(schema.MATRIX), self.read(schema.MATRIX)
            return dict(zip(schema.ADAM, numbers, strict=True), m=m, v=v)
        if self.quick and kind is schema.VOCAB:
            ids, texts = self._plain_map(True, False), self._plain_map(False, True)
            return {"encode": ids, "decode": texts, "words": self._plain(self.count(), True)}
        found = self.parts(kind.fields)
        if len(fields := kind.known(found)) > len(found):
            found |= self.parts({name: part for name, part in fields.items() if name not in found})
        return found

    def parts(self, kinds: Mapping[str, Any]) -> dict[str, Any]:
        if self.quick:
            return {name: self.read(kind) for name, kind in kinds.items()}
        return {name: self.part(f".{name}", kind) for name, kind in kinds.items()}

    def map(self, pairs: list[Any]) -> dict[Any, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
            raise FileError("key twice", path=f"[{twice!r}]", offset=self.offset)
        return found

    # There are hundreds of words and arrays, and they take most of the time of a load. What nearly all of them look
    # like is therefore read with few calls; if there is anything else, all is read once more, part by part.

    def _plain_map(self, *are_texts: bool) -> dict[Any, Any]:
        count = self.count()
        flat = self._plain(count, *are_texts)
        found = dict(zip(flat[::2], flat[1::2], strict=True))
        if len(found) < count:
            raise LookupError("a key stands twice")
        return found

    def _plain(self, count: int, *are_texts: bool) -> list[Any]:
        """So many times texts of at most 250 bytes and numbers below 2^16, in that order.

        Raises:
            FileError, LookupError, UnicodeDecodeError: there is something else.
        """
        limited(count, schema.MAX_WORDS)
        raw, at, found = bytes(self.data[self.offset :][: count << 8]), 0, list[Any]()
        for is_text in are_texts * count:
            first = raw[at]
            at += 1
            if is_text and first < 251:
                found.append(raw[at : at + first].decode())
                at += first
            elif first < 251:
                found.append(first)
            else:
                number = raw[at] | raw[at + 1] << 8
                at += 2
                if is_text or first > 251 or number < 251:
                    raise LookupError("something else")
                found.append(number)
        if at > len(raw):
            raise LookupError("the last text is cut off")
        self.offset += at
        return found

    # ---- primitives --------------------------------------------------------------------------------------------------

    def take(self, size: int) -> memoryview:
        """The next `size` bytes."""
        start, left = self.offset, self.size - self.offset
        if size > left:
            expected = f"{size} more byte{'s'[: size > 1]}"
            raise FileError("cut off", offset=start, expected=expected, got=left)
        self.offset = start + size
        return self.data[start : self.offset]

    def usize(self) -> int:
        start = self.offset
        first: int = self.raw[start] if start < self.size else self.take(1)[0]
        self.offset = start + 1
        if first < 251:
            return first
        if first not in WIDE:
            raise FileError("varint", offset=start, expected="a marker from 251 to 253", got=first)
        width, smallest = WIDE[first]
        value = int.from_bytes(self.take(width), "little")
        if value < smallest:
            raise FileError("long varint", offset=start, expected="the shortest form", got=value)
        return value

    usize_key = layer_tag = version = usize

    def count(self) -> int:
        """A number of things that take a byte each, or more."""
        start, count = self.offset, self.usize()
        if count > (most := self.size - self.offset):
            raise FileError("length", offset=start, expected=f"at most {most}", got=count)
        return count

    def f32(self) -> float:
        return shortest(bytes(self.take(4)))[0]

    def string(self) -> str:
        data = bytes(self.take(self.count()))
        return decoded(data, self.offset - len(data))

    def tag(self) -> int:
        tag: int = self.take(1)[0]
        if tag > 1:
            raise FileError("tag", offset=self.offset - 1, expected="0 (absent) or 1 (present)", got=tag)
        return tag

    def bool(self) -> bool:
        return self.tag() == 1

    def floats(self) -> Window:
        return self.window(self.part("count", COUNT))

    def window(self, count: int) -> Window:
        return Window(self.take(count * schema.FLOAT.itemsize))


@lru_cache(maxsize=64)
def shortest(data: bytes) -> tuple[float, ...]:
    """The shortest decimals that mean these f32: what was saved as 0.9 is 0.9 again, not 0.8999999761581421."""
    return tuple(float(str(number)) for number in np.frombuffer(data, schema.FLOAT))
