"""What pictures of a network must know of it: where a block ends, and which layers add to what they are given."""

from __future__ import annotations

from collections.abc import Sequence

from ..layers import (
    FeedForward,
    GELUFeedForward,
    Layer,
    LayerNorm,
    MultiHeadAttention,
    Output,
    OutputProjection,
    Residual,
    RMSNorm,
    SelfAttention,
    StandardLayerNorm,
    SwiGLU,
    TiedOutput,
)
from ..parameters import walk

RESIDUAL = (SelfAttention, FeedForward, Residual)
"""The layers whose output is their input plus something."""

ATTENTION = (SelfAttention, MultiHeadAttention)
FEED_FORWARD = (FeedForward, GELUFeedForward, SwiGLU)
NORM = (LayerNorm, StandardLayerNorm, RMSNorm)
OUTPUT = (OutputProjection, TiedOutput, Output)


def block_ends(network: Sequence[Layer]) -> list[int]:
    """The layers after which a block ends: those before one that looks at other positions, and the last but one.

    For RustGPT's network: the embeddings, and the second norm of each block.
    """
    last = len(network) - 1
    looks = [any(not inner.rowwise for _, inner in walk([layer])) for layer in network]
    return [i for i in range(last) if i + 1 == last or looks[i + 1]]


def blocks_of(network: Sequence[Layer]) -> list[int]:
    """The number of the block that each layer belongs to, from 1; 0 for one before the first or after the last."""
    ends = block_ends(network)
    starts = [end + 1 for end in ends[:-1]]
    return [
        sum(start <= i for start in starts) if starts and starts[0] <= i <= ends[-1] else 0
        for i in range(len(network))
    ]
