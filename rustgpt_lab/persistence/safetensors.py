"""The `.safetensors` format (huggingface.co/docs/safetensors): a length, a JSON header that names the tensors, numbers.

A parameter is the tensor "1.w_q", its moments are "1.optimizer_w_q.m" and "1.optimizer_w_q.v". The header's metadata
hold the rest as JSON: `vocabulary`, the list of words (or of byte pairs `tokenizer`, as its library writes it,
`end`, the text of what ends a text, and `chat`, the form of a conversation, if there is one); `architecture`, the
layers as in our own JSON but without the arrays; and `max_seq_len`, where no layer says it.

The format's own library reads and checks the header; the numbers are then taken from where it says that they are,
without a copy. Writing is a header and the numbers: the library would need them all in memory a second time.
"""

import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, BinaryIO

import numpy as np
import orjson
from safetensors import SafetensorError, safe_open

from ..errors import FileError
from ..files import access_error
from ..numerics import Array
from . import schema
from .bincode import Window
from .json import Json
from .reader import check_matrix, inside

PREFIX = 8
"""Bytes of the header's length."""
TYPES: dict[str, Any] = {"F32": schema.FLOAT, "F16": np.dtype("<f2"), "I8": np.dtype("i1")}
"""A tensor's type -> that of its numbers. All but F32 are for models of few bits alone, see `few_bits`."""

# ---- writing --------------------------------------------------------------------------------------------------------


def write(file: BinaryIO, values: dict[str, Any]) -> None:
    """Write the values of `schema.MODEL`; the arrays go from their own memory straight to the file."""
    tensors: dict[str, dict[str, Any]] = {}
    layers = [_bare(f"{i}", entry, tensors) for i, entry in enumerate(values["network"])]
    vocab = values["vocab"]
    tokenizer = vocab if "tokenizer" in vocab else {"vocabulary": _json(vocab["words"])}
    metadata = {**tokenizer, "architecture": _json(layers)}
    if values.get("max_seq_len") is not None:
        metadata["max_seq_len"] = _json(values["max_seq_len"])
    arrays = {name: ("F32", matrix["data"].reshape(matrix["dim"])) for name, matrix in tensors.items()}
    write_tensors(file, metadata, arrays)


def write_tensors(file: BinaryIO, metadata: dict[str, str], tensors: dict[str, tuple[str, Array]]) -> None:
    """Write a header, and the numbers of tensors, name -> (type, array)."""
    header: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for name, (kind, array) in tensors.items():
        end = start + array.size * TYPES[kind].itemsize
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": (start, end)}
        start = end
    text = orjson.dumps(header)
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    file.write(len(text).to_bytes(PREFIX, "little") + text)
    for kind, array in tensors.values():
        file.write(array.ravel().astype(TYPES[kind], copy=False).data)


def _bare(name: str, entry: dict[str, Any], tensors: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A layer without its arrays, which go into `tensors` under their names."""
    [(kind, fields)] = entry.items()
    bare = dict[str, Any]()
    for field, value in fields.items():
        if schema.form_of(kind).fields.get(field) is schema.ACTIVATIONS:
            continue
        if isinstance(value, list):
            bare[field] = [_bare(f"{name}.{i}", inner, tensors) for i, inner in enumerate(value)]
        elif not isinstance(value, dict):
            bare[field] = value
        elif "data" in value:
            tensors[f"{name}.{field}"] = value
        else:
            tensors |= {f"{name}.{field}.{key}": value[key] for key in schema.MOMENTS}
            bare[field] = {key: value[key] for key in schema.ADAM}
    return {kind: bare}


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


# ---- reading --------------------------------------------------------------------------------------------------------


class Architecture(Json):
    """Reads the metadata's JSON; the arrays of the layers are the tensors of the file, and those are then `used`."""

    def __init__(self, data: bytes, tensors: dict[str, dict[str, Any]]):
        super().__init__(data)
        self.tensors, self.names, self.used = tensors, list[str](), set[str]()

    def part(self, name: str, kind: Any) -> Any:
        if kind is not schema.LAYER and not isinstance(kind, schema.State):
            return super().part(name, kind)
        self.names.append(name.strip(".[]"))
        value = super().part(name, kind)
        self.names.pop()
        return value

    def elsewhere(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            field: None if kind is schema.ACTIVATIONS else self._take(".".join([*self.names, field]))
            for field, kind in fields.items()
            if kind is schema.ACTIVATIONS or isinstance(kind, schema.Matrix)
        }

    def _take(self, name: str) -> dict[str, Any]:
        if name not in self.tensors:
            raise FileError("missing tensor", expected=name)
        self.used.add(name)
        return self.tensors[name]


def read(data: Any) -> dict[str, Any]:
    """The values of `schema.MODEL` in a file; the numbers of arrays are windows into `data`."""
    metadata, tensors = read_header(data)
    found: dict[str, Any] = {}
    for name, kind in (
        ("vocabulary", schema.WORDS),
        ("architecture", schema.LAYERS),
        ("max_seq_len", schema.USIZE),
    ):
        with inside(f"__metadata__.{name}"):
            text = Architecture(metadata.get(name, "null").encode(), tensors)
            found[name] = text.whole(kind if name in metadata else schema.Option(kind))
            if kind is schema.LAYERS and (surplus := tensors.keys() - text.used):
                raise FileError("surplus tensor", got=min(surplus))
    vocab = _vocab(metadata, found["vocabulary"])
    return {"vocab": vocab, "network": found["architecture"], "max_seq_len": found["max_seq_len"]}


def _vocab(metadata: dict[str, str], words: list[str] | None) -> dict[str, Any]:
    if words is None:
        return {name: metadata.get(name, "") for name in ("tokenizer", "end", "chat")}
    ids, numbered = {word: i for i, word in enumerate(words)}, dict(enumerate(words))
    return {"encode": ids, "decode": numbered, "words": words}


def read_header(data: Any) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """The metadata, and every tensor as a matrix of the schema: {"dim", "data", and its "offset" in the file}.

    The library gets a file of its own to read: the header, and a hole where the numbers would be.
    """
    data = memoryview(data)
    start = PREFIX + int.from_bytes(data[:PREFIX], "little")
    tensors: dict[str, dict[str, Any]] = {}
    try:
        with TemporaryDirectory() as folder:
            twin = Path(folder, "header.safetensors")
            with open(twin, "wb") as file:
                file.write(data[: min(start, len(data))])
                file.truncate(len(data))
            with safe_open(twin, framework="numpy") as header:
                metadata = dict(sorted((header.metadata() or {}).items()))
                for name in header.offset_keys():  # one after the other, without gap or overlap
                    part = header.get_slice(name)
                    tensors[name] = {"dtype": part.get_dtype(), "dim": part.get_shape()}
    except OSError as error:
        raise access_error("the header cannot be checked", gettempdir(), error) from error
    except SafetensorError as error:
        raise _explanation(data, start, str(error)) from error
    if "architecture" not in metadata or not metadata.keys() & {"vocabulary", "tokenizer"}:
        raise _foreign(tensors)
    types = _types(metadata)
    for name, tensor in tensors.items():
        with inside(name):
            if tensor["dtype"] not in types or len(tensor["dim"]) != 2:
                expected, got = (
                    f"{' or '.join(types)} and two dimensions",
                    f"{tensor['dtype']} {tensor['dim']}",
                )
                raise FileError("tensor type", path=".dtype", expected=expected, got=got)
            kind, count = types[tensor["dtype"]], prod(tensor["dim"])
            tensor |= {"offset": start, "data": Window(data, count, start, kind)}
            start += count * kind.itemsize
            check_matrix(tensor, tensor["offset"])
    return metadata, tensors


def _types(metadata: dict[str, str]) -> dict[str, Any]:
    """The types that the tensors may have."""
    return TYPES if "precision" in metadata else {"F32": schema.FLOAT}


def _foreign(tensors: dict[str, dict[str, Any]]) -> FileError:
    names = [f"{name} {tensor['dtype']} {tensor['dim']}" for name, tensor in list(tensors.items())[:3]]
    return FileError(
        "foreign",
        what="this is a safetensors file of another program, not RustGPT's",
        path="__metadata__",
        expected="vocabulary and architecture, which make a model of tensors",
        got=f"{len(tensors)} tensors: {', '.join(names)}{', …' * (len(tensors) > 3)}",
        remedy="safetensors.numpy.load_file reads its tensors as arrays.",
    )


def _explanation(data: memoryview, start: int, message: str) -> FileError:
    """Where the header is wrong that the library has refused, and why."""
    size = len(data)
    if size < PREFIX:
        return FileError("cut off", offset=size, expected=f"{PREFIX} bytes with a length", got=size)
    if start > size:
        return FileError("header length", offset=0, expected=f"at most {size - PREFIX}", got=start - PREFIX)
    try:
        header, position = orjson.loads(data[PREFIX:start]), 0
        types = _types(header.pop("__metadata__", {}))
        for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            if tensor["dtype"] not in types:
                path, right = f"{name}.dtype", " or ".join(types)
                return FileError("tensor type", path=path, expected=right, got=tensor["dtype"])
            end = position + prod(tensor["shape"]) * types[tensor["dtype"]].itemsize
            found = tensor["data_offsets"]
            expected = [position, end]
            if found != expected:
                return FileError("tensor place", path=f"{name}.data_offsets", expected=expected, got=found)
            position = end
        left = size - start - position
        if left < 0:
            return FileError(
                "cut off", offset=start, expected=f"{position} bytes of numbers", got=size - start
            )
        if left:
            got = f"{left} more bytes"
            return FileError("trailing bytes", offset=start + position, expected="the end", got=got)
    except (ValueError, TypeError, KeyError, AttributeError):  # it is not even that
        pass
    place = re.search(r" at line 1 column (\d+)", message)
    offset = PREFIX + max(int(place[1]) - 1 if place else 0, 0)
    return FileError("header", offset=offset, expected="the names of tensors", got=message)
