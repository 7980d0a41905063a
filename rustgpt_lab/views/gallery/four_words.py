"""Attention on four words by hand: queries, keys and values are arrows in a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ShapeError
from ...numerics import Array, softmax
from ..base import Table, View
from ..style import ACCENT, CATEGORIES, INKS, colormap, plot, share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORDS = ("the", "red", "boat", "sails")
QUERIES = ((-0.6, -1.7), (-1.8, 0.9), (0.5, 2.4), (2.5, 0.9))
KEYS = ((-1.5, -0.5), (0.4, 1.9), (1.9, 0.1), (1.1, -1.6))
VALUES = ((-1.0, -0.8), (-1.6, 1.5), (1.9, 1.2), (1.3, -1.7))
"""Chosen by hand: a boat looks for its colour, and what sails looks for the boat."""

COLOURS = (3, 5, 2, 1)
"""Of the words, among the categories; none is the blue of attention."""

REACH = 3
"""The planes end here, in every direction."""


@dataclass(frozen=True)
class FourWordsData:
    """The attention of T = 4 words with two numbers each (Vaswani et al. 2017, eq. 1).

    Attributes:
        words: T.
        q, k, v: (T, 2).
        masked: whether no word sees a later one.
        products: (T, T), q·k.
        scores: (T, T), q·k / sqrt(2); -inf where the mask hides the future.
        weights: (T, T), the softmax of each row.
        mix: (T, 2), the average of the values by weight.
    """

    words: tuple[str, ...]
    q: Array
    k: Array
    v: Array
    masked: bool
    products: Array
    scores: Array
    weights: Array
    mix: Array


def four_words_of(words: Sequence[str], q: Any, k: Any, v: Any, masked: bool = True) -> FourWordsData:
    """Let four words attend to each other.

    Raises:
        ShapeError: there are not four words with two numbers each.
    """
    q, k, v = (np.array(x, float) for x in (q, k, v))
    for name, x in (("q", q), ("k", k), ("v", v)):
        if (len(words), x.shape) != (4, (4, 2)):
            raise ShapeError(
                "this picture is of four words in a plane", where=name, expected="4 words, (4, 2)",
                got=f"{len(words)} words, {x.shape}",
            )  # fmt: skip
    products = q @ k.T
    future = np.triu(np.ones((4, 4), bool), 1) & masked
    scores = np.where(future, -np.inf, products / 2**0.5)
    weights = softmax(scores)
    return FourWordsData(tuple(words), q, k, v, masked, products, scores, weights, weights @ v)


class FourWords(View):
    """The live planes; `four_words` makes it."""

    name = "four_words"
    title = "Four words by hand: who looks at whom, and why"
    alone = True
    data: FourWordsData

    @property
    def opening(self) -> tuple[int, int]:
        """Where to look first: (word that looks, word looked at): the greatest weight on another word."""
        others = np.where(np.eye(4), 0, self.data.weights)
        row, column = np.unravel_index(int(others.argmax()), others.shape)
        return int(row), int(column)

    @property
    def sentence(self) -> str:
        data, (row, column) = self.data, self.opening
        score, weight = data.scores[row, column], data.weights[row, column]
        mix = ", ".join(f"{x:.2g}" for x in data.mix[row]).replace("-", "−")
        return (
            f"“{data.words[row]}” gives “{data.words[column]}” {weight:.2f} of its attention, "
            f"for a score of {score:.3g}; its mix is ({mix})."
        )

    def figure(self) -> Figure:
        data, (row, _) = self.data, self.opening

        def arrow(
            ax: Any, start: Any, end: Any, colour: str, width: float, name: str = "", up: int = 4
        ) -> None:
            look = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", end, start, arrowprops=look)
            left = end[0] < 0  # away from the other arrows
            side = {"ha": "right" if left else "left", "color": INKS["text"], "parse_math": False}
            ax.annotate(name, end, (-4 if left else 4, up), textcoords="offset points", **side)

        def draw(figure: Any, axes: Any) -> None:
            plane, mixed, scores, weights = axes
            for ax, title in (
                (plane, "queries and keys"),
                (mixed, f"values, and the mix of “{data.words[row]}”"),
            ):
                ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", title=title)
                ax.axhline(0, color=INKS["line"], linewidth=0.8)
                ax.axvline(0, color=INKS["line"], linewidth=0.8)
            end = np.zeros(2)
            for i, word in enumerate(data.words):
                arrow(plane, (0, 0), data.k[i], CATEGORIES[COLOURS[i]], 2, f"k {word}")
                arrow(mixed, (0, 0), data.v[i], INKS["before"], 0.8, f"v {word}")
                start, end = end, end + data.weights[row, i] * data.v[i]
                arrow(mixed, start, end, CATEGORIES[COLOURS[i]], 2.5)
            arrow(plane, (0, 0), data.q[row], ACCENT, 3, f"q {data.words[row]}", up=9)
            arrow(mixed, (0, 0), end, ACCENT, 3, "mix", up=-16)
            limit = max(1.0, float(np.abs(data.products).max()))
            shown = np.where(np.isfinite(data.scores), data.scores, np.nan)
            scores.imshow(shown, cmap=colormap("diverging"), vmin=-limit, vmax=limit)
            weights.imshow(
                np.where(np.isfinite(data.scores), data.weights, np.nan),
                cmap=colormap("sequential"),
                vmin=0,
                vmax=1,
            )
            for ax, values, write, title in (
                (
                    scores,
                    shown,
                    lambda x: f"{x:.1f}".replace("-", "−"),
                    "scores, masked" if data.masked else "scores",
                ),
                (weights, data.weights, share, "weights"),
            ):
                ax.set_xticks(range(4), data.words, parse_math=False)
                ax.set_yticks(range(4), data.words, parse_math=False)
                ax.set(title=title, xlabel="is looked at", ylabel="looks")
                for i, j in np.argwhere(np.isfinite(data.scores)):
                    dark = abs(values[i, j]) > (0.55 if ax is weights else 0.55 * limit)
                    ax.text(
                        j,
                        i,
                        write(values[i, j]),
                        ha="center",
                        va="center",
                        color="w" if dark else INKS["text"],
                    )

        return plot(draw, 13, 3.6, ncols=4)

    def table(self) -> Table:
        data = self.data
        headings = ("looks", "is looked at", "q · k", "score", "weight")
        rows = [
            (
                data.words[i],
                data.words[j],
                f"{data.products[i, j]:.2f}",
                f"{data.scores[i, j]:.2f}",
                f"{data.weights[i, j]:.2f}",
            )
            for i in range(4)
            for j in range(4)
        ]
        return Table(headings, rows)

    def state(self) -> dict[str, Any]:
        data = self.data
        vectors = {"q": data.q.tolist(), "k": data.k.tolist(), "v": data.v.tolist()}
        return {
            **vectors, "words": data.words, "masked": data.masked, "opening": self.opening, "reach": REACH,
            "colours": COLOURS,
        }  # fmt: skip


def four_words(
    words: Sequence[str] = WORDS, q: Any = QUERIES, k: Any = KEYS, v: Any = VALUES, masked: bool = True
) -> FourWords:
    """Attention by hand: drag the queries and keys of four words, and see scores, mask, weights and mix change.

    Args:
        words: four.
        q, k, v: (4, 2), their queries, keys and values, each number between -3 and 3.
        masked: whether no word sees a later one.

    Raises:
        ShapeError: there are not four words with two numbers each.
    """
    return FourWords(four_words_of(words, q, k, v, masked))
