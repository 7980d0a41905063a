"""Words become vectors: a row for what the word is, plus a row for where it stands."""

from typing import Any

import numpy as np

from ..batch import Batch
from ..numerics import Array
from ..parameters import Shapes
from .base import Cache, Layer


class Embeddings(Layer):
    """Learned token and position embeddings, ids (N,) -> (N, d) (Vaswani et al. 2017, sections 3.4 and 3.5).

    Args:
        vocab_size: V, the number of words.
        d: the width of a row.
        max_seq_len: the number of positions that have a vector.
    """

    def __init__(self, vocab_size: int, d: int, max_seq_len: int = 80):
        self.vocab_size, self.d, self.max_seq_len = vocab_size, d, max_seq_len
        self.takes, self.gives = None, d

    def shapes(self) -> Shapes:
        return {
            "token_embeddings": (self.vocab_size, self.d),
            "positional_embeddings": (self.max_seq_len, self.d),
        }

    def initialize(self, rng: np.random.Generator) -> None:
        for array in self.p.values():
            array[...] = rng.normal(0.0, 0.02, array.shape)

    def forward(self, x: Array, batch: Batch) -> tuple[Array, Cache]:
        token = self.p.token_embeddings[x]  # (N, d)
        position = self.p.positional_embeddings[batch.positions]  # (N, d)
        return token + position, Cache(ids=x, token=token, position=position)

    def step(self, x: Any, position: int, memory: None) -> Array:
        return self.p.token_embeddings[x] + self.p.positional_embeddings[position]

    def backward(self, dy: Array, c: Cache, batch: Batch) -> None:
        for word, row in zip(c.ids.tolist(), dy, strict=True):  # a word that occurs twice collects both
            self.g.token_embeddings[word] += row
        self.g.positional_embeddings[: batch.longest] += batch.pad(dy).sum(axis=0)
