"""Words look at the words before them and take over what they find there."""

from typing import ClassVar

import numpy as np

from ..numerics import Array, causal, softmax, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, weight


@register(tag=1)
class SelfAttention(Layer):
    """x + softmax(q k^T / sqrt(d)) v, causal, (N, d) -> (N, d) (Vaswani et al. 2017, eq. 1, with the residual).

    One head, no biases, no output matrix. It has three parts, `project`, `attend` and `merge`; between them, one may
    hand in scores or weights of one's own. `d` is the width of a row.
    """

    rowwise = False
    axes: ClassVar = {"q": "BTd", "k": "BSd", "v": "BSd", "scores": "BTS", "weights": "BTS"}

    def __init__(self, d: int):
        self.d = self.d_in = self.d_out = d
        self.scale = 1 / max(d, 1) ** 0.5

    def parameters(self) -> dict[str, Param]:
        return {name: weight(self.d, self.d) for name in ("w_q", "w_k", "w_v")}

    def project(self, x: Array, batch: Batch) -> Array:
        """Rows (N, d) -> queries, keys and values, (3, B, T, d)."""
        w = self.p.flat.reshape(3, self.d, self.d)  # w_q, w_k and w_v lie one after the other
        return batch.pad(x @ w, axis=1)

    def attend(self, q: Array, k: Array) -> Array:
        """Queries (B, T, d) and keys (B, S, d) -> scores (B, T, S), a row for the position that looks; no mask yet."""
        scores = q @ k.mT
        scores *= self.scale
        return scores

    def merge(self, x: Array, weights: Array, v: Array, batch: Batch) -> Array:
        """Weights (B, T, S) and values (B, S, d) -> the output (N, d): what was found is added to x (N, d)."""
        return x + batch.rows(weights @ v)

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        qkv = self.project(x, batch)
        q, k, v = qkv
        if past is not None:
            k, v = past.extend(self, k, v)  # now (B, S, d), with those before
        scores = causal(self.attend(q, k))
        if past is not None:
            past.hide_gaps(scores)
        weights = softmax(scores)
        return self.merge(x, weights, v, batch), Cache(x=x, q=q, k=k, v=v, scores=scores, weights=weights)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        dcontext = batch.pad(dy)
        dv = c.weights.mT @ dcontext
        dweights = dcontext @ c.v.mT  # (B, T, T)
        dscores = c.weights * (dweights - np.vecdot(dweights, c.weights)[..., None])  # back through softmax
        dscores *= self.scale
        dq, dk = dscores @ c.k, dscores.mT @ c.q
        dx = dy.copy()
        for name, d in (("w_q", dq), ("w_k", dk), ("w_v", dv)):
            rows = batch.rows(d)
            np.matmul(c.x.T, rows, out=self.g[name])
            dx += times_transposed(rows, self.p[name])
        return dx
