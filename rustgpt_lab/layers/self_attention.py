"""Words look at the words before them and take over what they find there."""

import numpy as np

from ..batch import Batch
from ..numerics import Array, causal, softmax
from ..parameters import Shapes
from .base import Cache, Layer, random_weight


class SelfAttention(Layer):
    """x + softmax(q k^T / sqrt(d)) v, causal, (N, d) -> (N, d) (Vaswani et al. 2017, eq. 1, with the residual).

    One head, no biases, no output matrix. In the cache, for B sequences of at most T positions:
    q, k, v (B, T, d), scores and weights (B, T, T), a row for the position that looks.

    Args:
        d: the width of a row.
    """

    def __init__(self, d: int):
        self.d = self.takes = self.gives = d
        self.scale = 1 / max(d, 1) ** 0.5

    def shapes(self) -> Shapes:
        return dict.fromkeys(("w_q", "w_k", "w_v"), (self.d, self.d))

    def initialize(self, rng: np.random.Generator) -> None:
        for array in self.p.values():
            array[...] = random_weight(rng, array.shape)

    def forward(self, x: Array, batch: Batch) -> tuple[Array, Cache]:
        q, k, v = (batch.pad(x @ w) for w in self.p.values())  # (B, T, d) each
        scores = causal(q @ k.mT * self.scale)  # (B, T, T)
        weights = softmax(scores)
        return x + batch.rows(weights @ v), Cache(x=x, q=q, k=k, v=v, scores=scores, weights=weights)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        dmix = batch.pad(dy)
        dv = c.weights.mT @ dmix
        dweights = dmix @ c.v.mT  # (B, T, T)
        dscores = c.weights * (dweights - np.vecdot(dweights, c.weights)[..., None])  # back through softmax
        dscores *= self.scale
        dq, dk = dscores @ c.k, dscores.mT @ c.q
        dx = dy.copy()
        for name, d in (("w_q", dq), ("w_k", dk), ("w_v", dv)):
            d = batch.rows(d)
            self.g[name] += c.x.T @ d
            dx += d @ self.p[name].T
        return dx

    def remember(self, seen: Cache, capacity: int) -> tuple[Array, ...]:
        w_q, w_k, w_v = self.p.values()
        k, v = np.empty((2, capacity, self.d), w_q.dtype)
        length = seen.k.shape[1]
        k[:length], v[:length] = seen.k[0], seen.v[0]
        return w_q * self.scale, w_k, w_v, k, v, np.ones(capacity, w_q.dtype)

    def step(self, x: Array, position: int, memory: tuple[Array, ...]) -> Array:
        w_q, w_k, w_v, k, v, ones = memory
        x.dot(w_k, out=k[position])
        x.dot(w_v, out=v[position])
        seen = slice(position + 1)  # the future need not be hidden: it is not there yet
        weights = k[seen].dot(x.dot(w_q))  # (position + 1,), still the scores
        weights -= weights[weights.argmax()]
        np.exp(weights, out=weights)
        mix = weights.dot(v[seen])  # (d,)
        mix /= weights.dot(ones[seen])
        mix += x
        return mix
