"""Notebook 14's first picture: where a matrix's weights lie, and the steps that INT8 leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics import Array
from ..views.style import ACCENT, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def steps_of(w: Array, levels: int = 127) -> Figure:
    """A histogram of the weights of a matrix; on its right, some of them among the steps nearest to 0."""
    largest = float(abs(w).max())
    step = largest / levels

    def draw(figure: Any, axes: Any) -> None:
        whole, close = axes
        whole.hist(w.ravel(), bins=np.linspace(-largest, largest, 80), color=ACCENT)
        whole.set(xlabel="weight", ylabel="how many", title=f"{w.size:,} weights")
        near = np.sort(w.ravel()[np.abs(w.ravel()) < 6.5 * step])[:: max(1, w.size // 400)]
        for k in range(-6, 7):
            close.axvline(k * step, color=INKS["before"], linewidth=0.8)
        close.plot(near, np.linspace(0.1, 0.9, len(near)), ".", color=ACCENT, markersize=5)
        close.set(xlabel="weight", yticks=[], xlim=(-6.5 * step, 6.5 * step))
        close.set_title(f"13 of the {2 * levels + 1} steps, {step:.4f} apart")

    return plot(draw, 11, 3.4, ncols=2)
