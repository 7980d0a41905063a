"""Gradients by nudging: the judge of every backward pass."""

from collections.abc import Callable

import numpy as np

from .numerics import Array


def numerical_gradient(f: Callable[[], float], x: Array, step: float = 1e-5) -> Array:
    """The gradient of `f` by central differences: (f(x + h) - f(x - h)) / 2h for every entry of `x`.

    Args:
        f: a function of no arguments that reads `x` where it lies.
        x: the array that is nudged, entry by entry, in place, and put back; use float64.
        step: h, for entries of size about 1; the error is O(h^2) + O(rounding / h).
    """
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = f()
        x[index] = kept - step
        gradient[index] = (above - f()) / (2 * step)
        x[index] = kept
    return gradient


def relative_error(a: Array, b: Array) -> float:
    """How far apart two arrays are, as a share of their size: |a - b| / (|a| + |b|), in [0, 1]; 0 if both are 0."""
    size = float(np.linalg.norm(a) + np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / size if size else 0.0
