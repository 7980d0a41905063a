"""What a change does to the next word: which words are shown, and the still picture of both distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..numerics import Array
from .style import ACCENT, INKS, TEXT, plot, share, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10
"""Words whose probabilities are shown: the most likely before, and the newcomers after."""


def shown_words(before: Array, after: Array) -> NDArray[np.integer]:
    """The ids of the words that are shown, of two distributions over all V."""
    first = np.argsort(-before, kind="stable")[: SHOWN - 4]
    newcomers = [i for i in np.argsort(-after, kind="stable")[:SHOWN] if i not in first]
    return np.array([*first, *newcomers][:SHOWN])


def moved(before: Array, after: Array) -> float:
    """The share of the probability that changed its word, in [0, 1] (the total variation distance)."""
    return float(np.abs(after - before).sum() / 2)


def outcome(words: Sequence[str], before: Array, after: Array, share_moved: float) -> str:
    """What became of the most likely word, words[0], as the end of a sentence."""
    if share_moved < 5e-5:
        return f"nothing changes: “{words[0]}” keeps {before[0]:.3f}."
    best = int(after.argmax())
    then = (
        f"“{words[0]}” still comes first, with {after[0]:.3f} instead of {before[0]:.3f}"
        if best == 0
        else f"“{words[0]}” falls from {before[0]:.3f} to {after[0]:.3f}, "
        f"and “{words[best]}” comes first with {after[best]:.3f}"
    )
    return f"{then}; in all, {share_moved:.0%} of the probability goes over to other words."


def draw_bars(ax: Any, words: Sequence[str], before: Array, after: Array, labels: tuple[str, str]) -> None:
    """Two bars for each word, in this order, with their names."""
    rows = np.arange(len(words))
    for offset, values, colour, label in (
        (-0.2, before, INKS["before"], labels[0]),
        (0.2, after, ACCENT, labels[1]),
    ):
        drawn = ax.barh(rows + offset, values, 0.36, color=colour, label=label)
        ax.bar_label(drawn, [share(value) for value in values], padding=3)
    ax.set_yticks(rows, [*map(shortened, words)], parse_math=False, fontsize=TEXT)
    ax.set(xlim=(0, 1.12), ylim=(len(rows) - 0.5, -0.5), xlabel="probability of the next word")
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="best")


def bars(
    words: Sequence[str], before: Array, after: Array, labels: tuple[str, str], text: Sequence[str]
) -> Figure:
    """The bars alone; `text` is what was read."""

    def draw(figure: Any, ax: Any) -> None:
        draw_bars(ax, words, before, after, labels)
        ax.set_title(f"after “{' '.join(map(shortened, text[-6:]))}”", parse_math=False)

    return plot(draw, 10, 0.42 * len(words) + 1.2)
