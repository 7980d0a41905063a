"""The four words against the library's own attention, and what the browser computes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import SelfAttention, views
from rustgpt_lab.batch import Batch
from rustgpt_lab.errors import ShapeError

FIELDS = ("products", "scores", "weights", "mix")


def test_it_is_the_attention_of_the_library() -> None:
    """x = the identity: then the rows of the three matrices are the queries, keys and values."""
    data = views.four_words().data
    layer = SelfAttention(4).alone()
    for name, x in (("w_q", data.q), ("w_k", data.k), ("w_v", data.v)):
        layer.p[name][:] = np.pad(x, ((0, 0), (0, 2)))
    layer.p.w_q[:] *= 2**0.5  # it divides by the root of 4, we by that of 2
    y, cache = layer.forward(np.eye(4), Batch([[0, 1, 2, 3]]))
    np.testing.assert_allclose(data.weights, cache.weights.reshape(4, 4), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(data.mix, (y - np.eye(4))[:, :2], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(data.scores, cache.scores.reshape(4, 4), rtol=1e-12)


@pytest.mark.parametrize("masked", [True, False])
def test_the_browser_computes_the_same(masked: bool, computed: Callable[..., list[Any]]) -> None:
    rng = np.random.default_rng(0)
    for size in (1, 3, 100):  # of scores that overflow an exponential, too
        vectors = dict(zip("qkv", size * rng.standard_normal((3, 4, 2)), strict=True))
        data = views.four_words(**vectors, masked=masked).data
        sent = {name: x.tolist() for name, x in vectors.items()}
        [there] = computed({"ask": "attend", "vectors": sent, "masked": masked})
        for name in FIELDS:
            expected = getattr(data, name)
            seen = np.isfinite(expected)
            np.testing.assert_allclose(np.array(there[name])[seen], expected[seen], rtol=1e-10, atol=1e-12)
        assert (~np.isfinite(data.scores)).sum() == (6 if masked else 0)


def test_it_opens_where_a_word_looks_most_at_another() -> None:
    view = views.four_words()
    assert (view.opening, view.state()["opening"]) == ((2, 1), (2, 1))
    assert view.sentence.startswith("“boat” gives “red” 0.92 of its attention, ")
    still = views.four_words(q=np.zeros((4, 2)), masked=False)
    np.testing.assert_allclose(still.data.weights, 0.25)


def test_table_and_twin() -> None:
    view = views.four_words(("a", "<b>", "$c$", "d"))
    assert view.twin() == view.twin()
    assert view.twin()["text/html"].count("<tr>") == 17
    assert "&lt;b&gt;" in view.twin()["text/html"]


@pytest.mark.parametrize("wrong", [{"words": ("a", "b")}, {"q": np.zeros((4, 3))}, {"v": np.zeros((3, 2))}])
def test_other_numbers_of_words_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match="four words in a plane"):
        views.four_words(**wrong)
