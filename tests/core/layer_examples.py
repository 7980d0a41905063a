"""A small example of every registered layer: what the tests of all of them begin with."""

import inspect
from collections.abc import Callable

import numpy as np

from rustgpt_lab.batch import Batch
from rustgpt_lab.layers import (
    REGISTRY,
    FeedForward,
    GELUFeedForward,
    Layer,
    MultiHeadAttention,
    Residual,
    RMSNorm,
    SelfAttention,
)
from rustgpt_lab.network import Network
from rustgpt_lab.parameters import Param, Parameters, walk

SIZES = {"d": 8, "hidden": 7, "vocab_size": 9, "max_seq_len": 10, "rate": 0.5}
BATCHES = {"one": [[3, 1, 4, 1]], "equal": [[3, 1], [4, 1]], "unequal": [[3, 1, 4, 1, 5], [2], [6, 5, 3]]}


class Table(Layer):
    """The weight that a tied layer needs: it takes rows, and adds its own table's first row to them."""

    def __init__(self, vocab_size: int, d: int):
        self.vocab_size, self.d, self.d_in, self.d_out = vocab_size, d, d, d

    def parameters(self):
        return {
            "token_embeddings": Param((self.vocab_size, self.d), lambda rng, shape: rng.normal(size=shape))
        }

    def forward(self, x, batch, past=None):
        return x + self.p.token_embeddings[0], None

    def backward(self, dy, c, batch):
        self.g.token_embeddings[...] = 0
        self.g.token_embeddings[0] = dy.sum(axis=0)
        return dy


VARIANTS: dict[str, Callable[[], Layer]] = {
    "2 heads, biases": lambda: MultiHeadAttention(8, 2, bias=True),
    "adjacent pairs": lambda: MultiHeadAttention(8, 2, rope="adjacent", bias=True),
    "halves": lambda: MultiHeadAttention(8, 2, rope="halves", rope_base=100.0),
    "4 heads over 2": lambda: MultiHeadAttention(8, 4, 2),
    "4 heads over 1, rotary": lambda: MultiHeadAttention(8, 4, 1, "halves", bias=True),
    "GELU without biases": lambda: GELUFeedForward(8, 7, bias=False),
}
"""Layers whose options are others than the default ones."""

KINDS: dict[str, Callable[..., Layer]] = {**REGISTRY, **VARIANTS}


def example(kind: Callable[..., Layer]) -> list[Layer]:
    """A small layer of the kind, its required sizes from the table; in front of it, one that it is tied to."""
    if kind is Residual:
        inner = Residual(RMSNorm(8), FeedForward(8, 7))
        return [Residual(RMSNorm(8), SelfAttention(8), inner)]
    needed = [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
    layer = kind(**{name: SIZES[name] for name in needed})
    if any(param.tied_to for param in layer.parameters().values()):
        return [Table(SIZES["vocab_size"], SIZES["d"]), layer]
    return [layer]


def bound(layers: list[Layer], dtype: str = "float64") -> Network:
    """The layers with a memory of their own, everything in it random."""
    network = Network(layers, seed=1, dtype=dtype)
    rng = np.random.default_rng(2)
    network.weights.flat[:] += 0.3 * rng.normal(size=network.weights.flat.size)
    return network


def example_input(network: Network, batch: Batch, dtype: str = "float64") -> np.ndarray:
    width = network[0].d_in
    if width is None:
        return batch.ids
    return np.random.default_rng(3).normal(size=(len(batch.ids), width)).astype(dtype)


def forward(network: Network, x: np.ndarray, batch: Batch, past=None) -> tuple[np.ndarray, list]:
    """As the network's own, but from any rows."""
    caches = []
    for layer in network:
        x, cache = layer.forward(x, batch, past)
        caches.append(cache)
    if past is not None:
        past.advance(batch)
    return x, caches


def backward(network: Network, dy: np.ndarray, caches: list, batch: Batch) -> np.ndarray:
    network.gradients  # noqa: B018 - allocated when first asked for
    for layer, cache in zip(reversed(network.layers), reversed(caches), strict=True):
        dy = layer.backward(dy, cache, batch)
    network.parameters.join_tied()
    return dy


__all__ = [
    "BATCHES",
    "KINDS",
    "Parameters",
    "backward",
    "bound",
    "example",
    "example_input",
    "forward",
    "walk",
]
