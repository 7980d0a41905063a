"""The binary format: bincode 2, `config::standard()`. Values follow each other without names or gaps, little-endian.

A whole number is one byte below 251; else a marker, 251, 252 or 253, and 2, 4 or 8 bytes. Text, sequences and maps
are a count and their items; an f32 is its four bytes.
"""

import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from .bincode_source import FLOAT, WIDE, Bincode
from .kinds import Enum, Kind, Map, Option, Scalar, Seq, Struct, Tuple
from .schema import MODEL


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
