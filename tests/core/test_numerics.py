import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rustgpt_lab.gradcheck import numerical_gradient, relative_error
from rustgpt_lab.numerics import causal, cross_entropy, softmax

finite = st.floats(-1e4, 1e4)
matrices = arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=6), elements=finite)


@given(matrices)
def test_softmax_is_a_distribution(scores):
    p = softmax(scores)
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1, atol=1e-12)


@given(matrices, finite)
def test_softmax_keeps_the_order_and_ignores_a_shift(scores, shift):
    np.testing.assert_allclose(softmax(scores + shift), softmax(scores), atol=1e-9)
    assert (
        np.take_along_axis(softmax(scores), scores.argmax(-1)[..., None], -1)[..., 0]
        == softmax(scores).max(-1)
    ).all()


def test_softmax_by_hand_and_in_place():
    scores = np.log(np.array([[1.0, 2.0, 5.0]]))
    out = softmax(scores, out=scores)
    assert out is scores
    np.testing.assert_allclose(out, [[1 / 8, 2 / 8, 5 / 8]])
    np.testing.assert_array_equal(softmax(np.array([-np.inf, 0.0])), [0, 1])


def test_causal_masks_above_the_diagonal():
    masked = causal(np.ones((2, 3, 3)))
    np.testing.assert_array_equal(masked[1], [[1, -np.inf, -np.inf], [1, 1, -np.inf], [1, 1, 1]])


@given(
    arrays(np.float64, (4, 5), elements=st.floats(-50, 50)),
    st.lists(st.integers(0, 4), min_size=4, max_size=4),
)
def test_cross_entropy_against_its_definition(logits, targets):
    expected = [
        math.log(sum(math.exp(x - row[t]) for x in row)) for row, t in zip(logits, targets, strict=True)
    ]
    losses, p = cross_entropy(logits.copy(), np.array(targets))
    np.testing.assert_allclose(losses, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(p, softmax(logits), atol=1e-12)


def test_cross_entropy_of_the_impossible_is_finite():
    losses, _ = cross_entropy(np.array([[0.0, 2000.0]], dtype="float32"), np.array([0]))
    assert losses == pytest.approx(2000)


def test_numerical_gradient_of_a_known_function():
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_allclose(numerical_gradient(lambda: float((x**3).sum()), x), 3 * x**2, rtol=1e-8)
    assert x[0, 1] == -2.0


def test_relative_error():
    assert relative_error(np.ones(3), np.ones(3)) == 0 == relative_error(np.zeros(2), np.zeros(2))
    assert relative_error(np.ones(3), -np.ones(3)) == 1
