"""The figures of notebooks 07 and 08, each in one line of the lesson."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics import Array
from ..views.style import ACCENT, CATEGORIES, INKS, colormap, plot
from .clipping import ClippingTable, interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GREY, PALE = INKS["before"], INKS["line"]


def losses(
    curves: Mapping[str, Array], ignorance: float, scale: str = "linear", top: float | None = None
) -> Figure:
    """The loss of each step, name -> (steps,); a grey line at the loss of a model that knows nothing.

    What is above `top` leaves the picture.
    """

    def draw(figure: Any, axes: Any) -> None:
        longest = max(map(len, curves.values()))
        axes.axhline(ignorance, color=GREY, linewidth=1)
        axes.text(longest, ignorance, "ln V", color=INKS["muted"], ha="right", va="bottom")
        styles = ("-", "--", ":", "-.")
        for (name, values), style, color in zip(curves.items(), styles, CATEGORIES, strict=False):
            axes.plot(np.arange(1, len(values) + 1), values, style, color=color, linewidth=2, label=name)
        axes.set(xlabel="step", ylabel="loss of the batch, in nats", yscale=scale)
        if top is not None:
            axes.set_ylim(min(map(min, curves.values())) / 1.5, top)
        axes.legend()

    return plot(draw, 9, 4)


def norms(names: Sequence[str], panels: Mapping[str, tuple[Array, Array]]) -> Figure:
    """For each panel, title -> (without clipping, with it), a norm for every name."""

    def draw(figure: Any, axes: Any) -> None:
        rows = range(len(names))
        for panel, (title, (before, after)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
            panel.hlines(rows, before, after, color=PALE, linewidth=3)
            panel.plot(before, rows, "o", color=GREY, markersize=9, label="without")
            panel.plot(after, rows, "D", color=ACCENT, markersize=5, label="with")
            panel.set(xscale="log", title=title, xlabel="norm")
        panel.set_yticks(rows, names, parse_math=False)
        panel.invert_yaxis()
        panel.legend()

    return plot(draw, 11, 0.26 * len(names) + 1.2, ncols=len(panels), sharey=True)


def clippers(table: ClippingTable, optimizer: str) -> Figure:
    """A panel for each rate, a row for each clipper: every seed, the mean and its interval."""

    def draw(figure: Any, axes: Any) -> None:
        worst = table.ignorance
        for panel, rate in zip(axes, rates, strict=True):
            for row, name in enumerate(table.clippers):
                cell = table.cell(optimizer, rate, name)
                if failed := table.failed(cell):
                    told = f"{failed} of {len(cell.losses)} fail "
                    panel.text(worst, row, told, color=CATEGORIES[5], ha="right", va="center")
                    continue
                mean, low, high = interval(cell.losses)
                panel.plot(cell.losses, [row] * len(cell.losses), "o", color=GREY, markersize=4, alpha=0.6)
                panel.plot([low, high], [row, row], color=ACCENT, linewidth=3)
                panel.plot(mean, row, "D", color=ACCENT)
            panel.axvline(worst, color=GREY, linewidth=1, linestyle=":")
            panel.set(xscale="log", title=f"rate {rate:g}")
            panel.set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
            panel.minorticks_off()
        panel.set_xlim(least / 1.3, 1.3 * worst)
        panel.set_yticks(range(len(table.clippers)), table.clippers)
        panel.invert_yaxis()
        figure.supxlabel("loss after 90 steps; dotted: a model that knows nothing")

    rates = table.rates(optimizer)
    least = min(cell.losses.min() for cell in table.cells if cell.optimizer == optimizer)
    return plot(draw, 12, 3.6, ncols=len(rates), sharey=True, sharex=True)


def thresholds(table: ClippingTable, optimizer: str, names: Sequence[str] = ("L2", "AGC")) -> Figure:
    """A panel for each clipper: the loss over its thresholds, a line for each rate."""

    def draw(figure: Any, axes: Any) -> None:
        for panel, name in zip(axes, names, strict=True):
            for rate, color in zip(table.rates(optimizer), CATEGORIES, strict=False):
                tuning = table.cell(optimizer, rate, name).tuning
                panel.plot(list(tuning), list(tuning.values()), "o-", color=color, label=f"rate {rate:g}")
            panel.axhline(table.ignorance, color=GREY, linewidth=1, linestyle=":")
            panel.set(xscale="log", yscale="log", title=name, xlabel="threshold", ylim=(0.2, 20))
        axes[0].set_ylabel("loss after 90 steps")
        axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))

    return plot(draw, 11, 4, ncols=len(names), sharey=True)


def maps(words: Sequence[str], left: tuple[str, Array], right: tuple[str, Array]) -> Figure:
    """Two attention maps (title, (T, T)) beside each other, and the second minus the first."""

    def draw(figure: Any, axes: Any) -> None:
        change = right[1] - left[1]
        most = max(0.01, float(np.abs(change).max()))
        shown = (
            (*left, "sequential", 0, 1),
            (*right, "sequential", 0, 1),
            ("the second minus the first", change, "diverging", -most, most),
        )
        later = np.triu(np.ones_like(change, dtype=bool), 1)
        for panel, (title, values, colors, low, high) in zip(axes, shown, strict=True):
            drawn = np.ma.masked_array(values, later)
            panel.axhspan(-0.5, len(words) - 0.5, facecolor="none", hatch="////", linewidth=0, zorder=-1)
            image = panel.imshow(drawn, colormap(colors), vmin=low, vmax=high)
            panel.set(title=title, xlabel="looks at (hatched: hidden)")
            panel.set_xticks(range(len(words)), words, rotation=90)
            panel.set_yticks(range(len(words)), words)
            figure.colorbar(image, ax=panel, shrink=0.7)
        axes[0].set_ylabel("this word")

    return plot(draw, 13, 4.6, ncols=3, sharey=True)
