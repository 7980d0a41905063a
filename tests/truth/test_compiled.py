"""The compiled forms against NumPy's: the same numbers, to rounding, on the way there and back."""

from collections.abc import Iterator

import numpy as np
import pytest

from rustgpt_lab import LLM, LayerNorm, ModelError, Vocab, compiled
from rustgpt_lab.batch import Batch
from rustgpt_lab.optim import adam

TEXTS = ["the sun gives light to the earth </s>", "the moon has no light </s>", "the earth goes around </s>"]


@pytest.fixture
def numpy_again() -> Iterator[None]:
    yield
    compiled.disable()


@pytest.mark.usefixtures("numpy_again")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layer_norm_and_its_gradients(dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(2, 3, size=(7, 12)).astype(dtype) for _ in range(2))
    x[3] = 5  # a constant row
    found = []
    for switch in (compiled.disable, compiled.enable):
        switch()
        layer = LayerNorm(12).alone(dtype=dtype)
        layer.p.gamma[...] = np.linspace(0.5, 2, 12)
        y, cache = layer.forward(x, Batch([[0] * 7]))
        dx = layer.backward(dy, cache, Batch([[0] * 7]))
        found.append([y, dx, layer.g.gamma.copy(), layer.g.beta.copy(), cache.x_hat, cache.std])
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures("numpy_again")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_training_run(dtype: str) -> None:
    weights = []
    for switch in (compiled.disable, compiled.enable):
        switch()
        llm = LLM.build(Vocab.from_texts(TEXTS), 16, 24, 2, dtype=dtype)
        llm.train(TEXTS, 20, 5e-4, batch_size=2)
        weights.append([llm.parameters.flat.copy(), llm.adam.m.flat.copy(), llm.adam.v.flat.copy()])
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=2e-5 if dtype == "float32" else 1e-10)


def test_off_unless_asked_for_and_off_again(numpy_again: None) -> None:
    forward, update, block = LayerNorm.forward, adam.update, adam.BLOCK
    compiled.enable()
    assert LayerNorm.forward is not forward and adam.update is not update
    compiled.disable()
    assert (LayerNorm.forward, adam.update, adam.BLOCK) == (forward, update, block)


def test_without_numba_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "numba", None)
    with pytest.raises(ModelError, match=r"need numba, which is not installed. Install it with: pip install"):
        compiled.enable()
