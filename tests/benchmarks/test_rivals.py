"""The rivals do the same work: one loss, one gradient, one answer.

PyTorch's automatic differentiation is also one more witness for the library's backward passes.
Run with `pytest tests/benchmarks/test_rivals.py`.
"""

import numpy as np
import pytest
import torch

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.layers import LayerNorm

from .torch_gpt2 import GPT2
from .torch_model import GPT, Decoder, packed, padded

TEXTS = [
    "the cat sat on the mat </s>",
    "a dog </s>",
    "the dog sat </s>",
    "on a mat the cat sat on a dog </s>",
]
VOCAB = Vocab.from_texts(TEXTS)


@pytest.fixture
def pair() -> tuple[LLM, GPT]:
    """Our model and PyTorch's, with the same weights, in float64, and layer norms without any epsilon."""
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=16, blocks=2, max_seq_len=12, dtype="float64")
    llm.parameters.flat[:] += 0.2 * np.random.default_rng(1).normal(size=llm.parameters.flat.size)
    gpt = GPT(len(VOCAB), 8, 16, blocks=2, max_seq_len=12).double().take_over(llm.parameters)
    for layer in llm.network:
        if isinstance(layer, LayerNorm):
            layer.epsilon = 0.0
    for block in gpt.blocks:
        block.norm1.eps = block.norm2.eps = 0.0
    return llm, gpt


def test_gpt_2_gives_the_same_logits_and_loss():
    ids = np.random.default_rng(2).integers(len(VOCAB), size=(3, 13))
    llm = LLM.build(VOCAB, 8, 16, 2, 12, dtype="float64", architecture="gpt2", heads=2)
    llm.parameters.flat[:] += 0.2 * np.random.default_rng(1).normal(size=llm.parameters.flat.size)
    gpt = GPT2(len(VOCAB), 8, 2, 16, 2, 12).double().take_over(llm.parameters)
    logits = gpt(torch.tensor(ids[:, :-1]))
    for row, theirs in zip(ids, logits, strict=True):
        np.testing.assert_allclose(llm.logits(row[:-1]), theirs.detach(), atol=1e-12)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(ids[:, 1:]).flatten())
    assert llm.network.loss(Batch.to_learn(ids.tolist()))[0] == pytest.approx(loss.item())


@pytest.mark.parametrize("layout", [padded, packed])
def test_the_same_loss_and_gradients(pair, layout):
    llm, gpt = pair
    arrays = [
        x.double() if x is not None and x.is_floating_point() else x for x in layout(llm.sequences(TEXTS))
    ]
    loss = gpt.loss(*arrays)
    loss.backward()
    assert loss.item() == pytest.approx(llm.loss(TEXTS), rel=1e-7)  # `share` began as float32
    theirs = GPT(len(VOCAB), 8, 16, blocks=2, max_seq_len=12).double()
    theirs.take_over(llm.gradients(TEXTS))
    wanted = theirs.state_dict()
    for name, parameter in gpt.named_parameters():
        np.testing.assert_allclose(parameter.grad, wanted[name], rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("prompt", [[1], [2, 3, 0], list(range(7))])
def test_the_same_words(pair, prompt):
    llm, gpt = pair
    decoder = Decoder(gpt, capacity=12)
    decoder.cache = [cache.double() for cache in decoder.cache]
    assert VOCAB.decode(decoder.greedy(prompt, VOCAB.end)) == llm.predict(VOCAB.decode(prompt))
