"""A new layer is one class and one line: everything that all layers get is there for it."""

from collections.abc import Iterator

import numpy as np
import pytest

from rustgpt_lab import LLM, Embeddings, OutputProjection, Vocab, views
from rustgpt_lab.layers import REGISTRY, Cache, Layer, SelfAttention, register
from rustgpt_lab.parameters import Param, weight
from tests.core import test_layers as every
from tests.core.layer_examples import BATCHES, example


class Gate(Layer):
    """x * tanh(scale * (x w) + b), (N, d) -> (N, d)."""

    def __init__(self, d: int, scale: float = 0.5):
        self.d = self.d_in = self.d_out = d
        self.scale = scale

    def parameters(self):
        return {"w": weight(self.d, self.d), "b": Param((1, self.d), adam=False)}

    def forward(self, x, batch, past=None):
        gate = np.tanh(self.scale * (x @ self.p.w) + self.p.b)
        return x * gate, Cache(x=x, gate=gate)

    def backward(self, dy, c, batch):
        dz = dy * c.x * (1 - c.gate**2)
        np.matmul(self.scale * c.x.T, dz, out=self.g.w)
        dz.sum(axis=0, out=self.g.b[0])
        return dy * c.gate + self.scale * dz @ self.p.w.T


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register(tag=200)(Gate)
    yield
    del REGISTRY["Gate"]


@pytest.mark.parametrize("sequences", BATCHES.values(), ids=BATCHES)
def test_gradients(sequences):
    every.check_gradients(example(Gate), sequences)


def test_shapes_cache_and_trace():
    every.check_shapes_and_types(Gate)
    every.check_cache(Gate)
    every.check_trace(Gate)


def test_files(tmp_path):
    every.check_files(Gate, tmp_path)


def test_a_model_with_it_trains_answers_and_is_drawn():
    texts = ["the sun gives light </s>", "the moon has no light </s>"]
    vocab = Vocab.from_texts(texts)
    llm = LLM(
        vocab, [Embeddings(len(vocab), 6, 8), SelfAttention(6), Gate(6), OutputProjection(6, len(vocab))]
    )
    before = llm.loss(texts)
    llm.train(texts, 30, 0.01)
    assert llm.loss(texts) < before
    assert len(llm.predict("the sun").split()) >= 1
    assert llm.parameters.flat.size == 6 * len(vocab) * 2 + 6 * 8 + 3 * 36 + 42 + len(vocab)
    layer = views.network(llm, "the sun gives").data.layers[2]
    assert layer.name == "Gate" and layer.size == 42 and layer.summary.startswith("x * tanh")
    assert {array.name for array in layer.trace} == {"x", "gate", "output"}
    assert {array.name for array in layer.parameters} == {"w", "b"}
