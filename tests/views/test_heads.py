"""The heads' picture shows the model's own weights, and a silent head is one whose part of w_o is gone."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.course import induction
from rustgpt_lab.course.circuits import without_heads
from rustgpt_lab.errors import ShapeError
from rustgpt_lab.numerics import softmax

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT, "moon stars planets shine at night far away"])


def grouped(**more) -> LLM:
    sizes = {"embedding_dim": 24, "hidden_dim": 8, "blocks": 3, "max_seq_len": 12, "heads": 6, "kv_heads": 2}
    llm = LLM.build(VOCAB, architecture="llama", **sizes | more)
    for weights in llm.parameters.values():
        weights *= 6
    return llm


def test_all_weights_are_there() -> None:
    llm = grouped()
    data, trace = views.heads(llm, TEXT).data, llm.trace(TEXT)
    assert data.layers == ("1.1", "3.1", "5.1") and data.shared == 3 and data.silent == ()
    for layer, name in enumerate(data.layers):
        np.testing.assert_allclose(data.weights[layer], trace[f"{name}.weights"], atol=1e-6)
    np.testing.assert_allclose(data.whole, softmax(llm.logits(TEXT)[-1]), atol=1e-6)
    assert data.moved == 0 and np.array_equal(data.before, data.after)


@pytest.mark.parametrize(
    "silent", [[(1, 1)], [(2, 6)], [(3, 2), (3, 3), (1, 5)], [(2, h) for h in range(1, 7)]]
)
def test_a_silent_head_is_one_without_its_part_of_w_o(silent) -> None:
    llm = grouped()
    before = llm.parameters.flat.copy()
    view = views.heads(llm, TEXT, silent)
    twin = llm
    for layer, head in silent:
        twin = without_heads(twin, view.data.layers[layer - 1], head - 1)
    expected, trace = softmax(twin.logits(TEXT)[-1]), twin.trace(TEXT)
    ids = [VOCAB.ids[word] for word in view.data.top]
    np.testing.assert_allclose(view.data.after, expected[ids], atol=1e-6)
    for layer, name in enumerate(view.data.layers):  # later layers read what the silent ones left
        np.testing.assert_allclose(view.data.weights[layer], trace[f"{name}.weights"], atol=1e-6)
    assert view.data.moved > 0
    assert np.array_equal(llm.parameters.flat, before)


def test_rustgpt_s_one_head_is_its_layer() -> None:
    llm = LLM.packaged()
    text = "User: What does the sun give? Assistant: The sun"
    for layer, index in enumerate((1, 5, 9), start=1):
        silent = views.heads(llm, text, [(layer, 1)]).data
        what_if = views.what_if(llm, text, "attention", layer=index).data
        assert silent.top == what_if.top and silent.moved == pytest.approx(what_if.moved)
        np.testing.assert_allclose(silent.after, what_if.after, atol=1e-6)


def test_questions_and_their_answers() -> None:
    view = views.heads(grouped(), TEXT)
    view.widget.ask({"text": TEXT, "silent": [[0, 2], [0, 1], [0, 2]]})
    assert view.data.silent == ((0, 1), (0, 2))
    assert view.sentence.startswith("Without head 2 of layer 1 and head 3 of layer 1, ")
    view.widget.ask({"text": TEXT, "silent": [[1, h] for h in range(6)]})
    assert view.sentence.startswith("Without any head of layer 2, ")
    view.widget.ask({"text": TEXT, "silent": []})
    assert view.data.moved == 0 and view.sentence.startswith("With every head, ")
    fresh = views.heads(grouped(), TEXT).data
    np.testing.assert_allclose(view.data.weights, fresh.weights, atol=1e-6)
    view.widget.ask({"text": "the moon shine", "silent": [[2, 0]]})
    assert view.data.words == ("the", "moon", "shine")
    view.widget.ask({"text": "the moon", "silent": [[3, 0]]})
    assert "no such head; expected layers 1 to 3, heads 1 to 6, found (4, 1)" in view.widget.problem


def test_a_model_without_heads() -> None:
    llm = LLM.build(VOCAB, 8, 8, blocks=1)
    alone = LLM(
        VOCAB, [llm.network[0].__class__(len(VOCAB), 8, 12), llm.network[-1].__class__(8, len(VOCAB))]
    )
    with pytest.raises(ShapeError, match="cannot be laid side by side"):
        views.heads(alone, TEXT)


def test_it_opens_at_a_head_that_looks_for_something_and_the_twin_says_so() -> None:
    view = views.heads(induction.recorded().llm, induction.TEXT.rsplit(" ", 1)[0])
    assert view.data.opening[0] == 1, "the second layer's heads find what came next"
    twin = view.twin()
    assert twin == view.twin() and twin["text/html"].count("<tr>") == 1 + 2 * 4
    assert "With every head, “nz” comes next" in twin["text/plain"]


def test_thirty_layers_of_nine_heads_travel_as_a_byte_a_weight() -> None:
    llm = grouped(embedding_dim=72, blocks=30, heads=9, kv_heads=3)
    state = views.heads(llm, TEXT).widget.data
    weights = state["weights"]
    length = len(llm.tokenize(TEXT))
    assert weights["shape"] == [30, 9, length * (length + 1) // 2] and weights["dtype"] == "uint8"
