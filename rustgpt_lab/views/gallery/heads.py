"""All heads of all layers side by side, and the next word when some of them are silent."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...batch import Batch
from ...errors import ShapeError
from ...layers import Layer, SelfAttention
from ...numerics import Array, softmax
from ...parameters import walk
from ...tokenizers import ids_of
from ..anatomy import ATTENTION
from ..base import Table, View
from ..before_after import draw_bars, moved, outcome, shown_words
from ..packing import Quantised
from ..style import INKS, colormap, plot
from .what_if import maps_in

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

Head = tuple[int, int]
"""A layer with heads and a head of it, counted from 0."""


@dataclass(frozen=True)
class HeadsData:
    """What L layers of H heads look at in a text, and what is said next with and without some of them.

    Attributes:
        text: as it was given.
        words: its T tokens.
        layers: the L names of the layers with heads, such as "2.1".
        shared: how many heads share keys and values.
        silent: the heads that add nothing.
        weights: (L, H, T, T), in [0, 1], with those heads silent.
        whole: (V,) the probabilities of the next word with every head.
        top: the words that are shown, those most likely before, then those that the change brings up.
        before, after: their probabilities, in [0, 1].
        moved: the share of the probability that changed its word, in [0, 1].
    """

    text: str
    words: tuple[str, ...]
    layers: tuple[str, ...]
    shared: int
    silent: tuple[Head, ...]
    weights: Array
    whole: Array
    top: tuple[str, ...]
    before: Array
    after: Array
    moved: float

    @property
    def opening(self) -> Head:
        """Where to look first: there the last word gives the most to one other word, but for the first.

        The first word is where heads look that have nothing to look for.
        """
        last = self.weights[:, :, -1, 1:-1]
        if not last.size:
            return 0, 0
        layer, head, _ = np.unravel_index(int(last.argmax()), last.shape)
        return int(layer), int(head)


def heads_of(llm: LLM, text: str, silent: Iterable[Head] = (), known: HeadsData | None = None) -> HeadsData:
    """Read a text with some heads silent, and with none, unless that is known.

    Raises:
        ShapeError: there is no such head, or no heads, or the layers have not equally many.
        TextError: the model cannot read the text.
    """
    layers = {name: layer for name, layer in walk(llm.network) if isinstance(layer, ATTENTION)}
    counts = {getattr(layer, "heads", 1) for layer in layers.values()}
    if len(counts) != 1:
        expected = "layers with equally many heads"
        raise ShapeError("heads cannot be laid side by side", where="network", expected=expected, got=counts)
    [heads] = counts
    silent = tuple(sorted(set(silent)))
    for layer, head in silent:
        if not (0 <= layer < len(layers) and 0 <= head < heads):
            expected = f"layers 1 to {len(layers)}, heads 1 to {heads}"
            raise ShapeError(
                "there is no such head", where="silent", expected=expected, got=(layer + 1, head + 1)
            )
    ids = ids_of(text, llm.vocab, llm.max_seq_len)
    quiet = {name: [head for layer, head in silent if layer == i] for i, name in enumerate(layers)}
    after, weights = read(llm, ids, quiet)
    whole = after
    if silent:
        whole = known.whole if known and known.text == text else read(llm, ids, {})[0]
    top = shown_words(whole, after)
    shared = heads // getattr(next(iter(layers.values())), "kv_heads", 1)
    return HeadsData(
        text,
        tuple(llm.vocab.pieces(ids)),
        tuple(layers),
        shared,
        silent,
        weights,
        whole,
        tuple(llm.vocab.pieces(top)),
        whole[top],
        after[top],
        moved(whole, after),
    )


def read(llm: LLM, ids: list[int], silent: dict[str, list[int]]) -> tuple[Array, Array]:
    """The next word's probabilities, (V,), and all weights, (L, H, T, T), with some heads of some layers silent."""
    batch = Batch([ids])
    x: Any = batch.ids
    weights = []
    for i, layer in enumerate(llm.network):
        x, cache = _silenced(layer, str(i), silent).forward(x, batch)
        weights += [found.weights.reshape(-1, len(ids), len(ids)) for found in maps_in(layer, cache)]
    return softmax(x[-1]), np.stack(weights)


def _silenced(layer: Layer, name: str, silent: dict[str, list[int]]) -> Layer:
    """The same layer, with the same weights, but for heads in it, or in a layer inside, that add nothing."""
    twin: Any = copy(layer)
    twin.layers = tuple(_silenced(inner, f"{name}.{i}", silent) for i, inner in enumerate(layer.layers))
    quiet = silent.get(name)
    if not quiet:
        return twin
    if isinstance(layer, SelfAttention):
        twin.merge = lambda x, weights, v, batch: x  # its one head's part is missing; the residual stays
        return twin
    plain = twin.mix

    def mix(weights: Array, v: Array) -> Array:
        found = plain(weights, v)
        found[:, quiet] = 0
        return found

    twin.mix = mix
    return twin


class Heads(View):
    """The live overview; `heads` makes it."""

    name = "heads"
    title = "Heads: what each looks at, and what is lost without it"
    data: HeadsData

    def __init__(self, llm: LLM, text: str, silent: Iterable[Head] = ()):
        self.llm = llm
        super().__init__(heads_of(llm, text, silent))

    @property
    def sentence(self) -> str:
        data = self.data
        if not data.silent:
            return f"With every head, “{data.top[0]}” comes next with {data.before[0]:.3f}."
        _, heads, *_ = data.weights.shape
        quiet = {layer for layer, _ in data.silent}
        names = [f"head {head + 1} of layer {layer + 1}" for layer, head in data.silent]
        if len(names) == heads * len(quiet) > 2:
            names = [f"any head of layer {layer + 1}" for layer in sorted(quiet)]
        which = " and ".join(names) if len(names) < 3 else f"{len(data.silent)} heads"
        return f"Without {which}, {outcome(data.top, data.before, data.after, data.moved)}"

    def figure(self) -> Figure:
        """A small map for every head, and the bars of the next word."""
        data = self.data
        layers, heads, length, _ = data.weights.shape
        gap = max(1, length // 8)
        pitch = length + gap
        tiles = np.full((layers * pitch, heads * pitch), np.nan)
        for layer, head in np.ndindex(layers, heads):
            seen = np.where(np.tri(length, dtype=bool), data.weights[layer, head], np.nan)
            tiles[layer * pitch :, head * pitch :][:length, :length] = seen
        order = np.argsort(-data.after, kind="stable")

        def draw(figure: Any, axes: Any) -> None:
            small, ax = axes
            small.imshow(tiles, cmap=colormap("sequential"), vmin=0, vmax=1)
            for layer, head in data.silent:
                x, y = head * pitch, layer * pitch
                small.plot([x, x + length - 1], [y + length - 1, y], color=INKS["warn"], linewidth=2)
            centres = (length - 1) / 2
            small.set_xticks(np.arange(heads) * pitch + centres, np.arange(heads) + 1)
            small.set_yticks(np.arange(layers) * pitch + centres, np.arange(layers) + 1)
            small.tick_params(length=0)
            small.spines[:].set_visible(False)
            small.set(xlabel="head (a line: silent)", ylabel="layer")
            top = [data.top[i] for i in order]
            labels = "every head", "without the silent ones"
            draw_bars(ax, top, data.before[order], data.after[order], labels)

        return plot(draw, 11, 4.8, ncols=2, width_ratios=[1.3, 1])

    def table(self) -> Table:
        data = self.data
        rows = []
        for layer, head in np.ndindex(data.weights.shape[:2]):
            last = data.weights[layer, head, -1]
            best = int(last.argmax())
            state = "silent" if (layer, head) in data.silent else ""
            rows.append((layer + 1, head + 1, data.words[best], float(last[best]), state))
        return Table(("layer", "head", "the last word looks most at", "weight", ""), rows)

    def state(self) -> dict[str, Any]:
        data = self.data
        layers, heads, length, _ = data.weights.shape
        order = np.argsort(-data.after, kind="stable")
        seen = np.flatnonzero(np.tri(length))
        return {
            "text": data.text,
            "words": data.words,
            "layers": layers,
            "heads": heads,
            "shared": data.shared,
            "silent": data.silent,
            "opening": data.opening,
            "weights": Quantised.of(data.weights.reshape(layers, heads, -1).take(seen, axis=-1), 0.0, 1.0),
            "top": [data.top[i] for i in order],
            "before": data.before[order],
            "after": data.after[order],
        }

    def answer(self, question: dict[str, Any]) -> HeadsData:
        """New data for {text, silent: [[layer, head], ...]}."""
        silent = [(int(layer), int(head)) for layer, head in question["silent"]]
        return heads_of(self.llm, question["text"], silent, self.data)


def heads(llm: LLM, text: str, silent: Iterable[Head] = ()) -> Heads:
    """What every head of every layer looks at: choose one to see it large, silence it, and see the next word change.

    A silent head adds nothing to what its layer gives on. The model itself is not changed; the maps are those with
    the silent heads, for what comes after a layer reads what that layer gave.

    Args:
        llm: a model; with one head a layer, as RustGPT's, a layer is silenced.
        text: what it reads; the bars are for the word after it.
        silent: pairs (layer, head), counted from 1 as in the picture.

    Raises:
        ShapeError: there is no such head; or there are none.
        TextError: the model cannot read the text.
    """
    return Heads(llm, text, [(layer - 1, head - 1) for layer, head in silent])
