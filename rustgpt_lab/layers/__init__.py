"""The layers, one family a file. A new one is a file, and a line here."""

from .base import REGISTRY, Cache, Layer, register
from .embeddings import Embeddings
from .feed_forward import FeedForward
from .layer_norm import LayerNorm
from .output_projection import OutputProjection
from .residual import Residual
from .rms_norm import RMSNorm
from .self_attention import SelfAttention
from .tied_output import TiedOutput

__all__ = [
    "REGISTRY",
    "Cache",
    "Embeddings",
    "FeedForward",
    "Layer",
    "LayerNorm",
    "OutputProjection",
    "RMSNorm",
    "Residual",
    "SelfAttention",
    "TiedOutput",
    "register",
]
