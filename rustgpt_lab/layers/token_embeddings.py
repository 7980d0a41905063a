"""Words become vectors: a row for what the word is, and nothing of where it stands."""

from typing import Any

import numpy as np

from ..numerics import Array
from .base import Batch, Cache, KeyValues, Layer, Param, register, small


@register(tag=8)
class TokenEmbeddings(Layer):
    """Learned token embeddings, ids (N,) -> (N, d) (Vaswani et al. 2017, section 3.4, without the factor sqrt(d)).

    First values as in GPT-2: N(0, 0.02) (Radford et al. 2018, section 4.1).

    Args:
        vocab_size: V, the number of words.
        d: the width of a row.
    """

    d_in = None

    def __init__(self, vocab_size: int, d: int):
        self.vocab_size = vocab_size
        self.d = self.d_out = d

    def parameters(self) -> dict[str, Param]:
        return {"token_embeddings": Param((self.vocab_size, self.d), small, unit_axis=1)}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        return self.p.token_embeddings[x], Cache(ids=x)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Any:
        self.g.token_embeddings[...] = 0
        order, starts, words = batch.by_id  # a word that occurs twice collects both
        self.g.token_embeddings[words] = np.add.reduceat(dy[order], starts)
