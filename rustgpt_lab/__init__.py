"""A language model in plain NumPy, and a course that builds it by hand.

A name is imported when it is first used (PEP 562), so `import rustgpt_lab` itself imports nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dataset import Dataset as Dataset
    from .errors import ModelError as ModelError
    from .layers import (
        Embeddings as Embeddings,
        FeedForward as FeedForward,
        LayerNorm as LayerNorm,
        OutputProjection as OutputProjection,
        SelfAttention as SelfAttention,
    )
    from .llm import LLM as LLM
    from .optim.adam import Adam as Adam
    from .optim.clipping import (
        AdaptiveClippingConfig as AdaptiveClippingConfig,
        AdaptiveGradientClipping as AdaptiveGradientClipping,
        L2GradientClipping as L2GradientClipping,
    )
    from .tokenizers import BytePairs as BytePairs, LongText as LongText, Vocab as Vocab
    from .training import History as History, TrainingSession as TrainingSession

__version__ = "0.2.0"

_HOMES = {
    "LLM": "llm",
    "Vocab": "tokenizers",
    "BytePairs": "tokenizers",
    "LongText": "tokenizers",
    "Dataset": "dataset",
    "Embeddings": "layers",
    "SelfAttention": "layers",
    "FeedForward": "layers",
    "LayerNorm": "layers",
    "OutputProjection": "layers",
    "Adam": "optim.adam",
    "L2GradientClipping": "optim.clipping",
    "AdaptiveGradientClipping": "optim.clipping",
    "AdaptiveClippingConfig": "optim.clipping",
    "History": "training",
    "TrainingSession": "training",
    "ModelError": "errors",
}
_SUBPACKAGES = ("compiled", "course", "views")

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _HOMES:
        value = getattr(import_module("." + _HOMES[name], __name__), name)
    elif name in _SUBPACKAGES:
        value = import_module("." + name, __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_SUBPACKAGES})
