"""The `.safetensors` format (huggingface.co/docs/safetensors): a length, a JSON header that names the tensors, numbers.

A parameter is the tensor "1.w_q", its moments are "1.optimizer_w_q.m" and "1.optimizer_w_q.v", each left out where it
is all 0: a model that never learned is its weights alone. The header's metadata hold the rest as JSON: `vocabulary`,
the list of words (or of byte pairs `tokenizer`, as its library writes it, `end`, the text of what ends a text, and
`chat`, the form of a conversation, if there is one); `architecture`, the layers as in our own JSON but without the
arrays; and `max_seq_len`, where no layer says it.

The format's own library reads and checks the header; the numbers are then taken from where it says that they are,
without a copy. Writing is a header and the numbers: the library would need them all in memory a second time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
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
from .convert import words_as_values
from .json import Json
from .reader import check_matrix, inside

PREFIX = 8
"""Bytes of the header's length."""
TYPES: dict[str, Any] = {"F32": schema.FLOAT, "F16": np.dtype("<f2"), "I8": np.dtype("i1")}
"""A tensor's type -> that of its numbers. All but F32 are for models of few bits alone, see `few_bits`."""
METADATA = {
    "vocabulary": schema.Option(schema.WORDS),
    "architecture": schema.LAYERS,
    "max_seq_len": schema.Option(schema.USIZE),
}


def write(file: BinaryIO, values: dict[str, Any]) -> None:
    """Write the values of `schema.MODEL`, which lose their arrays: those go from their own memory to the file."""
    places = list(_arrays(values["network"]))  # all of them, before the first is taken out
    found = [(name, fields.pop(field), _is_moment(fields, field)) for name, _, fields, field in places]
    tensors = {
        name: matrix
        for name, matrix, moment in found
        if matrix and not (moment and not matrix["data"].view(np.uint32).any())  # the sign of a -0.0 is kept
    }
    vocab = values["vocab"]
    tokenizer = vocab if "tokenizer" in vocab else {"vocabulary": _json(vocab["words"])}
    metadata = {**tokenizer, "architecture": _json(values["network"])}
    if values["max_seq_len"] is not None:
        metadata["max_seq_len"] = _json(values["max_seq_len"])
    forms = {name: ("F32", matrix["dim"]) for name, matrix in tensors.items()}
    write_tensors(file, metadata, forms, (matrix["data"] for matrix in tensors.values()))


def _is_moment(fields: Mapping[str, Any], field: str) -> bool:
    """Whether a field is a moment in Adam's state, and no parameter that is called so."""
    return field in schema.MOMENTS and fields.keys() >= schema.ADAM.keys()


def write_tensors(
    file: BinaryIO, metadata: dict[str, str], forms: Mapping[str, tuple[str, Any]], arrays: Iterable[Array]
) -> None:
    """Write a header, and the numbers of tensors.

    Args:
        forms: name -> (type, shape).
        arrays: their numbers, in the same order; each is asked for when those before it are written.
    """
    header, start = dict[str, Any](__metadata__=metadata), 0
    for name, (kind, shape) in forms.items():
        end = start + prod(shape) * TYPES[kind].itemsize
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": (start, end)}
        start = end
    text = orjson.dumps(header)
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    file.write(len(text).to_bytes(PREFIX, "little") + text)
    for (kind, _), array in zip(forms.values(), arrays, strict=True):
        file.write(array.ravel().astype(TYPES[kind], copy=False).data)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _arrays(layers: list[Any]) -> Iterator[tuple[str, Any, dict[str, Any], str]]:
    """What of the layers' values is not in the JSON: (its name as a tensor, its kind, the dict it is in, its key).

    Layers inside others come first: where their sizes are those of their arrays, the layer around them needs these.
    """
    deepest_first = sorted(schema.every_layer(layers), key=lambda each: -each[0].count("."))
    for name, _, form, fields in deepest_first:
        for field, kind in form.known(fields).items():
            if not _in_json(kind):
                yield f"{name}.{field}", kind, fields, field
            elif isinstance(kind, schema.State):
                for key, moment in schema.MOMENTS.items():
                    yield f"{name}.{field}.{key}", moment, fields[field], key


def _in_json(kind: Any) -> bool:
    return kind is not schema.MATRIX and kind is not schema.ACTIVATIONS


class Metadata(Json):
    """Reads the metadata's JSON, in which layers have no arrays."""

    def known(self, kind: schema.Struct, found: Mapping[str, Any]) -> dict[str, Any]:
        try:
            fields = kind.known(found)
        except KeyError:  # a layer inside has its sizes from its arrays, which come later
            fields = kind.fields
        return {field: part for field, part in fields.items() if _in_json(part)}


def read(data: Any) -> dict[str, Any]:
    """The values of `schema.MODEL` in a file; the numbers of arrays are windows into `data`."""
    metadata, tensors = read_header(data)
    found: dict[str, Any] = {}
    for name, kind in METADATA.items():
        with inside(f"__metadata__.{name}"):
            found[name] = Metadata(metadata.get(name, "null").encode()).whole(kind)
    for name, kind, fields, field in _arrays(found["architecture"]):
        fields[field] = tensors.pop(name, None) if kind is schema.MATRIX else None
        if kind is schema.MATRIX and fields[field] is None and not _is_moment(fields, field):
            raise FileError("missing tensor", expected=name)
    if tensors:
        raise FileError("surplus tensor", path="__metadata__.architecture", got=min(tensors))
    vocab = _vocab(metadata, found["vocabulary"])
    return {"vocab": vocab, "network": found["architecture"], "max_seq_len": found["max_seq_len"]}


def _vocab(metadata: dict[str, str], words: list[str] | None) -> dict[str, Any]:
    if words is None:
        return {name: metadata.get(name, "") for name in ("tokenizer", "end", "chat")}
    return words_as_values(words)


def read_header(data: Any) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """The metadata, and every tensor as a matrix of the schema: {"dim", "data", and its "offset" in the file}."""
    data = memoryview(data)
    metadata, forms, start = checked_header(data)
    if "architecture" not in metadata or not metadata.keys() & {"vocabulary", "tokenizer"}:
        raise _foreign(forms)
    types = TYPES if "precision" in metadata else {"F32": schema.FLOAT}
    tensors: dict[str, dict[str, Any]] = {}
    for name, (kind, shape) in forms.items():
        with inside(name):
            if kind not in types or len(shape) != 2:
                expected = f"{' or '.join(types)} and two dimensions"
                raise FileError("tensor type", path=".dtype", expected=expected, got=f"{kind} {shape}")
            end = start + prod(shape) * types[kind].itemsize
            window = Window(data[start:end], types[kind])
            matrix = {"v": 1, "dim": shape, "data": window, "dtype": kind, "offset": start}
            tensors[name] = check_matrix(matrix, start)
            start = end
    return metadata, tensors


def checked_header(data: memoryview) -> tuple[dict[str, str], dict[str, tuple[str, list[int]]], int]:
    """A sound file's metadata, its tensors in the order in which they lie there, and where the first begins.

    The library gets a file of its own to read: the header, and a hole where the numbers would be.

    Returns:
        metadata, name -> (type, shape), offset; the tensors have no gap between them, and end where the file ends.
    """
    start = PREFIX + int.from_bytes(data[:PREFIX], "little")
    try:
        with TemporaryDirectory() as folder:
            twin = Path(folder, "header.safetensors")
            with open(twin, "wb") as file:
                file.write(data[: min(start, len(data))])
                file.truncate(len(data))
            with safe_open(twin, framework="numpy") as header:
                parts = {name: header.get_slice(name) for name in header.offset_keys()}
                forms = {name: (part.get_dtype(), part.get_shape()) for name, part in parts.items()}
                return dict(sorted((header.metadata() or {}).items())), forms, start
    except OSError as error:
        raise access_error("the header cannot be checked", gettempdir(), error) from error
    except SafetensorError as error:
        raise _explanation(data, start, str(error).rpartition("header: ")[2]) from error


def _foreign(forms: dict[str, tuple[str, list[int]]]) -> FileError:
    names = [f"{name} {kind} {shape}" for name, (kind, shape) in list(forms.items())[:3]]
    return FileError(
        "foreign",
        what="this is a safetensors file of another program, not RustGPT's",
        path="__metadata__",
        expected="vocabulary and architecture, which make a model of tensors",
        got=f"{len(forms)} tensors: {', '.join(names)}{', …' * (len(forms) > 3)}",
        remedy="safetensors.numpy.load_file reads its tensors as arrays.",
    )


def _explanation(data: memoryview, start: int, message: str) -> FileError:
    """Our error for a header that the library has refused with a message."""
    if "not fully covered" in message:
        tensors = orjson.loads(data[PREFIX:start])
        tensors.pop("__metadata__", None)
        end = start + max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
        if end > len(data):
            return FileError("cut off", offset=len(data), expected=f"{end} bytes", got=len(data))
        got = f"{len(data) - end} more bytes"
        return FileError("trailing bytes", offset=end, expected="the end of the file", got=got)
    place = re.search(r" at line 1 column (\d+)", message)
    offset = PREFIX + max(int(place[1]) - 1 if place else 0, 0)
    return FileError("header", offset=offset, expected="the names of tensors", got=message)
