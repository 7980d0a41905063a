"""What notebook 06a builds to judge a backward pass: nudging beside it, for a layer and each of its weights."""

from collections.abc import Callable, Mapping

import numpy as np

from ..batch import Batch
from ..gradcheck import numerical_gradient, relative_error
from ..layers import Layer
from ..numerics import Array

Pairs = dict[str, tuple[Array, Array]]
"""By name: what the backward pass says, and what nudging finds."""


def numerical(forward: Callable[[], Array], array: Array, dy: Array) -> Array:
    """The gradient of sum(forward() * dy), by nudging `array`."""
    return numerical_gradient(lambda: float((forward() * dy).sum()), array)


def agree(analytic: Array, numerical: Array) -> bool:
    """Whether they are the same, but for the step and rounding."""
    return relative_error(analytic, numerical) < 1e-7


def beside(name: str, analytic: Array, numerical: Array) -> None:
    """Print both gradients of an array, entry by entry."""
    for i in np.ndindex(analytic.shape):
        print(f"{name + str(list(i)):>12} {analytic[i]:9.5f} {numerical[i]:9.5f}")


def gradient_check(layer: Layer, x: Array, dy: Array, batch: Batch) -> Pairs:
    """Both gradients of a layer's input and of each of its weights. `layer.g` is overwritten."""
    _, cache = layer.forward(x, batch)
    found = {"input": layer.backward(dy, cache, batch), **layer.g}
    return {
        name: (found[name].copy(), numerical(lambda: layer.forward(x, batch)[0], array, dy))
        for name, array in {"input": x, **layer.p}.items()
    }


def report(pairs: Mapping[str, tuple[Array, Array]]) -> bool:
    """Print which gradients are right; whether all of them are."""
    verdicts = {name: agree(*pair) for name, pair in pairs.items()}
    for name, right in verdicts.items():
        print(f"{name:>8} {'agrees' if right else 'DIFFERS'}")
    return all(verdicts.values())
