"""An attention picture of the largest size that is promised."""

import numpy as np

from rustgpt_lab.numerics import causal, softmax
from rustgpt_lab.views.gallery.attention import Attention, AttentionData

MOMENTS, LAYERS, HEADS, TOKENS = 100, 3, 8, 80


def large_attention() -> Attention:
    """100 moments of 3 layers of 8 heads over 80 tokens, of a model that need not be trained for it."""
    noise = np.random.default_rng(0).standard_normal((LAYERS, HEADS, TOKENS, TOKENS), "float32")
    scores = causal(np.stack([noise * (0.02 * m) for m in range(MOMENTS)]))
    words, moments = (
        tuple(f"{name}{i}" for i in range(n)) for name, n in (("word", TOKENS), ("epoch ", MOMENTS))
    )
    view = Attention.__new__(Attention)  # without a model: nothing will be asked
    view.models = {}
    view.data = AttentionData("", words, moments, softmax(scores), scores, 4.0)
    return view
