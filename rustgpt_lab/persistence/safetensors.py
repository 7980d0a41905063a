"""The `.safetensors` format (huggingface.co/docs/safetensors): a length, a JSON header that names the tensors, numbers.

A parameter is the tensor "1.w_q", its moments are "1.optimizer_w_q.m" and "1.optimizer_w_q.v". The header's metadata
hold the rest as JSON: `vocabulary`, the list of words, and `architecture`, the layers as in our own JSON but without
the arrays.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO

import orjson

from ..errors import (
    DimensionError,
    DuplicateKeyError,
    FieldError,
    FileError,
    LengthError,
    TrailingBytesError,
    TruncatedError,
    WrongTypeError,
)
from .bincode_source import FLOAT, Window
from .json import Json
from .kinds import Enum, Kind, Map, Matrix, Option, Seq, Struct, Tuple
from .schema import LAYERS, MATRIX, MAX_LAYERS, MAX_WORDS, STRING, USIZE, Adam

PREFIX = 8
"""Bytes of the header's length."""
TENSOR = Struct({"dtype": STRING, "shape": Tuple((USIZE, USIZE)), "data_offsets": Tuple((USIZE, USIZE))})
METADATA = Map(STRING, STRING, most=100)
WORDS = Seq(STRING, MAX_WORDS)


def _bare(fields: Mapping[str, Kind]) -> Struct:
    """The fields without the arrays."""
    kept = {name: kind for name, kind in fields.items() if not isinstance(kind, Matrix | Option)}
    return Struct(
        {name: _bare(kind.fields) if isinstance(kind, Adam) else kind for name, kind in kept.items()}
    )


BARE = {name: _bare(form.fields) for name, form in LAYERS.items()}
ARCHITECTURE = Seq(Enum(BARE), MAX_LAYERS)


# ---- writing --------------------------------------------------------------------------------------------------------


def write(file: BinaryIO, values: dict[str, Any]) -> None:
    """Write the values of `schema.MODEL`; the arrays go from their own memory straight to the file."""
    tensors: dict[str, dict[str, Any]] = {}
    architecture = []
    for i, entry in enumerate(values["network"]):
        [(name, fields)] = entry.items()
        architecture.append({name: _without_arrays(BARE[name], fields)})
        tensors |= {f"{i}.{path}": matrix for path, matrix in _matrices(name, fields)}
    header: dict[str, Any] = {
        "__metadata__": {"vocabulary": _json(values["vocab"]["words"]), "architecture": _json(architecture)}
    }
    start = 0
    for name, matrix in tensors.items():
        end = start + matrix["data"].nbytes
        header[name] = {"dtype": "F32", "shape": matrix["dim"], "data_offsets": (start, end)}
        start = end
    text = orjson.dumps(header)
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    file.write(len(text).to_bytes(PREFIX, "little") + text)
    for matrix in tensors.values():
        file.write(matrix["data"].astype(FLOAT, copy=False).data)


def _matrices(name: str, fields: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The arrays of a layer, each with its way through the fields, such as "optimizer_w_q.m"."""
    found = []
    for field, kind in LAYERS[name].fields.items():
        if isinstance(kind, Matrix):
            found.append((field, fields[field]))
        if isinstance(kind, Adam):
            found += [(f"{field}.{moment}", fields[field][moment]) for moment in ("m", "v")]
    return found


def _without_arrays(bare: Struct, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_arrays(kind, fields[name]) if isinstance(kind, Struct) else fields[name]
        for name, kind in bare.fields.items()
    }


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


# ---- reading --------------------------------------------------------------------------------------------------------


def read(data: Any) -> dict[str, Any]:
    """The values of `schema.MODEL` in a file."""
    metadata, tensors = read_header(data)
    words = _part(metadata, "vocabulary", WORDS)
    network = _part(metadata, "architecture", ARCHITECTURE)
    for i, entry in enumerate(network):
        [(name, fields)] = entry.items()
        for field, kind in LAYERS[name].fields.items():
            if isinstance(kind, Matrix):
                fields[field] = _take(tensors, f"{i}.{field}")
            if isinstance(kind, Adam):
                fields[field] |= {moment: _take(tensors, f"{i}.{field}.{moment}") for moment in ("m", "v")}
    if tensors:
        raise FieldError("a tensor that belongs to no layer", path=next(iter(tensors)))
    ids = {word: i for i, word in enumerate(words)}
    return {"vocab": {"encode": ids, "decode": dict(enumerate(words)), "words": words}, "network": network}


def _part(metadata: dict[str, str], name: str, kind: Kind) -> Any:
    """A value that the metadata hold as JSON."""
    if name not in metadata:
        remedy = "This is a safetensors file of another program, without what makes a model of these tensors."
        raise FieldError("the metadata lack a field", path="__metadata__", expected=name, remedy=remedy)
    source = Json(metadata[name].encode())
    try:
        value = kind.read(source)
        source.finish()
    except FileError as error:
        error.where.enter(f"__metadata__.{name}")
        raise
    return value


def _take(tensors: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name not in tensors:
        raise FieldError("a tensor is missing", expected=name)
    return tensors.pop(name)


def read_header(data: Any) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """The metadata, and every tensor as a matrix of the schema: {"dim", "data", and its "offset" in the file}."""
    data = memoryview(data)
    if len(data) < PREFIX:
        raise TruncatedError(
            "the file is cut off", offset=len(data), expected=f"{PREFIX} bytes with a length"
        )
    start = PREFIX + int.from_bytes(data[:PREFIX], "little")
    if start > len(data):
        expected = f"at most {len(data) - PREFIX}"
        raise LengthError("a header longer than the file", offset=0, expected=expected, got=start - PREFIX)
    header = Json(data[:start])
    header.offset = PREFIX
    metadata: dict[str, str] = {}
    tensors: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    header.expect(b"{", "an object")
    for _ in header.separated(b"}"):
        offset, name = header.start(), header.name()
        if name in seen:
            raise DuplicateKeyError("a name stands twice", path=name, offset=offset)
        seen.add(name)
        try:
            if name == "__metadata__":
                metadata = METADATA.read(header)
            else:
                tensors[name] = TENSOR.read(header)
        except FileError as error:
            error.where.enter(name)
            raise
    header.finish()
    _locate(data, start, tensors)
    return metadata, tensors


def _locate(data: memoryview, start: int, tensors: dict[str, dict[str, Any]]) -> None:
    """Find the numbers of every tensor; together they must be the rest of the file, without gap or overlap."""
    position = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1]["data_offsets"]):
        first, last = tensor["data_offsets"]
        rows, columns = tensor["shape"]
        if tensor["dtype"] != "F32":
            raise WrongTypeError(
                "a tensor of another type", path=f"{name}.dtype", expected="F32", got=tensor["dtype"]
            )
        if first != position or last - first != rows * columns * FLOAT.itemsize:
            expected = f"[{position}, {position + rows * columns * FLOAT.itemsize}]"
            raise DimensionError(
                "a tensor's place does not fit its shape and the tensor before it",
                path=f"{name}.data_offsets",
                expected=expected,
                got=[first, last],
            )
        if start + last > len(data):
            left = len(data) - start
            raise TruncatedError(
                "the file is cut off", path=name, expected=f"{last} bytes of numbers", got=left
            )
        window = Window(data, rows * columns, start + first)
        try:
            MATRIX.check(tensor["shape"], window, start + first)
        except FileError as error:
            error.where.enter(name)
            raise
        tensor |= {"dim": [rows, columns], "offset": start + first, "data": window}
        position = last
    if start + position < len(data):
        got = f"{len(data) - start - position} more bytes"
        raise TrailingBytesError(
            "bytes follow the last tensor", offset=start + position, expected="the end", got=got
        )
