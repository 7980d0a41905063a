"""Between a model and the plain values of the schema (`schema.MODEL`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from ..errors import FileError, ShapeError, VocabError
from ..layers import REGISTRY, Layer, check_words
from ..network import Network
from ..numerics import Array
from ..optim.adam import Adam, Settings
from ..parameters import walk
from ..tokenizers import END, BytePairs, ChatForm, Tokenizer, Vocab
from . import schema
from .reader import inside, limited, require_count

QUIET = np.errstate(over="ignore", invalid="ignore")
"""NumPy need not warn of the numbers that are looked for."""
RANGES = {"beta1": (0, 1), "beta2": (0, 1), "epsilon": (0, np.inf)}
"""From where, and up to below what, a setting may go; any other may be every finite number."""


@dataclass
class Parts:
    """What a model file holds: a model's tokenizer, its network, and its optimizer's state."""

    vocab: Tokenizer
    network: Network
    adam: Adam


# ---- a model as values ----------------------------------------------------------------------------------------------


@QUIET  # what float32 cannot hold becomes infinite, and is found when it is read
def from_model(parts: Parts) -> dict[str, Any]:
    """The values of a model; the numbers of arrays are the model's own memory, if it is float32.

    Raises:
        FileError: the file could not be loaded: a layer that is not registered, or with a setting out of range; a
            vocabulary without `</s>`; too many words or layers.
    """
    vocab, network = from_tokenizer(parts.vocab), parts.network
    limited(len(network), schema.MAX_LAYERS)
    limits = [layer.max_seq_len for _, layer in walk(network) if hasattr(layer, "max_seq_len")]
    own = network.max_seq_len if network.max_seq_len != min(limits, default=None) else None
    layers = [_values(parts, f"{i}", layer) for i, layer in enumerate(network)]
    return {"vocab": vocab, "network": layers, "max_seq_len": own}


def _values(parts: Parts, name: str, layer: Layer) -> dict[str, Any]:
    """A layer as {kind: fields}; `name` is its own in the network."""
    kind, weights = schema.kind_of(layer).__name__, parts.network.weights
    if REGISTRY.get(kind) is not schema.kind_of(layer):
        raise FileError("unregistered", path=f"network[{name}]", expected=", ".join(REGISTRY), got=kind)
    form, values = schema.form_of(kind), dict[str, Any]()
    for field, part in form.of(layer).items():
        path = f"network[{name}].{kind}.{field}"
        if isinstance(part, schema.Matrix):
            values[field] = _matrix(weights[f"{name}.{field}"], path)
        elif isinstance(part, schema.State):
            owner = f"{name}.{part.parameter}"
            settings = vars(parts.adam.settings[owner])
            values[field] = {key: _setting(key, value, owner) for key, value in settings.items()}
            for key in schema.MOMENTS:  # a model that never learned has none, and saving does not give it any
                views = vars(parts.adam).get(key)
                array = views[owner] if views else np.zeros(weights[owner].shape, np.float32)
                values[field][key] = _matrix(array, path)
        elif part is schema.LAYERS:
            values[field] = [_values(parts, f"{name}.{i}", inner) for i, inner in enumerate(layer.layers)]
        elif part is schema.ACTIVATIONS:
            values[field] = None
        else:
            values[field] = _setting(
                field, getattr(layer, form.attributes.get(field, field)), f"network[{name}].{kind}"
            )
    return {kind: values}


def _setting(name: str, value: Any, path: str) -> Any:
    """A setting as it is written: a float as float32."""
    check_setting(name, value, path)
    return np.float32(value) if isinstance(value, float) else value


def _matrix(array: Array, path: str) -> dict[str, Any]:
    dim = schema.as_matrix(array.shape)
    if 0 in dim:
        _check_shape("shape", path, array.shape, dim)
    return {"v": 1, "dim": dim, "data": array.ravel().astype(np.float32, copy=False)}


# ---- values as a model ----------------------------------------------------------------------------------------------


@QUIET
def to_model(values: dict[str, Any], allow_nonfinite: bool = False) -> Parts:
    """The model that the values of a file describe; each array is copied once, into its place in the flat buffers.

    Nothing is allocated before all shapes are known to be those of a model, and to be filled by the file; Adam's
    moments only if one of their numbers is not 0.
    """
    vocab, layers = to_tokenizer(values["vocab"]), [schema.make_layer(entry) for entry in values["network"]]
    arrays, states = list[Any](), dict[str, Settings]()
    for i, entry in enumerate(values["network"]):
        _check_layer(layers[i], entry, f"{i}", f".network[{i}]", arrays, states)
    try:
        check_words(layers, len(vocab))
        network = Network(layers, seed=None, max_seq_len=values.get("max_seq_len"))
    except ShapeError as error:
        details: dict[str, Any] = {"path": str(error.where), "expected": error.expected, "got": error.got}
        raise FileError("shape", what=error.what, **details) from error
    parts = Parts(vocab, network, Adam(network.parameters))
    parts.adam.settings |= states
    for numbers in arrays:
        _fill(parts, allow_nonfinite, *numbers)
    return parts


def _check_layer(
    layer: Layer,
    entry: dict[str, Any],
    name: str,
    path: str,
    arrays: list[Any],
    states: dict[str, Settings],
) -> None:
    """Refuse settings out of range, and shapes other than those of such a layer; collect what there is to copy.

    Of an array that is its place (`weights`, or Adam's `m` or `v`), its name there, its path in the file, and itself.
    """
    [(kind, fields)] = entry.items()
    shapes = {field: param.shape for field, param in layer.parameters().items()}
    for field, part in schema.form_of(kind).of(layer).items():
        value, here = fields[field], f"{path}.{kind}.{field}"
        if isinstance(part, schema.Matrix):
            _check_shape("shape", here, shapes[field], value["dim"])
            arrays.append(("weights", f"{name}.{field}", here, value))
        elif isinstance(part, schema.State):
            owner = f"{name}.{part.parameter}"
            for key in schema.MOMENTS:
                _check_shape("moment shape", f"{here}.{key}", shapes[part.parameter], value[key]["dim"])
                arrays.append((key, owner, f"{here}.{key}", value[key]))
            states[owner] = Settings(*(check_setting(key, value[key], here) for key in schema.ADAM))
        elif part is schema.LAYERS:
            for i, (inner, values) in enumerate(zip(layer.layers, value, strict=True)):
                _check_layer(inner, values, f"{name}.{i}", f"{here}[{i}]", arrays, states)
        elif part is not schema.ACTIVATIONS:
            check_setting(field, value, f"{path}.{kind}")
        elif value is not None:
            with inside(here):
                require_count(value["dim"], sum(piece.size for piece in value["data"].pieces()))


def check_setting(name: str, value: Any, path: str) -> Any:
    """Refuse a number that is out of its range or, if it is whole, too large to be counted on."""
    if value is None or isinstance(value, str):
        return value
    whole = isinstance(value, int)
    least, below = (0, 1 << 63) if whole else RANGES.get(name, (-np.inf, np.inf))
    if least <= value < below and isfinite(value):
        return value
    expected = f"a {'whole' if whole else 'finite'} number"
    expected += f" from {least}" * (least > -np.inf) + f" to below {below}" * (below < np.inf)
    raise FileError("setting", path=f"{path}.{name}", expected=expected, got=value)


def _check_shape(kind: str, path: str, shape: tuple[int, ...], dim: Sequence[int]) -> None:
    expected = schema.as_matrix(shape)
    if tuple(dim) != expected or 0 in dim:  # a model of width 0 would answer for ever
        right, got = (" x ".join(map(str, size)) for size in (expected, dim))
        kind, right = (kind, right) if right != got else ("no numbers", "sizes from 1")
        raise FileError(kind, path=f"{path}.dim", expected=right, got=got)


def _fill(
    parts: Parts, allow_nonfinite: bool, place: str, name: str, path: str, matrix: dict[str, Any]
) -> None:
    """Copy an array to its place; it is checked while it is still in the processor's cache."""
    owner: Any = parts.network if place == "weights" else parts.adam
    target = getattr(owner, place)[name] if place == "weights" or place in vars(owner) else None
    count = 0
    try:
        for piece in matrix["data"].pieces():
            if target is None and piece.view(np.uint32).any():  # moments that are all 0 need no memory
                target = getattr(owner, place)[name]
            if target is not None:
                room = target.reshape(-1)[count : count + piece.size]
                room[:] = piece[: room.size]
            count += piece.size
        require_count(matrix["dim"], count)
    except FileError as error:
        error.where.enter(path)
        raise
    if target is not None:
        _check(target, path, place, allow_nonfinite)


@QUIET
def require_finite(parts: Parts) -> None:
    """Refuse a model with NaN or infinities, or with negative second moments."""
    moments = {key: array for key in schema.MOMENTS if (array := vars(parts.adam).get(key))}
    for place, views in {"weights": parts.network.weights, **moments}.items():
        for name, array in views.items():
            _check(array, name if place == "weights" else f"{name}.{place}", place)


def _check(array: Array, path: str, place: str, allow_nonfinite: bool = False) -> None:
    """Refuse NaN and infinities. The sum of all squares tells; where it is too large for a float, each number does."""
    if not allow_nonfinite and not isfinite(np.vdot(array, array)):
        _refuse("not finite", ~np.isfinite(array), array, path)
    if place == "v" and array.min() < 0:
        _refuse("negative moment", array < 0, array, path)


def _refuse(kind: str, bad: Any, array: Array, path: str) -> None:
    """Name the first bad number, if there is one."""
    if bad.any():
        index = int(np.argmax(bad))
        expected = "0 or more" if kind == "negative moment" else ""
        raise FileError(kind, path=f"{path}[{index}]", expected=expected, got=float(array.flat[index]))


# ---- the tokenizer --------------------------------------------------------------------------------------------------


def from_tokenizer(vocab: Tokenizer) -> dict[str, Any]:
    """The values of a vocabulary of words; or of byte pairs: their JSON, and what ends a text."""
    if isinstance(vocab, BytePairs):
        values = {"tokenizer": vocab.to_json(), "end": vocab.end_text}
        if vocab.chat:
            values["chat"] = vocab.chat.to_json()
        to_tokenizer(values)
        return values
    if not isinstance(vocab, Vocab):
        raise FileError("no place", path=".vocab", expected="words or byte pairs", got=type(vocab).__name__)
    if vocab.end is None:
        raise FileError("no end", path=".vocab.words", expected=repr(END))
    for i, word in enumerate(vocab.words):
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise FileError("utf-8", path=f".vocab.words[{i}]", expected="UTF-8", got=ascii(word)) from error
    limited(len(vocab), schema.MAX_WORDS)
    return {"encode": vocab.ids, "decode": dict(enumerate(vocab.words)), "words": list(vocab.words)}


def to_tokenizer(values: dict[str, Any]) -> Tokenizer:
    """The tokenizer of `from_tokenizer`'s values; a file that gives others is refused."""
    if "tokenizer" not in values:
        return to_vocab(**values)
    try:
        pairs = BytePairs.from_json(values["tokenizer"], values["end"])
        pairs.chat = ChatForm.from_json(values["chat"]) if values.get("chat") else None
        return pairs
    except VocabError as error:
        details: dict[str, Any] = {"expected": error.expected, "got": error.got}
        raise FileError("tokenizer", path=f".tokenizer.{error.where}".rstrip("."), **details) from error


def to_vocab(encode: dict[str, int], decode: dict[int, str], words: list[str]) -> Vocab:
    """The vocabulary of which a file keeps three descriptions, if they agree."""
    numbered = dict(enumerate(words))
    ids = {word: i for i, word in numbered.items()}
    if decode != numbered or encode != ids or len(ids) < len(words):
        raise _disagreement(encode, decode, words)
    if END not in encode:
        raise FileError("no end", path=".vocab.words", expected=repr(END))
    return Vocab(words)


def _disagreement(encode: dict[str, int], decode: dict[int, str], words: list[str]) -> FileError:
    """The error that says where the parts of a vocabulary disagree."""
    seen: set[str] = set()
    for i, word in enumerate(words):
        if word in seen:
            return FileError(
                "word twice", path=f".vocab.words[{i}]", expected="different words", got=repr(word)
            )
        seen.add(word)
    for part, ids in (("decode", sorted(decode)), ("encode", sorted(encode.values()))):
        gap = next((i for i, found in enumerate(ids) if i != found), None)
        if gap is not None or len(ids) != len(words):
            got = f"{len(ids)} ids" if gap is None else f"{ids[gap]} in place of {gap}"
            expected = f"the ids 0 to {len(words) - 1}, each once"
            return FileError("id gap", path=f".vocab.{part}", expected=expected, got=got)
    i, word = next((i, w) for i, w in enumerate(words) if decode[i] != w or encode.get(w) != i)
    if decode[i] != word:
        path, expected, got = f".vocab.decode[{i}]", repr(word), repr(decode[i])
    else:
        path, expected, got = f".vocab.encode[{word!r}]", str(i), str(encode.get(word, "no such word"))
    return FileError("contradiction", path=path, expected=expected, got=got)
