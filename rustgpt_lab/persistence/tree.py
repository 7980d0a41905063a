"""Between a model and the plain values of the schema (`schema.MODEL`)."""

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import (
    DuplicateWordError,
    FileError,
    FileShapeError,
    IdGapError,
    MomentShapeError,
    NegativeMomentError,
    NoEndError,
    NonFiniteError,
    SettingError,
    ShapeError,
    TooLargeError,
    UnknownLayerError,
    Utf8Error,
    VocabMismatchError,
)
from ..layers import Layer, check_words
from ..network import Network
from ..numerics import Array
from ..optim.adam import Adam as Optimizer
from ..tokenizers import END, Vocab
from .kinds import Kind, Matrix, require_count
from .parts import Parts
from .schema import LAYERS, MAX_LAYERS, MAX_WORDS, Adam, Setting

QUIET = np.errstate(over="ignore", invalid="ignore")
"""NumPy need not warn of the numbers that are looked for."""

# ---- a model as values ----------------------------------------------------------------------------------------------


def from_model(parts: Parts) -> dict[str, Any]:
    """The values of a model; the numbers of arrays are the model's own memory, if it is float32.

    Raises:
        UnknownLayerError: the format has no form for one of its layers.
        NoEndError, Utf8Error, TooLargeError: the file could not be loaded.
    """
    words = parts.vocab.words
    _check_words(parts.vocab)
    if len(parts.network) > MAX_LAYERS:
        expected = f"at most {MAX_LAYERS}"
        raise TooLargeError(
            "more layers than the limit", path=".network", expected=expected, got=len(parts.network)
        )
    vocab = {"encode": parts.vocab.ids, "decode": dict(enumerate(words)), "words": list(words)}
    return {"vocab": vocab, "network": [_layer_values(parts, i) for i in range(len(parts.network))]}


def _check_words(vocab: Vocab) -> None:
    if vocab.end is None:
        raise _no_end()
    if len(vocab) > MAX_WORDS:
        expected = f"at most {MAX_WORDS}"
        raise TooLargeError("more words than the limit", path=".vocab", expected=expected, got=len(vocab))
    for i, word in enumerate(vocab.words):
        try:
            word.encode()
        except UnicodeEncodeError as error:
            path = f".vocab.words[{i}]"
            raise Utf8Error(
                "a word that is no Unicode text", path=path, expected="UTF-8", got=ascii(word)
            ) from error


def _layer_values(parts: Parts, i: int) -> dict[str, Any]:
    layer = parts.network[i]
    name = type(layer).__name__
    if name not in LAYERS:
        raise UnknownLayerError(
            "the file format has no such layer", path=f"network[{i}]", expected=", ".join(LAYERS), got=name
        )
    return {name: {field: _field_value(parts, i, field, kind) for field, kind in LAYERS[name].fields.items()}}


def _field_value(parts: Parts, i: int, field: str, kind: Kind) -> Any:
    if isinstance(kind, Matrix):
        return _matrix(parts.network.weights[f"{i}.{field}"])
    if isinstance(kind, Setting):
        value = getattr(parts.network[i], kind.attribute)
        return np.float32(value) if kind.name == "f32" else value
    if isinstance(kind, Adam):
        name = f"{i}.{kind.parameter}"
        settings = vars(parts.adam.settings[name])
        rounded = {
            key: np.float32(value) if isinstance(value, float) else value for key, value in settings.items()
        }
        return {**rounded, "m": _matrix(parts.adam.m[name]), "v": _matrix(parts.adam.v[name])}
    return None  # activations


def _matrix(array: Array) -> dict[str, Any]:
    with np.errstate(
        over="ignore"
    ):  # what float32 cannot hold becomes infinite, and is found when it is read
        return {"v": 1, "dim": array.shape, "data": array.ravel().astype(np.float32, copy=False)}


# ---- values as a model ----------------------------------------------------------------------------------------------


@QUIET
def to_model(values: dict[str, Any], allow_nonfinite: bool) -> Parts:
    """The model that the values of a file describe; each array is copied once, into its place in the flat buffers.

    Nothing is allocated before all shapes are known to be those of a model, and to be filled by the file.
    """
    vocab = to_vocab(**values["vocab"])
    network = []
    for i, entry in enumerate(values["network"]):
        [(name, fields)] = entry.items()
        try:
            network.append(_make_layer(name, fields))
        except FileError as error:
            error.where.enter(f".network[{i}].{name}")
            raise
    try:
        check_words(network, len(vocab))
        built = Network(network, seed=None)
    except ShapeError as error:
        path, expected, got = str(error.where), error.expected, error.got
        raise FileShapeError(error.what, path=path, expected=expected, got=got) from error
    parts = Parts(vocab, built, Optimizer(built.parameters))
    for i, entry in enumerate(values["network"]):
        [(name, fields)] = entry.items()
        try:
            _fill_layer(parts, i, fields, LAYERS[name].fields, allow_nonfinite)
        except FileError as error:
            error.where.enter(f".network[{i}].{name}")
            raise
    return parts


def _make_layer(name: str, fields: dict[str, Any]) -> Layer:
    """An empty layer, after every shape that the file states was compared with those of such a layer."""
    form = LAYERS[name]
    for field, kind in form.fields.items():
        if isinstance(kind, Setting) and kind.name == "f32" and not 0 <= fields[field] < np.inf:
            raise SettingError(
                "a setting outside its range",
                path=f".{field}",
                expected="a finite number from 0",
                got=fields[field],
            )
    layer = form.make(fields)
    shapes = {name: param.shape for name, param in layer.parameters().items()}
    for field, kind in form.fields.items():
        if isinstance(kind, Matrix):
            _check_shape(FileShapeError, f".{field}", shapes[field], fields[field])
        if isinstance(kind, Adam):
            for moment in ("m", "v"):
                _check_shape(
                    MomentShapeError, f".{field}.{moment}", shapes[kind.parameter], fields[field][moment]
                )
    return layer


def _check_shape(error: type[FileError], path: str, shape: tuple[int, ...], matrix: dict[str, Any]) -> None:
    if tuple(matrix["dim"]) != shape:
        expected, got = (" x ".join(map(str, size)) for size in (shape, matrix["dim"]))
        raise error(
            "a shape that does not fit the rest of the layer", path=f"{path}.dim", expected=expected, got=got
        )


def _fill_layer(parts: Parts, i: int, fields: dict[str, Any], kinds: Any, allow_nonfinite: bool) -> None:
    """Fill a layer's part of the model; each array is checked while it is still in the processor's cache."""
    for field, kind in kinds.items():
        if isinstance(kind, Matrix):
            weights, path = parts.network.weights[f"{i}.{field}"], f".{field}"
            _fill(weights, fields[field], path)
            _check(weights, path, allow_nonfinite)
        if isinstance(kind, Adam):
            name, state, path = f"{i}.{kind.parameter}", fields[field], f".{field}"
            m, v, settings = parts.adam.m[name], parts.adam.v[name], parts.adam.settings[name]
            _fill(m, state["m"], f"{path}.m")
            _fill(v, state["v"], f"{path}.v")
            _check_moments(m, v, path, allow_nonfinite)
            for key in vars(settings):
                _check_setting(key, state[key], f"{path}.{key}")
                setattr(settings, key, state[key])


def _check_setting(key: str, value: float, path: str) -> None:
    below = 1 if key.startswith("beta") else np.inf
    if not 0 <= value < below:
        expected = "from 0 to below 1" if below == 1 else "a finite number from 0"
        raise SettingError("a setting of Adam outside its range", path=path, expected=expected, got=value)


def _fill(target: Array, matrix: dict[str, Any], path: str) -> None:
    """Copy the numbers of a matrix into the model's memory."""
    try:
        require_count(matrix["dim"], matrix["data"].fill(target.reshape(-1)))
    except FileError as error:
        error.where.enter(path)
        raise


@QUIET
def require_finite(parts: Parts) -> None:
    """Refuse a model with NaN or infinities, or with negative second moments."""
    for name, array in parts.network.weights.items():
        _check(array, name)
        _check_moments(parts.adam.m[name], parts.adam.v[name], name)


def _check_moments(m: Array, v: Array, path: str, allow_nonfinite: bool = False) -> None:
    _check(m, f"{path}.m", allow_nonfinite)
    _check(v, f"{path}.v", allow_nonfinite)
    if v.size and v.min() < 0:
        index, value = _first(v, v < 0)
        raise NegativeMomentError(
            "a second moment is negative", path=f"{path}.v[{index}]", expected="0 or more", got=value
        )


def _check(array: Array, path: str, allow_nonfinite: bool = False) -> None:
    """Refuse NaN and infinities. The sum of all squares tells; where it is too large for a float, each number does."""
    if allow_nonfinite or isfinite(np.vdot(array, array)):
        return
    bad = ~np.isfinite(array)
    if bad.any():
        index, value = _first(array, bad)
        raise NonFiniteError(
            "a number of the model is not finite",
            path=f"{path}[{index}]",
            got=value,
            remedy="The model diverged or the file is damaged; load(path, allow_nonfinite=True) opens it anyway.",
        )


def _first(array: Array, bad: NDArray[np.bool]) -> tuple[int, float]:
    """The index and the value of the first bad number."""
    index = int(np.argmax(bad))
    return index, float(array.flat[index])


# ---- the vocabulary -------------------------------------------------------------------------------------------------


def to_vocab(encode: dict[str, int], decode: dict[int, str], words: list[str]) -> Vocab:
    """The vocabulary of which a file keeps three descriptions, if they agree."""
    numbered = dict(enumerate(words))
    ids = {word: i for i, word in numbered.items()}
    if decode != numbered or encode != ids or len(ids) < len(words):
        _explain(encode, decode, words)
    if END not in encode:
        raise _no_end()
    return Vocab(words)


def _explain(encode: dict[str, int], decode: dict[int, str], words: list[str]) -> None:
    """Say where the parts of a vocabulary disagree."""
    seen: set[str] = set()
    for i, word in enumerate(words):
        if word in seen:
            raise DuplicateWordError(
                "a word stands twice", path=f".vocab.words[{i}]", expected="different words", got=repr(word)
            )
        seen.add(word)
    for part, ids in (("decode", decode.keys()), ("encode", encode.values())):
        gap = next((i for i, found in enumerate(sorted(ids)) if i != found), None)
        if gap is not None or len(ids) != len(words):
            expected = f"the ids 0 to {len(words) - 1}, each once"
            got = f"{len(ids)} ids" if gap is None else f"{sorted(ids)[gap]} in place of {gap}"
            raise IdGapError("the ids have a gap", path=f".vocab.{part}", expected=expected, got=got)
    for i, word in enumerate(words):
        if decode[i] != word:
            path, got = f".vocab.decode[{i}]", repr(decode[i])
            raise VocabMismatchError("decode contradicts words", path=path, expected=repr(word), got=got)
        if encode.get(word) != i:
            path, found = f".vocab.encode[{word!r}]", encode.get(word, "no such word")
            raise VocabMismatchError("encode contradicts words", path=path, expected=i, got=found)


def _no_end() -> NoEndError:
    return NoEndError(
        "the vocabulary has no word that ends a text",
        path=".vocab.words",
        expected=repr(END),
        remedy="Vocab.from_texts puts it in.",
    )
