"""The clipping view against clippings applied by hand to the same gradients."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Dataset, Vocab, views
from rustgpt_lab.batch import Batch
from rustgpt_lab.errors import TrainingError
from rustgpt_lab.optim.clipping import AGC, Clipping
from rustgpt_lab.optim.report import Measured
from rustgpt_lab.training.step import gradients
from rustgpt_lab.views.clippers import METHODS, SITES, clipper

TEXTS = Dataset.packaged().chat[:6]
VOCAB = Vocab.from_texts(TEXTS)


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=1)


def test_the_run_is_not_clipped(llm: LLM) -> None:
    """The norms of the whole gradient, step by step, in plain NumPy and Adam."""
    weights = llm.parameters.flat.copy()
    data = views.clipping(llm, TEXTS, "l2", 0.7, steps=6, learning_rate=0.01).data
    np.testing.assert_array_equal(llm.parameters.flat, weights)
    other, norms = llm.copy(), []
    for text in TEXTS[:6]:
        gradients = other.gradients([text])
        norms.append(float(np.sqrt(sum((g.astype(float) ** 2).sum() for g in gradients.values()))))
        other.adam.step(0.01)
    np.testing.assert_allclose(data.before[-1], norms, rtol=1e-4)
    np.testing.assert_allclose(data.after[-1], np.minimum(norms, 0.7), rtol=1e-4)
    np.testing.assert_array_equal(data.angle, 0)
    assert data.fired.tolist() == (data.before[-1] > 0.7).tolist()
    assert data.names[-2:] == ("logits", "all parameters")


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("method", METHODS)
def test_every_clipper_does_what_the_optimizers_own_does(
    llm: LLM, method: str, site: str, batch_size: int
) -> None:
    thresholds = {"l2": 3.0} if site == "parameters" else {"l2": 0.15, "agc": 0.005, "adaptive": 0.005}
    threshold = thresholds.get(method, 0.05)
    data = views.clipping(llm, TEXTS, method, threshold, site, steps=2, batch_size=batch_size).data
    other, chosen = llm.copy(), clipper(method, threshold, site)
    sequences = other.sequences(TEXTS)
    for step in range(2):
        rows = slice(step * batch_size, (step + 1) * batch_size)  # of four texts, then of two
        batch = Batch.to_learn(sequences[rows])
        gradients(other.network, batch, Clipping())
        before = {name: g.ravel().astype(float) for name, g in other.network.gradients.items()}
        measured = Measured(chosen)
        gradients(other.network, batch, measured)
        measured.at_parameters(other.parameters, other.network.gradients)
        report = measured.report
        for i, name in enumerate(before):
            a, b = before[name], other.network.gradients[name].ravel().astype(float)
            expected = [np.linalg.norm(a), np.linalg.norm(b), report.clipped[name]]
            got = [data.before[i, step], data.after[i, step], data.clipped[i, step]]
            np.testing.assert_allclose(got, expected, rtol=1e-4, err_msg=name)
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert np.cos(np.radians(data.angle[i, step])) == pytest.approx(cosine, abs=1e-5), name
        row = [column[-2, step] for column in (data.before, data.after, data.clipped)]
        logits = [column["logits"] for column in (report.before, report.after, report.clipped)]
        np.testing.assert_allclose(row, logits, rtol=1e-4)
        gradients(other.network, batch, Clipping())
        other.adam.step(5e-4)
    assert data.fired.any()


def test_agc_fractions_and_angles(llm: LLM) -> None:
    data = views.clipping(llm, TEXTS, "agc", 0.01, steps=1).data
    gradients = llm.gradients(TEXTS[:1])
    before = {name: g.astype(float).copy() for name, g in gradients.items()}
    AGC(0.01).at_parameters(llm.parameters, gradients)
    for i, name in enumerate(data.names[:-2]):
        a, b = before[name].ravel(), gradients[name].ravel().astype(float)
        assert data.before[i, 0] == pytest.approx(np.linalg.norm(a), rel=1e-5), name
        assert data.after[i, 0] == pytest.approx(np.linalg.norm(b), rel=1e-5), name
        angle = np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))
        assert data.angle[i, 0] == pytest.approx(angle, abs=0.06), name
    a, b = (np.concatenate([g[n].ravel() for n in before]).astype(float) for g in (before, gradients))
    whole = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    assert data.angle[-1, 0] == pytest.approx(whole, abs=0.06)
    biases = data.clipped[data.names.index("5.b_out")]
    assert set(biases) <= {0.0, 1.0}


def test_a_clipper_that_never_fires_says_so(llm: LLM) -> None:
    view = views.clipping(llm, TEXTS, "l2", 5.0, "logits", steps=4)
    assert "this clipper has never fired in 4 steps" in view.sentence
    assert view.data.before[-2].max() <= 2**0.5
    np.testing.assert_array_equal(view.data.before, view.data.after)
    fired = view.answer({"method": "l2", "site": "logits", "threshold": 0.01})
    assert fired.fired.all()
    np.testing.assert_allclose(fired.after[-2], 0.01, rtol=1e-4)
    view.data = fired
    assert "it fired in 4 of 4 steps" in view.sentence
    view.data = view.answer({"method": "adaptive", "site": "parameters", "threshold": 1e4})
    assert "never fired" in view.sentence and "It did turn the gradient" in view.sentence


def test_every_answer_is_of_the_same_gradients(llm: LLM) -> None:
    view = views.clipping(llm, TEXTS, steps=5)
    first = view.data
    view.answer({"method": "agc", "site": "parameters", "threshold": 0.001})
    again = view.answer({"method": "l2", "site": "parameters", "threshold": 1.0})
    np.testing.assert_array_equal(first.before, again.before)
    with pytest.raises(TrainingError, match="out of range"):
        view.answer({"method": "l2", "site": "parameters", "threshold": -1})
    assert view.twin() == view.twin()
    assert view.twin()["text/html"].count("<tr>") == 1 + len(first.names)


def test_arguments(llm: LLM) -> None:
    with pytest.raises(TrainingError, match=r"steps.*1 or more"):
        views.clipping(llm, TEXTS, steps=0)
    with pytest.raises(TrainingError, match=r"method.*one of l2, agc, adaptive"):
        views.clipping(llm, TEXTS, "L2")
