"""Which word looks at which, in every layer and head (Vaswani et al. 2017, eq. 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ShapeError
from ...numerics import Array
from ..base import Table, View, moments_of
from ..packing import Quantised
from ..style import colormap, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...model import LLM


@dataclass(frozen=True)
class AttentionData:
    """The attention of one text.

    Attributes:
        text: as it was given.
        words: its T tokens.
        moments: M labels.
        weights: (M, layers, heads, T, T), in [0, 1]; a row, for the word that looks, sums to 1.
        scores: q·k / sqrt(d), of the same shape; -inf where the mask hides the future.
        sqrt_d: what the scores were divided by, the root of a head's width.
    """

    text: str
    words: tuple[str, ...]
    moments: tuple[str, ...]
    weights: Array
    scores: Array
    sqrt_d: float

    @property
    def causal(self) -> bool:
        """Whether no word looks at a later one."""
        return not np.triu(self.weights, 1).any()


def attention_of(models: Mapping[str, LLM], text: str) -> AttentionData:
    """Trace a text through models of one architecture and vocabulary, one for each moment.

    Raises:
        ShapeError: the network has no attention.
        TextError: the model cannot read the text.
    """
    traces = [llm.trace(text) for llm in models.values()]
    first = next(iter(models.values()))
    words = tuple(first.vocab.words[i] for i in first.tokenize(text))
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
        weights, words = self.data.weights[-1, -1, -1], self.data.words
        if len(words) == 1:
            return f"“{words[0]}” is alone and gives itself all of its attention."
        i, j = divmod(int(np.argmax(weights[1:])), len(words))  # the first word has no choice
        return (
            f"In the last layer the strongest look is “{words[i + 1]}” at “{words[j]}”, "
            f"with {weights[i + 1, j]:.2f} of its attention."
        )

    def figure(self) -> Figure:
        _, layers, heads, length, _ = self.data.weights.shape
        side = min(3.2, max(1.6, 9.5 / layers))

        def draw(figure: Any, axes: Any) -> None:
            for (head, layer), ax in np.ndenumerate(axes):
                weights = self.data.weights[-1, layer, head]
                shown = np.ma.array(weights, mask=np.triu(np.ones_like(weights), 1) * self.data.causal)
                image = ax.imshow(shown, cmap=colormap("sequential"), vmin=0, vmax=1)
                ax.set_title(f"Layer {layer + 1}" + (f", head {head + 1}" if heads > 1 else ""))
                ax.spines[:].set_visible(False)
                step = -(-length // 26)
                words = self.data.words[::step]
                small = {"fontsize": 7 if length > 12 else 8}
                ax.set_xticks(range(0, length, step), words, rotation=90, **small)
                ax.set_yticks(range(0, length, step), words if layer == 0 else [], **small)
                ax.tick_params(length=0)
            figure.colorbar(image, ax=axes, shrink=0.7, label="weight").outline.set_visible(False)

        return plot(draw, side * layers + 1.6, side * heads + 0.6, nrows=heads, ncols=layers, squeeze=False)

    def table(self) -> Table:
        last, words = self.data.weights[-1], self.data.words
        rows = []
        for layer, head, i in np.ndindex(last.shape[:3]):
            j = int(last[layer, head, i].argmax())
            rows.append((layer + 1, head + 1, words[i], words[j], float(last[layer, head, i, j])))
        return Table(("layer", "head", "word", "looks most at", "weight"), rows)

    def state(self) -> dict[str, Any]:
        """One moment travels whole, several as one byte a weight and without the scores."""
        data = self.data
        moments, layers, heads, length, _ = data.weights.shape
        seen = np.tril_indices(length) if data.causal else np.indices((length, length)).reshape(2, -1)

        def cut(array: Array) -> Array:
            return array[..., *seen]

        one = moments == 1
        return {
            "text": data.text,
            "words": data.words,
            "moments": data.moments,
            "layers": layers,
            "heads": heads,
            "causal": data.causal,
            "sqrt_d": data.sqrt_d,
            "weights": cut(data.weights) if one else Quantised.of(cut(data.weights), 0.0, 1.0),
            "scores": cut(data.scores) if one else None,
        }

    def answer(self, question: str) -> AttentionData:
        return attention_of(self.models, question)


def attention(llm: LLM | Mapping[Any, LLM], text: str) -> Attention:
    """Which word looks at which: choose a layer and a head, point at a cell to see its arithmetic, type a
    text.

    Args:
        llm: a model, or several of one architecture by moment: {"epoch 0": before, "epoch 9": after}.
        text: what it reads.
    """
    return Attention(moments_of(llm), text)
