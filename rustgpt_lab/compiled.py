"""Adam and layer norm compiled to machine code, for those who want the time more than the formula.

    from rustgpt_lab import compiled
    compiled.enable()

What is NumPy passing over an array many times becomes one loop over it. It needs numba (`pip install
"rustgpt_lab[fast]"`), and is off unless asked for: compiled code rounds otherwise than NumPy, so that a lesson would
not give the same last digits everywhere. Numba compiles at the first call, a second or two, and keeps that on the
disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .batch import Batch
from .cache import KeyValues
from .errors import TrainingError
from .layers import Cache, LayerNorm
from .numerics import Array
from .optim import adam

_NUMPY = {
    "update": adam.update,
    "block": adam.BLOCK,
    "forward": LayerNorm.forward,
    "backward": LayerNorm.backward,
}


def enable() -> None:
    """Use the compiled forms from now on, for all models of this process.

    Raises:
        TrainingError: numba is not installed.
    """
    try:
        kernels = _compile()
    except ImportError as error:
        raise TrainingError(
            "the compiled forms need numba, which is not installed",
            remedy='Install it with: pip install "rustgpt_lab[fast]". Everything works without it, too.',
        ) from error
    adam_step, normalize, normalize_back = kernels

    def update(w: Array, g: Array, m: Array, v: Array, rate: float, s: adam.Settings, out: Array) -> None:
        root = (1 - s.beta2**s.timestep) ** 0.5
        length = rate * root / (1 - s.beta1**s.timestep)
        # 1 - beta as a number of the array's own type: in float32, 1 - 0.999 would be off in the fifth digit
        numbers = (s.beta1, 1 - s.beta1, s.beta2, 1 - s.beta2, s.epsilon * root, length)
        adam_step(w, g, m, v, *(w.dtype.type(number) for number in numbers))

    def forward(
        self: LayerNorm, x: Array, batch: Batch, past: KeyValues | None = None
    ) -> tuple[Array, Cache]:
        y, x_hat, std = np.empty_like(x), np.empty_like(x), np.empty((len(x), 1), x.dtype)
        normalize(x, self.p.gamma[0], self.p.beta[0], x.dtype.type(self.epsilon), y, x_hat, std)
        return y, Cache(x=x, std=std, x_hat=x_hat)

    def backward(self: LayerNorm, dy: Array, c: Cache, batch: Batch) -> Array:
        dx = np.empty_like(dy)
        epsilon = dy.dtype.type(self.epsilon)
        normalize_back(dy, self.p.gamma[0], c.x_hat, c.std, epsilon, self.g.gamma[0], self.g.beta[0], dx)
        return dx

    _use(update, 1 << 40, forward, backward)  # one call for all weights: a loop needs no blocks


def disable() -> None:
    """Back to NumPy."""
    _use(*_NUMPY.values())


def _use(update: Any, block: Any, forward: Any, backward: Any) -> None:
    adam.update, adam.BLOCK = update, block
    LayerNorm.forward, LayerNorm.backward = forward, backward  # type: ignore[method-assign]


def _compile() -> tuple[Any, Any, Any]:
    from numba import njit

    exact = njit(cache=True, error_model="numpy")
    in_any_order = njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})  # a sum as vectors
    return exact(_adam_step), in_any_order(_normalize), in_any_order(_normalize_back)


def _adam_step(
    w: Array, g: Array, m: Array, v: Array, b1: Any, c1: Any, b2: Any, c2: Any, epsilon: Any, length: Any
) -> None:
    """`adam.update` as one loop: see there."""
    for i in range(w.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * (g[i] * g[i])
        w[i] -= length * (m[i] / (np.sqrt(v[i]) + epsilon))


def _normalize(x: Array, gamma: Array, beta: Array, epsilon: Any, y: Array, x_hat: Array, std: Array) -> None:
    """`LayerNorm.forward` row by row."""
    rows, d = x.shape
    for n in range(rows):
        total = x.dtype.type(0)
        for i in range(d):
            total += x[n, i]
        mean = total / d
        squares = x.dtype.type(0)
        for i in range(d):
            centred = x[n, i] - mean
            x_hat[n, i] = centred
            squares += centred * centred
        std[n, 0] = np.sqrt(squares / d)
        scale = 1 / (std[n, 0] + epsilon)
        for i in range(d):
            x_hat[n, i] *= scale
            y[n, i] = x_hat[n, i] * gamma[i] + beta[i]


def _normalize_back(
    dy: Array, gamma: Array, x_hat: Array, std: Array, epsilon: Any, dgamma: Array, dbeta: Array, dx: Array
) -> None:
    """`LayerNorm.backward` row by row."""
    rows, d = dy.shape
    dgamma[:] = 0
    dbeta[:] = 0
    for n in range(rows):
        total = dy.dtype.type(0)
        along = dy.dtype.type(0)
        for i in range(d):
            g = dy[n, i] * gamma[i]
            dgamma[i] += dy[n, i] * x_hat[n, i]
            dbeta[i] += dy[n, i]
            total += g
            along += g * x_hat[n, i]
            dx[n, i] = g
        mean = total / d
        scale = 1 / (std[n, 0] + epsilon)
        along = along / d / std[n, 0] if std[n, 0] > 0 else dy.dtype.type(0)
        for i in range(d):
            dx[n, i] = (dx[n, i] - mean) * scale - x_hat[n, i] * along
