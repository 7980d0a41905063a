"""The networks that `LLM.build` knows, each as a row of layers."""

from ..errors import ShapeError
from .base import Layer
from .embeddings import Embeddings
from .feed_forward import FeedForward
from .layer_norm import LayerNorm
from .output_projection import OutputProjection
from .self_attention import SelfAttention


def rustgpt(
    vocab_size: int, embedding_dim: int, hidden_dim: int, blocks: int, max_seq_len: int
) -> list[Layer]:
    """RustGPT's network: embeddings, `blocks` times (attention, norm, feed-forward, norm), output projection.

    Raises:
        ShapeError: a size is too small.
    """
    sizes = {"embedding_dim": embedding_dim, "hidden_dim": hidden_dim, "max_seq_len": max_seq_len}
    for name, size in {**sizes, "blocks": blocks + 1}.items():
        if size < 1:
            raise ShapeError("a size is too small", where=name, expected="a whole number from 1", got=size)
    d = embedding_dim
    layers: list[Layer] = [Embeddings(vocab_size, d, max_seq_len)]
    for _ in range(blocks):
        layers += [SelfAttention(d), LayerNorm(d), FeedForward(d, hidden_dim), LayerNorm(d)]
    return [*layers, OutputProjection(d, vocab_size)]
