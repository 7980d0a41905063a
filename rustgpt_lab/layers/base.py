"""What every layer is: declared parameters, a forward pass with an explicit cache, a backward pass that reads it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from types import SimpleNamespace
from typing import Any, ClassVar

from ..batch import Batch as Batch
from ..cache import KeyValues as KeyValues
from ..numerics import Array
from ..parameters import Param as Param, Parameters, Views, ones as ones, small as small, weight as weight


class Cache(SimpleNamespace):
    """What a layer's forward pass found on its way: its backward pass needs it, and the pictures show it."""


class Layer:
    """A step of the network, (N, d_in) -> (N, d_out).

    A layer holds its sizes, under the names of its constructor's arguments; its weights `p` and gradients `g` are
    windows into the memory of the network that it belongs to (see `parameters`). `forward` keeps no state.
    """

    p: Views
    g: Views
    d_in: int | None  # None for a layer that takes ids
    d_out: int
    layers: tuple[Layer, ...] = ()  # those inside this one
    rowwise: ClassVar[bool] = True  # whether every row is computed from that row alone
    tag: ClassVar[int]
    axes: ClassVar[Mapping[str, str]] = {}
    """What the axes of an array in the cache are, a letter for each: B the sequences of the batch, H heads, T the
    positions that look, S those that are looked at. An array that is not named here has a row for each of the N."""

    def parameters(self) -> dict[str, Param]:
        """Name -> what it is, for every parameter, in the order of the file format."""
        return {}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Any]:
        """(N, d_in) -> (N, d_out), and the cache; `past` holds the keys and values of what was read before."""
        raise NotImplementedError

    def backward(self, dy: Array, c: Any, batch: Batch) -> Any:
        """The gradient of the output, (N, d_out) -> of the input, (N, d_in); *sets* the parameters' gradients `g`."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """What the constructor was given, by the names of its arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def alone(self, seed: int = 0, dtype: str = "float64") -> Layer:
        """Give a layer that belongs to no network a memory of its own, with random weights; returns the layer."""
        memory = Parameters([self], dtype)
        memory.initialize(seed)
        memory.gradients  # noqa: B018 - asked for, so that `g` is there
        return self

    def unbound(self) -> Layer:
        """A layer of the same kind and sizes that belongs to no network and has no weights yet."""
        twin = copy(self)
        twin.__dict__ = {name: value for name, value in vars(self).items() if name not in ("p", "g")}
        twin.layers = tuple(layer.unbound() for layer in self.layers)
        return twin

    def __repr__(self) -> str:
        sizes = (f"{name} {'x'.join(map(str, param.shape))}" for name, param in self.parameters().items())
        return f"{type(self).__name__}({', '.join([*map(repr, self.layers), *sizes])})"


REGISTRY: dict[str, type[Layer]] = {}  # every kind of layer that can be saved, drawn and checked, by its name


def register(tag: int) -> Callable[[type[Layer]], type[Layer]]:
    """Make a kind of layer known; `tag` is its number in a file. RustGPT's are 0 to 4, and none is used again."""

    def enter(kind: type[Layer]) -> type[Layer]:
        kind.tag = tag
        REGISTRY[kind.__name__] = kind
        return kind

    return enter
