"""The network: layers in a row, from ids to scores and, for the gradients, back. It knows neither words nor files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .batch import Batch
from .cache import KeyValues
from .layers import Layer, check_layers
from .numerics import Array, cross_entropy
from .parameters import Parameters, Views, walk

AT_ONCE = 1 << 22
"""Scores that `mean_loss` computes at a time, so that a large corpus or vocabulary does not need a large memory."""


class Network(Sequence[Layer]):
    """Layers in a row, each of which takes the width that the one before it gives; a sequence of them, too.

    Its `weights` and `gradients` are `Views` named "index.field", such as "1.w_q"; their memory is its `parameters`.

    Args:
        layers: the first takes ids if the network is to read; what does not fit is a ShapeError, see `layers.fit`.
        seed: of the random first weights; None leaves them all 0, for a caller who fills them in.
        dtype: "float32" or "float64".
        max_seq_len: how many positions it can see; by default, as many as a layer has vectors for.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        seed: int | None = 0,
        dtype: str = "float32",
        max_seq_len: int | None = None,
    ):
        self.layers = tuple(layers)
        check_layers(self.layers)
        limits = [layer.max_seq_len for _, layer in walk(self.layers) if hasattr(layer, "max_seq_len")]
        self.max_seq_len = max_seq_len or min(limits, default=None)
        self.parameters = Parameters(self.layers, dtype)
        self.weights = self.parameters.weights
        if seed is not None:
            self.parameters.initialize(seed)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: Any) -> Any:
        return self.layers[index]

    @property
    def gradients(self) -> Views:
        return self.parameters.gradients

    def forward(self, batch: Batch, past: KeyValues | None = None) -> tuple[Array, list[Any]]:
        """A batch of N positions -> logits (N, V), and every layer's cache; `past` then holds this batch, too."""
        x: Any = batch.ids
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, batch, past)
            caches.append(cache)
        if past is not None:
            past.advance(batch)
        return x, caches

    def backward(self, dlogits: Array, caches: list[Any], batch: Batch) -> None:
        """The chain rule, from the last layer to the first: sets every gradient; used caches leave `caches`."""
        self.parameters.gradients  # noqa: B018 - asked for, so that every layer has its `g`
        dy: Any = dlogits
        for layer in reversed(self.layers):
            dy = layer.backward(dy, caches.pop(), batch)
        self.parameters.join_tied()

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
        """The mean loss of many sequences, in nats, in a bounded memory."""
        count, total = len(sequences), 0.0
        size = max(1, AT_ONCE // (max(map(len, sequences)) * self.layers[-1].d_out))
        for start in range(0, count, size):
            batch = Batch.to_learn(sequences[start : start + size])
            losses, _ = cross_entropy(self.scores(batch), batch.targets)
            total += float(losses @ batch.shares) * batch.size
        return total / count

    def scores(self, batch: Batch, past: KeyValues | None = None, last: bool = False) -> Array:
        """The logits alone: (N, V), or with `last` only those after each sequence's last id, (B, V)."""
        x: Any = batch.ids
        for layer in self.layers:
            if last and layer is self.layers[-1] and layer.rowwise and len(x) > batch.size:
                x = x[batch.last]  # the other rows are not needed any more
            x, _ = layer.forward(x, batch, past)
        if past is not None:
            past.advance(batch)
        return x[batch.last] if last and len(x) > batch.size else x

    def unbound(self) -> Network:
        """A network of the same form whose weights are still 0."""
        layers = [layer.unbound() for layer in self.layers]
        return Network(layers, None, self.weights.flat.dtype.name, self.max_seq_len)

    def __repr__(self) -> str:
        return "\n".join(f"{i:>4} {layer!r}" for i, layer in enumerate(self.layers))
