"""Words become vectors: a row for what the word is, plus a row for where it stands."""

from typing import Any

import numpy as np

from ..numerics import Array
from .base import Batch, Cache, KeyValues, Layer, Param, register, small


@register(tag=0)
class Embeddings(Layer):
    """Learned token and position embeddings, ids (N,) -> (N, d) (Vaswani et al. 2017, sections 3.4 and 3.5).

    `vocab_size` is V, `d` the width of a row, `max_seq_len` the number of positions that have a vector.
    """

    d_in = None

    def __init__(self, vocab_size: int, d: int, max_seq_len: int = 80):
        self.vocab_size, self.max_seq_len = vocab_size, max_seq_len
        self.d = self.d_out = d

    def parameters(self) -> dict[str, Param]:
        rows = {"token_embeddings": self.vocab_size, "positional_embeddings": self.max_seq_len}
        return {name: Param((n, self.d), small, unit_axis=1) for name, n in rows.items()}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        token = self.p.token_embeddings[x]  # (N, d)
        position = self.p.positional_embeddings[batch.positions]  # (N, d)
        return token + position, Cache(ids=x, token=token, position=position)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Any:
        self.g.token_embeddings[...] = self.g.positional_embeddings[...] = 0
        order, starts, words = batch.by_id  # a word that occurs twice collects both
        self.g.token_embeddings[words] = np.add.reduceat(dy[order], starts)
        batch.pad(dy).sum(axis=0, out=self.g.positional_embeddings[: batch.longest])
