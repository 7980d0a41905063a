"""The layers of GPT-2 and Llama, which RustGPT does not have; a line for each."""

from .dropout import Dropout as Dropout
from .gelu import GELUFeedForward as GELUFeedForward
from .multi_head_attention import MultiHeadAttention as MultiHeadAttention
from .output import Output as Output
from .position_embeddings import PositionEmbeddings as PositionEmbeddings
from .standard_layer_norm import StandardLayerNorm as StandardLayerNorm
from .swiglu import SwiGLU as SwiGLU
from .token_embeddings import TokenEmbeddings as TokenEmbeddings
