"""Every position thinks for itself: a small network of one hidden layer."""

import numpy as np

from ..numerics import Array, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, weight


@register(tag=2)
class FeedForward(Layer):
    """x + relu(x w1 + b1) w2 + b2, (N, d) -> (N, d) (Vaswani et al. 2017, eq. 2, with the residual).

    `d` is the width of a row, `hidden` that of the hidden layer.
    """

    def __init__(self, d: int, hidden: int):
        self.d = self.d_in = self.d_out = d
        self.hidden = hidden

    def parameters(self) -> dict[str, Param]:
        return {
            "w1": weight(self.d, self.hidden),
            "b1": Param((1, self.hidden)),
            "w2": weight(self.hidden, self.d),
            "b2": Param((1, self.d)),
        }

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        hidden = x @ self.p.w1  # (N, hidden)
        hidden += self.p.b1
        active = np.maximum(hidden, 0)
        y = active @ self.p.w2
        y += self.p.b2
        y += x
        return y, Cache(x=x, hidden=hidden, active=active)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.active.T, dy, out=self.g.w2)
        dy.sum(axis=0, out=self.g.b2[0])
        dhidden = times_transposed(dy, self.p.w2)
        dhidden *= c.hidden > 0  # relu passes on only what it let through
        np.matmul(c.x.T, dhidden, out=self.g.w1)
        dhidden.sum(axis=0, out=self.g.b1[0])
        dx = times_transposed(dhidden, self.p.w1)
        dx += dy
        return dx
