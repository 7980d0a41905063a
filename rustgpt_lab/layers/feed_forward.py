"""Every position thinks for itself: a small network of one hidden layer."""

import numpy as np

from ..batch import Batch
from ..numerics import Array
from ..parameters import Shapes
from .base import Cache, Layer, random_weight


class FeedForward(Layer):
    """x + relu(x w1 + b1) w2 + b2, (N, d) -> (N, d) (Vaswani et al. 2017, eq. 2, with the residual).

    Args:
        d: the width of a row.
        hidden: the width of the hidden layer.
    """

    def __init__(self, d: int, hidden: int):
        self.d = self.takes = self.gives = d
        self.hidden = hidden

    def shapes(self) -> Shapes:
        return {
            "w1": (self.d, self.hidden),
            "b1": (1, self.hidden),
            "w2": (self.hidden, self.d),
            "b2": (1, self.d),
        }

    def initialize(self, rng: np.random.Generator) -> None:
        self.p.w1[...] = random_weight(rng, self.p.w1.shape)
        self.p.w2[...] = random_weight(rng, self.p.w2.shape)

    def forward(self, x: Array, batch: Batch) -> tuple[Array, Cache]:
        hidden = x @ self.p.w1  # (N, hidden)
        hidden += self.p.b1
        active = np.maximum(hidden, 0)
        y = active @ self.p.w2
        y += self.p.b2
        y += x
        return y, Cache(x=x, hidden=hidden, active=active)

    def remember(self, seen: Cache, capacity: int) -> tuple[Array, ...]:
        w1, b1, w2, b2 = self.p.values()
        return w1, b1[0], w2, b2[0], np.zeros(self.hidden, w1.dtype)

    def step(self, x: Array, position: int, memory: tuple[Array, ...]) -> Array:
        w1, b1, w2, b2, zeros = memory
        hidden = x.dot(w1)
        hidden += b1
        np.maximum(hidden, zeros, out=hidden)
        y = hidden.dot(w2)
        y += b2
        y += x
        return y

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        self.g.w2 += c.active.T @ dy
        self.g.b2 += dy.sum(axis=0)
        dhidden = dy @ self.p.w2.T
        dhidden *= c.hidden > 0  # relu passes on only what it let through
        self.g.w1 += c.x.T @ dhidden
        self.g.b1 += dhidden.sum(axis=0)
        dx = dhidden @ self.p.w1.T
        dx += dy
        return dx
