"""The layers, one family a file. A new one is a file, and a line here or in `modern`."""

from ..machine import set_up
from .base import REGISTRY as REGISTRY, Cache as Cache, Layer as Layer, register as register
from .embeddings import Embeddings as Embeddings
from .families import family as family
from .feed_forward import FeedForward as FeedForward
from .fit import check_layers as check_layers, check_reads as check_reads, check_words as check_words
from .layer_norm import LayerNorm as LayerNorm
from .modern import *  # noqa: F403 - a list of its own, of layers that RustGPT does not have
from .output_projection import OutputProjection as OutputProjection
from .residual import Residual as Residual
from .rms_norm import RMSNorm as RMSNorm
from .self_attention import SelfAttention as SelfAttention
from .tied_output import TiedOutput as TiedOutput
from .trace import traced as traced

set_up()
