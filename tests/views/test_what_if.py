"""What the what-if view says is what another model, really built without the part, would say."""

import re

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import ShapeError, TextError
from rustgpt_lab.numerics import softmax
from rustgpt_lab.views.gallery.what_if import KINDS, Change, run, what_if_of

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT])
CHANGES = [*KINDS]


@pytest.fixture(scope="module")
def llm() -> LLM:
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=2, dtype="float64")
    llm.parameters.flat[:] += np.random.default_rng(1).normal(0, 0.3, llm.parameters.flat.shape)
    return llm


def textbook(llm: LLM, change: Change) -> np.ndarray:
    """The network once more in plain NumPy, one position at a time, with the change written into it."""

    def here(kind: str, i: int) -> bool:
        return change.kind == kind and change.layer in (None, i)

    p, ids = llm.parameters, llm.tokenize(TEXT)
    x = p["0.token_embeddings"][ids] + p["0.positional_embeddings"][: len(ids)]
    for i in range(1, 9):
        kept = 0 if here("residual", i) else x
        if i % 2 == 0:
            if not here("norm", i):
                normal = (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + 1e-5)
                x = normal * p[f"{i}.gamma"] + p[f"{i}.beta"]
        elif i % 4 == 3:
            if not here("feed_forward", i):
                x = kept + np.maximum(x @ p[f"{i}.w1"] + p[f"{i}.b1"], 0) @ p[f"{i}.w2"] + p[f"{i}.b2"]
        elif not here("attention", i):
            q, k, v = (x @ p[f"{i}.{name}"] for name in ("w_q", "w_k", "w_v"))
            mix = np.zeros_like(x)
            for row in range(len(ids)):
                terms = []
                for column in range(len(ids)):
                    seen = column <= row or here("mask", i)
                    if here("hide", i) and column == change.column and row > column:
                        seen = False
                    score = q[row] @ k[column] / (1 if here("scaling", i) else 8**0.5)
                    if here("score", i) and (row, column) == (change.row, change.column):
                        score, seen = change.score, True
                    terms.append(np.exp(score) if seen else 0.0)
                mix[row] = np.array(terms) @ v / sum(terms)
            x = kept + mix
    return softmax((x @ p["9.w_out"] + p["9.b_out"])[-1])


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_what_a_network_without_the_part_computes(llm: LLM, kind: str, everywhere: bool) -> None:
    places = what_if_of(llm, TEXT, Change("attention")).layers[kind]
    change = Change(kind, None if everywhere else places[0][0], row=3, column=1, score=2.5)
    data = what_if_of(llm, TEXT, change)
    after, before = textbook(llm, change), softmax(llm.logits(TEXT)[-1])
    ids = [VOCAB.ids[word] for word in data.top]
    np.testing.assert_allclose(data.after, after[ids], atol=1e-12)
    np.testing.assert_allclose(data.before, before[ids], atol=1e-12)
    assert data.moved == pytest.approx(np.maximum(after - before, 0).sum())
    assert data.moved > 1e-4
    assert after.argmax() in ids


@pytest.mark.parametrize("family", ["gpt2", "llama"])
@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize(
    ("kind", "fields"),
    [("attention", r"w_o|b_o"), ("feed_forward", r"w2|b2|w_down"), ("scaling", r"w_q|b_q")],
)
def test_in_a_block_a_change_is_what_other_weights_say(
    family: str, everywhere: bool, kind: str, fields: str
) -> None:
    """Attention without an output adds nothing; scores are not divided if the queries are larger."""
    llm = LLM.build(VOCAB, 8, 8, 2, dtype="float64", architecture=family, heads=2)
    llm.parameters.flat[:] += np.random.default_rng(1).normal(0, 0.3, llm.parameters.flat.shape)
    layer = what_if_of(llm, TEXT, Change("attention")).layers[kind][0][0]
    other = llm.copy()
    where = r"\d+" if everywhere else layer
    for name, array in other.parameters.items():
        if re.fullmatch(rf"{where}\.1\.({fields})", name):
            array *= 2 if kind == "scaling" else 0  # the root of a head's width, 4
    data = what_if_of(llm, TEXT, Change(kind, None if everywhere else layer))
    after = softmax(other.logits(TEXT)[-1])
    np.testing.assert_allclose(data.after, after[[VOCAB.ids[word] for word in data.top]], atol=1e-12)
    assert data.moved > 1e-4


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_every_change_can_be_made_in_a_block(family: str) -> None:
    llm = LLM.build(VOCAB, 8, 8, 2, architecture=family, heads=2)
    for kind in KINDS:
        data = views.what_if(llm, TEXT, kind, score=3.0).data
        assert data.scores_after is None or data.scores_after.shape == data.weights_before.shape == (7, 7)
    data = what_if_of(llm, TEXT, Change("score", row=4, column=2, score=3.0))
    assert data.scores_after[4, 2] == 3.0


def test_nothing_changed_is_the_model_itself(llm: LLM) -> None:
    weights = llm.parameters.flat.copy()
    logits, _ = run(llm, TEXT, Change("score"))
    np.testing.assert_allclose(logits, llm.logits(TEXT), atol=1e-12)
    assert "as it is in every layer, nothing changes" in views.what_if(llm, TEXT, "score").sentence
    for kind in KINDS:
        views.what_if(llm, TEXT, kind, score=3.0)
    np.testing.assert_array_equal(llm.parameters.flat, weights)


def test_the_map_is_of_the_last_changed_attention(llm: LLM) -> None:
    data = what_if_of(llm, TEXT, Change("score", None, row=4, column=2, score=3.0))
    assert data.map_layer == 5
    assert data.scores_after[4, 2] == 3.0 != data.scores_before[4, 2]
    np.testing.assert_allclose(data.weights_before, llm.trace(TEXT)["5.weights"])
    assert what_if_of(llm, TEXT, Change("attention")).weights_after is None
    assert np.triu(what_if_of(llm, TEXT, Change("mask", 1)).weights_after, 1).any()


def test_a_question_keeps_its_place_in_a_shorter_text(llm: LLM) -> None:
    view = views.what_if(llm, TEXT, "hide", column=3)
    view.widget.ask({"text": "the sun", "change": {**vars(view.data.change), "layer": 1}})
    assert (view.data.words, view.data.change.column) == (("the", "sun"), 1)
    assert view.sentence.startswith("With “sun” hidden in layer 1, ")
    assert view.widget.answered == 1
    view.widget.ask({"text": "zyxx", "change": vars(view.data.change)})
    assert "no word of this text is in the vocabulary" in view.widget.problem


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"change": "heads"},
            "change: this model has nothing to change so; expected attention, .* found heads",
        ),
        ({"change": "norm", "layer": 1}, r"layer: .* expected None, or one of \[2, 4, 6, 8\], found 1"),
        ({"change": "hide", "column": 7}, "column: .* expected 0 to 6, a position of the text, found 7"),
    ],
)
def test_an_impossible_change_is_refused(llm: LLM, arguments: dict, words: str) -> None:
    with pytest.raises(ShapeError, match=words):
        views.what_if(llm, TEXT, **arguments)


def test_a_text_without_known_words_is_refused(llm: LLM) -> None:
    with pytest.raises(TextError):
        views.what_if(llm, "zyxx")


def test_the_bars_are_sorted_by_what_is_now_true(llm: LLM) -> None:
    view = views.what_if(llm, TEXT, "attention")
    state = view.state()
    assert (np.diff(state["after"]) <= 0).all()
    pairs = dict(zip(view.data.top, zip(view.data.before, view.data.after, strict=True), strict=True))
    shown = zip(state["top"], zip(state["before"], state["after"], strict=True), strict=True)
    assert dict(shown) == pairs
    assert [row[0] for row in view.table().rows] == state["top"] != list(view.data.top)


def test_the_twin_tells_the_same(llm: LLM) -> None:
    view = views.what_if(llm, TEXT, "norm", layer=2)
    twin = view.twin()
    assert twin == view.twin()
    assert "Without the norm in layer 2, " in twin["text/plain"]
    assert twin["text/html"].count("<tr>") == 1 + len(view.data.top)
    assert "&lt;" in twin["text/html"]
