"""A batch: several sequences side by side, packed without padding.

Most layers work on each position by itself, so they see the positions of all sequences as the rows of one (N, d)
matrix: one large matrix product instead of many small ones, and no work on padding. Attention alone must know which
rows belong together: `pad` lays the rows out as (B, T, ...) and `rows` packs them again.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .numerics import Array


class Batch:
    """B sequences of ids, packed one after the other into N = sum of lengths rows.

    Args:
        sequences: B non-empty sequences of ids.

    Attributes:
        ids: (N,) the ids of all sequences.
        positions: (N,) each row's position in its own sequence.
        lengths: (B,)
    """

    def __init__(self, sequences: Sequence[Sequence[int]]):
        lengths = [len(ids) for ids in sequences]
        self.size, self.longest = len(lengths), max(lengths, default=0)
        self.lengths = np.array(lengths, dtype=np.intp)
        self.ids: NDArray[np.intp] = np.array([i for ids in sequences for i in ids], dtype=np.intp)
        filled = np.arange(self.longest) < self.lengths[:, None]  # (B, T), False behind the end of a sequence
        # (N,) where each row lies in the padded layout
        self._places: NDArray[np.intp] = np.flatnonzero(filled)
        self.positions = self._places % self.longest
        self._full = len(self.ids) == self.size * self.longest

    def pad(self, rows: Array) -> Array:
        """(N, d) -> (B, T, d), with zeros behind the end of the shorter sequences."""
        shape = (self.size, self.longest, rows.shape[1])
        if self._full:
            return rows.reshape(shape)
        padded = np.zeros((self.size * self.longest, rows.shape[1]), rows.dtype)
        padded[self._places] = rows
        return padded.reshape(shape)

    def rows(self, padded: Array) -> Array:
        """(B, T, d) -> (N, d), dropping what lies behind the end of the shorter sequences."""
        flat = padded.reshape(self.size * self.longest, padded.shape[2])
        return flat if self._full else flat.take(self._places, axis=0)
