"""Long formulas over large arrays, a few rows at a time: what they make on their way stays in the processor's cache."""

from collections.abc import Callable

import numpy as np

from ..numerics import Array

PIECE = 1 << 15
"""Numbers of a piece: 128 KB of each array in float32."""


def in_pieces(f: Callable[..., Array], *arrays: Array) -> Array:
    """f(*arrays) for a function of single numbers and arrays (N, n) of one shape; in the memory of none of them.

    >>> in_pieces(lambda a, b: a + 2 * b, np.ones((2, 2)), np.eye(2))
    array([[3., 1.],
           [1., 3.]])
    """
    count, width = arrays[0].shape
    rows = max(1, PIECE // max(width, 1))
    if count <= rows:
        return f(*arrays)
    y = np.empty_like(arrays[0])
    for start in range(0, count, rows):
        y[start : start + rows] = f(*(array[start : start + rows] for array in arrays))
    return y
