"""Models of few bits (`quantized`) as `.safetensors`: matrices as I8 with their scales, "NAME.scale", or as F16.

Such a file only answers: it has neither moments nor Adam's settings. The metadata say `precision`, "int8" or
"float16"; `vocabulary` or `tokenizer` as ever; and `architecture`, the layers with their settings alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, BinaryIO

import numpy as np
import orjson

from ..errors import FileError
from ..layers import REGISTRY, Layer
from ..numerics import Array
from ..optim.adam import Adam
from ..parameters import Param, walk
from ..quantized import KINDS, Quantized, QuantizedNetwork
from . import schema
from .convert import Parts, check_setting, from_tokenizer, network_of, to_tokenizer, words_as_values
from .reader import inside, limited
from .safetensors import TYPES, write_tensors

TYPE_OF = {dtype: name for name, dtype in TYPES.items()}


# ---- writing --------------------------------------------------------------------------------------------------------


def precision(network: QuantizedNetwork) -> str:
    """Which of `KINDS` a network has."""
    return next(w.data.dtype.name for w in network.weights.values() if isinstance(w, Quantized))


def write(file: BinaryIO, parts: Parts) -> None:
    """Write a model of few bits; wide numbers come first, so that each tensor begins at a multiple of its size."""
    network: Any = parts.network
    vocab = from_tokenizer(parts.vocab)
    words = vocab if "tokenizer" in vocab else {"vocabulary": orjson.dumps(vocab["words"]).decode()}
    tensors: dict[str, Array] = {}
    for name, weights in network.weights.items():
        if not isinstance(weights, Quantized):
            tensors[name] = weights.reshape(schema.as_matrix(weights.shape))
            continue
        tensors[name] = np.ascontiguousarray(weights.data)
        if weights.scale is not None:
            tensors[f"{name}.scale"] = weights.scale
    metadata = {
        **words,
        "precision": precision(network),
        "architecture": orjson.dumps([_settings(layer) for layer in network]).decode(),
        "max_seq_len": str(network.max_seq_len),
    }
    ordered = dict(sorted(tensors.items(), key=lambda item: -item[1].itemsize))
    forms = {name: (TYPE_OF[array.dtype], array.shape) for name, array in ordered.items()}
    write_tensors(file, metadata, forms, ordered.values())


def _settings(layer: Layer) -> dict[str, Any]:
    """A layer as {kind: settings}."""
    kind, found = schema.name_of(layer), dict[str, Any]()
    for field, part in schema.form_of(kind).fields.items():
        if part is schema.LAYERS:
            found[field] = [_settings(inner) for inner in layer.layers]
        elif isinstance(part, schema.Scalar | schema.Option) and part is not schema.ACTIVATIONS:
            found[field] = schema.setting_of(layer, field)
    return {kind: found}


# ---- reading --------------------------------------------------------------------------------------------------------


def read(metadata: dict[str, str], tensors: dict[str, Any], allow_nonfinite: bool = False) -> Parts:
    """The model of a file with these metadata and tensors, as `safetensors.read_header` gives them.

    Nothing is allocated but what the file itself fills.

    Raises:
        FileError: for every way in which it can be bad.
    """
    kind = metadata["precision"]
    if kind not in KINDS:
        path, expected = "__metadata__.precision", " or ".join(KINDS)
        raise FileError("setting", path=path, expected=expected, got=repr(kind[:40]))
    vocab = to_tokenizer(_vocab(metadata))
    with inside("__metadata__.architecture"):
        layers = list(_layers(_json(metadata["architecture"]), "", tensors))
    with inside("__metadata__.max_seq_len"):
        max_seq_len = _checked("max_seq_len", schema.USIZE, _json(metadata.get("max_seq_len", "null")))
    used: set[str] = set()
    arrays = {
        f"{name}.{field}": _weights(f"{name}.{field}", param, kind, tensors, used)
        for name, layer in walk(layers)
        for field, param in layer.parameters().items()
        if not param.tied_to
    }
    if surplus := tensors.keys() - used:
        raise FileError("surplus tensor", got=min(surplus))
    if not allow_nonfinite:
        _require_finite(arrays)
    small = QuantizedNetwork(network_of(layers, vocab, max_seq_len), arrays)
    return Parts(vocab, small, Adam(small.parameters))


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise FileError("json", got=str(error)) from error


def _vocab(metadata: dict[str, str]) -> dict[str, Any]:
    if "vocabulary" not in metadata:
        return {name: metadata.get(name, "") for name in ("tokenizer", "end", "chat")}
    with inside("__metadata__.vocabulary"):
        words = _json(metadata["vocabulary"])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise FileError("type", expected="a list of texts")
        limited(len(words), schema.MAX_WORDS)
    return words_as_values(words)


def _layers(entries: Any, outside: str, tensors: dict[str, Any]) -> Iterator[Layer]:
    """The layers that a list of {kind: settings} describes; `outside` is the name of the layer around them, "3."."""
    if not isinstance(entries, list):
        raise FileError("type", expected="a list of layers", got=type(entries).__name__)
    limited(len(entries), schema.MAX_LAYERS)
    for i, entry in enumerate(entries):
        with inside(f"[{i}]"):
            yield schema.make_layer(_filled(entry, f"{outside}{i}", tensors))


def _filled(entry: Any, name: str, tensors: dict[str, Any]) -> dict[str, Any]:
    """A layer's {kind: settings}, checked, with the shapes of its tensors and the layers inside it."""
    if not isinstance(entry, dict) or len(entry) != 1 or not isinstance(next(iter(entry.values())), dict):
        raise FileError("type", expected="{kind: settings}", got=f"{entry!r:.60}")
    [(kind, settings)] = entry.items()
    if kind not in REGISTRY:
        raise FileError("layer", expected=", ".join(REGISTRY), got=repr(kind[:40]))
    if name.count(".") >= schema.MAX_DEPTH:
        raise FileError("too deep", expected=f"at most {schema.MAX_DEPTH} levels")
    found: dict[str, Any] = {}
    for field, part in schema.form_of(kind).fields.items():
        if isinstance(part, schema.Matrix):
            if f"{name}.{field}" not in tensors:
                raise FileError("missing tensor", expected=f"{name}.{field}")
            found[field] = tensors[f"{name}.{field}"]
        elif part is schema.LAYERS:
            inner = settings.pop(field, None)
            if not isinstance(inner, list):
                raise FileError("type", path=f".{field}", expected="a list of layers")
            found[field] = [_filled(each, f"{name}.{i}", tensors) for i, each in enumerate(inner)]
        elif isinstance(part, schema.Scalar | schema.Option) and part is not schema.ACTIVATIONS:
            if field not in settings:
                raise FileError("missing field", expected=field)
            found[field] = _checked(field, part, settings.pop(field))
    if settings:
        raise FileError("unknown field", got=repr(min(settings)[:40]))
    return {kind: found}


PLAIN: dict[str, tuple[type, ...]] = {"usize": (int,), "f32": (float, int), "bool": (bool,), "string": (str,)}


def _checked(field: str, kind: Any, value: Any) -> Any:
    """A setting, if it is of its kind and within its range."""
    if isinstance(kind, schema.Option):
        if value is None:
            return None
        kind = kind.item
    if type(value) not in PLAIN[kind.name]:
        raise FileError("type", path=f".{field}", expected=kind.name, got=f"{value!r:.60}")
    value = check_setting(field, value, "")
    return float(value) if kind.name == "f32" else value


def _weights(name: str, param: Param, kind: str, tensors: dict[str, Any], used: set[str]) -> Any:
    """A parameter, if its tensors are those of its precision and have its shape."""

    def take(name: str, dtype: Any, shape: tuple[int, ...]) -> Array:
        used.add(name)
        if name not in tensors:
            raise FileError("missing tensor", expected=name)
        tensor, dim = tensors[name], schema.as_matrix(shape)
        if tensor["dtype"] != TYPE_OF[dtype]:
            got, expected = tensor["dtype"], TYPE_OF[dtype]
            raise FileError("tensor type", path=f"{name}.dtype", expected=expected, got=got)
        if tuple(tensor["dim"]) != tuple(dim) or 0 in dim:
            right, got = (" x ".join(map(str, size)) for size in (dim, tensor["dim"]))
            raise FileError("shape", path=f"{name}.dim", expected=right, got=got)
        numbers: Array = tensor["data"].array.astype(dtype).reshape(shape)
        return numbers

    single, axis = np.dtype(np.float32), param.unit_axis
    if axis is None:
        return take(name, single, param.shape)
    data = take(name, KINDS[kind], param.shape)
    if kind == "float16":
        return Quantized(data, None)
    units = tuple(1 if i == axis else n for i, n in enumerate(param.shape))
    return Quantized(data, take(f"{name}.scale", single, units))


def _require_finite(arrays: dict[str, Any]) -> None:
    for name, weights in arrays.items():
        numbers = weights
        if isinstance(weights, Quantized):
            numbers = weights.data if weights.scale is None else weights.scale
            name += "" if weights.scale is None else ".scale"
        if not isfinite(np.abs(numbers).max()):
            raise FileError("not finite", path=name)
