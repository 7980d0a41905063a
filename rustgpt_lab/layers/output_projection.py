"""The last step: a score for every word of the vocabulary."""

import numpy as np

from ..batch import Batch
from ..numerics import Array
from ..parameters import Shapes
from .base import Cache, Layer, random_weight


class OutputProjection(Layer):
    """The logits x w_out + b_out, (N, d) -> (N, V).

    As in RustGPT, b_out is trained without Adam.

    Args:
        d: the width of a row.
        vocab_size: V, the number of words.
    """

    plain_sgd = ("b_out",)

    def __init__(self, d: int, vocab_size: int):
        self.d = self.takes = d
        self.vocab_size = self.gives = vocab_size

    def shapes(self) -> Shapes:
        return {"w_out": (self.d, self.vocab_size), "b_out": (1, self.vocab_size)}

    def initialize(self, rng: np.random.Generator) -> None:
        self.p.w_out[...] = random_weight(rng, self.p.w_out.shape)

    def forward(self, x: Array, batch: Batch) -> tuple[Array, Cache]:
        logits = x @ self.p.w_out
        logits += self.p.b_out  # in place: the largest matrix of the whole pass
        return logits, Cache(x=x)

    def step(self, x: Array, position: int, memory: None) -> Array:
        logits = x.dot(self.p.w_out)
        logits += self.p.b_out[0]
        return logits

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        self.g.w_out += c.x.T @ dy
        self.g.b_out += dy.sum(axis=0)
        return dy @ self.p.w_out.T
