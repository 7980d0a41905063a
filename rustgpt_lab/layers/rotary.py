"""Rotary positions: a query and a key are turned by where they stand, so that their product sees only the distance."""

from functools import cache

import numpy as np

from ..batch import Ids
from ..numerics import Array


def turns(positions: Ids, width: int, base: float, dtype: np.dtype) -> tuple[Array, Array]:
    """The cosines and the sines of the angles at positions (N,), each (N, 1, width / 2); one for all heads."""
    length = 1 << int(positions.max(initial=0)).bit_length()  # a power of 2, so that few tables are made
    cos, sin = _table(length, width, base, dtype)
    return cos[positions, None], sin[positions, None]


@cache
def _table(length: int, width: int, base: float, dtype: np.dtype) -> tuple[Array, Array]:
    """For every position m and pair i, of m base^(-2i / width) (Su et al. 2021, section 3.2.2)."""
    angles = np.arange(length)[:, None] * base ** (-np.arange(0, width, 2) / width)
    return np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)


def rotate(x: Array, cos: Array, sin: Array, pairs: str) -> Array:
    """Turn every pair of the numbers of a head by its angle (Su et al. 2021, eq. 34); x is (N, heads, width).

    Args:
        cos, sin: of the angles, (N, 1, width / 2); with -sin it is the way back, and so the gradient.
        pairs: "adjacent", numbers 2i and 2i + 1, as in the paper, or "halves", i and i + width / 2, as in
            Llama's files.

    >>> quarter = np.zeros((1, 1, 2)), np.ones((1, 1, 2))
    >>> rotate(np.array([[[1.0, 0.0, 3.0, 0.0]]]), *quarter, "adjacent")
    array([[[0., 1., 0., 3.]]])
    >>> rotate(np.array([[[1.0, 3.0, 0.0, 0.0]]]), *quarter, "halves")
    array([[[0., 0., 1., 3.]]])
    """
    y = np.empty_like(x)
    half = x.shape[-1] // 2
    first, second = slice(half), slice(half, None)
    if pairs == "adjacent":
        first, second = slice(0, None, 2), slice(1, None, 2)
    a, b = x[..., first], x[..., second]
    y[..., first], y[..., second] = a * cos - b * sin, a * sin + b * cos
    return y
