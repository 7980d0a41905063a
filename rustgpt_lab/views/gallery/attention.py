"""Which word looks at which, in every layer and head (Vaswani et al. 2017, eq. 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ShapeError
from ...numerics import Array
from ..base import Table, View, snapshots_of
from ..packing import Quantised
from ..style import colormap, plot, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM


MAPS = 64
"""In a still picture."""
EXACT = 250_000
"""Weights; more travel rounded, and without the scores."""


@dataclass(frozen=True)
class AttentionData:
    """The attention of one text.

    Attributes:
        text: as it was given.
        words: its T tokens.
        snapshots: M labels.
        weights: (M, layers, heads, T, T), in [0, 1]; a row, for the word that looks, sums to 1.
        scores: q·k / sqrt(d), of the same shape; -inf where the mask hides the future.
        sqrt_d: what the scores were divided by, the root of a head's width.
    """

    text: str
    words: tuple[str, ...]
    snapshots: tuple[str, ...]
    weights: Array
    scores: Array
    sqrt_d: float

    @property
    def opening(self) -> tuple[int, int, int]:
        """Where to look first: (layer, head, word looked at), from 0.

        There the last word gives more of its attention to one other word than in any other layer and head.
        """
        if len(self.words) == 1:
            return 0, 0, 0
        others = self.weights[-1, :, :, -1, :-1]
        layer, head, column = np.unravel_index(int(others.argmax()), others.shape)
        return int(layer), int(head), int(column)

    @property
    def causal(self) -> bool:
        """Whether no word looks at a later one."""
        return not np.triu(self.weights[0], 1).any()


def attention_of(models: Mapping[str, LLM], text: str) -> AttentionData:
    """Trace a text through models of one architecture and vocabulary, one for each snapshot.

    Raises:
        ShapeError: the network has no attention.
        TextError: the model cannot read the text.
    """
    traces = [llm.trace(text) for llm in models.values()]
    first = next(iter(models.values()))
    words = tuple(first.vocab.pieces(first.tokenize(text)))
    layers = [name.removesuffix(".weights") for name in traces[0] if name.endswith(".weights")]
    if not layers:
        raise ShapeError(
            "this network has no attention to show", where="network", expected="an attention layer"
        )

    def gathered(name: str) -> Array:
        square = (-1, len(words), len(words))
        return np.stack([[trace[f"{layer}.{name}"].reshape(square) for layer in layers] for trace in traces])

    weights = gathered("weights")
    width = traces[0][f"{layers[0]}.q"].size // len(words) // weights.shape[2]
    return AttentionData(text, words, tuple(models), weights, gathered("scores"), width**0.5)


class Attention(View):
    """The live map of attention; `attention` makes it."""

    name = "attention"
    title = "Attention: which word looks at which"
    data: AttentionData

    def __init__(self, models: Mapping[str, LLM], text: str):
        self.models = models
        super().__init__(attention_of(models, text))

    @property
    def sentence(self) -> str:
        words, (layer, head, column) = self.data.words, self.data.opening
        if len(words) == 1:
            return f"“{words[0]}” is alone and gives itself all of its attention."
        _, layers, heads, *_ = self.data.weights.shape
        weight = self.data.weights[-1, layer, head, -1, column]
        where = f"layer {layer + 1}" + (f", head {head + 1}" if heads > 1 else "")
        most = ", more than it gives to another word anywhere else" if layers * heads > 1 else ""
        return f"In {where} the last word, “{words[-1]}”, gives “{words[column]}” {weight:.2f} of its attention{most}."

    @property
    def shown(self) -> tuple[Array, int]:
        """What a still picture has room for, (layers, heads, T, T), and the first of these layers, from 0."""
        last = self.data.weights[-1]
        if last.shape[0] * last.shape[1] <= MAPS:
            return last, 0
        layer = self.data.opening[0]
        return last[layer : layer + 1], layer

    def figure(self) -> Figure:
        """One map for every layer and head, as tiles of a single image; of many layers, only the opening's."""
        weights_of, first = self.shown
        layers, heads, length, _ = weights_of.shape
        rows, columns = (layers, heads) if heads > 1 else (1, layers)
        side = min(3.4, 11 / columns)  # inches
        pitch = length + 1 + int(0.3 / side * length)  # room for a title above every tile
        tiles = np.full((rows * pitch, columns * pitch), np.nan)
        step = -(-length // int(6 * side))  # at most six words an inch

        def draw(figure: Any, ax: Any) -> None:
            for tile in range(layers * heads):
                (layer, head), (row, column) = divmod(tile, heads), divmod(tile, columns)
                weights = weights_of[layer, head]
                future = np.triu(np.ones_like(weights, bool), 1) & self.data.causal
                y, x = row * pitch + pitch - length, column * pitch
                tiles[y : y + length, x : x + length] = np.where(future, np.nan, weights)
                if self.data.causal and length > 1:
                    steps = [(x + k + 0.5, y + k + edge) for k in range(length - 1) for edge in (-0.5, 0.5)]
                    corners = [*steps, (x + length - 0.5, y + length - 1.5), (x + length - 0.5, y - 0.5)]
                    ax.fill(*zip(*corners, strict=True), facecolor="none", hatch="////", linewidth=0)
                ax.text(
                    x - 0.5,
                    y - 0.8,
                    f"Layer {first + layer + 1}" + (f", head {head + 1}" if heads > 1 else ""),
                )
            words = [shortened(word) for word in self.data.words[::step]]
            image = ax.imshow(tiles, cmap=colormap("sequential"), vmin=0, vmax=1)
            places = range(0, length, step)
            across = [column * pitch + place for column in range(columns) for place in places]
            down = [row * pitch + pitch - length + place for row in range(rows) for place in places]
            ax.set_xticks(across, words * columns, rotation=90, parse_math=False)
            ax.set_yticks(down, words * rows, parse_math=False)
            ax.tick_params(length=0)
            ax.set(xlabel="word looked at (hatched: it comes later, and is hidden)", ylabel="word that looks")
            ax.spines[:].set_visible(False)
            figure.colorbar(image, shrink=0.6, label="share of the attention").outline.set_visible(False)

        return plot(draw, side * columns + 1.6, side * rows + 0.8)

    def table(self) -> Table:
        (last, first), words = self.shown, self.data.words
        rows = []
        for layer, head, i in np.ndindex(last.shape[:3]):
            j = int(last[layer, head, i].argmax())
            rows.append((first + layer + 1, head + 1, words[i], words[j], float(last[layer, head, i, j])))
        return Table(("layer", "head", "word", "looks most at", "weight"), rows)

    def state(self) -> dict[str, Any]:
        """What is not too much travels whole, the rest as one byte a weight and without the scores."""
        data = self.data
        snapshots, layers, heads, length, _ = data.weights.shape
        seen = np.flatnonzero(np.tri(length) if data.causal else np.ones((length, length)))

        def cut(array: Array) -> Array:
            return array.reshape(snapshots, layers, heads, -1).take(seen, axis=-1)

        weights = cut(data.weights)
        exact = weights.size <= EXACT
        return {
            "text": data.text,
            "words": data.words,
            "snapshots": data.snapshots,
            "layers": layers,
            "heads": heads,
            "causal": data.causal,
            "sqrt_d": data.sqrt_d,
            "opening": data.opening,
            "weights": weights if exact else Quantised.of(weights, 0.0, 1.0),
            "scores": cut(data.scores) if exact else None,
        }

    def llms(self) -> Sequence[LLM]:
        return [*self.models.values()]

    def answer(self, question: str) -> AttentionData:
        return attention_of(self.models, question)


def attention(llm: LLM | Mapping[Any, LLM], text: str) -> Attention:
    """Which word looks at which: choose a layer and a head, point at a cell to see its arithmetic, type a
    text.

    Args:
        llm: a model, or several of one architecture by snapshot: {"epoch 0": before, "epoch 9": after}.
        text: what it reads.
    """
    return Attention(snapshots_of(llm), text)
