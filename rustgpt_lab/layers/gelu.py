"""The small network of GPT-2: as RustGPT's, with a softer bend than relu's."""

import numpy as np

from ..numerics import Array, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, small
from .pieces import in_pieces

BEND, CUBE = (2 / np.pi) ** 0.5, 0.044715


def gelu(z: Array) -> Array:
    """z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))), nearly z times the share of N(0, 1) below z.

    >>> gelu(np.array([-3.0, -1.0, 0.0, 1.0, 3.0])).round(3)
    array([-0.004, -0.159,  0.   ,  0.841,  2.996])
    """
    return 0.5 * z * (1 + np.tanh(BEND * z * (1 + CUBE * (z * z))))


def slope(z: Array) -> Array:
    """The derivative of `gelu`."""
    square = z * z
    bent = np.tanh(BEND * z * (1 + CUBE * square))
    return 0.5 * (1 + bent) + (0.5 * BEND) * z * (1 - bent * bent) * (1 + 3 * CUBE * square)


@register(tag=12)
class GELUFeedForward(Layer):
    """gelu(x w1 + b1) w2 + b2, (N, d) -> (N, d), no residual.

    The tanh form of gelu, that of Hendrycks and Gimpel 2016 (section 2), is GPT-2's own.
    First values N(0, 0.02), as there.

    Args:
        d: the width of a row.
        hidden: that of the hidden layer.
        bias: whether there are b1 and b2.
    """

    def __init__(self, d: int, hidden: int, bias: bool = True):
        self.d = self.d_in = self.d_out = d
        self.hidden, self.bias = hidden, bias

    def parameters(self) -> dict[str, Param]:
        every = {
            "w1": Param((self.d, self.hidden), small, unit_axis=0),
            "b1": Param((1, self.hidden)),
            "w2": Param((self.hidden, self.d), small, unit_axis=0),
            "b2": Param((1, self.d)),
        }
        return {name: param for name, param in every.items() if self.bias or name[0] == "w"}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        hidden = x @ self.p.w1  # (N, hidden)
        if self.bias:
            hidden += self.p.b1
        active = in_pieces(gelu, hidden)
        y = active @ self.p.w2
        if self.bias:
            y += self.p.b2
        return y, Cache(x=x, hidden=hidden, active=active)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.active.T, dy, out=self.g.w2)
        dhidden = times_transposed(dy, self.p.w2)
        dhidden *= in_pieces(slope, c.hidden)
        np.matmul(c.x.T, dhidden, out=self.g.w1)
        if self.bias:
            dy.sum(axis=0, out=self.g.b2[0])
            dhidden.sum(axis=0, out=self.g.b1[0])
        return times_transposed(dhidden, self.p.w1)
