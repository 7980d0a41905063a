"""A prompt's way through the network: what the model would say after every block (the "logit lens")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...batch import Batch
from ...errors import ShapeError
from ...layers import Layer, Residual
from ...numerics import Array, softmax
from ..anatomy import OUTPUT, block_ends
from ..base import Table, View
from ..style import ACCENT, INKS, colormap, plot, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

SHOWN = 5
"""Words kept of every distribution."""
COLUMNS = 7
"""Depths that a still picture has room for."""


@dataclass(frozen=True)
class JourneyData:
    """The residual stream of one text, projected to words after each of the L layers below the output projection.

    Attributes:
        text: as it was given.
        words: its T tokens.
        layers: L names.
        ends: the layers that end a block, the last one included; the first is the embeddings in RustGPT's network.
        vocabulary: the words in `top`, by id.
        top: (L, T, K) ids of the most likely next words, the first one first.
        probabilities: (L, T, K) theirs, in [0, 1].
        history: (L, T, L) the probability of `top[l, t, 0]` at position t after every layer.
        norms: (L, T) the length of the stream's vector at each position.
    """

    text: str
    words: tuple[str, ...]
    layers: tuple[str, ...]
    ends: tuple[int, ...]
    vocabulary: dict[int, str]
    top: NDArray[np.integer]
    probabilities: Array
    history: Array
    norms: Array

    @property
    def labels(self) -> list[str]:
        """A name for each of `ends`."""
        early = ["embeddings"] if len(self.ends) > 1 or self.ends[0] == 0 else []
        return [*early, *(f"block {k + 1}" for k in range(len(self.ends) - len(early)))]

    def word(self, layer: int, position: int) -> str:
        """The most likely next word there."""
        return self.vocabulary[self.top[layer, position, 0]]


def journey_of(llm: LLM, text: str) -> JourneyData:
    """Trace a text and send what every layer gives through the output projection.

    Where residuals go around whole blocks, what follows the last of them, a norm, belongs to the projection.

    Raises:
        ShapeError: the network does not end with an output projection.
        TextError: the model cannot read the text.
    """
    trace = llm.trace(text)
    *layers, last = llm.network
    if not isinstance(last, OUTPUT):
        raise ShapeError(
            "this network has no output projection to look through",
            where=f"network[{len(layers)}]",
            expected="OutputProjection",
            got=type(last).__name__,
        )
    ids = llm.tokenize(text)
    batch = Batch([ids])
    stream = np.stack([trace[f"{i}.output"] for i in range(len(layers))])  # (L, T, d)
    tail = 1 + max((i for i, layer in enumerate(layers) if isinstance(layer, Residual)), default=len(layers))
    ready = np.stack(
        [_through(layers[max(tail, i + 1) :], rows, batch) for i, rows in enumerate(stream)]
    )  # for the projection
    each = [_read(last, ready[:, t]) for t in range(len(ids))]  # one position at a time, for V may be large
    top, probabilities, history = (np.stack(parts, axis=1) for parts in zip(*each, strict=True))
    found = np.unique(top).tolist()
    return JourneyData(
        text=text,
        words=tuple(llm.vocab.pieces(ids)),
        layers=tuple(type(layer).__name__ for layer in layers),
        ends=tuple(block_ends(llm.network)),
        vocabulary=dict(zip(found, llm.vocab.pieces(found), strict=True)),
        top=top,
        probabilities=probabilities,
        history=history,
        norms=np.linalg.norm(stream, axis=-1),
    )


def _through(layers: list[Layer], rows: Array, batch: Batch) -> Array:
    for layer in layers:
        rows, _ = layer.forward(rows, batch)
    return rows


def _read(last: Layer, rows: Array) -> tuple[NDArray[np.integer], Array, Array]:
    """What a position gives after each layer, (L, d) -> the most likely words, theirs, and each first one's, (L, L)."""
    p = softmax(_through([last], rows, Batch([[0] * len(rows)])))  # (L, V)
    top = _likeliest(p)
    return top, np.take_along_axis(p, top, axis=-1), p[:, top[:, 0]].T


def _likeliest(p: Array) -> NDArray[np.integer]:
    """The ids of the few greatest of each row, the greatest first; a table as large as V is not sorted for them."""
    count = min(SHOWN, p.shape[-1])
    found = np.sort(np.argpartition(-p, count - 1, axis=-1)[..., :count], axis=-1)
    order = np.argsort(-np.take_along_axis(p, found, axis=-1), axis=-1, kind="stable")
    return np.take_along_axis(found, order, axis=-1)


class Journey(View):
    """The live journey; `journey` makes it."""

    name = "journey"
    title = "Journey: what the model would say after every block"
    data: JourneyData

    def __init__(self, llm: LLM, text: str):
        self.llm = llm
        super().__init__(journey_of(llm, text))

    @property
    def sentence(self) -> str:
        data = self.data
        word, (first, *_, last) = data.word(-1, -1), (data.ends[0], *data.ends)
        since = len(data.ends) - 1
        while since and data.word(data.ends[since - 1], -1) == word:
            since -= 1
        says = f"After “{data.words[-1]}” the model says “{word}” with {data.probabilities[last, -1, 0]:.3f}"
        if since == 0:
            return f"{says}, and so says every block before."
        early = f"“{data.word(first, -1)}” with {data.probabilities[first, -1, 0]:.3f}"
        start = "the embeddings alone say" if first == 0 else f"{data.labels[0]} says"
        return f"{says}, which comes first from {data.labels[since]} on; {start} {early}."

    def figure(self) -> Figure:
        data, ends = self.data, list(self.data.ends)
        rows, columns = len(data.words), min(len(ends), COLUMNS)
        kept = np.linspace(0, len(ends) - 1, columns).round().astype(int)
        shown = [ends[k] for k in kept]
        few = "" if len(kept) == len(ends) else f"; {len(kept)} of {len(ends)} depths"

        def draw(figure: Any, axes: Any) -> None:
            chance, norm = axes[:, 1]
            for ax in axes[:, 0]:
                ax.remove()
            grid = figure.add_subplot(chance.get_gridspec()[:, 0])
            p = data.probabilities[shown, :, 0].T
            grid.imshow(p, cmap=colormap("sequential"), vmin=0, vmax=1, aspect="auto")
            for (i, j), value in np.ndenumerate(p):
                ink = "white" if value > 0.5 else "black"
                word = shortened(data.word(shown[j], i), 14)
                grid.text(j, i, word, ha="center", va="center", color=ink, parse_math=False)
            grid.set_xticks(range(columns), [data.labels[k] for k in kept])
            grid.set(ylabel="word that is read")
            grid.set_yticks(range(rows), [*map(shortened, data.words)], parse_math=False)
            grid.tick_params(length=0)
            grid.spines[:].set_visible(False)
            grid.set_title(f"first choice for the next word (stronger: surer{few})")
            word, last = shortened(data.word(-1, -1)), shortened(data.words[-1])
            chance.plot(data.history[-1, -1], ".-", color=ACCENT)
            chance.set(ylim=(-0.03, 1.03), xticks=[])
            chance.set_title(f"probability of “{word}” after “{last}”", parse_math=False)
            norm.plot(data.norms[:, -1], ".-", color=ACCENT)
            norm.set_ylim(bottom=0)
            norm.set_title(f"norm of the residual stream at “{last}”", parse_math=False)
            norm.set_xticks(range(0, len(data.layers), 1 + len(data.layers) // 20))
            norm.set_xlabel("layer")
            for ax in (chance, norm):
                for end in ends:
                    ax.axvline(end, color=INKS["line"], linewidth=0.8, zorder=0)

        return plot(draw, 12, max(4, 0.33 * rows + 1), nrows=2, ncols=2)

    def table(self) -> Table:
        data = self.data
        headings = ("word read", *(f"after {label}" for label in data.labels), "norm at the end")
        rows = [
            (
                word,
                *(f"{data.word(end, t)} ({data.probabilities[end, t, 0]:.3f})" for end in data.ends),
                float(data.norms[-1, t]),
            )
            for t, word in enumerate(data.words)
        ]
        return Table(headings, rows)

    def state(self) -> dict[str, Any]:
        """Only the words that are shown travel, and `top` counts among them."""
        ids, top = np.unique(self.data.top, return_inverse=True)
        shown = [self.data.vocabulary[i] for i in ids]
        shape = self.data.top.shape
        return {**super().state(), "vocabulary": shown, "top": top.reshape(shape), "labels": self.data.labels}

    def llms(self) -> Sequence[LLM]:
        return [self.llm]

    def answer(self, question: str) -> JourneyData:
        return journey_of(self.llm, question)


def journey(llm: LLM, text: str) -> Journey:
    """The prompt through the network: the first choice for the next word after every block, for every position.

    Whatever a layer gives is sent through the model's own output projection, as if it were the last one (the "logit
    lens", nostalgebraist 2020, "interpreting GPT: the logit lens"). RustGPT's blocks end with a norm and nothing
    stands between the last one and the projection, so after a block it applies as it is; inside a block, and right
    after the embeddings, the stream is not normalised, and the words there say less.

    Point at a cell, or go there by the arrow keys, to see its word's probability and the norm of the residual
    stream through all layers.

    Args:
        llm: a model whose last layer is an `OutputProjection`.
        text: what it reads.
    """
    return Journey(llm, text)
