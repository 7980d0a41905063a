"""The network: layers in a row, from ids to scores and, for the gradients, back. It knows neither words nor files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .batch import Batch
from .cache import KeyValues
from .errors import ShapeError
from .layers import Layer
from .numerics import Array, cross_entropy
from .parameters import Parameters, Views, walk

AT_ONCE = 1 << 22
"""Scores that `mean_loss` computes at a time, so that a large corpus or vocabulary does not need a large memory."""


class Network(Sequence[Layer]):
    """Layers in a row, each of which takes the width that the one before it gives; a sequence of them, too.

    Args:
        layers: the first takes ids if the network is to read; none may belong to another network.
        seed: of the random first weights; None leaves them all 0, for a caller who fills them in.
        dtype: "float32" or "float64".
        max_seq_len: how many positions it can see; by default, as many as a layer has vectors for.

    Attributes:
        parameters: the flat buffers of all weights and gradients (`Parameters`).

    Raises:
        ShapeError: two layers do not fit together; a layer belongs to a network already, or stands here twice.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        seed: int | None = 0,
        dtype: str = "float32",
        max_seq_len: int | None = None,
    ):
        self.layers = tuple(layers)
        _check(self.layers)
        limits = [layer.max_seq_len for _, layer in walk(self.layers) if hasattr(layer, "max_seq_len")]
        self.max_seq_len = max_seq_len or min(limits, default=None)
        self.parameters = Parameters(self.layers, dtype)
        if seed is not None:
            self.parameters.initialize(seed)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: Any) -> Any:
        return self.layers[index]

    @property
    def weights(self) -> Views:
        """Every weight by name, "index.field" such as "1.w_q"."""
        return self.parameters.weights

    @property
    def gradients(self) -> Views:
        """The gradient of every weight, as the last `backward` left it."""
        return self.parameters.gradients

    def forward(self, batch: Batch, past: KeyValues | None = None) -> tuple[Array, list[Any]]:
        """A batch of N positions -> logits (N, V), and what every layer kept for its backward pass.

        Args:
            past: what was read before; it then holds this batch, too.
        """
        x: Any = batch.ids
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, batch, past)
            caches.append(cache)
        if past is not None:
            past.advance(batch)
        return x, caches

    def backward(self, dlogits: Array, caches: list[Any], batch: Batch) -> None:
        """The chain rule, from the last layer to the first: sets every gradient.

        Every cache leaves `caches` when it has been used: its memory serves the layers that follow.
        """
        parameters = self.parameters
        parameters.gradients  # noqa: B018 - every layer has its `g` from the first time on
        dy: Any = dlogits
        for layer in reversed(self.layers):
            dy = layer.backward(dy, caches.pop(), batch)
        parameters.join_tied()

    def loss(self, batch: Batch) -> tuple[float, Array, list[Any]]:
        """The mean loss of a batch `to_learn`, in nats; its gradient for the logits, (N, V); and the layers' caches."""
        logits, caches = self.forward(batch)
        losses, p = cross_entropy(logits, batch.targets)
        shares = batch.shares.astype(p.dtype)  # (N,)
        dlogits = p
        dlogits[np.arange(len(p)), batch.targets] -= 1  # the gradient of cross-entropy after softmax is p - y
        dlogits *= shares[:, None]
        return float(losses @ shares), dlogits, caches

    def mean_loss(self, sequences: Sequence[Sequence[int]]) -> float:
        """The mean loss of many sequences, in nats, in a bounded memory; no gradient is prepared."""
        total = 0.0
        for part in _parts(sequences, max(1, AT_ONCE // self.layers[-1].d_out)):
            batch = Batch.to_learn(part)
            losses, _ = cross_entropy(self.scores(batch), batch.targets)
            total += float(losses @ batch.shares) * batch.size
        return total / len(sequences)

    def scores(self, batch: Batch, past: KeyValues | None = None, last: bool = False) -> Array:
        """The logits alone: (N, V), or with `last` only those after each sequence's last id, (B, V)."""
        x: Any = batch.ids
        *layers, output = self.layers
        for layer in layers:
            x, _ = layer.forward(x, batch, past)
        last = last and len(x) > batch.size  # else every row is the last one of its sequence
        if last and output.rowwise:
            x, last = x[batch.last], False
        x, _ = output.forward(x, batch, past)
        if past is not None:
            past.advance(batch)
        return x[batch.last] if last else x

    def trace(self, ids: Sequence[int]) -> dict[str, Array]:
        """Every named intermediate of every layer for one sequence, "index.name" such as "1.weights".

        Each layer's `output` (T, d_out) is there, and all that its cache holds; the batch's axis is left out.
        """
        batch = Batch([ids])
        x: Any = batch.ids
        found: dict[str, Array] = {}
        for i, layer in enumerate(self.layers):
            x, cache = layer.forward(x, batch)
            found |= {**_named(str(i), layer, cache), f"{i}.output": x}
        return found

    def copy(self) -> Network:
        """An independent network with the same weights."""
        layers = [layer.unbound() for layer in self.layers]
        twin = Network(layers, None, self.weights.flat.dtype.name, self.max_seq_len)
        twin.weights.flat[:] = self.weights.flat
        return twin

    def __repr__(self) -> str:
        return "\n".join(f"{i:>4} {layer!r}" for i, layer in enumerate(self.layers))


def _named(name: str, layer: Layer, cache: Any) -> dict[str, Array]:
    """The arrays of a layer's cache, and of the layers inside it, each without the axis of the batch."""
    found: dict[str, Array] = {}
    for key, value in vars(cache).items():
        if isinstance(value, np.ndarray):
            found[f"{name}.{key}"] = value[0] if layer.axes.get(key, "").startswith("B") else value
    for i, inner in enumerate(layer.layers):
        found |= _named(f"{name}.{i}", inner, cache.layers[i])
    return found


def _parts(sequences: Sequence[Sequence[int]], rows: int) -> Iterator[Sequence[Sequence[int]]]:
    """Cut into parts of at most so many rows, but of one sequence at least."""
    start = count = 0
    for i, ids in enumerate(sequences):
        if count and count + len(ids) > rows:
            yield sequences[start:i]
            start, count = i, 0
        count += len(ids)
    yield sequences[start:]


def require_words(layers: Sequence[Layer], count: int) -> None:
    """Refuse layers that were made for another number of words.

    Raises:
        ShapeError: one of them.
    """
    for name, layer in walk(layers):
        if (size := getattr(layer, "vocab_size", count)) != count:
            raise ShapeError(
                "a layer and the vocabulary do not fit together",
                where=f"network[{name}] ({type(layer).__name__})",
                expected=f"{count} words, as in the vocabulary",
                got=size,
            )


def _check(layers: Sequence[Layer]) -> None:
    seen: set[int] = set()
    for name, layer in walk(layers):
        if id(layer) in seen or hasattr(layer, "p"):
            raise ShapeError(
                "this layer stands here twice"
                if id(layer) in seen
                else "this layer belongs to a model already",
                where=f"network[{name}] ({type(layer).__name__})",
                remedy="Make a new one, and copy the weights: new.parameters.flat[:] = old.parameters.flat.",
            )
        seen.add(id(layer))
        _check_widths(layer.layers, f"{name}.")
        if layer.layers and layer.d_in != layer.d_out:
            raise ShapeError(
                "what goes around these layers does not fit what comes out of them",
                where=f"network[{name}] ({type(layer).__name__})",
                expected=f"width {layer.d_in}",
                got=layer.d_out,
            )
    _check_widths(layers, "")


def _check_widths(layers: Sequence[Layer], outside: str) -> None:
    for i, (before, layer) in enumerate(pairwise(layers), 1):
        if layer.d_in != before.d_out:
            expected = f"a layer that takes width {before.d_out}, as the layer before it gives"
            got = "one that takes ids" if layer.d_in is None else f"one that takes {layer.d_in}"
            where = f"network[{outside}{i}] ({type(layer).__name__})"
            raise ShapeError("two layers do not fit together", where=where, expected=expected, got=got)
