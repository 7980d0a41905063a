"""Everything that layers find on their way, by name: what the pictures show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..batch import Batch
from ..numerics import Array
from .base import Layer


def traced(layers: Sequence[Layer], ids: Sequence[int]) -> dict[str, Array]:
    """Every named intermediate of every layer for one sequence, "index.name" such as "1.weights".

    Each layer's `output` (T, d_out) is there, and all that its cache holds; the batch's axis is left out.
    """
    batch = Batch([ids])
    x: Any = batch.ids
    found: dict[str, Array] = {}
    for i, layer in enumerate(layers):
        x, cache = layer.forward(x, batch)
        found |= {**_named(str(i), layer, cache), f"{i}.output": x}
    return found


def _named(name: str, layer: Layer, cache: Any) -> dict[str, Array]:
    """The arrays of a layer's cache, and of the layers inside it, each without the axis of the batch."""
    found: dict[str, Array] = {}
    for key, value in vars(cache).items():
        if isinstance(value, np.ndarray):
            found[f"{name}.{key}"] = value[0] if layer.axes.get(key, "").startswith("B") else value
    for i, inner in enumerate(layer.layers):
        found |= _named(f"{name}.{i}", inner, cache.layers[i])
    return found
