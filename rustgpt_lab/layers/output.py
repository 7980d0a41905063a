"""A score for every word, by a matrix alone: Llama's last step where it is not tied to the first."""

import numpy as np

from ..numerics import Array, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, weight


@register(tag=15)
class Output(Layer):
    """The logits x w_out, (N, d) -> (N, V); no bias (Touvron et al. 2023).

    First values N(0, sqrt(2 / d)) (He et al. 2015, eq. 10): with N(0, 0.02) a narrow model takes twice as long
    to learn.

    Args:
        d: the width of a row.
        vocab_size: V, the number of words.
    """

    def __init__(self, d: int, vocab_size: int):
        self.d = self.d_in = d
        self.vocab_size = self.d_out = vocab_size

    def parameters(self) -> dict[str, Param]:
        return {"w_out": weight(self.d, self.vocab_size)}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        return x @ self.p.w_out, Cache(x=x)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.x.T, dy, out=self.g.w_out)
        return times_transposed(dy, self.p.w_out)
