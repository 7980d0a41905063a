"""What a clipping did, in numbers: measured from outside, on the gradients before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics import Array
from ..parameters import Views

if TYPE_CHECKING:
    from ..batch import Batch
    from .clipping import Clipping

Arrays = Mapping[str, Array]

SHORTER = 1 - 1e-6
"""A unit that was multiplied by less was made shorter; more is rounding."""


@dataclass
class ClippingReport:
    """What a clipping did, each a dictionary from a parameter's name to a number.

    Attributes:
        before, after: the norm of the gradient.
        weight: the norm of the parameter itself; 0 for the gradient of the logits, which are no parameter.
        clipped: the fraction of its units that were scaled down, in [0, 1].
        cosine: of the angle between the gradient before and after, in [-1, 1].
    """

    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    weight: dict[str, float] = field(default_factory=dict)
    clipped: dict[str, float] = field(default_factory=dict)
    cosine: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, before: Array, after: Array, weight: float, axis: int | None) -> None:
        """Measure what was done to one gradient, unit by unit.

        What scales a unit by f, and moves it at right angles to what is left (as centralization does), leaves
        |after|^2 = f * before . after: so f is known without asking the clipping.
        """
        scale = 1.0
        if not _is_sound(
            unit_dots(before, before, None)
        ):  # its squares overflow or vanish: measure a shorter one
            scale = float(np.abs(before).max(initial=0)) or 1.0
            before, after = before.astype(np.float64) / scale, after.astype(np.float64) / scale
        own, products, squares = (
            unit_dots(*p, axis) for p in ((before, before), (before, after), (after, after))
        )
        clipped = squares < SHORTER * products
        a, b, product = sqrt(own.sum()), sqrt(squares.sum()), float(products.sum())
        self.put(name, a * scale, b * scale, weight, float(clipped.mean()), cosine(product, a, b))

    def put(self, name: str, *row: float) -> None:
        """Note one parameter's numbers, in the order of the attributes."""
        for column, value in zip(vars(self).values(), row, strict=True):
            column[name] = value

    def __repr__(self) -> str:
        lines = [f"{'':>24} {'before':>10} {'after':>10} {'weight':>10} {'clipped':>8} {'cosine':>7}"]
        for name in self.before:
            norms = f"{self.before[name]:10.4g} {self.after[name]:10.4g} {self.weight[name]:10.4g}"
            lines.append(f"{name:>24} {norms} {self.clipped[name]:8.0%} {self.cosine[name]:7.3f}")
        columns = (self.before, self.after, self.weight)
        totals = (sqrt(sum(value**2 for value in column.values())) for column in columns)
        return "\n".join([*lines, f"{'all':>24} " + " ".join(f"{total:10.4g}" for total in totals)])


class Measured:
    """A clipping that is looked at: it does the same, and `report` then says what that was."""

    def __init__(self, clipping: Clipping):
        self.clipping, self.report = clipping, ClippingReport()

    def at_logits(self, dlogits: Array, batch: Batch) -> None:
        """Clip the gradient of the logits; its units are the sequences."""
        before = dlogits.copy()
        self.clipping.at_logits(dlogits, batch)
        ends = np.cumsum(batch.lengths) - batch.lengths
        by_row = np.vecdot(before, dlogits), np.vecdot(dlogits, dlogits)
        products, squares = (np.add.reduceat(rows, ends) for rows in by_row)
        clipped = np.count_nonzero(squares < SHORTER * products) / batch.size
        a, b = norm(before), norm(dlogits)
        self.report.put("logits", a, b, 0.0, clipped, cosine(float(products.sum()), a, b))

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        """Clip the parameters' gradients."""
        before = {name: gradient.copy() for name, gradient in gradients.items()}
        self.clipping.at_parameters(parameters, gradients)
        for name, gradient in gradients.items():
            weight, axis = norm(parameters[name]), unit_axis(parameters, name)
            self.report.add(name, before[name], gradient, weight, axis)


def unit_axis(parameters: Arrays, name: str) -> int | None:
    """The axis along which a unit's numbers lie: 0 for columns, 1 for rows, None if the array is one unit."""
    if isinstance(parameters, Views):
        return parameters.params[name].unit_axis
    shape = parameters[name].shape
    return 0 if len(shape) > 1 and shape[0] > 1 else None


def unit_dots(a: Array, b: Array, axis: int | None) -> Array:
    """The dot product of a and b within every unit, in a shape that multiplies them; `axis` as in `Param`."""
    if axis is None:
        return np.vdot(a, b).reshape((1,) * a.ndim)
    if a.ndim == 2:  # the same as below, and faster
        return np.einsum("ij,ij->j", a, b)[None, :] if axis == 0 else np.vecdot(a, b)[:, None]
    return (a * b).sum(axis=axis, keepdims=True)


def unit_norms(array: Array, axis: int | None) -> Array:
    """The norm of every unit, in a shape that multiplies the array; exact where squares overflow or vanish, too."""
    squares = unit_dots(array, array, axis)
    if _is_sound(squares):
        return np.sqrt(squares)
    wide = array.astype(np.float64)
    scale = float(np.abs(wide).max(initial=0)) or 1.0
    if not isfinite(scale):
        return np.sqrt(squares)
    wide /= scale
    return (np.sqrt(unit_dots(wide, wide, axis)) * scale).astype(array.dtype)


def norm(array: Array) -> float:
    """The L2 norm of all entries together; exact where squares overflow or vanish, too."""
    square = np.vdot(array, array)
    return sqrt(square) if _is_sound(square) else float(unit_norms(array.ravel(), None)[0])


def _is_sound(squares: Any) -> bool:
    """Whether sums of squares are finite, and large enough to be exact."""
    return isfinite(squares.max()) and bool(squares.min() > np.finfo(squares.dtype).tiny)


def cosine(product: float, a: float, b: float) -> float:
    """Of the angle between two vectors, from their dot product and norms; 1 if both are 0, 0 if one is."""
    return min(1.0, max(-1.0, product / (a * b))) if a and b else float(a == b)
