"""Every position is brought to a root mean square of 1, then stretched: a layer norm without mean and shift."""

import numpy as np

from ..numerics import Array
from .base import Batch, Cache, KeyValues, Layer, Param, ones, register


@register(tag=6)
class RMSNorm(Layer):
    """gamma * x / sqrt(mean(x^2) + epsilon) over each row, (N, d) -> (N, d) (Zhang and Sennrich 2019, eq. 4).

    Args:
        d: the width of a row.
        epsilon: keeps a row of zeros from a division by zero.
    """

    def __init__(self, d: int, epsilon: float = 1e-5):
        self.d = self.d_in = self.d_out = d
        self.epsilon = epsilon

    def parameters(self) -> dict[str, Param]:
        return {"gamma": Param((1, self.d), ones)}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        rms = np.sqrt(np.vecdot(x, x) / self.d + self.epsilon)[:, None].astype(x.dtype)  # (N, 1)
        x_hat = x / rms
        return x_hat * self.p.gamma, Cache(rms=rms, x_hat=x_hat)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        (dy * c.x_hat).sum(axis=0, out=self.g.gamma[0])
        dx = dy * self.p.gamma
        dx -= c.x_hat * (
            np.vecdot(dx, c.x_hat)[:, None] / self.d
        )  # the part that would only change the row's rms
        dx /= c.rms
        return dx
