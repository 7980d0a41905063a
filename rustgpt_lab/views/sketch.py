"""An empty chart to be drawn in: bars over words, or a curve over steps; then the truth over the drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics import Array
from .base import Table, View
from .before_after import draw_bars
from .style import ACCENT, INKS, TEXT, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SketchData:
    """What is to be drawn, what was, and, once it was asked for, the truth.

    Attributes:
        id: of the sketch.
        text: what to draw.
        kind: "shares", a bar for each place, which sum to 1; or "curve", a number at each place.
        axes: what the places are, and what is drawn at each.
        places: the n words, or steps.
        high: where the axis of a curve ends.
        drawn: (n,) the learner's, None before that.
        truth: (n,) None before it was asked for.
        confidence: how sure the learner is to be near, from 0 to 100.
        why: their reason, or "".
        sentence: what there is to say about that.
        because: why the truth is as it is, "" before it was asked for.
    """

    id: str
    text: str
    kind: str
    axes: tuple[str, str]
    places: Sequence[str]
    high: float
    drawn: Array | None
    truth: Array | None
    confidence: float
    why: str
    sentence: str
    because: str


class SketchCard(View):
    """The chart, and what is asked beside it.

    Args:
        data: what is to be drawn.
        keep: takes {drawn, confidence, why}, or {opened: true}, and gives the data with the truth.
    """

    name = "sketch"
    title = "Draw it first"
    data: SketchData

    def __init__(self, data: SketchData, keep: Callable[[dict[str, Any]], SketchData]):
        super().__init__(data)
        self._keep = keep

    @property
    def sentence(self) -> str:
        return self.data.sentence

    def state(self) -> dict[str, Any]:
        lists = {name: _list(getattr(self.data, name)) for name in ("drawn", "truth")}
        return {**vars(self.data), **lists}

    def answer(self, question: dict[str, Any]) -> SketchData:
        """The truth over what was drawn, {drawn, confidence, why}; or alone, {opened: true}."""
        return self._keep(question)

    def figure(self) -> Figure:
        data = self.data
        n, nothing = len(data.places), np.full(len(data.places), np.nan)
        drawn = nothing if data.drawn is None else data.drawn
        truth = nothing if data.truth is None else data.truth

        def draw(figure: Any, ax: Any) -> None:
            if data.kind == "shares":
                draw_bars(ax, data.places, np.nan_to_num(drawn), np.nan_to_num(truth), ("drawn", "truth"))
                ax.set_xlabel(data.axes[1])
                ax.get_legend().set_visible(data.truth is not None)
                return
            ax.plot(range(n), drawn, "o-", color=INKS["before"], label="drawn")
            ax.plot(range(n), truth, color=ACCENT, linewidth=2.5, label="truth")
            ax.set_xticks(range(n), data.places, fontsize=TEXT)
            ax.set(xlim=(-0.3, n - 0.7), ylim=(0, data.high), xlabel=data.axes[0], ylabel=data.axes[1])
            if data.truth is not None:
                ax.legend()

        return plot(draw, 9, 0.42 * n + 1.2 if data.kind == "shares" else 4)

    def table(self) -> Table:
        data = self.data
        columns = {"drawn": _list(data.drawn), "the truth": _list(data.truth)}
        shown = {name: values for name, values in columns.items() if values}
        rows = [(place, *(values[i] for values in shown.values())) for i, place in enumerate(data.places)]
        return Table((data.axes[0], *shown), rows)

    def twin(self) -> dict[str, str]:
        data, twin = self.data, super().twin()
        open_ = data.truth is None
        last = "Run this cell to draw it, with the pointer or the arrow keys." if open_ else data.because
        twin["text/plain"] = f"{'○ ' if open_ else ''}{data.id}: {data.text}\n    {data.sentence}\n    {last}"
        above, below = (f'<p style="max-width:66ch">{escape(text)}</p>' for text in (data.text, last))
        twin["text/html"] = f"{above}{twin['text/html']}{below}"
        return twin

    def __repr__(self) -> str:
        return self.twin()["text/plain"]


def _list(values: Array | None) -> list[float]:
    return [] if values is None else [float(value) for value in values]
