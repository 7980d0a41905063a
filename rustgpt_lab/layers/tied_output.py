"""A score for every word, by the table that gave every word its vector."""

import numpy as np

from ..numerics import Array
from .base import Batch, Cache, KeyValues, Layer, Param, register


@register(tag=7)
class TiedOutput(Layer):
    """The logits x E^T with E the token embeddings, (N, d) -> (N, V) (Press and Wolf 2017).

    Args:
        d: the width of a row.
        vocab_size: V, the number of words.
        table: the name of E, (V, d), in the network.
    """

    def __init__(self, d: int, vocab_size: int, table: str = "0.token_embeddings"):
        self.d = self.d_in = d
        self.vocab_size = self.d_out = vocab_size
        self.table = table

    def parameters(self) -> dict[str, Param]:
        return {"token_embeddings": Param((self.vocab_size, self.d), unit_axis=1, tied_to=self.table)}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        return x @ self.p.token_embeddings.T, Cache(x=x)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(dy.T, c.x, out=self.g.token_embeddings)
        return dy @ self.p.token_embeddings
