"""Words as points: which ones a model's embeddings put side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ShapeError, TextError, TrainingError
from ...layers import Embeddings as EmbeddingsLayer, TokenEmbeddings
from ...numerics import Array
from ..base import Table, View, snapshots_of
from ..packing import Quantised
from ..style import CATEGORIES, INKS, colormap, named, plot, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM


EXACT = 1_000_000
"""Numbers that may travel as floats."""

WHOLE, NEAR = 10_000, 40
"""Words that have a map of them all; of a larger vocabulary, so many around each of the words compared."""

ALIKE = 0.15
"""The least cosine with a word compared that gives another word its colour."""


@dataclass(frozen=True)
class EmbeddingsData:
    """The token embeddings of V words at M snapshots.

    Attributes:
        words: the vocabulary, V words; of a large one, those nearest to the words that are compared.
        of: how many words the vocabulary has.
        chosen: ids of the words whose similarity is shown.
        snapshots: M labels.
        points: (M, V, 2) the first two principal components of the last snapshot, applied to every snapshot.
        share: of the last snapshot's variance that these two hold, in [0, 1].
        directions: (M, V, d) the embeddings at length 1, so that a dot product is a cosine.
    """

    words: tuple[str, ...]
    of: int
    chosen: tuple[int, ...]
    snapshots: tuple[str, ...]
    points: Array
    share: float
    directions: Array

    def similarity(self, ids: Any) -> Array:
        """The cosines of these words with all words at the last snapshot, (len(ids), V), in [-1, 1]."""
        return self.directions[-1, ids] @ self.directions[-1].T

    @property
    def groups(self) -> NDArray[np.integer]:
        """(V,) the place in `chosen` of the word that each word is most like, or -1 if it is like none of them.

        Only the first few of them have a colour to give.
        """
        cosine = self.similarity(list(self.chosen[: len(CATEGORIES)]))
        return np.where(cosine.max(axis=0) >= ALIKE, cosine.argmax(axis=0), -1)

    def nearest(self, i: int, count: int) -> list[tuple[str, float]]:
        """The words of the greatest cosine with word `i`, but for itself, the nearest first."""
        cosine = self.similarity(i)
        order = [j for j in np.argsort(-cosine, kind="stable") if j != i]
        return [(self.words[j], float(cosine[j])) for j in order[:count]]


def principal_components(x: Array) -> tuple[Array, Array, float]:
    """The two directions in which points vary most (PCA: Pearson 1901), by singular value decomposition.

    Args:
        x: (V, d) points.

    Returns:
        Their mean (d,), the directions (2, d), and the share of the variance that lies along them.
    """
    mean = x.mean(axis=0)
    _, s, axes = np.linalg.svd(x - mean, full_matrices=False)
    axes = axes[:2]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
    return (
        mean,
        axes * np.sign(largest),
        float((s[:2] ** 2).sum() / ((s**2).sum() or 1)),
    )  # SVD leaves the sign open


def embeddings_of(models: Mapping[str, LLM], words: str) -> EmbeddingsData:
    """Take the token embeddings of models of one architecture and vocabulary, one for each snapshot.

    Raises:
        ShapeError: a network has no embeddings, or the models differ in their words or their width.
        TextError: none of the words is in the vocabulary.
        TrainingError: a model has diverged.
    """
    vocab = next(iter(models.values())).vocab
    # byte pairs know most words with the space before them
    chosen = tuple(dict.fromkeys(vocab.encode(f" {words}")))
    if not chosen:
        raise TextError("none of these words is in the vocabulary", got=repr(words), remedy="Try others.")
    tables = []
    for snapshot, llm in models.items():
        layers = [layer for layer in llm.network if isinstance(layer, EmbeddingsLayer | TokenEmbeddings)]
        if not layers:
            raise ShapeError("this network has no embeddings to show", where=snapshot, expected="Embeddings")
        tables.append(layers[0].p.token_embeddings)
        if not np.isfinite(tables[-1]).all():
            raise TrainingError("embeddings that are not finite have no place on a map", where=snapshot)
        if min(tables[-1].shape) < 2:
            expected = "at least 2 words and 2 dimensions"
            raise ShapeError(
                "these are no points for a map", where=snapshot, expected=expected, got=tables[-1].shape
            )
        if llm.vocab != vocab or tables[-1].shape != tables[0].shape:
            raise ShapeError(
                "these models cannot stand on one map",
                where=snapshot,
                expected=f"the words of the first model, and embeddings of shape {tables[0].shape}",
                got=f"{len(llm.vocab)} words, {tables[-1].shape}",
            )
    shown = around(tables[-1], chosen) if len(vocab) > WHOLE else np.arange(len(vocab))
    stack = np.stack([table[shown].astype(np.float64) for table in tables])
    mean, axes, share = principal_components(stack[-1])
    lengths = np.linalg.norm(stack, axis=-1, keepdims=True)
    return EmbeddingsData(
        tuple(vocab.pieces(shown.tolist())),
        len(vocab),
        tuple(np.searchsorted(shown, chosen).tolist()),
        tuple(models),
        (stack - mean) @ axes.T,
        share,
        stack / np.where(lengths == 0, 1, lengths),
    )


def around(table: Array, chosen: Sequence[int]) -> NDArray[np.integer]:
    """Some words and those nearest to each by cosine, in the order of the vocabulary: one product with the table."""
    lengths = np.sqrt(np.vecdot(table, table))
    cosine = (
        table @ table[[*chosen]].T / np.where(lengths == 0, 1, lengths)[:, None]
    )  # but for their own lengths
    return np.union1d(np.argpartition(-cosine, NEAR, axis=0)[: NEAR + 1], [*chosen])


class Embeddings(View):
    """The live map of words; `embeddings` makes it."""

    name = "embeddings"
    title = "Embeddings: which words stand side by side"
    alone = True
    data: EmbeddingsData

    def __init__(self, models: Mapping[str, LLM], words: str):
        self.models = models
        super().__init__(embeddings_of(models, words))

    @property
    def sentence(self) -> str:
        data = self.data
        (word, cosine), *_ = data.nearest(data.chosen[0], 1)
        many = "" if len(data.words) == data.of else f" among {data.of:,}"
        return (
            f"Nearest to “{data.words[data.chosen[0]]}” is “{word}”, with a cosine of {cosine:.2f}{many}; "
            f"the map's two directions hold {data.share:.0%} of the variance."
        )

    def figure(self) -> Figure:
        data, chosen = self.data, list(self.data.chosen)
        words = [shortened(data.words[i]) for i in chosen]

        def draw(figure: Any, axes: Any) -> None:
            plane, matrix = axes
            points, groups = data.points[-1], data.groups
            colours = np.array([*CATEGORIES, INKS["line"]])[groups]
            plane.scatter(*points.T, s=10, color=colours)
            plane.scatter(*points[chosen].T, s=60, color=colours[chosen], edgecolor=INKS["text"])
            plane.set(xlabel="first principal component", ylabel="second principal component")
            plane.set_title("A colour: the compared word that a word is most like")
            if len(chosen) > 1:  # a frame around them: most words lie in the middle, in a crowd
                for limits, values in (
                    (plane.set_xlim, points[chosen, 0]),
                    (plane.set_ylim, points[chosen, 1]),
                ):
                    margin = 0.15 * float(np.ptp(values))
                    limits(values.min() - margin, values.max() + margin)
            cosine = data.similarity(chosen)[:, chosen].round(2) + 0.0  # no -0.00
            image = matrix.imshow(cosine, cmap=colormap("diverging"), vmin=-1, vmax=1)
            for (i, j), value in np.ndenumerate(cosine):
                if len(chosen) <= 9:
                    ink = "white" if abs(value) > 0.7 else "black"
                    matrix.text(j, i, f"{value:.2f}", ha="center", va="center", color=ink)
            matrix.set_xticks(range(len(words)), words, rotation=90, parse_math=False)
            matrix.set_yticks(range(len(words)), words, parse_math=False)
            matrix.tick_params(length=0)
            matrix.spines[:].set_visible(False)
            figure.colorbar(image, ax=matrix, shrink=0.7, label="cosine").outline.set_visible(False)
            named(plane, points[chosen], words)

        return plot(draw, 13, 5.6, ncols=2)

    def table(self) -> Table:
        data = self.data
        rows = [
            (data.words[i], *(f"{word} ({cosine:.2f})" for word, cosine in data.nearest(i, 3)))
            for i in data.chosen
        ]
        return Table(("word", "nearest", "second", "third"), rows)

    def state(self) -> dict[str, Any]:
        """A few snapshots travel whole, the directions of many as one byte a number."""
        directions = self.data.directions
        exact = directions.size <= EXACT
        return {
            **super().state(),
            "exact": exact,
            "alike": ALIKE,
            "directions": directions if exact else Quantised.of(directions),
        }

    def answer(self, question: str) -> EmbeddingsData:
        """Other words of a large vocabulary."""
        return embeddings_of(self.models, question)


def embeddings(llm: LLM | Mapping[Any, LLM], words: str) -> Embeddings:
    """A map of the vocabulary: point at a word, or go there by the arrow keys, to see the words nearest to it.

    The map is a flat shadow of d dimensions (PCA); nearness is measured in all of them, by the cosine. A click, or
    Enter, puts a word into the similarity matrix or takes it out. The map keeps the last snapshot's directions at every
    snapshot, so that a word moves only if its embedding does. Of a vocabulary of more than 10,000 words only those
    nearest to the words compared are shown; write others, and Enter looks for theirs.

    Args:
        llm: a model, or several of one architecture by snapshot: {"epoch 0": before, "epoch 9": after}.
        words: those to compare, such as "sun moon star rain".
    """
    return Embeddings(snapshots_of(llm), words)
