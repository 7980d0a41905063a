"""Every position is brought to mean 0 and standard deviation 1, then stretched and shifted as the model learns to."""

import numpy as np

from ..numerics import Array, averaging
from .base import Batch, Cache, KeyValues, Layer, Param, ones, register

TINY = np.finfo(np.float32).tiny
"""In place of a standard deviation of 0: all of such a row's x_hat is 0."""


@register(tag=3)
class LayerNorm(Layer):
    """gamma * (x - mean) / (std + epsilon) + beta over each row, (N, d) -> (N, d) (Ba et al. 2016, eq. 4).

    As in RustGPT, epsilon is added to the standard deviation, not to the variance below the root; it keeps a constant
    row from a division by zero. `d` is the width of a row.
    """

    def __init__(self, d: int, epsilon: float = 1e-5):
        self.d = self.d_in = self.d_out = d
        self.epsilon = epsilon

    def parameters(self) -> dict[str, Param]:
        return {"gamma": Param((1, self.d), ones), "beta": Param((1, self.d))}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        x_hat = x - x @ averaging(self.d, x.dtype)  # centred
        std = np.sqrt(np.vecdot(x_hat, x_hat) / self.d)[:, None]  # (N, 1)
        x_hat /= std + self.epsilon
        y = x_hat * self.p.gamma
        y += self.p.beta
        return y, Cache(x=x, std=std, x_hat=x_hat)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        (dy * c.x_hat).sum(axis=0, out=self.g.gamma[0])
        dy.sum(axis=0, out=self.g.beta[0])
        dx = dy * self.p.gamma
        along = np.vecdot(dx, c.x_hat)[:, None] / self.d  # the part that would only change the row's std
        dx -= dx @ averaging(self.d, dx.dtype)  # and the part that would only change its mean
        dx /= c.std + self.epsilon
        dx -= c.x_hat * (along / np.maximum(c.std, TINY))
        return dx
