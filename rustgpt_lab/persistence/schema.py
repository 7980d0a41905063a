"""The form of a model file, written once, as data: a few kinds of value, and of what a model consists.

This is serde's idea. Every format has a reader and a writer of the kinds (`bincode`, `json`); none knows a model. In
Python's memory a struct or a map is a dict, a sequence a list, an optional value None or the value, a layer
{name: struct}. RustGPT's five kinds of layer have the forms that its program gives them; the form of every other
registered kind follows from its constructor and its parameters: its settings, its arrays, then Adam's states.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, signature
from math import prod
from types import NoneType
from typing import Any, get_args, get_type_hints

import numpy as np

from ..errors import FileError
from ..layers import REGISTRY, Embeddings, FeedForward, Layer, LayerNorm, OutputProjection, SelfAttention

# A stranger's file cannot ask for more: a layer or a word takes far more room in memory than it may take in a file.
MAX_LAYERS, MAX_DEPTH, MAX_WORDS, MAX_DIMENSION = 10_000, 16, 1 << 20, (1 << 31) - 1
MAX_POSITIONS = 1 << 24
FLOAT = np.dtype("<f4")


# ---- kinds of value -------------------------------------------------------------------------------------------------


Scalar = namedtuple("Scalar", "name")  # a primitive; the name is that of the method that reads it
Pair = namedtuple("Pair", "item")  # two values of one kind
Seq = namedtuple("Seq", "item most")
Map = namedtuple("Map", "entry most")
Entry = namedtuple("Entry", "key value")
Option = namedtuple("Option", "item")
AnyLayer = namedtuple("AnyLayer", "")  # a layer: its tag or its name, then its form


@dataclass
class Struct:
    """Named parts, in order."""

    fields: Mapping[str, Any]

    def known(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields that there are, as far as the values that were found tell."""
        return self.fields


class Matrix(Struct):
    """An array as the Rust crate ndarray writes it: its version, its two dimensions, its numbers row by row."""


USIZE, F32, BOOL, STRING, FLOATS = map(Scalar, ("usize", "f32", "bool", "string", "floats"))
MATRIX = Matrix({"v": Scalar("version"), "dim": Pair(USIZE), "data": FLOATS})
ACTIVATIONS = Option(MATRIX)
"""What RustGPT's last forward pass left behind: read, checked and dropped; never written."""
WORD_TO_ID, ID_TO_WORD = Entry(STRING, USIZE), Entry(Scalar("usize_key"), STRING)
WORDS, LAYERS = Seq(STRING, MAX_WORDS), Seq(AnyLayer(), MAX_LAYERS)
VOCAB = Struct({"encode": Map(WORD_TO_ID, MAX_WORDS), "decode": Map(ID_TO_WORD, MAX_WORDS), "words": WORDS})
MODEL = Struct({"vocab": VOCAB, "network": LAYERS})
ADAM = {"beta1": F32, "beta2": F32, "epsilon": F32, "timestep": USIZE}
MOMENTS = {"m": MATRIX, "v": MATRIX}


class State(Struct):
    """Adam's state of one parameter of the layer."""

    def __init__(self, parameter: str):
        super().__init__(ADAM | MOMENTS)
        self.parameter = parameter


# ---- forms of layers ------------------------------------------------------------------------------------------------


@dataclass
class Form(Struct):
    """A kind of layer. A field that is a matrix is the parameter of that name; a scalar is a setting.

    `make` gives an empty layer of the sizes that were read.
    """

    make: Callable[[Mapping[str, Any]], Layer]

    def of(self, layer: Layer) -> Mapping[str, Any]:
        """All fields of a layer."""
        return self.fields


class Derived(Form):
    """A kind whose form is not RustGPT's: its arrays are known when its settings are."""

    def known(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.of(self.make(found)) if found.keys() >= self.fields.keys() else self.fields

    def of(self, layer: Layer) -> Mapping[str, Any]:
        own = {name: param for name, param in layer.parameters().items() if not param.tied_to}
        states = {f"optimizer_{name}": State(name) for name, param in own.items() if param.adam}
        if twice := own.keys() & states.keys() | {*own, *states} & self.fields.keys():
            got = f"two fields called {min(twice)}"
            raise FileError("no place", path=f".{type(layer).__name__}", got=got)
        return {**self.fields, **dict.fromkeys(own, MATRIX), **states}


WRITTEN = """
Embeddings: token_embeddings A, positional_embeddings A, cached_input ?A,
    token_optimizer Adam token_embeddings, positional_optimizer Adam positional_embeddings;
SelfAttention: embedding_dim usize, w_q A, w_k A, w_v A, cached_input ?A,
    optimizer_w_q Adam w_q, optimizer_w_k Adam w_k, optimizer_w_v Adam w_v;
FeedForward: w1 A, b1 A, w2 A, b2 A, input ?A, hidden_pre_activation ?A, hidden_post_activation ?A,
    optimizer_w1 Adam w1, optimizer_b1 Adam b1, optimizer_w2 Adam w2, optimizer_b2 Adam b2;
LayerNorm: epsilon f32, gamma A, beta A, cached_input ?A, cached_mean ?A, cached_std ?A,
    optimizer_gamma Adam gamma, optimizer_beta Adam beta;
OutputProjection: w_out A, b_out A, optimizer Adam w_out, cached_input ?A"""
"""RustGPT's own kinds, in the order of their tags. (b_out has no optimizer: it is moved by plain descent.)"""
MAKE: dict[str, Callable[[Mapping[str, Any]], Layer]] = {
    "Embeddings": lambda f: Embeddings(*f["token_embeddings"]["dim"], *f["positional_embeddings"]["dim"][:1]),
    "SelfAttention": lambda f: SelfAttention(f["embedding_dim"]),
    "FeedForward": lambda f: FeedForward(*f["w1"]["dim"]),
    "LayerNorm": lambda f: LayerNorm(f["gamma"]["dim"][1], f["epsilon"]),
    "OutputProjection": lambda f: OutputProjection(*f["w_out"]["dim"]),
}


def _form(name: str, text: str) -> Form:
    """A form as it is written above: A is an array, ?A an optional one."""
    kinds = {"usize": USIZE, "f32": F32, "A": MATRIX, "?A": ACTIVATIONS}
    parts = [part.split() for part in text.split(",")]
    fields = {field: State(parameter[0]) if parameter else kinds[kind] for field, kind, *parameter in parts}
    return Form(fields, MAKE[name])


RUSTGPT = {
    name.strip(): _form(name.strip(), text) for name, text in (kind.split(":") for kind in WRITTEN.split(";"))
}
PLAIN: dict[Any, Scalar] = {int: USIZE, float: F32, bool: BOOL, str: STRING}
"""What the annotation of a constructor's argument says -> how it is written."""


def kind_of(layer: Layer) -> type[Layer]:
    """The kind that a file knows a layer as: its own, or the one that it says it stands for."""
    return getattr(layer, "stands_for", type(layer))


def name_of(layer: Layer, path: str = "") -> str:
    """The name of a layer's kind.

    Raises:
        FileError: the kind is not registered; `path` says where the layer is.
    """
    kind = kind_of(layer)
    if REGISTRY.get(kind.__name__) is not kind:
        raise FileError("unregistered", path=path, expected=", ".join(REGISTRY), got=kind.__name__)
    return kind.__name__


def setting_of(layer: Layer, field: str) -> Any:
    """What a layer has as the value of a field that is a setting."""
    return getattr(layer, "d" if field == "embedding_dim" else field)


def form_of(name: str) -> Form:
    """The form of a registered kind of layer."""
    kind: Any = REGISTRY[name]
    return RUSTGPT.get(name) or _derived(kind)


@cache
def _derived(kind: Any) -> Form:
    """The form that follows from a constructor; `*layers` are layers inside."""
    hints, fields, inner = get_type_hints(kind.__init__), dict[str, Any](), ""
    for name, argument in signature(kind).parameters.items():
        if argument.kind is Parameter.VAR_POSITIONAL:
            fields[name], inner = LAYERS, name
            continue
        types = {*get_args(hints.get(name)), hints.get(name)} - {NoneType}
        scalar = next((PLAIN[each] for each in types if each in PLAIN), None)
        if scalar is None:
            path, expected = f".{kind.__name__}.{name}", "an argument annotated as int, float, bool or str"
            raise FileError("no place", path=path, expected=expected, got=hints.get(name))
        fields[name] = scalar if len(types) == 1 else Option(scalar)

    def make(found: Mapping[str, Any]) -> Layer:
        settings = {name: found[name] for name in fields if name != inner}
        layers = [make_layer(entry) for entry in found[inner]] if inner else []
        try:
            layer = kind(*layers, **settings)
            layer.parameters()
        except Exception as error:  # whatever a constructor does with settings that are not for it
            expected = f"settings of a {kind.__name__}"
            raise FileError("no layer", expected=expected, got=f"{settings}: {error}") from error
        return layer

    return Derived(fields, make)


# ---- layers as values -----------------------------------------------------------------------------------------------


def make_layer(entry: dict[str, Any]) -> Layer:
    """An empty layer of the sizes that were read."""
    [(name, fields)] = entry.items()
    return form_of(name).make(fields)


def every_layer(
    entries: list[Any], name: str = "", path: str = ".network"
) -> Iterator[tuple[str, str, Form, Any]]:
    """Layers' values, and those of the layers inside them: (name, path in the file, form, fields)."""
    for i, entry in enumerate(entries):
        [(kind, fields)] = entry.items()
        form, here = form_of(kind), f"{path}[{i}].{kind}"
        yield f"{name}{i}", here, form, fields
        for inner in (name for name, part in form.fields.items() if part is LAYERS):
            yield from every_layer(fields[inner], f"{name}{i}.", f"{here}.{inner}")


def as_matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """The dimensions in a file of an array of any shape: its first axis x all others; a vector is one row."""
    return (shape[0], prod(shape[1:])) if len(shape) > 1 else (1, prod(shape))
