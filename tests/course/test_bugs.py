"""The layers of the bug hunt: finite differences catch each of RustGPT's mistakes, and nothing else."""

from collections.abc import Iterator

import numpy as np
import pytest

from rustgpt_lab.batch import Batch
from rustgpt_lab.course import rustgpt as bugs
from rustgpt_lab.gradcheck import numerical_gradient, relative_error
from rustgpt_lab.layers import REGISTRY, Layer, LayerNorm, OutputProjection, SelfAttention

D = 6
PAIRS: dict[str, tuple[Layer, Layer, set[str]]] = {
    "layer norm": (bugs.RustGPTLayerNorm(D), LayerNorm(D), {"input"}),
    "attention": (bugs.RustGPTSelfAttention(D), SelfAttention(D), {"w_q", "w_k", "input"}),
    "output": (bugs.RustGPTOutputProjection(D, 5), OutputProjection(D, 5), {"b_out"}),
}
pairs = pytest.mark.parametrize(("wrong", "right", "guilty"), PAIRS.values(), ids=PAIRS)
BATCH = Batch([[0] * 4, [0] * 2])


def example(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """An input and a gradient of the output, for a layer with weights of its own. No row's std is near 1."""
    rng = np.random.default_rng(6)
    for array in layer.alone().p.values():
        array += 0.3 * rng.normal(size=array.shape)
    return 2.5 * rng.normal(size=(6, D)), rng.normal(size=(6, layer.d_out))


def analytic(layer: Layer, x: np.ndarray, dy: np.ndarray) -> dict[str, np.ndarray]:
    dx = layer.backward(dy, layer.forward(x, BATCH)[1], BATCH)
    return {"input": dx} | {name: g.copy() for name, g in layer.g.items()}


def errors(layer: Layer) -> Iterator[tuple[str, float]]:
    """How far each analytic gradient is from the one by central differences."""
    x, dy = example(layer)
    found = analytic(layer, x, dy)
    for name, array in {"input": x, **layer.p}.items():
        numerical = numerical_gradient(lambda: float((layer.forward(x, BATCH)[0] * dy).sum()), array)
        yield name, relative_error(found[name], numerical)


@pairs
def test_finite_differences_catch_what_is_wrong_and_nothing_else(wrong, right, guilty) -> None:
    assert {name for name, error in errors(wrong) if error > 0.1} == guilty
    assert {name for name, error in errors(wrong) if error > 1e-7} == guilty
    assert {name for name, error in errors(right) if error > 1e-7} == set()


@pairs
def test_the_forward_pass_is_right(wrong, right, guilty) -> None:
    x, _ = example(wrong)
    example(right)
    np.testing.assert_array_equal(wrong.forward(x, BATCH)[0], right.forward(x, BATCH)[0])


@pairs
def test_no_bug_is_registered(wrong, right, guilty) -> None:
    assert type(wrong) not in REGISTRY.values()


def test_the_sizes_of_the_mistakes() -> None:
    """Too large by sqrt(d) in attention and by 1 / std in layer norm, T times too small in the bias."""
    wrong, right, _ = PAIRS["attention"]
    x, dy = example(right)
    example(wrong)
    np.testing.assert_allclose(analytic(wrong, x, dy)["w_q"], 6**0.5 * analytic(right, x, dy)["w_q"])

    wrong, _, _ = PAIRS["output"]
    x, dy = example(wrong)
    np.testing.assert_allclose(analytic(wrong, x, dy)["b_out"][0], dy[:4].mean(axis=0) + dy[4:].mean(axis=0))

    wrong, right, _ = PAIRS["layer norm"]
    x, dy = example(right)
    example(wrong)
    std = x.std(axis=1, keepdims=True)
    normal = (x - x.mean(axis=1, keepdims=True)) / std
    variance = -normal * (dy * right.p.gamma * normal).mean(axis=1, keepdims=True) / std
    missing = analytic(right, x, dy)["input"] - analytic(wrong, x, dy)["input"]
    np.testing.assert_allclose(missing, variance * (1 - 1 / std), rtol=1e-4)
