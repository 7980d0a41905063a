"""Adam against PyTorch's formula written out anew, in float64 and without any folding."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.optim.adam import BLOCK


def model() -> LLM:
    return LLM.build(Vocab.default(), embedding_dim=8, hidden_dim=8, blocks=1, max_seq_len=8, dtype="float64")


def textbook(w, grads, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m = v = np.zeros_like(w)
    for t, g in enumerate(grads, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return w


def test_follows_the_paper_and_b_out_is_plain():
    llm, rng = model(), np.random.default_rng(0)
    start = {name: a.copy() for name, a in llm.parameters.items()}
    steps = [rng.normal(size=llm.parameters.flat.size) for _ in range(5)]
    for g in steps:
        llm.network.gradients.flat[:] = g
        llm.adam.step(1e-2)
    llm.network.gradients.flat[:] = 0
    for name in llm.parameters:
        grads = []
        for g in steps:
            llm.network.gradients.flat[:] = g
            grads.append(llm.network.gradients[name].copy())
        expected = (
            start[name] - 1e-2 * sum(grads) if name == "5.b_out" else textbook(start[name], grads, 1e-2)
        )
        np.testing.assert_allclose(llm.parameters[name], expected, rtol=1e-10, atol=1e-12, err_msg=name)
    assert "5.b_out" not in llm.adam.settings and not llm.adam.v["5.b_out"].any()


def test_every_parameter_has_its_own_settings():
    llm = model()
    llm.adam.settings["1.w_q"].timestep = 7
    llm.adam.settings["3.w1"].beta1 = 0.5
    llm.network.gradients.flat[:] = 1.0
    before = {name: a.copy() for name, a in llm.parameters.items()}
    llm.adam.step(1e-3)
    moved = {name: (before[name] - a).mean() for name, a in llm.parameters.items()}
    m, v = 0.1 / (1 - 0.9**8), 0.001 / (1 - 0.999**8)
    assert moved["1.w_q"] == pytest.approx(1e-3 * m / (v**0.5 + 1e-8), rel=1e-9)
    assert moved["1.w_k"] == pytest.approx(1e-3, rel=1e-6) == moved["3.w1"]
    assert llm.adam.settings["1.w_q"].timestep == 8 and llm.adam.settings["1.w_k"].timestep == 1


def test_blocks_do_not_matter():
    vocab = Vocab([str(i) for i in range(4200)])
    llm = LLM.build(vocab, embedding_dim=64, hidden_dim=64, blocks=1)
    assert llm.parameters.flat.size > 2 * BLOCK
    llm.network.gradients.flat[:] = np.random.default_rng(0).choice([-1, 1], size=llm.parameters.flat.size)
    before = llm.parameters.flat.copy()
    llm.adam.step(1e-3)
    last = llm.parameters["5.b_out"].size
    first_step = 1e-3 * np.sign(llm.network.gradients.flat[:-last])  # m / sqrt(v) is 1 after one step
    np.testing.assert_allclose(before[:-last] - llm.parameters.flat[:-last], first_step, atol=2e-6)


def test_descends():
    llm = LLM.build(Vocab.default(), embedding_dim=8, hidden_dim=8, blocks=1)
    before = llm.loss(["hello world </s>"])
    llm.train(["hello world </s>"], epochs=30, learning_rate=1e-2)
    assert llm.loss(["hello world </s>"]) < before / 10
