"""The last step: a score for every word of the vocabulary."""

import numpy as np

from ..numerics import Array, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, weight


@register(tag=4)
class OutputProjection(Layer):
    """The logits x w_out + b_out, (N, d) -> (N, V).

    `d` is the width of a row, `vocab_size` is V. As in RustGPT, b_out is trained without Adam.
    """

    def __init__(self, d: int, vocab_size: int):
        self.d = self.d_in = d
        self.vocab_size = self.d_out = vocab_size

    def parameters(self) -> dict[str, Param]:
        return {
            "w_out": weight(self.d, self.vocab_size),
            "b_out": Param((1, self.vocab_size), adam=False),
        }

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        logits = x @ self.p.w_out
        logits += self.p.b_out  # in place: the largest matrix of the whole pass
        return logits, Cache(x=x)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.x.T, dy, out=self.g.w_out)
        dy.sum(axis=0, out=self.g.b_out[0])
        return times_transposed(dy, self.p.w_out)
