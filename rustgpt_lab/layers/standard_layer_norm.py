"""The layer norm of everybody else: epsilon is below the root, where RustGPT's stands beside it."""

import numpy as np

from ..numerics import Array, averaging
from .base import Batch, Cache, KeyValues, Layer, Param, ones, register


@register(tag=11)
class StandardLayerNorm(Layer):
    """gamma * (x - mean) / sqrt(var + epsilon) + beta over each row, (N, d) -> (N, d) (Ba et al. 2016, eq. 4).

    Args:
        d: the width of a row.
        epsilon: keeps a constant row from a division by zero.
    """

    def __init__(self, d: int, epsilon: float = 1e-5):
        self.d = self.d_in = self.d_out = d
        self.epsilon = epsilon

    def parameters(self) -> dict[str, Param]:
        return {"gamma": Param((1, self.d), ones), "beta": Param((1, self.d))}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        x_hat = x - x @ averaging(self.d, x.dtype)  # centred
        std = np.sqrt(np.vecdot(x_hat, x_hat) / self.d + self.epsilon)[:, None].astype(x.dtype)  # (N, 1)
        x_hat /= std
        y = x_hat * self.p.gamma
        y += self.p.beta
        return y, Cache(std=std, x_hat=x_hat)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        (dy * c.x_hat).sum(axis=0, out=self.g.gamma[0])
        dy.sum(axis=0, out=self.g.beta[0])
        dx = dy * self.p.gamma
        along = np.vecdot(dx, c.x_hat)[:, None] / self.d  # the part that would only change the row's std
        dx -= dx @ averaging(self.d, dx.dtype)  # and the part that would only change its mean
        dx -= c.x_hat * along
        dx /= c.std
        return dx
