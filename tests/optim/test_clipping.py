"""Clipping against optax, PyTorch and hand-made numbers, and what its report says."""

import json

import numpy as np
import pytest

from rustgpt_lab import LLM, AdaptiveClippingConfig, AdaptiveGradientClipping, L2GradientClipping, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.errors import ShapeError, TrainingError
from rustgpt_lab.optim.clipping import AGC, Centralization, Chain, Clipping
from rustgpt_lab.optim.report import ClippingReport, Measured, norm
from rustgpt_lab.optim.rustgpt import RustGPTLogitClipping
from rustgpt_lab.parameters import Param, Views
from tests.optim.reference import AGC as AGC_THRESHOLDS, FILE, L2

REFERENCE = json.loads(FILE.read_text(encoding="utf-8"))["cases"]


def arrays_of(lists: dict) -> dict:
    return {name: np.array(values, dtype=np.float32) for name, values in lists.items()}


def as_of_a_network(arrays: dict) -> Views:
    """Weights as a network has them: embeddings say that their units are rows."""
    params = {
        name: Param(a.shape, unit_axis=1 if "embeddings" in name else None if len(a) == 1 else 0)
        for name, a in arrays.items()
    }
    return Views(params, np.concatenate([a.ravel() for a in arrays.values()]))


def copies(arrays: dict) -> dict:
    return {name: array.copy() for name, array in arrays.items()}


def assert_close(ours: dict, theirs: dict) -> None:
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("threshold", AGC_THRESHOLDS)
@pytest.mark.parametrize("case", REFERENCE)
def test_agc_is_optax_agc(case: dict, threshold: float) -> None:
    """Columns of weights (in, out), a whole bias (1, n), as optax has it; rows of embeddings, its axis=1."""
    gradients = arrays_of(case["gradients"])
    report = AGC(threshold).clip(as_of_a_network(arrays_of(case["weights"])), gradients)
    assert_close(gradients, arrays_of(case[f"agc {threshold:g}"]))
    assert any(0 < fraction < 1 for fraction in report.clipped.values()), "the test would show nothing"


@pytest.mark.parametrize("threshold", L2)
@pytest.mark.parametrize("library", ["optax", "torch"])
@pytest.mark.parametrize("case", REFERENCE)
def test_l2_is_that_of_optax_and_torch(case: dict, library: str, threshold: float) -> None:
    gradients = arrays_of(case["gradients"])
    report = L2GradientClipping(threshold).clip(arrays_of(case["weights"]), gradients)
    assert_close(gradients, arrays_of(case[f"{library} l2 {threshold:g}"]))
    assert set(report.clipped.values()) == {float(threshold < 1)}


def test_centralization_by_hand() -> None:
    """Columns of a weight, rows of embeddings, and no vector."""
    gradients = {
        "1.w_q": np.array([[1.0, 5.0], [3.0, 1.0]]),
        "0.token_embeddings": np.array([[1.0, 3.0], [5.0, 1.0]]),
        "3.b1": np.array([[1.0, 3.0]]),
    }
    Centralization().clip(as_of_a_network(gradients), gradients)
    assert gradients["1.w_q"].tolist() == [[-1, 2], [1, -2]]
    assert gradients["0.token_embeddings"].tolist() == [[-1, 1], [2, -2]]
    assert gradients["3.b1"].tolist() == [[1, 3]]


@pytest.mark.parametrize("use_agc", [True, False])
@pytest.mark.parametrize("use_centralization", [True, False])
def test_adaptive_clipping_is_the_chain_of_its_parts(use_agc: bool, use_centralization: bool) -> None:
    weights, gradients = arrays_of(REFERENCE[0]["weights"]), arrays_of(REFERENCE[0]["gradients"])
    config = AdaptiveClippingConfig(0.02, use_centralization, use_agc, l2_threshold=0.7)
    second = AGC(0.02) if use_agc else L2GradientClipping(0.7)
    chain = Chain(Centralization(), second) if use_centralization else Chain(second)
    one, other = copies(gradients), copies(gradients)
    AdaptiveGradientClipping(config).clip(weights, one)
    chain.clip(weights, other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_rustgpt_defaults() -> None:
    assert AdaptiveClippingConfig() == AdaptiveClippingConfig(0.01, True, True, 5.0)


def test_a_model_s_memory_is_clipped_as_a_dictionary_is() -> None:
    llm = LLM.build(Vocab(["a", "b", "c"]), 4, 8, 1)
    gradients = llm.gradients(["a b c", "c a"])
    for clipping in (L2GradientClipping(0.1), AGC(0.01), AdaptiveGradientClipping()):
        plain = copies(gradients)
        clipping.clip(llm.parameters, plain)
        for name, gradient in gradients.items():
            llm.network.gradients[name][:] = gradient
        clipping.clip(llm.parameters, llm.network.gradients)
        for name, array in plain.items():
            np.testing.assert_allclose(llm.network.gradients[name], array, rtol=1e-6)


def test_the_report_by_hand() -> None:
    weights = {"w": np.array([[3.0, 0.3], [4.0, 0.4]])}  # columns of norm 5 and 0.5
    gradients = {"w": np.array([[0.6, 0.6], [0.8, 0.8]])}  # both of norm 1
    report = AGC(1.0).clip(weights, gradients)
    np.testing.assert_allclose(gradients["w"], [[0.6, 0.3], [0.8, 0.4]])
    assert report.before["w"] == pytest.approx(2**0.5)
    assert report.after["w"] == pytest.approx(1.25**0.5)
    assert report.weight["w"] == pytest.approx(25.25**0.5)
    assert report.clipped["w"] == 0.5
    assert report.cosine["w"] == pytest.approx(1.5 / (2**0.5 * 1.25**0.5))
    assert "w" in repr(report) and "50%" in repr(report)


def test_the_report_on_a_gradient_of_zero_and_on_one_that_vanishes() -> None:
    gradients = {"zero": np.zeros((2, 2)), "even": np.ones((2, 2))}
    report = Chain(Centralization(), AGC(1.0)).clip(copies(gradients), gradients)
    assert report.cosine == {"zero": 1.0, "even": 0.0}
    assert report.after == {"zero": 0.0, "even": 0.0}


def test_a_chain_counts_a_unit_that_any_part_made_shorter() -> None:
    weights, gradients = {"w": np.eye(2)}, {"w": np.diag([10.0, 0.01])}
    assert Chain(AGC(0.5), L2GradientClipping(9.0)).clip(weights, gradients).clipped == {"w": 0.5}
    gradients = {"w": np.diag([10.0, 0.01])}
    assert Chain(AGC(0.5), L2GradientClipping(0.1)).clip(weights, gradients).clipped == {"w": 1.0}


def test_the_base_changes_nothing() -> None:
    gradients = arrays_of(REFERENCE[0]["gradients"])
    kept = copies(gradients)
    report = Clipping().clip(arrays_of(REFERENCE[0]["weights"]), gradients)
    assert report.before == report.after
    assert all((gradients[name] == kept[name]).all() for name in kept)


def at_logits(clipping: Clipping, dlogits: np.ndarray, lengths: list[int]) -> ClippingReport:
    measured = Measured(clipping)
    measured.at_logits(dlogits, Batch([[0] * length for length in lengths]))
    return measured.report


def p_minus_y(lengths: list[int], words: int = 50) -> np.ndarray:
    """A batch's gradient of the logits, as the model makes it: (p - y) / (T B)."""
    rng = np.random.default_rng(0)
    rows = []
    for length in lengths:
        p = rng.dirichlet(np.ones(words) * 0.05, size=length)
        p[np.arange(length), rng.integers(words, size=length)] -= 1
        rows.append(p / (length * len(lengths)))
    return np.vstack(rows)


def test_rustgpt_s_clipping_acts_on_each_sequence_as_rustgpt_does() -> None:
    """Its own arithmetic, on one sequence at a time: the root of the mean square is at most the threshold."""
    lengths = [3, 8, 2]
    dlogits = p_minus_y(lengths)
    expected, start = [], 0
    for length in lengths:
        g = dlogits[start : start + length] * len(lengths)
        g = g - g.mean(axis=1, keepdims=True)
        rms = np.sqrt((g**2).mean())
        expected.append(g * min(1, 0.01 / rms) / len(lengths))
        start += length
    report = at_logits(RustGPTLogitClipping(), dlogits, lengths)
    np.testing.assert_allclose(dlogits, np.vstack(expected), atol=1e-15)
    assert report.clipped == {"logits": 1.0}


def test_rustgpt_s_l2_cannot_fire_and_its_centralization_does_nothing() -> None:
    lengths = [1, 2, 30]
    dlogits = p_minus_y(lengths)
    before = dlogits.copy()
    config = AdaptiveClippingConfig(use_agc=False, l2_threshold=2**0.5 * 1.001)
    report = at_logits(RustGPTLogitClipping(config), dlogits, lengths)
    assert report.clipped == {"logits": 0.0}
    np.testing.assert_allclose(dlogits, before, atol=1e-16)


@pytest.mark.parametrize("threshold", [0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize(
    "make",
    [
        L2GradientClipping,
        AGC,
        AdaptiveClippingConfig,
        lambda t: AdaptiveClippingConfig(l2_threshold=t),
    ],
)
def test_a_threshold_must_be_a_finite_number_above_0(make, threshold: float) -> None:
    with pytest.raises(
        TrainingError, match=r"threshold: a threshold is out of range; expected a finite number"
    ):
        make(threshold)


def test_a_gradient_without_its_parameter_is_refused() -> None:
    with pytest.raises(
        ShapeError, match=r"^w: a gradient needs .*; expected \(2, 2\), found no such parameter"
    ):
        L2GradientClipping(1.0).clip({}, {"w": np.ones((2, 2))})
    with pytest.raises(ShapeError, match=r"expected \(2, 2\), found \(2, 3\)"):
        L2GradientClipping(1.0).clip({"w": np.ones((2, 3))}, {"w": np.ones((2, 2))})


def test_parts_and_arguments_that_are_no_clippings() -> None:
    with pytest.raises(TrainingError, match=r"a part of a Chain is no clipping; expected clippings"):
        Chain([L2GradientClipping(1.0)])
    assert AdaptiveGradientClipping(0.02) == AdaptiveGradientClipping(AdaptiveClippingConfig(0.02))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("exponent", [-0.8, -0.5, 0, 0.6, 0.8])
def test_norms_neither_overflow_nor_vanish(dtype: str, exponent: float) -> None:
    """Where the squares leave the type's range, and the norm itself does not."""
    limits = np.finfo(dtype)
    edge = float(limits.max if exponent > 0 else limits.tiny)
    size = edge ** abs(exponent) if exponent else 1.0
    gradients = {"w": np.array([[3 * size, 0], [4 * size, 0]], dtype)}
    w = {"w": np.ones((2, 2), dtype)}
    exact = float(np.linalg.norm(gradients["w"].astype(np.longdouble) / size)) * size
    assert norm(gradients["w"]) == pytest.approx(exact, rel=2e-3)
    for clipping, left in (
        (L2GradientClipping(0.5 * exact), 0.5 * exact),
        (AGC(0.5 * exact / 2**0.5), 0.5 * exact),
    ):
        clipped = copies(gradients)
        clipping.clip(w, clipped)
        assert norm(clipped["w"]) == pytest.approx(left, rel=5e-3), clipping


def test_a_unit_is_three_dimensional_in_a_fused_weight() -> None:
    gradients = {"w": np.ones((3, 4, 2))}
    AGC(0.5).clip({"w": np.ones((3, 4, 2))}, gradients)
    np.testing.assert_allclose(np.sqrt((gradients["w"] ** 2).sum(axis=0)), 0.5 * 3**0.5)
