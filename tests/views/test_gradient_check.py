"""The gradient check passes every layer of the library, and finds what is wrong in the others."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Embeddings, FeedForward, LayerNorm, ModelError, Vocab, views
from rustgpt_lab.course.rustgpt import RustGPTLayerNorm, RustGPTOutputProjection, RustGPTSelfAttention
from rustgpt_lab.layers import REGISTRY, TiedOutput
from rustgpt_lab.parameters import walk
from rustgpt_lab.views.gallery.gradient_check import gradient_check_of
from tests.core.layer_examples import example


@pytest.mark.parametrize("kind", REGISTRY.values(), ids=REGISTRY)
def test_a_right_layer_passes(kind):
    layer = example(kind)[-1]
    if kind is TiedOutput:
        with pytest.raises(ModelError, match="tied"):  # alone, it has nothing to be tied to
            views.gradient_check(layer)
        return
    view = views.gradient_check(layer)
    assert view.sentence.startswith("All ")
    names = {
        f"{place}.{name}".removeprefix("0.") for place, inner in walk([layer]) for name in inner.parameters()
    }
    assert {g.name for g in view.data.layers[kind.__name__]} >= names
    assert "p" not in vars(layer)  # it was not touched


@pytest.mark.parametrize(
    ("layer", "wrong"),
    [
        (RustGPTLayerNorm(6), {"input"}),
        (RustGPTSelfAttention(6), {"input", "w_q", "w_k"}),
        (RustGPTOutputProjection(6, 5), {"b_out"}),
    ],
)
def test_rustgpts_mistakes_are_found_and_nothing_else(layer, wrong):
    assert {g.name for g in gradient_check_of(layer) if not g.right} == wrong


def test_by_how_much_a_gradient_is_wrong_can_be_read():
    w_q = next(g for g in gradient_check_of(RustGPTSelfAttention(6)) if g.name == "w_q")
    np.testing.assert_allclose(w_q.analytic / w_q.numerical, np.sqrt(6), rtol=1e-4)
    np.testing.assert_allclose(w_q.relative.max(), (np.sqrt(6) - 1) / (np.sqrt(6) + 1), rtol=1e-4)


def test_a_single_wrong_entry_is_marked():
    class Slip(LayerNorm):
        def backward(self, dy, c, batch):
            dx = super().backward(dy, c, batch)
            self.g.gamma[..., 2] += 0.01
            return dx

    view = views.gradient_check({"mine": Slip(4), "theirs": LayerNorm(4)})
    assert view.sentence.startswith("1 of 6 gradients wrong (mine: gamma). Worst at mine, gamma[0, 2]:")
    assert view.state()["first"] == ["mine", "gamma"]
    twin = view.twin()
    assert twin == view.twin()
    assert twin["text/html"].count(">wrong<") == 1


def test_a_gradient_that_is_not_a_number_is_wrong():
    class Lost(LayerNorm):
        def backward(self, dy, c, batch):
            return np.full_like(super().backward(dy, c, batch), np.nan)

    view = views.gradient_check(Lost(4))
    assert "gradients wrong (Lost: input)" in view.sentence
    view.twin()


def test_a_layer_of_a_model_keeps_its_weights_and_is_checked_with_them():
    llm = LLM.build(Vocab.from_texts(["a b c"]), embedding_dim=20, hidden_dim=24, blocks=1)
    before = llm.parameters.flat.copy(), llm.network.gradients.flat.copy()
    gradients = gradient_check_of(llm.network[3])
    np.testing.assert_array_equal(llm.parameters.flat, before[0])
    np.testing.assert_array_equal(llm.network.gradients.flat, before[1])
    assert isinstance(llm.network[3], FeedForward)
    w1 = next(g for g in gradients if g.name == "w1")
    assert w1.shape == (20, 24) and w1.analytic.shape == (16, 16) and w1.right


@pytest.mark.parametrize(("words", "positions"), [(2, 8), (1, 8), (6, 1)])
def test_a_layer_of_few_words_or_positions_is_checked_with_fewer(words, positions):
    view = views.gradient_check(Embeddings(words, 4, positions))
    assert view.sentence.startswith("All ")
