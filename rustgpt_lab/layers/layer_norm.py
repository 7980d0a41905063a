"""Every position is brought to mean 0 and standard deviation 1, then stretched and shifted as the model learns to."""

from math import sqrt

import numpy as np

from ..batch import Batch
from ..numerics import Array
from ..parameters import Shapes
from .base import Cache, Layer


class LayerNorm(Layer):
    """gamma * (x - mean) / (std + epsilon) + beta over each row, (N, d) -> (N, d) (Ba et al. 2016, eq. 4).

    As in RustGPT, epsilon is added to the standard deviation, not to the variance below the root.

    Args:
        d: the width of a row.
        epsilon: keeps a constant row from a division by zero.
    """

    def __init__(self, d: int, epsilon: float = 1e-5):
        self.d = self.takes = self.gives = d
        self.epsilon = epsilon

    def shapes(self) -> Shapes:
        return {"gamma": (1, self.d), "beta": (1, self.d)}

    def initialize(self, rng: np.random.Generator) -> None:
        self.p.gamma[...] = 1

    def forward(self, x: Array, batch: Batch) -> tuple[Array, Cache]:
        normal = x - x.sum(axis=-1, keepdims=True) / self.d  # centred
        std = np.sqrt(np.vecdot(normal, normal) / self.d)[:, None]  # (N, 1)
        normal /= std + self.epsilon
        y = normal * self.p.gamma
        y += self.p.beta
        return y, Cache(x=x, std=std, normal=normal)

    def remember(self, seen: Cache, capacity: int) -> tuple[Array, ...]:
        gamma, beta = self.p.gamma[0], self.p.beta[0]
        return np.full(self.d, 1 / self.d, gamma.dtype), gamma, beta

    def step(self, x: Array, position: int, memory: tuple[Array, ...]) -> Array:
        mean, gamma, beta = memory
        y = x - x.dot(mean)
        std = sqrt(y.dot(y) / self.d)
        y /= std + self.epsilon
        y *= gamma
        y += beta
        return y

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        self.g.gamma += (dy * c.normal).sum(axis=0)
        self.g.beta += dy.sum(axis=0)
        dx = dy * self.p.gamma
        along = np.vecdot(dx, c.normal)[:, None] / self.d  # the part that would only change the row's std
        dx -= dx.sum(axis=-1, keepdims=True) / self.d  # and the part that would only change its mean
        dx /= c.std + self.epsilon
        tiny = np.finfo(c.std.dtype).tiny  # where std is 0, so is normal
        dx -= c.normal * (along / np.maximum(c.std, tiny))
        return dx
