"""The norms of the flow against the gradients of the model, and against nudging."""

from itertools import pairwise

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.batch import Batch
from rustgpt_lab.errors import DataError
from rustgpt_lab.gradcheck import numerical_gradient
from rustgpt_lab.numerics import cross_entropy
from rustgpt_lab.views.gallery.gradient_flow import gradient_flow_of

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT])


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=2, dtype="float64")


def test_the_norms_of_the_weights_are_those_of_the_gradients(llm: LLM) -> None:
    weights = llm.parameters.flat.copy()
    data = gradient_flow_of(llm, TEXT)
    np.testing.assert_array_equal(llm.parameters.flat, weights)
    found = {f"{i}.{name}": x for i, layer in enumerate(data.layers) for name, x in layer.parameters.items()}
    truth = {name: np.linalg.norm(g) for name, g in llm.gradients([TEXT]).items()}
    assert found == pytest.approx(truth, rel=1e-12)
    assert data.loss == pytest.approx(llm.loss([TEXT]), rel=1e-12)
    assert data.layers[3].weights == pytest.approx(
        sum(truth[name] ** 2 for name in truth if name.startswith("3.")) ** 0.5
    )


def test_what_arrives_at_a_layer_is_what_nudging_its_output_measures(llm: LLM) -> None:
    data = gradient_flow_of(llm, TEXT)
    batch = Batch.to_learn(llm.sequences([TEXT]))
    x = batch.ids
    for i, layer in enumerate(llm.network):
        x, _ = layer.forward(x, batch)
        y = x.copy()

        def loss(y: np.ndarray = y, rest: int = i + 1) -> float:
            for later in llm.network[rest:]:
                y, _ = later.forward(y, batch)
            losses, _ = cross_entropy(y.copy(), batch.targets)
            return float(losses @ batch.shares)

        arrives = numerical_gradient(loss, y)
        assert data.layers[i].arrives == pytest.approx(np.linalg.norm(arrives), rel=1e-5), i
    assert data.logits == data.layers[-1].arrives


def test_each_layer_hands_on_what_arrives_at_the_one_before_it(llm: LLM) -> None:
    layers = gradient_flow_of(llm, TEXT).layers
    for before, layer in pairwise(layers):
        assert layer.leaves == before.arrives
    assert layers[0].leaves is None
    assert [layer.block for layer in layers] == [0, 1, 1, 1, 1, 2, 2, 2, 2, 0]
    assert [layer.branch is not None for layer in layers] == [False, *4 * [True, False], False]


def test_a_layer_without_weights_hands_on_what_arrives_and_adds_nothing(llm: LLM) -> None:
    empty = llm.copy()
    for name in ("w_q", "w_k", "w_v"):
        empty.parameters[f"1.{name}"][:] = 0
    layer = gradient_flow_of(empty, TEXT).layers[1]
    assert layer.branch == 0
    assert layer.leaves == layer.arrives > 0


def test_sentence_table_and_twin(llm: LLM) -> None:
    view = views.gradient_flow(llm, TEXT)
    assert view.twin() == view.twin()
    assert view.twin()["text/html"].count("<tr>") == 1 + len(llm.network)
    assert "arrives at layer 0, Embeddings, with " in view.sentence
    assert [row[0] for row in view.table().rows][:2] == ["0 Embeddings", "1 SelfAttention"]
    with pytest.raises(DataError):
        views.gradient_flow(llm, "zyxx")
