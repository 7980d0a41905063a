"""The small network of GPT-2: as RustGPT's, with a softer bend than relu's."""

import numpy as np

from ..numerics import Array, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, small

BEND, CUBE = (2 / np.pi) ** 0.5, 0.044715


@register(tag=12)
class GELUFeedForward(Layer):
    """gelu(x w1 + b1) w2 + b2, (N, d) -> (N, d), no residual; gelu(z) = z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))).

    The tanh form of Hendrycks and Gimpel 2016 (section 2), GPT-2's own. First values N(0, 0.02), as there.

    Args:
        d: the width of a row.
        hidden: that of the hidden layer.
        bias: whether there are b1 and b2.
    """

    def __init__(self, d: int, hidden: int, bias: bool = True):
        self.d = self.d_in = self.d_out = d
        self.hidden, self.bias = hidden, bias

    def parameters(self) -> dict[str, Param]:
        biases = {"b1": Param((1, self.hidden)), "b2": Param((1, self.d))} if self.bias else {}
        return {
            "w1": Param((self.d, self.hidden), small, unit_axis=0),
            "w2": Param((self.hidden, self.d), small, unit_axis=0),
            **biases,
        }

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        hidden = x @ self.p.w1  # (N, hidden)
        if self.bias:
            hidden += self.p.b1
        bent = np.tanh(BEND * (hidden + CUBE * hidden**3))
        active = 0.5 * hidden * (1 + bent)
        y = active @ self.p.w2
        if self.bias:
            y += self.p.b2
        return y, Cache(x=x, hidden=hidden, bent=bent, active=active)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.active.T, dy, out=self.g.w2)
        slope = BEND * (1 + 3 * CUBE * c.hidden**2)  # of what tanh is given
        dhidden = times_transposed(dy, self.p.w2)
        dhidden *= 0.5 * (1 + c.bent + c.hidden * (1 - c.bent**2) * slope)
        np.matmul(c.x.T, dhidden, out=self.g.w1)
        if self.bias:
            dy.sum(axis=0, out=self.g.b2[0])
            dhidden.sum(axis=0, out=self.g.b1[0])
        return times_transposed(dhidden, self.p.w1)
