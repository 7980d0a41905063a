"""A score for every word, by a matrix alone: Llama's last step where it is not tied to the first."""

import numpy as np

from ..numerics import Array, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, small


@register(tag=15)
class Output(Layer):
    """The logits x w_out, (N, d) -> (N, V); no bias (Touvron et al. 2023).

    Args:
        d: the width of a row.
        vocab_size: V, the number of words.
    """

    def __init__(self, d: int, vocab_size: int):
        self.d = self.d_in = d
        self.vocab_size = self.d_out = vocab_size

    def parameters(self) -> dict[str, Param]:
        return {"w_out": Param((self.d, self.vocab_size), small, unit_axis=0)}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        return x @ self.p.w_out, Cache(x=x)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.x.T, dy, out=self.g.w_out)
        return times_transposed(dy, self.p.w_out)
