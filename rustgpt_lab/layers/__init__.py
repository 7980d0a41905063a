"""The layers, one a file, and the one list of them all."""

from .base import Cache, Layer
from .embeddings import Embeddings
from .feed_forward import FeedForward
from .layer_norm import LayerNorm
from .output_projection import OutputProjection
from .self_attention import SelfAttention

REGISTRY: dict[str, type[Layer]] = {
    kind.__name__: kind for kind in (Embeddings, SelfAttention, FeedForward, LayerNorm, OutputProjection)
}
"""Name -> class, in the order of the file format's enum (RustGPT's LayerEnum)."""

__all__ = [
    "REGISTRY",
    "Cache",
    "Embeddings",
    "FeedForward",
    "Layer",
    "LayerNorm",
    "OutputProjection",
    "SelfAttention",
]
