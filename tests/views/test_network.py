"""What the network view says of a model, counted once more by hand."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.batch import Batch
from rustgpt_lab.errors import TextError
from rustgpt_lab.layers import Embeddings, OutputProjection
from rustgpt_lab.views.gallery.network import array_of, network_of

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT])
D, HIDDEN, V, T = 8, 6, len(VOCAB), 7


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.build(VOCAB, embedding_dim=D, hidden_dim=HIDDEN, blocks=2, max_seq_len=10)


def test_layers_shapes_and_counts(llm: LLM) -> None:
    data = network_of(llm, TEXT)
    attention, norm, feed_forward = 3 * D * D, 2 * D, 2 * D * HIDDEN + HIDDEN + D
    sizes = [(V + 10) * D, *2 * [attention, norm, feed_forward, norm], D * V + V]
    assert [layer.size for layer in data.layers] == sizes
    assert data.size == sum(sizes)
    assert [layer.block for layer in data.layers] == [0, 1, 1, 1, 1, 2, 2, 2, 2, 0]
    assert [layer.gives for layer in data.layers] == 9 * [D] + [V]
    shapes = {array.name: array.shape for array in data.layers[3].parameters}
    assert shapes == {"w1": (D, HIDDEN), "b1": (1, HIDDEN), "w2": (HIDDEN, D), "b2": (1, D)}
    assert {array.name: array.shape for array in data.layers[1].trace}["weights"] == (T, T)


def test_a_residual_is_where_a_layer_without_weights_hands_on_its_input(llm: LLM) -> None:
    empty = llm.copy()
    empty.parameters.flat[:] = 0
    batch = Batch([empty.tokenize(TEXT)])
    x = np.random.default_rng(0).standard_normal((T, D), "float32")
    for i, layer in enumerate(network_of(llm, TEXT).layers[1:-1], 1):
        y = empty.network[i].forward(x, batch)[0]
        assert np.array_equal(x, y) == layer.residual, i


def test_an_array_in_a_few_numbers() -> None:
    found = array_of("x", np.array([[-np.inf, 1.0], [3.0, 5.0]]))
    assert (found.shape, found.hidden) == ((2, 2), 1)
    assert (found.mean, found.low, found.high) == (3, 1, 5)
    assert found.std == pytest.approx((8 / 3) ** 0.5)
    assert np.flatnonzero(found.histogram).tolist() == [0, 12, 23]
    nothing = array_of("x", np.full(2, -np.inf))
    assert nothing.hidden == 2 and np.isnan(nothing.mean)


def test_the_scores_behind_the_mask_are_counted(llm: LLM) -> None:
    arrays = {array.name: array for array in network_of(llm, TEXT).layers[1].trace}
    assert arrays["scores"].hidden == T * (T - 1) // 2
    assert arrays["weights"].hidden == 0
    assert arrays["weights"].histogram.sum() == T * T


def test_a_network_without_blocks() -> None:
    plain = LLM(VOCAB, [Embeddings(V, D), OutputProjection(D, V)])
    view = views.network(plain, TEXT)
    assert [layer.block for layer in view.data.layers] == [0, 0]
    assert view.sentence.startswith("2 layers with ")


def test_the_twin_and_an_answer(llm: LLM) -> None:
    view = views.network(llm, TEXT)
    twin = view.twin()
    assert twin == view.twin()
    assert twin["text/plain"].startswith("10 layers (2 blocks) with ")
    assert twin["text/html"].count("<tr>") == 11
    state = view.state()
    x = state["layers"][1]["trace"][0]
    assert x["name"] == "x"
    np.testing.assert_array_equal(state["histograms"][x["histogram"]], view.data.layers[1].trace[0].histogram)
    view.widget.ask("the sun")
    assert view.data.words == ("the", "sun")
    with pytest.raises(TextError):
        view.answer("zyxx")
