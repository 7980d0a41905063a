"""What would the model say without a part of it? One change, and the next word's distribution before and after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...batch import Batch
from ...errors import ShapeError
from ...layers import Cache, Layer, MultiHeadAttention, SelfAttention
from ...numerics import Array, causal, softmax
from ...parameters import walk
from ..anatomy import ATTENTION, FEED_FORWARD, NORM, RESIDUAL
from ..base import Table, View
from ..before_after import bars, moved, outcome, shown_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

KINDS: dict[str, tuple[str, Any]] = {
    "attention": ("without attention", ATTENTION),
    "feed_forward": ("without the feed-forward network", FEED_FORWARD),
    "residual": ("without the residual", RESIDUAL),
    "norm": ("without the norm", NORM),
    "scaling": ("without the division by √d", ATTENTION),
    "mask": ("without the causal mask", ATTENTION),
    "hide": ("hide a word", ATTENTION),
    "score": ("set a score", ATTENTION),
}
"""Every kind of change -> what it is in words, and the layers in which it can be made."""


@dataclass(frozen=True)
class Change:
    """What is done to a model.

    Attributes:
        kind: a key of `KINDS`.
        layer: an index into the network, of the layer or of the block around it; None for every layer of that kind.
        row: for "score", the position that looks.
        column: for "score" and "hide", the position that is looked at.
        score: for "score", what stands there in place of q·k / sqrt(d); None leaves it.
    """

    kind: str
    layer: int | None = None
    row: int = 0
    column: int = 0
    score: float | None = None


@dataclass(frozen=True)
class WhatIfData:
    """The next word, before and after a change.

    Attributes:
        text: as it was given.
        words: its T tokens.
        change: what was changed.
        layers: kind of change -> the layers (index, name) in which it can be made.
        top: K words, those most likely before, then those that the change brings up.
        before, after: (K,) their probabilities, in [0, 1].
        moved: the share of the probability that changed its word, in [0, 1] (the total variation distance).
        map_layer: the last attention that was changed, or None.
        scores_before, scores_after, weights_before, weights_after: (T, T) of that layer, its heads' mean, or None.
    """

    text: str
    words: tuple[str, ...]
    change: Change
    layers: dict[str, list[tuple[int, str]]]
    top: tuple[str, ...]
    before: Array
    after: Array
    moved: float
    map_layer: int | None
    scores_before: Array | None = None
    scores_after: Array | None = None
    weights_before: Array | None = None
    weights_after: Array | None = None


def layers_for(llm: LLM) -> dict[str, list[tuple[int, str]]]:
    """Kind of change -> the layers (index, name) in which it can be made; kinds without a layer are left out."""
    places = {
        kind: [
            (i, type(found[-1]).__name__)
            for i, layer in enumerate(llm.network)
            if (found := [inner for _, inner in walk([layer]) if isinstance(inner, kinds)])
        ]
        for kind, (_, kinds) in KINDS.items()
    }
    return {kind: found for kind, found in places.items() if found}


# ---- the changes: each is a layer's forward pass, (x, batch) -> (y, cache), with one thing different --------------


Attention = SelfAttention | MultiHeadAttention


def _rescored(rescore: Callable[[Attention, Array, Change], Array]) -> Any:
    """Attention as the layer computes it, but for its scores."""

    def forward(layer: Attention, x: Array, batch: Batch, change: Change) -> tuple[Array, Cache]:
        q, k, v = layer.project(x, batch)
        scores = rescore(layer, layer.attend(q, k), change)
        weights = softmax(scores)
        return layer.merge(x, weights, v, batch), Cache(scores=scores, weights=weights)

    return forward


def _one_score(layer: Attention, scores: Array, change: Change) -> Array:
    causal(scores)
    if change.score is not None:
        scores[..., change.row, change.column] = change.score
    return scores


def _one_word_hidden(layer: Attention, scores: Array, change: Change) -> Array:
    causal(scores)[
        ..., change.column + 1 :, change.column
    ] = -np.inf  # the word itself must look at something
    return scores


def _left_out(layer: Layer, x: Array, batch: Batch, change: Change) -> tuple[Array, Cache]:
    passes = isinstance(
        layer, RESIDUAL + NORM
    )  # else the residual around it brings x, and it would add to that
    return x if passes else np.zeros_like(x), Cache()


def _without_residual(layer: Layer, x: Array, batch: Batch, change: Change) -> tuple[Array, Cache]:
    y, cache = layer.forward(x, batch)
    return y - x, cache


CHANGED: dict[str, Callable[[Any, Array, Batch, Change], tuple[Array, Cache]]] = {
    "attention": _left_out,
    "feed_forward": _left_out,
    "residual": _without_residual,
    "norm": _left_out,
    "scaling": _rescored(lambda layer, scores, change: causal(scores / layer.scale)),
    "mask": _rescored(lambda layer, scores, change: scores),
    "hide": _rescored(_one_word_hidden),
    "score": _rescored(_one_score),
}


def run(llm: LLM, text: str, change: Change) -> tuple[Array, list[Cache]]:
    """The logits of a text, (T, V), and every layer's cache, by the model's own layers but for the change."""
    batch = Batch([llm.tokenize(text)])
    x: Any = batch.ids
    caches = []
    for i, layer in enumerate(llm.network):
        here = change.layer in (None, i)
        x, cache = (_changed(layer, change) if here else layer).forward(x, batch)
        caches.append(cache)
    return x, caches


def _changed(layer: Layer, change: Change) -> Layer:
    """The same layer, with the same weights, but for its forward pass, or that of a layer inside."""
    twin: Any = copy(layer)
    twin.layers = tuple(_changed(inner, change) for inner in layer.layers)
    if isinstance(layer, KINDS[change.kind][1]):
        twin.forward = lambda x, batch, past=None: CHANGED[change.kind](layer, x, batch, change)
    return twin


def maps_in(layer: Layer, cache: Cache) -> Iterator[Cache]:
    """What a layer, and the layers inside it, remember of their scores and weights."""
    if hasattr(cache, "weights"):
        yield cache
    for pair in zip(layer.layers, getattr(cache, "layers", ()), strict=False):
        yield from maps_in(*pair)


def what_if_of(llm: LLM, text: str, change: Change) -> WhatIfData:
    """Read a text twice, as the model is and with the change.

    Raises:
        ShapeError: there is no such kind of change, layer or position.
        TextError: the model cannot read the text.
    """
    trace = llm.trace(text)
    words = tuple(llm.vocab.pieces(llm.tokenize(text)))
    layers = layers_for(llm)
    _check(change, layers, len(words))
    logits, caches = run(llm, text, change)
    before, after = softmax(trace[f"{len(llm.network) - 1}.output"][-1]), softmax(logits[-1])
    top = shown_words(before, after)

    touched = [i for i, _ in layers[change.kind] if change.layer in (None, i)]
    found = {i: cache for i in touched if (cache := next(maps_in(llm.network[i], caches[i]), None))}
    map_layer = max(found, default=None)
    maps: dict[str, Array] = {}
    if map_layer is not None:
        for name in ("scores", "weights"):
            [key] = [key for key in trace if re.fullmatch(rf"{map_layer}(\.\d+)*\.{name}", key)]
            maps[f"{name}_before"] = _mean_of_heads(trace[key])
            maps[f"{name}_after"] = _mean_of_heads(vars(found[map_layer])[name])
    return WhatIfData(
        text,
        words,
        change,
        layers,
        tuple(llm.vocab.pieces(top)),
        before[top],
        after[top],
        moved(before, after),
        map_layer,
        **maps,
    )


def _mean_of_heads(array: Array) -> Array:
    return array.reshape(-1, *array.shape[-2:]).mean(axis=0)


def _check(change: Change, layers: dict[str, list[tuple[int, str]]], length: int) -> None:
    if change.kind not in layers:
        known = ", ".join(layers)
        raise ShapeError(
            "this model has nothing to change so", where="change", expected=known, got=change.kind
        )
    indices = [i for i, _ in layers[change.kind]]
    if change.layer not in (None, *indices):
        expected = f"None, or one of {indices}"
        raise ShapeError(
            "this layer cannot be changed so", where="layer", expected=expected, got=change.layer
        )
    for name in ("row", "column"):
        if not 0 <= getattr(change, name) < length:
            expected = f"0 to {length - 1}, a position of the text"
            raise ShapeError(
                "there is no such position", where=name, expected=expected, got=getattr(change, name)
            )


class WhatIf(View):
    """The live comparison; `what_if` makes it."""

    name = "what_if"
    title = "What if: the next word, before and after a change"
    data: WhatIfData

    def __init__(self, llm: LLM, text: str, change: Change):
        self.llm = llm
        super().__init__(what_if_of(llm, text, change))

    @property
    def change_in_words(self) -> str:
        """What was changed, and where."""
        change, words = self.data.change, self.data.words
        what = {
            "hide": f"with “{words[change.column]}” hidden",
            "score": f"with the score of “{words[change.row]}” for “{words[change.column]}” "
            + ("as it is" if change.score is None else f"set to {change.score:g}".replace("-", "−")),
        }.get(change.kind, KINDS[change.kind][0])
        every = "any" if what.startswith("without") else "every"
        return f"{what} in {f'{every} layer' if change.layer is None else f'layer {change.layer}'}"

    @property
    def order(self) -> NDArray[np.integer]:
        """The words that are shown, the one that is now the most likely first."""
        return np.argsort(-self.data.after, kind="stable")

    @property
    def sentence(self) -> str:
        data, change = self.data, self.change_in_words
        change = change[0].upper() + change[1:]
        return f"{change}, {outcome(data.top, data.before, data.after, data.moved)}"

    def figure(self) -> Figure:
        data, order = self.data, self.order
        labels = "before", f"after, {self.change_in_words}"
        top = [data.top[i] for i in order]
        return bars(top, data.before[order], data.after[order], labels, data.words)

    def table(self) -> Table:
        data = self.data
        rows = [(data.top[i], float(data.before[i]), float(data.after[i])) for i in self.order]
        return Table(("next word", "before", "after"), rows)

    def state(self) -> dict[str, Any]:
        data, order = self.data, self.order
        return {
            **super().state(),
            "top": [data.top[i] for i in order],
            "before": data.before[order],
            "after": data.after[order],
            "change": vars(self.data.change),
            "kinds": {kind: words for kind, (words, _) in KINDS.items() if kind in self.data.layers},
        }

    def llms(self) -> Sequence[LLM]:
        return [self.llm]

    def answer(self, question: dict[str, Any]) -> WhatIfData:
        """New data for {text, change}; a position that a new, shorter text lacks becomes its last."""
        change = Change(**question["change"])
        last = len(self.llm.tokenize(question["text"])) - 1
        change = replace(change, row=min(change.row, last), column=min(change.column, last))
        return what_if_of(self.llm, question["text"], change)


def what_if(
    llm: LLM,
    text: str,
    change: str = "attention",
    layer: int | None = None,
    row: int | None = None,
    column: int = 0,
    score: float | None = None,
) -> WhatIf:
    """What the model would say next if a part of it were changed: choose the change and its place, see the bars move.

    The model itself is not changed: its own layers run once more, with that one thing different.

    Args:
        llm: a model.
        text: what it reads; the bars are for the word after it.
        change: to begin with: "attention", "feed_forward" or "norm" (left out), "residual" (not added),
            "scaling" (scores are not divided by sqrt(d)), "mask" (words see the future), "hide" (no later word
            looks at the word in `column`) or "score" (`row` looks at `column` with another score).
        layer: its index in the network, such as 1; None for every layer of the kind.
        row: the position that looks; the last one unless it is given.
        column: the position that is looked at.
        score: what stands in place of q·k / sqrt(d).
    """
    if row is None:
        row = max(0, len(llm.tokenize(text)) - 1)
    return WhatIf(llm, text, Change(change, layer, row, column, score))
