"""Weights in fewer bits: what the rounding may cost, that a layer need not know, and what a model can no more."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Dataset, Vocab
from rustgpt_lab.errors import ModelError, ShapeError
from rustgpt_lab.network import Network
from rustgpt_lab.numerics import Array
from rustgpt_lab.quantized import KINDS, Quantized, quantized, rounding

VOCAB = Vocab([*"abcdefgh", "</s>"])


@pytest.mark.parametrize("axis", [0, 1])
def test_no_number_moves_by_more_than_half_a_step(axis: int) -> None:
    w = np.random.default_rng(0).normal(size=(30, 20)) * np.logspace(-3, 3, 20)
    small = Quantized.of(w, "int8", axis)
    assert small.data.dtype == np.int8 and small.scale.size == w.shape[1 - axis]
    assert (abs(np.asarray(small) - w) <= small.scale * 0.5001).all()
    assert abs(small.data).max(axis=axis).min() == 127  # every unit uses the whole range


def test_a_unit_of_zeros_stays_zero() -> None:
    assert not np.asarray(Quantized.of(np.zeros((3, 4)), "int8", 0)).any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(5, 7), (300, 2000)])
def test_its_products_and_rows_are_those_of_the_array_that_it_stands_for(kind: str, axis: int, shape) -> None:
    rng = np.random.default_rng(1)
    w, x = rng.normal(size=shape), rng.normal(size=(2, 3, shape[0])).astype(np.float32)
    small = Quantized.of(w, kind, axis)
    dense = np.asarray(small)
    np.testing.assert_allclose(x @ small, x @ dense, rtol=1e-3, atol=1e-4)
    z = rng.normal(size=(4, shape[1])).astype(np.float32)
    np.testing.assert_allclose(z @ small.T, z @ dense.T, rtol=1e-3, atol=1e-4)
    rows = [4, 0, 4]
    np.testing.assert_array_equal(small[rows], dense[rows])


def spread(small: Network, like: Network) -> Network:
    """An ordinary network with the weights that a quantized one stands for."""
    dense = like.unbound()
    for name, w in small.weights.items():
        dense.weights[name][...] = np.asarray(w)
    return dense


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", ["rustgpt", "gpt2", "llama"])
def test_layers_need_not_know(kind: str, architecture: str) -> None:
    """Forward pass, trace and generation of all families are those of the weights that it stands for."""
    llm = LLM.build(VOCAB, 16, 24, 2, architecture=architecture)
    network = quantized(llm.network, kind)
    small, dense = LLM(VOCAB, network), LLM(VOCAB, spread(network, llm.network))
    np.testing.assert_allclose(small.logits("a b c d"), dense.logits("a b c d"), rtol=1e-3, atol=1e-4)
    assert small.trace("a b").keys() == dense.trace("a b").keys()
    assert small.predict_all(["a b", "c"]) == dense.predict_all(["a b", "c"])
    assert f"{sum(w.size for w in llm.parameters.values()):,} parameters" in repr(small)


def test_the_answers_stay_and_the_memory_is_a_quarter() -> None:
    llm, data = LLM.packaged(), Dataset.packaged()
    prompts = [
        text.split(" Assistant:")[0] for text in data.chat
    ]  # other wordings it answers by a hair's breadth
    small = quantized(llm.network, "int8")
    answers, same = llm.predict_all(prompts), LLM(llm.vocab, small).predict_all(prompts)
    assert np.mean([a == b for a, b in zip(answers, same, strict=True)]) >= 0.99
    assert small.weights.nbytes <= 0.27 * llm.parameters.flat.nbytes
    moved = rounding(llm.network, small)
    assert 0 < max(moved.values()) < 0.02 and moved["2.gamma"] == 0


def test_it_only_answers() -> None:
    llm = LLM.build(VOCAB, 8, 8, 1)
    small = LLM(VOCAB, quantized(llm.network))
    for attempt in (lambda: small.train(["a b c"], 1, 0.1), lambda: small.gradients(["a b c"]), small.copy):
        with pytest.raises(ModelError, match=r"only answers|never change"):
            attempt()
    assert small.predict("a")


def diverged(value: float) -> Network:
    network = LLM.build(VOCAB, 8, 8, 1).network
    network.weights["1.w_q"][0, 0] = value
    return network


@pytest.mark.parametrize(
    ("network", "kind", "told"),
    [
        (diverged(1.0), "int4", "no such precision"),
        (diverged(np.nan), "int8", "not finite"),
        (diverged(np.inf), "float16", "not finite"),
        (diverged(1e5), "float16", "too large for FP16"),
    ],
)
def test_what_cannot_be_rounded_is_refused(network: Network, kind: str, told: str) -> None:
    with pytest.raises(ShapeError, match=told):
        quantized(network, kind)


def test_the_original_is_not_touched() -> None:
    llm = LLM.build(VOCAB, 8, 8, 1)
    before: Array = llm.parameters.flat.copy()
    quantized(llm.network)
    assert np.array_equal(before, llm.parameters.flat) and llm.network[1].p["w_q"].base is not None
