"""Weights in fewer bits: INT8 with a scale for every output channel, or FP16. For answering only.

A layer is not told: it says `x @ self.p.w` or `self.p.table[ids]` as always, and what stands there is no array but a
`Quantized`, which turns a piece of itself into floats at a time. The memory is that of the small numbers; the time is
that of the product and of the turning, which NumPy does slower than its products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .errors import ShapeError
from .layers import Layer
from .network import Network
from .numerics import Array
from .parameters import Param, Views, walk

KINDS = {"int8": np.dtype(np.int8), "float16": np.dtype(np.float16)}
MOST = 127
"""The largest whole number that is used: -128 stays out, so that the numbers are symmetric about 0."""
PIECE = 1 << 18
"""Numbers that are turned into floats at a time: 1 MB, which stays in the processor's cache."""


class Quantized:
    """A matrix of small numbers, W ≈ data * scale; where an array is wanted it gives one.

    Attributes:
        data: (a, b), int8 or float16.
        scale: (1, b) or (a, 1), float32: one for each unit, an output channel (Jacob et al. 2018, section 2.1,
            with the zero point at 0); None where the numbers stand for themselves.
    """

    __array_ufunc__ = None  # so that `x @ w` comes here
    dtype = np.dtype(np.float32)

    def __init__(self, data: Array, scale: Array | None):
        self.data, self.scale = data, scale
        self.shape, self.size, self.ndim = data.shape, data.size, 2
        self.nbytes = data.nbytes + (0 if scale is None else scale.nbytes)

    @classmethod
    def of(cls, weights: Array, kind: str, unit_axis: int) -> Quantized:
        """Round a matrix; `unit_axis` is the axis along which the numbers of a unit lie.

        >>> q = Quantized.of(np.array([[1.0, -254.0], [0.5, 127.0]]), "int8", unit_axis=0)
        >>> q.data.tolist(), q.scale.tolist()
        ([[127, -127], [64, 64]], [[0.007874015718698502, 2.0]])
        """
        if kind == "float16":
            with np.errstate(over="ignore"):
                data = weights.astype(np.float16)
            if not np.isfinite(data).all():
                got = f"{abs(weights).max():.3g}"
                raise ShapeError("a weight is too large for FP16", expected="at most 65504", got=got)
            return cls(data, None)
        largest = abs(weights).max(axis=unit_axis, keepdims=True)
        scale = np.where(largest > 0, largest / MOST, 1).astype(np.float32)
        return cls(np.rint(weights / scale).astype(np.int8), scale)

    @property
    def T(self) -> Quantized:
        return Quantized(self.data.T, None if self.scale is None else self.scale.T)

    def __getitem__(self, rows: Any) -> Array:
        """Some of the rows, as floats."""
        floats = self.data[rows].astype(np.float32)
        if self.scale is not None:
            floats *= self.scale if len(self.scale) == 1 else self.scale[rows]
        return floats

    def __rmatmul__(self, x: Array) -> Array:
        """x @ W, (N, a) -> (N, b)."""
        y = np.empty((*x.shape[:-1], self.shape[1]), np.float32)
        if self.scale is not None and self.scale.shape[1] == 1:
            x = x * self.scale.T
        step = max(1, PIECE // self.shape[0])
        for start in range(0, self.shape[1], step):
            piece = slice(start, start + step)
            np.matmul(x, self.data[:, piece].astype(np.float32), out=y[..., piece])
        if self.scale is not None and self.scale.shape[0] == 1:
            y *= self.scale
        return y

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:].astype(dtype or np.float32, copy=False)

    def __repr__(self) -> str:
        return f"Quantized({self.shape[0]}x{self.shape[1]} {self.data.dtype})"


class QuantizedViews(Mapping[str, Any]):
    """The parameters of a layer or a network by name, as `Views`; matrices are `Quantized`, all else arrays."""

    def __init__(self, params: Mapping[str, Param], arrays: Mapping[str, Any]):
        self.params, self._arrays = params, arrays

    def __getitem__(self, name: str) -> Any:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_arrays"][name]
        except KeyError:
            raise AttributeError(f"no parameter {name!r}") from None

    @property
    def flat(self) -> Array:
        """All numbers as floats, (n,): a new array each time."""
        return np.concatenate([np.asarray(array).ravel() for array in self._arrays.values()])

    @property
    def nbytes(self) -> int:
        """The memory of the numbers."""
        return sum(array.nbytes for array in self._arrays.values())

    def __repr__(self) -> str:
        return "\n".join(f"{name:>24} {array!r:.60}" for name, array in self._arrays.items())


class QuantizedParameters:
    """What stands in the place of `Parameters`: weights, and neither gradients nor moments."""

    def __init__(self, params: Mapping[str, Param], weights: QuantizedViews):
        self.params, self.weights = params, weights

    def like(self, dtype: str | None = None) -> Views:
        raise ShapeError("a model of few bits only answers", remedy="Train first, then quantize.")

    gradients = property(like)


class QuantizedNetwork(Network):
    """A network whose weights are small numbers.

    Args:
        network: whose form it has; it is not changed.
        arrays: name of every parameter that is not tied -> an array, or a `Quantized` one.
    """

    def __init__(self, network: Network, arrays: Mapping[str, Any]):
        self.layers = tuple(layer.unbound() for layer in network.layers)
        self.max_seq_len = network.max_seq_len
        params = network.parameters.params
        self.weights: Any = QuantizedViews(params, arrays)
        self.parameters: Any = QuantizedParameters(params, self.weights)
        for name, layer in walk(self.layers):
            own = layer.parameters()
            found = {field: arrays[param.tied_to or f"{name}.{field}"] for field, param in own.items()}
            _give(layer, QuantizedViews(own, found))

    def unbound(self) -> Network:
        raise ShapeError(
            "a model of few bits is not copied: its weights never change", remedy="Use it itself."
        )


def _give(layer: Layer, weights: Any) -> None:
    layer.p = weights


def quantized(network: Network, kind: str = "int8") -> QuantizedNetwork:
    """A network with the same layers, whose matrices are INT8 ("int8") or FP16 ("float16").

    What belongs to no unit (biases, the factors of a norm) stays float32: it is little, and much hangs on it. What a
    model is sure of stays at INT8; where its best two words are a few hundredths of a logit apart, the other may come.

    Raises:
        ShapeError: there is no such kind; a weight is not finite, or too large for FP16.
    """
    if kind not in KINDS:
        raise ShapeError("no such precision", where="kind", expected=" or ".join(KINDS), got=repr(kind))
    arrays: dict[str, Any] = {}
    for name, param in network.parameters.params.items():
        weights = network.weights[name]
        if not np.isfinite(weights).all():
            raise ShapeError("a weight is not finite", where=name, expected="a model that did not diverge")
        arrays[name] = weights.astype(np.float32)
        if param.unit_axis is not None:
            arrays[name] = Quantized.of(weights, kind, param.unit_axis)
    return QuantizedNetwork(network, arrays)


def rounding(network: Network, small: QuantizedNetwork) -> dict[str, float]:
    """Name of every parameter -> how far it was moved by the rounding, |W - W'| / |W|; 0 for what stayed.

    >>> from rustgpt_lab import LLM, Vocab
    >>> network = LLM.build(Vocab.default(), 8, 8, 1).network
    >>> 0 < rounding(network, quantized(network))["1.w_q"] < 0.01
    True
    """
    moved = {}
    for name, weights in network.weights.items():
        length = float(np.linalg.norm(weights))
        moved[name] = float(np.linalg.norm(weights - np.asarray(small.weights[name]))) / (length or 1.0)
    return moved
