"""The real language model with a learner's functions in its layers: its own weights, not a copy of them.

Each layer is a subclass of ours of the same name, which answers and does not learn: no exercise gives the way back.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from .. import layers
from ..batch import Batch
from ..cache import KeyValues
from ..errors import AccessError
from ..layers import Cache, Layer
from ..llm import LLM
from ..numerics import Array
from ..persistence import fetched
from .assembly import verify
from .card import Card
from .exercise import find_exercise
from .my_file import MODERN
from .my_gpt import functions_of
from .your_layers import Functions, Yours, pieces


class RMSNorm(Yours, layers.RMSNorm):
    """gamma * x / sqrt(mean(x^2) + epsilon) over each row, by your `rms_norm`."""

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        [y] = self.call("11.1", x, self.p.gamma[0], self.epsilon, like=[x])
        return y, Cache()


class MultiHeadAttention(Yours, layers.MultiHeadAttention):
    """Causal attention of several heads, by your `rotate` and `grouped_attention`, or one of them."""

    def project(self, x: Array, batch: Batch) -> tuple[Array, Array, Array]:
        if "11.2" not in self.functions:
            return super().project(x, batch)
        q, k, v = _unturned(self).project(x, batch)  # (B, heads, T, h)
        for i, rows in enumerate(pieces(batch)):
            for array in (q, k):
                mine = array[i, :, : batch.lengths[i]]  # (heads, T, h)
                [mine[...]] = self.call("11.2", mine, batch.positions[rows], self.rope_base, like=[mine])
        return q, k, v

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        if "11.3" not in self.functions or (past is not None and past.columns):
            return super().forward(x, batch, past)  # yours reads whole texts; ours also goes on from a past
        q, k, v = self.project(x, batch)
        if past is not None:
            past.extend(self, k, v)
        found = np.empty((len(x), self.d), x.dtype)
        for i, rows in enumerate(pieces(batch)):
            mine = [array[i, :, : batch.lengths[i]] for array in (q, k, v)]
            [heads] = self.call("11.3", *mine, like=[mine[0]])  # (H, T, h)
            found[rows] = heads.swapaxes(0, 1).reshape(-1, self.d)
        return self._times(found, "o"), Cache()


class SwiGLU(Yours, layers.SwiGLU):
    """(silu(x w_gate) * (x w_up)) w_down, by your `swiglu`."""

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        [y] = self.call("11.4", x, *self.p.values(), like=[x])
        return y, Cache()


PLACES: dict[type[Layer], tuple[type[Yours], set[str]]] = {
    layers.RMSNorm: (RMSNorm, {"11.1"}),
    layers.MultiHeadAttention: (MultiHeadAttention, {"11.2", "11.3"}),
    layers.SwiGLU: (SwiGLU, {"11.4"}),
}
"""A layer of ours -> the one that calls a learner's functions, and which ones."""


def _unturned(layer: MultiHeadAttention) -> layers.MultiHeadAttention:
    """Ours with the same weights, whose queries and keys are not turned."""
    twin = layers.MultiHeadAttention(layer.d, layer.heads, layer.kv_heads, bias=layer.bias)
    twin.p = layer.p
    return twin


def _yours(layer: Layer, functions: Functions) -> Layer:
    """A layer with the same weights, in which, and in whose inner layers, a learner's functions are called."""
    kind, ids = PLACES.get(type(layer), (None, set()))
    used = {id: functions[id] for id in ids & functions.keys()}
    if getattr(layer, "rope", "adjacent") != "adjacent":
        used.pop("11.2", None)  # yours turns neighbours
    if kind is None or not used:
        twin: Any = copy(layer)
        twin.layers = tuple(_yours(inner, functions) for inner in layer.layers)
        return twin
    twin = kind(**layer.settings())
    twin.p, twin.functions = layer.p, used
    return twin


class YourRealModel(LLM):
    """A model with the weights of another one, whose layers call a learner's functions; see `with_your_parts`."""

    def __init__(self, like: LLM, functions: Functions):
        network = copy(like.network)
        network.layers = tuple(_yours(layer, functions) for layer in like.network)
        super().__init__(like.vocab, network, adam=like.adam)
        self.functions = functions

    @property
    def yours(self) -> Card:
        """How much of the model is yours: a line for every part."""
        done = [id for id in MODERN if id in self.functions]
        lines = [
            f"{'✓' if id in done else '○'} {what}: "
            + (f"your `{find_exercise(id).name}`" if id in done else f"the course's, until {id} passes")
            for id, what in MODERN.items()
        ]
        lines.append("and the course's: embeddings, products with matrices, the cache of a text that goes on")
        title = f"{len(done)} of {len(MODERN)} parts of this model are yours"
        return Card(title, lines, "good" if len(done) == len(MODERN) else "open")


def with_your_parts(llm: LLM, mine: Any) -> YourRealModel:
    """A model like Llama with your functions in its layers, ours where there are none yet; no weight is copied.

    Each function is checked first, as `check` does. While an answer is written, each new word looks at what was read
    before by our attention: yours reads whole texts.

    Args:
        llm: such as `LLM.smollm2()`.
        mine: what `course.import_my_gpt()` gives, or exercises and their functions, `{"11.1": rms_norm}`.

    Raises:
        ModelError: a function is wrong: what the course says of it.

    >>> from rustgpt_lab import Vocab
    >>> from rustgpt_lab.course.exercises.nb11 import rms_norm
    >>> ours = LLM.build(Vocab.default(), 8, 8, blocks=1, architecture="llama", heads=2)
    >>> with_your_parts(ours, {"11.1": rms_norm}).yours.title
    '1 of 4 parts of this model are yours'
    """
    functions = {id: function for id, function in functions_of(mine).items() if id in MODERN}
    verify(functions)
    return YourRealModel(llm, functions)


def is_here() -> bool:
    """Whether SmolLM2 has been fetched; if not, a line says how to get it."""
    try:
        fetched()
    except AccessError as problem:
        print(f"The rest of this cell needs a real language model. {problem.remedy}")
        return False
    return True
