"""What pictures of a network must know of it: where a block ends, and which layers add to what they are given."""

from __future__ import annotations

from collections.abc import Sequence

from ..layers import FeedForward, Layer, SelfAttention

RESIDUAL = (SelfAttention, FeedForward)
"""The layers whose output is their input plus something."""


def block_ends(network: Sequence[Layer]) -> list[int]:
    """The layers after which a block ends: those before an attention, and the last but one.

    For RustGPT's network: the embeddings, and the second norm of each block.
    """
    last = len(network) - 1
    return [i for i in range(last) if i + 1 == last or isinstance(network[i + 1], SelfAttention)]
