"""The key-value cache: what attention found in the words read so far, so that a new word costs one row, not all again.

Texts of unequal length share the columns of one array: each fills its own from the left, and the next words of all
stand in the next column. What lies between a short text's end and that column is a gap, which attention must not see.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from .batch import Batch, Ids
from .numerics import Array


class KeyValues:
    """Keys and values of B texts, for every layer that asks; `read`, (B,), is how many ids of each were read."""

    def __init__(self, size: int = 1):
        self.read: Ids = np.zeros(size, dtype=np.intp)
        self.columns = 0  # that are filled, gaps included
        self._gaps: Array | None = None  # (B, columns up to the last gap), -inf in a gap, 0 elsewhere
        self._rooms: dict[Hashable, Array] = {}  # by layer: (2, B, ..., columns and more, d)

    def extend(self, layer: Hashable, k: Array, v: Array) -> Array:
        """Put a layer's new keys and values, (B, ..., T, d), behind those before; returns all, (2, B, ..., S, d)."""
        start, end = self.columns, self.columns + k.shape[-2]
        room = self._rooms.get(layer)
        if room is None or room.shape[-2] < end:
            old, room = room, np.empty((2, *k.shape[:-2], max(64, 2 * end), k.shape[-1]), k.dtype)
            if old is not None:
                room[..., :start, :] = old[..., :start, :]
            self._rooms[layer] = room
        room[0, ..., start:end, :], room[1, ..., start:end, :] = k, v
        return room[..., :end, :]

    def hide_gaps(self, scores: Array) -> None:
        """Set the scores (B, ..., T, S) of columns in a gap to -inf, in place."""
        if self._gaps is not None:
            gaps = self._gaps.reshape(len(self._gaps), *[1] * (scores.ndim - 2), -1)
            scores[..., : gaps.shape[-1]] += gaps

    def advance(self, batch: Batch) -> None:
        """Count a batch that every layer has read."""
        start, self.columns = self.columns, self.columns + batch.longest
        if not batch.full:
            gaps = np.zeros((batch.size, self.columns), np.float32)
            if self._gaps is not None:
                gaps[:, : self._gaps.shape[1]] = self._gaps
            gaps[:, start:][np.arange(batch.longest) >= batch.lengths[:, None]] = -np.inf
            self._gaps = gaps
        self.read = self.read + batch.lengths

    def fork(self, rows: Sequence[int] | Ids) -> KeyValues:
        """A cache of its own for some of the texts, in this order; one may be taken several times."""
        twin = KeyValues()
        twin.read, twin.columns = self.read[rows], self.columns
        twin._gaps = None if self._gaps is None else self._gaps[rows]
        twin._rooms = {layer: room[:, rows] for layer, room in self._rooms.items()}
        return twin

    def drop(self, row: int) -> None:
        """Forget a text; the last one takes its place, so that little is moved."""
        last = len(self.read) - 1
        for array in (self.read, *(() if self._gaps is None else (self._gaps,))):
            array[row] = array[last]
        self.read = self.read[:last]
        self._gaps = None if self._gaps is None else self._gaps[:last]
        for layer, room in self._rooms.items():
            room[:, row] = room[:, last]
            self._rooms[layer] = room[:, :last]
