"""The layers, one family a file. A new one is a file, and a line here."""

from ..machine import set_up
from .base import REGISTRY as REGISTRY, Cache as Cache, Layer as Layer, register as register
from .dropout import Dropout as Dropout
from .embeddings import Embeddings as Embeddings
from .families import family as family
from .feed_forward import FeedForward as FeedForward
from .fit import check_layers as check_layers, check_reads as check_reads, check_words as check_words
from .gelu import GELUFeedForward as GELUFeedForward
from .layer_norm import LayerNorm as LayerNorm
from .multi_head_attention import MultiHeadAttention as MultiHeadAttention
from .output import Output as Output
from .output_projection import OutputProjection as OutputProjection
from .position_embeddings import PositionEmbeddings as PositionEmbeddings
from .residual import Residual as Residual
from .rms_norm import RMSNorm as RMSNorm
from .self_attention import SelfAttention as SelfAttention
from .standard_layer_norm import StandardLayerNorm as StandardLayerNorm
from .swiglu import SwiGLU as SwiGLU
from .tied_output import TiedOutput as TiedOutput
from .token_embeddings import TokenEmbeddings as TokenEmbeddings
from .trace import traced as traced

set_up()
