"""Layers joined into a block, with a way around them."""

from __future__ import annotations

from typing import Any

from ..numerics import Array
from .base import Batch, Cache, KeyValues, Layer, register


@register(tag=5)
class Residual(Layer):
    """x + f(x), (N, d) -> (N, d), with f some layers one after the other (He et al. 2016, eq. 1).

    A pre-norm block is two of them: `Residual(RMSNorm(d), attention)` and `Residual(RMSNorm(d), feed_forward)`.

    Args:
        layers: what x passes; the first takes, and the last gives, rows of the same width.
    """

    def __init__(self, *layers: Layer):
        self.layers = layers
        self.d_in, self.d_out = layers[0].d_in, layers[-1].d_out
        self.rowwise = all(layer.rowwise for layer in layers)  # type: ignore[misc]

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        y, caches = x, []
        for layer in self.layers:
            y, cache = layer.forward(y, batch, past)
            caches.append(cache)
        return x + y, Cache(layers=caches)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Any:
        dx = dy
        for layer, cache in zip(reversed(self.layers), reversed(c.layers), strict=True):
            dx = layer.backward(dx, cache, batch)
        return dx + dy
