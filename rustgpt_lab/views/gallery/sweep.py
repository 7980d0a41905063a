"""The table of a sweep as a picture: means over the seeds with their intervals, and what diverged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ModelError
from ...experiments import Results
from ..base import Table, View
from ..style import CATEGORIES, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SweepData:
    """A sweep, by its columns.

    Attributes:
        x, y, by: the names of the columns.
        varied: the other columns that were varied: every combination of their values is a picture of its own.
        rows: what `Results.summary` says of each combination.
    """

    x: str
    y: str
    by: str
    varied: tuple[str, ...]
    rows: Sequence[dict[str, Any]]

    @property
    def panels(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each picture, by its name."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows:
            found.setdefault(", ".join(f"{name} {row[name]}" for name in self.varied), []).append(row)
        return found


class Sweep(View):
    """A figure with its table; `sweep` makes it."""

    name = "sweep"
    title = "Sweep: means over the seeds"
    note = ""
    data: SweepData

    @property
    def sentence(self) -> str:
        rows = self.data.rows
        runs, diverged = sum(row["runs"] for row in rows), sum(row["diverged"] for row in rows)
        lost = f" {diverged} of them diverged (×)." if diverged else ""
        return f"{runs} runs: means of {self.data.y} with 95 % intervals over the seeds.{lost}"

    def figure(self) -> Figure:
        data, panels = self.data, self.data.panels
        lines = list(dict.fromkeys(row[data.by] if data.by else "" for row in data.rows))

        def draw(figure: Any, axes: Any) -> None:
            for ax, (title, rows) in zip(axes.flat, panels.items(), strict=False):
                places = list(dict.fromkeys(row[data.x] for row in rows))
                for k, line in enumerate(lines):
                    own = [row for row in rows if not data.by or row[data.by] == line]
                    _line(ax, data, own, places, 0.12 * (k - (len(lines) - 1) / 2), CATEGORIES[k], str(line))
                ax.set_xticks(range(len(places)), map(str, places))
                ax.set_title(title, parse_math=False)
                ax.set(xlabel=data.x, ylabel=data.y, xlim=(-0.5, len(places) - 0.5))
                if np.isfinite([row["mean"] for row in data.rows]).any():
                    ax.set_yscale("log")
            if data.by:
                axes.flat[0].legend(title=data.by)
            for ax in list(axes.flat)[len(panels) :]:
                ax.set_visible(False)

        columns = min(len(panels), 2)
        count = -(-len(panels) // columns)
        return plot(draw, 5.5 * columns, 3.2 * count, nrows=count, ncols=columns, squeeze=False, sharey=True)

    def table(self) -> Table:
        data = self.data
        names = [*data.varied, data.x, *([data.by] if data.by else [])]
        rows = [
            (
                *(row[name] for name in names),
                row["runs"],
                row["diverged"],
                row["mean"],
                row["low"],
                row["high"],
            )
            for row in data.rows
        ]
        return Table((*names, "runs", "diverged", f"mean {data.y}", "low", "high"), rows)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.twin(), raw=True)


def _line(
    ax: Any,
    data: SweepData,
    rows: list[dict[str, Any]],
    places: list[Any],
    aside: float,
    colour: str,
    name: str,
) -> None:
    """One setting's means and intervals; where any of its runs diverged, a cross at the upper edge, and how many."""
    x = np.array([places.index(row[data.x]) for row in rows]) + aside
    means = np.array([row["mean"] for row in rows])
    ends = np.array([[row["low"], row["high"]] for row in rows])
    if (good := np.isfinite(means)).any():
        ends = np.where(np.isnan(ends), means[:, None], ends)
        ends = np.clip(ends, np.nanmin(means) / 10, None)  # an interval may reach below 0
        far = np.abs(ends - means[:, None])[good].T
        ax.errorbar(x[good], means[good], far, fmt="o-", linewidth=1, color=colour, capsize=4, label=name)
    for place, row in zip(x, rows, strict=True):
        if row["diverged"]:
            at = {"transform": ax.get_xaxis_transform(), "clip_on": False}
            ax.plot(place, 0.97, "x", color=colour, markersize=9, markeredgewidth=2.5, **at)
            ax.text(place, 0.86, f"{row['diverged']}", ha="center", color=INKS["text"], **at)


def sweep(results: Results, x: str = "", y: str = "loss", by: str = "") -> Sweep:
    """Means of a measure with 95 % intervals over the seeds; runs that diverged are marked, and counted in no mean.

    Args:
        results: what `experiments.sweep` gave.
        x: the varied column that goes across; by default the first.
        y: the measure.
        by: the varied column whose values are lines of their own; "" for none. What else was varied gets a picture
            for every combination.

    Raises:
        ModelError: there is no such column.
    """
    x = x or results.varied[0]
    for where, name in (("x", x), ("by", by)):
        if name and name not in results.varied:
            expected = ", ".join(results.varied)
            raise ModelError("no such column was varied", where=where, expected=expected, got=repr(name))
    varied = tuple(name for name in results.varied if name not in (x, by))
    return Sweep(SweepData(x, y, by, varied, results.summary(y)))
