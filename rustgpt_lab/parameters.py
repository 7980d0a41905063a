"""All weights of a network in one flat buffer, all gradients in another, with a named window cut for every parameter.

An optimizer is then a few operations on two long vectors, however many layers there are; a layer sees only its own
windows. (The idea of llm.c.) A window can be changed in place, `p.w_q += x`, but not replaced, `p.w_q = x`: that would
cut it off from the buffer, and training would go on without it.
"""

from collections.abc import ItemsView, Iterator, Mapping
from math import prod
from typing import Any

import numpy as np

from .errors import ShapeError
from .numerics import Array

Shapes = Mapping[str, tuple[int, ...]]


LINE = 64
"""Bytes of a line of the processor's cache."""


def buffer(size: int, dtype: str | np.dtype) -> Array:
    """(size,) zeros that begin where a cache line begins: no vector register is then filled from two lines."""
    dtype = np.dtype(dtype)
    room = np.zeros(size + LINE // dtype.itemsize, dtype)
    start = -room.ctypes.data % LINE // dtype.itemsize
    return room[start : start + size]


class Views(Mapping[str, Array]):
    """Named windows into a flat array, as a mapping (`views["w_q"]`) and as attributes (`views.w_q`).

    Args:
        shapes: name -> shape, in the order in which they lie in `flat`.
        flat: (n,) with n the sum of all sizes.
    """

    flat: Array
    _arrays: dict[str, Array]

    def __init__(self, shapes: Shapes, flat: Array):
        arrays, start = {}, 0
        for name, shape in shapes.items():
            end = start + prod(shape)
            arrays[name] = flat[start:end].reshape(shape)
            start = end
        self.__dict__.update(arrays)
        self.__dict__["_arrays"], self.__dict__["flat"] = arrays, flat

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def items(self) -> ItemsView[str, Array]:
        return self._arrays.items()  # as Mapping's own, but faster

    def __setattr__(self, name: str, value: Any) -> None:
        if value is not self.__dict__.get(name):  # `p.w_q += x` arrives here too, with the very same array
            raise ShapeError(
                f"a parameter is a window into the model's memory; no other {type(value).__name__} can replace it",
                where=name,
                remedy="Write into it instead: p.name[...] = values, or p.name += values.",
            )

    __setitem__ = __setattr__

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_"):  # what Python itself asks for
            raise AttributeError(name)
        raise AttributeError(f"no parameter {name!r}; there are {', '.join(self._arrays) or 'none'}")

    def __reduce__(self) -> str:
        raise TypeError(
            "windows into a model's memory cannot be copied or pickled without it; use LLM.copy() or LLM.save()"
        )

    def __repr__(self) -> str:
        return "\n".join(f"{name:>24} {array.shape}" for name, array in self._arrays.items())


class Parameters:
    """The memory of a list of layers: `weights` and `gradients`, each a `Views` named "index.field" ("1.w_q").

    Args:
        layers: the network; every layer gets its own windows as `layer.p` (weights) and `layer.g` (gradients).
        dtype: "float32" or "float64".
    """

    def __init__(self, layers: list, dtype: str = "float32"):
        own = [layer.shapes() for layer in layers]
        shapes = {f"{i}.{name}": shape for i, part in enumerate(own) for name, shape in part.items()}
        size = sum(prod(shape) for shape in shapes.values())
        self.weights = Views(shapes, buffer(size, dtype))
        self.gradients = Views(shapes, buffer(size, dtype))
        start = 0
        for layer, part in zip(layers, own, strict=True):
            end = start + sum(prod(shape) for shape in part.values())
            layer.p = Views(part, self.weights.flat[start:end])
            layer.g = Views(part, self.gradients.flat[start:end])
            start = end
