"""A batch: several sequences side by side, packed without padding.

Most layers see the positions of all sequences as the rows of one (N, d) matrix: one large product instead of many
small ones, and no work on padding. Attention alone must know which rows belong together: `pad` lays them out as
(B, T, ...), and `rows` packs them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .numerics import Array

Ids = NDArray[np.intp]


class Batch:
    """B sequences of ids, packed one after the other into N = sum of lengths rows.

    `read`, (B,), says how many ids of each were read before these.

    Attributes:
        ids, positions: (N,) the ids of all sequences, and the position of each in its own.
        last: (B,) the row of each sequence's last id; not there in a batch `of_next`, whose rows are the sequences.
        full: whether all sequences are of one length, so that nothing need be padded.
        targets, shares: (N,) the id that comes after each row, and the weight of its loss; only `to_learn` gives them.
    """

    targets: Ids
    shares: Array
    rng: np.random.Generator | None = None  # what dropout draws from; only a training step gives it

    def __init__(self, sequences: Sequence[Sequence[int]], read: Ids | int = 0):
        lengths = [len(ids) for ids in sequences]
        self.size, self.longest = len(lengths), max(lengths, default=0)
        self.lengths: Ids = np.array(lengths, dtype=np.intp)
        self.ids: Ids = np.array([i for ids in sequences for i in ids], dtype=np.intp)
        filled = np.arange(self.longest) < self.lengths[:, None]  # (B, T), False behind the end of a sequence
        self._places: Ids = np.flatnonzero(filled)  # (N,) where each row lies in the padded layout
        self._gaps = np.flatnonzero(~filled)
        self._rows = filled.cumsum() - 1  # (B T,) the row there, or before a gap
        self.positions: Ids = self._places % self.longest
        if np.any(read):
            self.positions = self.positions + np.repeat(read, lengths)
        self.last: Ids = self.lengths.cumsum() - 1
        self.full = len(self.ids) == self.size * self.longest

    @cached_property
    def by_id(self) -> tuple[Ids, Ids, Ids]:
        """The rows sorted by their ids, (N,), where each id's rows begin there, (U,), and the U different ids."""
        order = np.argsort(self.ids, kind="stable")
        ids, starts = np.unique(self.ids[order], return_index=True)
        return order, starts, ids

    @classmethod
    def to_learn(cls, sequences: Sequence[Sequence[int]]) -> Batch:
        """The batch in which every position predicts the id after it; each sequence has two ids or more.

        Its loss is the mean over its sequences of the mean over their positions: `shares`, which sum to 1, say so.
        """
        batch = cls([ids[:-1] for ids in sequences])
        batch.targets = np.array([i for ids in sequences for i in ids[1:]], dtype=np.intp)
        batch.shares = np.repeat(1 / (batch.lengths * batch.size), batch.lengths)
        return batch

    @classmethod
    def of_next(cls, ids: Ids, positions: Ids) -> Batch:
        """The batch of one more id for each of B sequences: (B,) ids, and (B,) where they stand."""
        batch = cls.__new__(cls)
        batch.ids, batch.positions = ids, positions
        batch.size, batch.longest, batch.full = len(ids), 1, True
        batch.lengths = np.ones(len(ids), np.intp)
        return batch

    def pad(self, rows: Array, axis: int = 0) -> Array:
        """(N, ...) -> (B, T, ...), with zeros behind the end of the shorter sequences; N may be another axis."""
        shape = (*rows.shape[:axis], self.size, self.longest, *rows.shape[axis + 1 :])
        if self.full:
            return rows.reshape(shape)
        padded = rows.take(self._rows, axis=axis)
        np.moveaxis(padded, axis, 0)[self._gaps] = 0
        return padded.reshape(shape)

    def rows(self, padded: Array) -> Array:
        """(B, T, ...) -> (N, ...), dropping what lies behind the end of the shorter sequences."""
        flat = padded.reshape(self.size * self.longest, *padded.shape[2:])
        return flat if self.full else flat.take(self._places, axis=0)
