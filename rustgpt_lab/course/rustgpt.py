"""RustGPT's three wrong gradients, as layers: notebook 06 hunts them with finite differences.

Each layer's forward pass is right, and so are the gradients that its docstring does not name. None is in the
registry, so a model made of them can be trained, but not saved.
"""

import numpy as np

from ..batch import Batch
from ..layers import Cache, LayerNorm, OutputProjection, SelfAttention
from ..numerics import Array


class RustGPTLayerNorm(LayerNorm):
    """The gradient of the input is wrong, as in `LayerNorm::backward` of RustGPT's src/layer_norm.rs.

    In `grad_var`, the gradient of a row's variance, the normalised input stands where the centred one
    belongs. That part of the result is 1 / std times what it should be; it shows least where std is near
    1. (Epsilon, too, is added to the variance here, and to std in the forward pass. Where std is far
    above 1e-5, it matters little.)
    """

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        (dy * c.x_hat).sum(axis=0, out=self.g.gamma[0])
        dy.sum(axis=0, out=self.g.beta[0])
        std = c.std + self.epsilon
        centred = c.x_hat * std
        dx_hat = dy * self.p.gamma
        dmean = -dx_hat.sum(axis=-1, keepdims=True) / std
        dvar = np.vecdot(dx_hat, c.x_hat)[:, None]  # wrong: np.vecdot(dx_hat, centred)
        dvar = -0.5 * dvar / (c.std**2 + self.epsilon) ** 1.5
        return dx_hat / std + (2 * dvar * centred + dmean) / self.d


class RustGPTSelfAttention(SelfAttention):
    """The gradients of w_q, w_k and the input are wrong, as in RustGPT's src/self_attention.rs.

    In `SelfAttention::backward`, `grad_q` and `grad_k` are not divided by sqrt(d), although the scores
    were on the way forward: they are sqrt(d) times too large.
    """

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        dcontext = batch.pad(dy)
        dv = c.weights.mT @ dcontext
        dweights = dcontext @ c.v.mT
        dscores = c.weights * (dweights - np.vecdot(dweights, c.weights)[..., None])
        dq, dk = dscores @ c.k, dscores.mT @ c.q  # wrong: both lack the factor self.scale
        dx = dy.copy()
        for name, d in (("w_q", dq), ("w_k", dk), ("w_v", dv)):
            rows = batch.rows(d)
            np.matmul(c.x.T, rows, out=self.g[name])
            dx += rows @ self.p[name].T
        return dx


class RustGPTOutputProjection(OutputProjection):
    """The gradient of b_out is wrong, as in RustGPT's src/output_projection.rs.

    In `OutputProjection::backward`, `grad_b_out` is the mean over the T positions of a sequence, where
    their sum belongs: it is T times too small.
    """

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.x.T, dy, out=self.g.w_out)
        shares = np.repeat(1 / batch.lengths, batch.lengths)[:, None]  # (N, 1)
        (dy * shares).sum(axis=0, out=self.g.b_out[0])  # wrong: dy.sum(axis=0)
        return dy @ self.p.w_out.T
