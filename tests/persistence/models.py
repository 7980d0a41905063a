"""Random models for the tests of files."""

from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rustgpt_lab import LLM, Embeddings, FeedForward, LayerNorm, OutputProjection, SelfAttention, Vocab
from rustgpt_lab.tokenizers import END

WORDS = st.lists(st.text(max_size=6), unique=True, max_size=8).map(
    lambda words: Vocab(dict.fromkeys([*words, END]))
)
"""Any vocabulary: the empty word, spaces, quotes, every alphabet. (Text that is no Unicode cannot be a file.)"""


@st.composite
def models(draw: st.DrawFn) -> LLM:
    """Any layers that fit together, in any order and number, sizes from 1, and any finite float32."""
    vocab = draw(WORDS)
    d, hidden = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    epsilon = draw(st.floats(0, 1, width=32))
    inner = {
        "attention": lambda: SelfAttention(d),
        "feed-forward": lambda: FeedForward(d, hidden),
        "norm": lambda: LayerNorm(d, epsilon),
    }
    network = [inner[name]() for name in draw(st.lists(st.sampled_from(sorted(inner)), max_size=4))]
    if draw(st.booleans()):
        network.insert(0, Embeddings(len(vocab), d, draw(st.integers(1, 4))))
    if draw(st.booleans()):
        network.append(OutputProjection(d, len(vocab)))
    llm = LLM(vocab, network, seed=None)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    for array in (llm.parameters.flat, llm.adam.m.flat, llm.adam.v.flat):
        bits = rng.integers(0, 0x7F800000, array.size, np.uint32)  # every finite magnitude
        array[:] = bits.view(np.float32)
    llm.parameters.flat[::2] *= -1
    for settings in llm.adam.settings.values():
        settings.timestep = draw(st.integers(0, 2**63 - 1))
        settings.beta1 = draw(st.floats(0, 1, width=32, exclude_max=True))
    for name in llm.parameters:
        if name not in llm.adam.settings:  # no file keeps moments that are never used
            llm.adam.m[name][...] = llm.adam.v[name][...] = 0
    return llm


def same(a: LLM, b: LLM) -> bool:
    """Whether two float32 models are equal to the bit, their optimizers' states included; settings as float32."""

    def rounded(values: Iterable[Any]) -> list[Any]:
        return [np.float32(value) if isinstance(value, float) else value for value in values]

    def settings(llm: LLM) -> list[Any]:
        epsilons = [getattr(layer, "epsilon", None) for layer in llm.network]
        return [(name, rounded(astuple(s))) for name, s in llm.adam.settings.items()] + rounded(epsilons)

    return (
        a.vocab == b.vocab
        and repr(a.network) == repr(b.network)
        and settings(a) == settings(b)
        and all(
            x.flat.tobytes() == y.flat.tobytes()
            for x, y in ((a.parameters, b.parameters), (a.adam.m, b.adam.m), (a.adam.v, b.adam.v))
        )
    )
