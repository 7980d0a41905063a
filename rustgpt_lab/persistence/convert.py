"""Between a model and the plain values of the schema (`schema.MODEL`)."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from ..errors import FileError
from ..layers import Layer, check_words
from ..network import Network
from ..numerics import Array
from ..optim.adam import Adam, Settings
from ..parameters import walk
from ..tokenizers import END, BytePairs, ChatForm, Tokenizer, Vocab
from . import schema
from .reader import as_file_error, inside, limited, require_count

QUIET = np.errstate(over="ignore", invalid="ignore")
"""NumPy need not warn of the numbers that are looked for."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""What Python takes for a character, and Unicode does not."""
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
    still = np.zeros(max((weights.size for weights in network.weights.values()), default=0), np.float32)
    layers = [_values(parts, f"{i}", layer, still) for i, layer in enumerate(network)]
    return {"vocab": vocab, "network": layers, "max_seq_len": length_of(network)}


def length_of(network: Network) -> int | None:
    """How many positions a network sees, where that is not what its layers say; None where it is."""
    limits = [layer.max_seq_len for _, layer in walk(network) if hasattr(layer, "max_seq_len")]
    return network.max_seq_len if network.max_seq_len != min(limits, default=None) else None


def _values(parts: Parts, name: str, layer: Layer, still: Array) -> dict[str, Any]:
    """A layer as {kind: fields}; `name` is its own in the network, `still` are zeros for moments that never moved."""
    kind, values = schema.name_of(layer, f"network[{name}]"), dict[str, Any]()
    form, path = schema.form_of(kind), f"network[{name}].{kind}"
    for field, part in form.of(layer).items():
        if part is schema.MATRIX:
            values[field] = _matrix(parts.network.weights[f"{name}.{field}"], f"{path}.{field}")
        elif isinstance(part, schema.State):
            owner = f"{name}.{part.parameter}"
            settings, weights = vars(parts.adam.settings[owner]), parts.network.weights[owner]
            values[field] = {key: _setting(key, value, owner) for key, value in settings.items()}
            for key in schema.MOMENTS:  # a model that never learned has none, and saving does not give it any
                views = vars(parts.adam).get(key)
                moment = views[owner] if views else still[: weights.size].reshape(weights.shape)
                values[field][key] = _matrix(moment, f"{path}.{field}")
        elif part is schema.LAYERS:
            values[field] = [
                _values(parts, f"{name}.{i}", inner, still) for i, inner in enumerate(layer.layers)
            ]
        elif part is schema.ACTIVATIONS:
            values[field] = None
        else:
            values[field] = _setting(field, schema.setting_of(layer, field), path)
    return {kind: values}


def _setting(name: str, value: Any, path: str) -> Any:
    """A setting as it is written: a float as float32."""
    check_setting(name, value, path)
    return np.float32(value) if isinstance(value, float) else value


def _matrix(array: Array, path: str) -> dict[str, Any]:
    dim = schema.as_matrix(array.shape)
    _check_dim("shape", path, dim, dim)
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
    pairs = zip(schema.every_layer(values["network"]), walk(layers), strict=True)
    for (name, path, form, fields), (_, layer) in pairs:
        dims = {field: schema.as_matrix(param.shape) for field, param in layer.parameters().items()}
        for field, kind in form.of(layer).items():
            here, value = f"{path}.{field}", fields[field]
            if kind is schema.MATRIX:
                arrays.append(("weights", f"{name}.{field}", here, value))
                _check_dim("shape", here, dims[field], value["dim"])
            elif isinstance(kind, schema.State):
                owner = f"{name}.{kind.parameter}"
                states[owner] = Settings(*[check_setting(key, value[key], here) for key in schema.ADAM])
                for key in schema.MOMENTS:
                    if value[key] is None:  # the file leaves it out: all 0
                        continue
                    arrays.append((key, owner, f"{here}.{key}", value[key]))
                    _check_dim("moment shape", f"{here}.{key}", dims[kind.parameter], value[key]["dim"])
            elif kind is schema.ACTIVATIONS and value is not None:
                with inside(here):
                    require_count(value["dim"], sum(piece.size for piece in value["data"].pieces()))
            elif isinstance(kind, schema.Scalar | schema.Option):
                check_setting(field, value, path)
    network = network_of(layers, vocab, values.get("max_seq_len"))
    parts = Parts(vocab, network, Adam(network.parameters))
    parts.adam.settings |= states
    for place, name, path, matrix in arrays:
        try:
            _fill(parts, place, name, matrix)
        except FileError as error:
            error.where.enter(path)
            raise
    require_sound(parts, {(place, name): path for place, name, path, _ in arrays}, allow_nonfinite)
    return parts


def network_of(layers: list[Layer], vocab: Tokenizer, max_seq_len: int | None) -> Network:
    """The network of layers that were read, all 0: what nobody touches takes no memory."""
    with as_file_error("shape"):
        check_words(layers, len(vocab))
        return Network(layers, seed=None, max_seq_len=max_seq_len)


def check_setting(name: str, value: Any, path: str) -> Any:
    """Refuse a number that is out of its range or, if it is whole, too large to be counted on."""
    if value is None or isinstance(value, str) or 0 <= value < 1:  # which every range allows
        return value
    whole = isinstance(value, int)
    least, below = (0, 1 << 63) if whole else RANGES.get(name, (-np.inf, np.inf))
    if least <= value < below and isfinite(value):
        return value
    expected = f"a {'whole' if whole else 'finite'} number"
    expected += f" from {least}" * (least > -np.inf) + f" to below {below}" * (below < np.inf)
    raise FileError("setting", path=f"{path}.{name}", expected=expected, got=value)


def _check_dim(kind: str, path: str, expected: tuple[int, int], dim: Sequence[int]) -> None:
    if tuple(dim) != expected or 0 in dim:  # a model of width 0 would answer for ever
        right, got = (" x ".join(map(str, size)) for size in (expected, dim))
        kind, right = (kind, right) if right != got else ("no numbers", "sizes from 1")
        raise FileError(kind, path=f"{path}.dim", expected=right, got=got)


def _fill(parts: Parts, place: str, name: str, matrix: dict[str, Any]) -> None:
    """Copy an array to its place."""
    views, end = parts.network.weights if place == "weights" else vars(parts.adam).get(place), 0
    target = None if views is None else views[name].reshape(-1)
    for piece in matrix["data"].pieces():
        start, end = end, end + piece.size
        if target is None and piece.view(np.uint32).any():  # moments that are all 0 need no memory
            target = getattr(parts.adam, place)[name].reshape(-1)
        if target is not None and end <= target.size:  # else there are too many
            target[start:end] = piece
    require_count(matrix["dim"], end)


@QUIET
def require_sound(parts: Parts, paths: Mapping[Any, str], allow_nonfinite: bool = False) -> None:
    """Refuse a model with NaN, infinities, or negative second moments; `paths` says where a file has its arrays."""
    for place in ("weights", *schema.MOMENTS):
        views = parts.network.weights if place == "weights" else vars(parts.adam).get(place)
        if views is None or _sound(views.flat, place, allow_nonfinite):
            continue
        for name, array in views.items():
            with inside(paths.get((place, name), f"{name}.{place}".removesuffix(".weights"))):
                if not allow_nonfinite:
                    _refuse("not finite", ~np.isfinite(array), array)
                if place == "v":
                    _refuse("negative moment", array < 0, array, "0 or more")


def _sound(array: Array, place: str, allow_nonfinite: bool) -> bool:
    """Whether all is well at a glance: the sum of all squares is finite, and no second moment is negative."""
    return (allow_nonfinite or isfinite(array.dot(array))) and (place != "v" or array.min(initial=0) >= 0)


def _refuse(kind: str, bad: Any, array: Array, expected: str = "") -> None:
    """Name the first bad number, if there is one."""
    if bad.any():
        index = int(np.argmax(bad))
        raise FileError(kind, path=f"[{index}]", expected=expected, got=float(array.flat[index]))


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
        if SURROGATE.search(word):
            raise FileError("utf-8", path=f".vocab.words[{i}]", expected="UTF-8", got=ascii(word))
    limited(len(vocab), schema.MAX_WORDS)
    return words_as_values(list(vocab.words))


def to_tokenizer(values: dict[str, Any]) -> Tokenizer:
    """The tokenizer of `from_tokenizer`'s values; a file that gives others is refused."""
    if "tokenizer" not in values:
        return to_vocab(**values)
    with as_file_error("tokenizer", ".tokenizer."):
        pairs = BytePairs.from_json(values["tokenizer"], values["end"])
        pairs.chat = ChatForm.from_json(values["chat"]) if values.get("chat") else None
        return pairs


def words_as_values(words: list[str]) -> dict[str, Any]:
    """The three descriptions of a vocabulary that RustGPT's files have."""
    numbered = dict(enumerate(words))
    return {"encode": {word: i for i, word in numbered.items()}, "decode": numbered, "words": words}


def to_vocab(encode: dict[str, int], decode: dict[int, str], words: list[str]) -> Vocab:
    """The vocabulary of which a file keeps three descriptions, if they agree."""
    ids, numbered, _ = words_as_values(words).values()
    if len(ids) < len(words):
        word, *_ = (word for word, count in Counter(words).items() if count > 1)
        path = f".vocab.words[{words.index(word, words.index(word) + 1)}]"
        raise FileError("word twice", path=path, expected="different words", got=repr(word))
    for part, found, right in (("decode", decode, numbered), ("encode", encode, ids)):
        if found != right:
            key = next(key for key in [*right, *found] if found.get(key) != right.get(key))
            expected, got = (repr(each[key]) if key in each else "nothing" for each in (right, found))
            raise FileError("contradiction", path=f".vocab.{part}[{key!r}]", expected=expected, got=got)
    if END not in ids:
        raise FileError("no end", path=".vocab.words", expected=repr(END))
    return Vocab(words)
