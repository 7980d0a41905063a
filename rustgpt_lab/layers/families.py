"""The networks that `LLM.build` knows, each as a row of layers."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from ..errors import ShapeError
from .base import Layer
from .dropout import Dropout
from .embeddings import Embeddings
from .feed_forward import FeedForward
from .gelu import GELUFeedForward
from .layer_norm import LayerNorm
from .multi_head_attention import MultiHeadAttention
from .output import Output
from .output_projection import OutputProjection
from .position_embeddings import PositionEmbeddings
from .residual import Residual
from .rms_norm import RMSNorm
from .self_attention import SelfAttention
from .standard_layer_norm import StandardLayerNorm
from .swiglu import SwiGLU
from .tied_output import TiedOutput
from .token_embeddings import TokenEmbeddings


def family(
    architecture: str, vocab_size: int, d: int, hidden: int, blocks: int, max_seq_len: int, **options: Any
) -> list[Layer]:
    """The layers of one of the `FAMILIES`; `options` are its function's own, below.

    Raises:
        ShapeError: a size is too small, or heads do not fit; there is no such family, or it has no such option.
    """
    sizes = {"embedding_dim": d, "hidden_dim": hidden, "max_seq_len": max_seq_len, "blocks": blocks + 1}
    for name, size in sizes.items():
        if size < 1:
            raise ShapeError("a size is too small", where=name, expected="a whole number from 1", got=size)
    if architecture not in FAMILIES:
        expected = ", ".join(FAMILIES)
        raise ShapeError(
            "there is no such network", where="architecture", expected=expected, got=architecture
        )
    build = FAMILIES[architecture]
    known = list(signature(build).parameters)[5:]
    if unknown := options.keys() - {*known}:
        what, expected = f"{architecture} has no such option", ", ".join(known) or "none"
        raise ShapeError(what, where="LLM.build", expected=expected, got=", ".join(sorted(unknown)))
    return build(vocab_size, d, hidden, blocks, max_seq_len, **options)


def rustgpt(vocab_size: int, d: int, hidden: int, blocks: int, max_seq_len: int) -> list[Layer]:
    """RustGPT's network: embeddings, `blocks` times (attention, norm, feed-forward, norm), output projection."""
    layers: list[Layer] = [Embeddings(vocab_size, d, max_seq_len)]
    for _ in range(blocks):
        layers += [SelfAttention(d), LayerNorm(d), FeedForward(d, hidden), LayerNorm(d)]
    return [*layers, OutputProjection(d, vocab_size)]


def gpt2(
    vocab_size: int, d: int, hidden: int, blocks: int, max_seq_len: int, heads: int = 8, dropout: float = 0.0
) -> list[Layer]:
    """GPT-2's network: learned positions, pre-norm blocks with several heads and GELU, tied output.

    Radford et al. 2019, section 2.3. `dropout` is the share that is dropped after the embeddings, and after every
    attention and feed-forward network (0.1 there).
    """

    def drop() -> list[Layer]:
        return [Dropout(d, dropout)] if dropout else []

    layers: list[Layer] = [TokenEmbeddings(vocab_size, d), PositionEmbeddings(max_seq_len, d), *drop()]
    for _ in range(blocks):
        layers += [
            Residual(StandardLayerNorm(d), MultiHeadAttention(d, heads, bias=True), *drop()),
            Residual(StandardLayerNorm(d), GELUFeedForward(d, hidden), *drop()),
        ]
    return [*layers, StandardLayerNorm(d), TiedOutput(d, vocab_size)]


def llama(
    vocab_size: int,
    d: int,
    hidden: int,
    blocks: int,
    max_seq_len: int,
    heads: int = 8,
    kv_heads: int | None = None,
    rope: str = "halves",
    rope_base: float = 10000.0,
    tied: bool = False,
) -> list[Layer]:
    """Llama's network: pre-norm blocks of root mean squares, rotary positions, grouped queries and SwiGLU.

    Touvron et al. 2023, section 2.2. `kv_heads` keys and values serve all `heads`; `tied` says whether the output has
    the table of the embeddings. `max_seq_len` is for the network alone: no layer has a vector for a position.
    """
    layers: list[Layer] = [TokenEmbeddings(vocab_size, d)]
    for _ in range(blocks):
        layers += [
            Residual(RMSNorm(d), MultiHeadAttention(d, heads, kv_heads, rope, rope_base)),
            Residual(RMSNorm(d), SwiGLU(d, hidden)),
        ]
    return [*layers, RMSNorm(d), TiedOutput(d, vocab_size) if tied else Output(d, vocab_size)]


FAMILIES: dict[str, Callable[..., list[Layer]]] = {"rustgpt": rustgpt, "gpt2": gpt2, "llama": llama}
