"""The small network of Llama: one half of the hidden layer decides how much of the other half passes."""

import numpy as np

from ..numerics import Array, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, small
from .pieces import in_pieces


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^-z), without an exponent that could overflow.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def silu(z: Array) -> Array:
    """z sigmoid(z)."""
    return z * sigmoid(z)


def slope(z: Array) -> Array:
    """The derivative of `silu`."""
    share = sigmoid(z)
    return share * (1 + z * (1 - share))


@register(tag=13)
class SwiGLU(Layer):
    """(silu(x w_gate) * (x w_up)) w_down, (N, d) -> (N, d), no residual.

    Shazeer 2020, eq. 6. First values N(0, 0.02), as in the implementations of Llama.

    Args:
        d: the width of a row.
        hidden: that of the hidden layer; usually 8/3 of d, so that there are as many weights as with two matrices.
    """

    def __init__(self, d: int, hidden: int):
        self.d = self.d_in = self.d_out = d
        self.hidden = hidden

    def parameters(self) -> dict[str, Param]:
        return {
            "w_gate": Param((self.d, self.hidden), small, unit_axis=0),
            "w_up": Param((self.d, self.hidden), small, unit_axis=0),
            "w_down": Param((self.hidden, self.d), small, unit_axis=0),
        }

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        gate, up = x @ self.p.w_gate, x @ self.p.w_up  # (N, hidden)
        active = in_pieces(lambda gate, up: silu(gate) * up, gate, up)
        return active @ self.p.w_down, Cache(x=x, gate=gate, up=up, active=active)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        np.matmul(c.active.T, dy, out=self.g.w_down)
        dactive = times_transposed(dy, self.p.w_down)
        dup = in_pieces(lambda d, gate: d * silu(gate), dactive, c.gate)
        dgate = in_pieces(lambda d, gate, up: d * up * slope(gate), dactive, c.gate, c.up)
        np.matmul(c.x.T, dgate, out=self.g.w_gate)
        np.matmul(c.x.T, dup, out=self.g.w_up)
        dx = times_transposed(dgate, self.p.w_gate)
        dx += times_transposed(dup, self.p.w_up)
        return dx
