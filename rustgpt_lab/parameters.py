"""All weights of a network in one flat buffer, all gradients in another, with a named window cut for every parameter.

An optimizer is then a few operations on long vectors, however many layers there are; a layer sees only its own
windows. (The idea of llm.c.) A window can be changed in place, `p.w_q += x`, but not replaced, `p.w_q = x`: that would
cut it off from the buffer, and training would go on without it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from .errors import ShapeError
from .numerics import Array


def ones(rng: np.random.Generator, shape: tuple[int, ...]) -> float:
    return 1.0


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.normal(0.0, 0.02, shape)


def random_weight(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """N(0, sqrt(2 / fan_in)) for a weight of shape (fan_in, fan_out) (He et al. 2015, eq. 10)."""
    return rng.normal(0.0, (2.0 / max(shape[0], 1)) ** 0.5, shape)


@dataclass(frozen=True)
class Param:
    """What a layer declares of one of its parameters.

    Attributes:
        init: (random generator, shape) -> its first values; None for 0.
        unit_axis: the axis along which the numbers of a unit lie, which clipping measures together: 0 if a column is a
            unit, 1 if a row is, None if the whole array is one.
        adam: whether Adam moves it, or plain descent, w -= rate * gradient.
        tied_to: the name of the parameter in the network whose memory it shares, such as "0.token_embeddings".
    """

    shape: tuple[int, ...]
    init: Callable[[np.random.Generator, tuple[int, ...]], Any] | None = None
    unit_axis: int | None = None
    adam: bool = True
    tied_to: str = ""


def weight(d_in: int, d_out: int) -> Param:
    """A matrix that is multiplied from the right: a unit is a column, what goes into one output."""
    return Param((d_in, d_out), random_weight, unit_axis=0)


class Views(Mapping[str, Array]):
    """Named windows into a flat array, as a mapping (`views["w_q"]`) and as attributes (`views.w_q`).

    Args:
        params: name -> `Param`, in the order in which the arrays lie in `flat`, (n,).
        tied: the arrays of the tied parameters, which lie elsewhere.
    """

    def __init__(self, params: Mapping[str, Param], flat: Array, tied: Mapping[str, Array] | None = None):
        arrays, start = dict.fromkeys(params) | dict(tied or {}), 0
        for name, param in params.items():
            if "." not in name and (hasattr(Views, name) or name in ("params", "flat", "_arrays")):
                raise ShapeError("a parameter cannot have this name: `Views` uses it itself", where=name)
            if arrays[name] is None:
                end = start + prod(param.shape)
                arrays[name], start = flat[start:end].reshape(param.shape), end
        self.__dict__.update(arrays, params=params, flat=flat, _arrays=arrays)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._arrays or value is not self._arrays[name]:  # `p.w_q += x` brings the very same
            what = f"a parameter is a window into the model's memory; no other {type(value).__name__} can replace it"
            remedy = "Write into it instead: p.name[...] = values, or p.name += values."
            raise ShapeError(what, where=name, expected=f"one of {', '.join(self._arrays)}", remedy=remedy)

    __setitem__ = __setattr__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python itself asks for
            raise AttributeError(name)
        raise AttributeError(f"no parameter {name!r}; there are {', '.join(self._arrays) or 'none'}")

    def __reduce__(self) -> str:
        raise TypeError("windows have no memory of their own to be copied: use LLM.copy() or LLM.save()")

    def __repr__(self) -> str:
        return "\n".join(f"{name:>24} {array.shape}" for name, array in self._arrays.items())


def walk(layers: Iterable[Any], outside: str = "") -> Iterator[tuple[str, Any]]:
    """Every layer and its name, from the first to the last: "3", and for a layer inside that one "3.1"."""
    for i, layer in enumerate(layers):
        yield f"{outside}{i}", layer
        yield from walk(layer.layers, f"{outside}{i}.")


class Parameters:
    """The memory of a list of layers; every layer gets its own windows as `layer.p` (weights), `layer.g` (gradients).

    `params` has the `Param` of all that are not tied to another, named by the layer, then the field: "1.w_q".
    Gradients, and the moments of an optimizer, are allocated when they are first asked for.

    Raises:
        ShapeError: a dtype but float32 and float64; a parameter that is tied to none, or to one of another shape.
    """

    def __init__(self, layers: Iterable[Any], dtype: str = "float32"):
        if dtype not in ("float32", "float64"):
            expected = "float32 or float64"
            raise ShapeError("weights cannot have this type", where="dtype", expected=expected, got=dtype)
        walked = [(i, layer, layer.parameters()) for i, layer in walk(layers)]
        every = {f"{i}.{name}": param for i, _, own in walked for name, param in own.items()}
        self._layers = [(layer, own) for _, layer, own in walked]
        self.params = {name: param for name, param in every.items() if not param.tied_to}
        for name, param in every.items():
            owner = self.params.get(param.tied_to or name)
            if owner is None or owner.shape != param.shape:
                got = "no such parameter" if owner is None else f"one of shape {owner.shape}"
                expected = f"{param.tied_to}, of shape {param.shape}"
                raise ShapeError("a parameter cannot be tied so", where=name, expected=expected, got=got)
        self.weights = self.like(dtype)
        self._give(self.weights, "p", lambda owner: self.weights[owner])

    @cached_property
    def gradients(self) -> Views:
        gradients = self.like()
        self._shares: list[tuple[Array, Array]] = []  # a parameter's gradient, and what a tied one adds to it

        def share(owner: str) -> Array:
            self._shares.append((gradients[owner], np.zeros_like(gradients[owner])))
            return self._shares[-1][1]

        self._give(gradients, "g", share)
        return gradients

    def like(self, dtype: str | None = None) -> Views:
        """New memory of the same form, all 0. It begins at a line of the processor's cache, 64 bytes."""
        kind = np.dtype(dtype or self.weights.flat.dtype)
        size = sum(prod(param.shape) for param in self.params.values())
        room = np.zeros(size + 64 // kind.itemsize, kind)
        start = -room.ctypes.data % 64 // kind.itemsize
        return Views(self.params, room[start : start + size])

    def _give(self, views: Views, name: str, tied: Callable[[str], Array]) -> None:
        """Give every layer its windows into `views`; `tied` finds the array of a parameter that is tied to a name."""
        start = 0
        for layer, own in self._layers:
            end = start + sum(prod(param.shape) for param in own.values() if not param.tied_to)
            elsewhere = {field: tied(param.tied_to) for field, param in own.items() if param.tied_to}
            setattr(layer, name, Views(own, views.flat[start:end], elsewhere))
            start = end

    def initialize(self, seed: int) -> None:
        """Fill the weights with their first values, drawn in their order."""
        rng = np.random.default_rng(seed)
        for name, param in self.params.items():
            if param.init is not None:
                self.weights[name][...] = param.init(rng, param.shape)

    def join_tied(self) -> None:
        """Add the gradients of tied parameters to those of the parameters that they are tied to."""
        for gradient, share in self._shares:
            gradient += share
