"""What a clipping did, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from ..numerics import Array


@dataclass
class ClippingReport:
    """What a clipping did, each a dictionary from a parameter's name to a number.

    Attributes:
        before, after: the norm of the gradient.
        weight: the norm of the parameter itself; 0 for the gradient of the logits, which are no parameter.
        clipped: the fraction of its units that were made shorter, in [0, 1].
        cosine: of the angle between the gradient before and after, in [-1, 1].
    """

    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    weight: dict[str, float] = field(default_factory=dict)
    clipped: dict[str, float] = field(default_factory=dict)
    cosine: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, before: Array, after: Array, weight: float, factors: Array | float) -> None:
        """Measure what was done to one gradient whose units were multiplied by some factors, among other things."""
        a, b = norm(before), norm(after)
        clipped = (
            float(factors < 1) if isinstance(factors, float) else np.count_nonzero(factors < 1) / factors.size
        )
        self._put(name, a, b, weight, clipped, cosine(dot(before, after), a, b))

    def add_scaled(self, name: str, before: float, weight: float, factor: Array | float) -> None:
        """The same for a gradient that was multiplied by one number and not changed otherwise."""
        self._put(name, before, before * float(factor), weight, float(factor < 1), 1.0)

    def _put(self, name: str, *row: float) -> None:
        for column, value in zip(vars(self).values(), row, strict=True):
            column[name] = value

    def update(self, other: ClippingReport) -> None:
        """Take over the rows of another report."""
        for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True):
            mine.update(theirs)

    def __repr__(self) -> str:
        lines = [f"{'':>24} {'before':>10} {'after':>10} {'weight':>10} {'clipped':>8} {'cosine':>7}"]
        for name in self.before:
            norms = f"{self.before[name]:10.4g} {self.after[name]:10.4g} {self.weight[name]:10.4g}"
            lines.append(f"{name:>24} {norms} {self.clipped[name]:8.0%} {self.cosine[name]:7.3f}")
        columns = (self.before, self.after, self.weight)
        totals = (sqrt(sum(value**2 for value in column.values())) for column in columns)
        return "\n".join([*lines, f"{'all':>24} " + " ".join(f"{total:10.4g}" for total in totals)])


def dot(a: Array, b: Array) -> float:
    """The sum of a * b over all entries."""
    return float(np.vdot(a, b))


def norm(array: Array) -> float:
    """The L2 norm of all entries together."""
    return sqrt(dot(array, array))


def cosine(product: float, a: float, b: float) -> float:
    """Of the angle between two vectors, from their dot product and norms; 1 if both are 0, 0 if one is."""
    return min(1.0, max(-1.0, product / (a * b))) if a and b else float(a == b)
