"""Drawing before the truth is computed: what is kept, what it is worth, and that what is said of the truth holds."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rustgpt_lab import LLM, Dataset, ModelError, Vocab
from rustgpt_lab.course import progress, sketch
from rustgpt_lab.course.exercise import find_sketch, notebooks, sketches_of
from rustgpt_lab.course.record import ProgressWarning
from rustgpt_lab.course.sketches import score
from rustgpt_lab.views.sketch import SketchCard

from .notebooks import PATHS, code_cells, find, number_of, read, run, solved

ALL = [each for number in notebooks() for each in sketches_of(number)]
SHARES = [0.7, 0.1, 0.1, 0.1, 0.0]


def never() -> list[float]:
    raise AssertionError("the truth was computed before it was asked for")


@pytest.fixture(scope="module")
def packaged() -> LLM:
    return LLM.packaged()


def answered(card: SketchCard, **question: object) -> str:
    """What the card says, after a question from the browser."""
    card.widget.ask({"drawn": [0.7, 0.1, 0.1, 0.1, 0.0], "confidence": 60, "why": ""} | question)
    return card.widget.problem or card.widget.sentence


@pytest.mark.parametrize("path", [p for p in PATHS if sketches_of(number_of(p))], ids=lambda path: path.stem)
def test_no_notebook_computes_or_holds_its_truth_before_it_is_asked_for(
    path: Path, tmp_path, monkeypatch
) -> None:
    """Its own cell, run after those before it: the page gets no number, and the truth that it then gives is one."""
    monkeypatch.chdir(tmp_path)
    notebook = read(path)
    [asked] = sketches_of(number_of(path))
    place = code_cells(notebook).index(find(notebook, "sketch", asked.id))
    card = run(solved(notebook)[: place + 1])[-1]
    state, page = card.state(), "".join(card.twin().values())
    assert (state["truth"], state["drawn"], state["because"]) == ([], [], "")
    assert asked.because not in page
    assert (
        "lies where you drew it" in (said := answered(card, drawn=[1.0] * len(asked.places)))
        or "your curve" in said
    )
    truth = card.data.truth
    assert len(truth) == len(asked.places) and (truth >= 0).all() and (truth <= asked.high).all()
    assert asked.kind == "curve" or np.isclose(truth.sum(), 1, atol=1e-5)
    assert asked.because in card.twin()["text/plain"] and "<td>" in card.twin()["text/html"]


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.id)
def test_the_truth_is_not_computed_before_it_is_asked_for(asked) -> None:
    card = sketch(asked.id, never)
    card.twin(), card.figure(), card.table(), card.state(), card.widget


def test_a_drawing_is_kept_as_a_prediction_is(progress_file: Path) -> None:
    said = answered(sketch("05.s1", lambda: SHARES), drawn=[2, 0, 2, 0, 0], why=" it is \n so ")
    assert said.startswith("✗ Not near: 60% of the probability lies where you drew it")
    assert "You were 60 % sure that it is near. Your reason: “it is so”." in said
    kept = json.loads(progress_file.read_text())["predictions"]["05.s1"]
    drawn = [0.5, 0, 0.5, 0, 0]
    assert kept == {"choice": "near", "confidence": 60, "drawn": drawn, "truth": "far", "why": "it is so"}
    assert "✗ 05.s1" in repr(progress())
    assert "0 of 1 right, 0 %; you were 60 % sure on average" in repr(progress())


def test_a_drawing_that_met_its_truth_stays_and_is_shown_again(progress_file: Path) -> None:
    answered(sketch("05.s1", lambda: SHARES))
    kept = progress_file.read_text()
    again = sketch("05.s1", lambda: SHARES)
    assert "✓ Near: 100%" in again.sentence and again.state()["drawn"] == SHARES
    assert "✓ Near: 100%" in answered(again, drawn=[0, 0, 0, 0, 1])
    assert progress_file.read_text() == kept


def test_who_only_looks_has_drawn_nothing_and_who_draws_then_is_late(progress_file: Path) -> None:
    card = sketch("05.s1", lambda: SHARES)
    assert answered(card, opened=True).startswith("You have drawn nothing")
    assert card.state()["truth"] == SHARES
    assert json.loads(progress_file.read_text())["predictions"] == {"05.s1": {"opened": True}}
    assert "You had opened the answer before." in answered(sketch("05.s1", lambda: SHARES))
    assert "Not counted: 1 given after the truth was opened." in repr(progress())


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"drawn": [0, 0, 0, 0, 0]}, "nothing is drawn yet"),
        ({"drawn": [1, 1]}, "nothing is drawn yet"),
        ({"drawn": [1, 1, 1, 1, -1]}, "nothing is drawn yet"),
        ({"drawn": [1, 1, 1, 1, float("nan")]}, "nothing is drawn yet"),
        ({"drawn": [None] * 5}, "nothing is drawn yet"),
    ],
)
def test_what_is_no_drawing_is_not_kept(question, words: str, progress_file: Path) -> None:
    assert words in answered(sketch("05.s1", lambda: SHARES), **question)
    assert not progress_file.exists()


@pytest.mark.parametrize("truth", [[1, 0], [np.nan] * 5, [[1, 0, 0, 0, 0]]], ids=str)
def test_a_truth_of_another_form_is_an_error_and_keeps_nothing(truth, progress_file: Path) -> None:
    assert "this is no truth to draw" in answered(sketch("05.s1", lambda: truth))
    assert not progress_file.exists()


@pytest.mark.parametrize("drawn", [{}, {"drawn": []}, {"drawn": [1.0]}], ids=str)
def test_a_strange_record_does_no_harm(drawn, progress_file: Path) -> None:
    kept = {"choice": "a", "confidence": 90, "truth": "b"} | drawn
    progress_file.write_text(json.dumps({"passed": [], "predictions": {"05.s1": kept}}))
    card = sketch("05.s1", lambda: SHARES)
    assert "You have drawn nothing" in card.sentence and "You have drawn nothing" in answered(card)
    assert json.loads(progress_file.read_text())["predictions"]["05.s1"] == kept


@pytest.mark.parametrize(
    "part", [{"drawn": "x"}, {"drawn": [None]}, {"why": 3}, {"drawn": [float("inf")]}], ids=str
)
def test_a_damaged_drawing_is_set_aside(part, progress_file: Path) -> None:
    kept = {"choice": "near", "confidence": 90} | part
    progress_file.write_text(json.dumps({"passed": [], "predictions": {"05.s1": kept}}))
    with pytest.warns(ProgressWarning, match="is damaged"):
        sketch("05.s1", never)


def test_an_unknown_sketch_is_an_error() -> None:
    with pytest.raises(ModelError, match="the course has no such sketch"):
        sketch("05.s9", never)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=8), st.data())
def test_the_score_of_shares_is_one_less_the_total_variation(drawn, data) -> None:
    """The largest difference in probability that any set of places can have, by trying all sets."""
    truth = data.draw(st.lists(st.floats(0.001, 1), min_size=len(drawn), max_size=len(drawn)))
    p, q = np.array(drawn) / sum(drawn), np.array(truth) / sum(truth)
    sets = (np.array([bool(k >> i & 1) for i in range(len(p))]) for k in range(2 ** len(p)))
    worst = max(abs(p[chosen].sum() - q[chosen].sum()) for chosen in sets)
    found, near = score("shares", p, q)
    assert np.isclose(found, 1 - worst) and near == (found >= 0.75)


def test_attention_of_the_first_layer_is_even_and_that_of_the_second_is_not(packaged: LLM) -> None:
    """03.s1, what is said of it, and the same in another form."""
    for text in Dataset.packaged().chat:
        weights = packaged.trace(text)["1.weights"]
        even = np.tril(np.ones_like(weights)) / np.arange(1, len(weights) + 1)[:, None]
        assert (np.abs(weights - even).sum(axis=1) / 2 < 0.02).all()
        if len(weights) >= 20:
            assert abs(weights[19, 0] - 0.05) < 0.005
    rain = packaged.trace("User: What is rain? Assistant: Rain is")
    tokens = packaged.vocab.pieces(packaged.tokenize("User: What is rain? Assistant: Rain is"))
    assert tuple(tokens) == find_sketch("03.s1").places
    assert f"{rain['5.weights'][-1, 8]:.2f}" == "0.98"
    assert len(Dataset.packaged().chat) == 197


def test_the_words_after_why_come_as_often_as_is_said(packaged: LLM) -> None:
    """05.s1: counted, and the model's own shares are near."""
    texts = [text.split() for text in Dataset.packaged().chat if text.startswith("User: Why ")]
    assert Counter(words[2] for words in texts) == {"do": 15, "does": 3, "is": 3, "can": 1}
    assert len(texts) == 22
    scores = packaged.logits("User: Why")[-1].astype(float)
    p = np.exp(scores) / np.exp(scores).sum()
    four = [p[packaged.vocab.ids[word]] for word in ("do", "does", "is", "can")]
    assert score("shares", np.array([15, 3, 3, 1, 0]) / 22, np.array([*four, 1 - sum(four)]))[1]


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_on_what_is_kept_back_falls_and_then_rises(seed: int) -> None:
    """07.s1, and its other form: the loss on what is learned says nothing of when to stop."""
    data = Dataset.packaged()
    facts = data.pretraining[:12]
    vocab = Vocab.from_texts(facts + data.chat[:11])
    sizes = {"embedding_dim": 32, "hidden_dim": 64, "blocks": 1, "max_seq_len": 32}
    llm = LLM.build(vocab, **sizes, seed=seed, dtype="float64")
    learned, kept_back = [llm.loss(facts[:9])], [llm.loss(facts[9:])]
    for _ in range(10):
        llm.train(facts[:9], 3, 0.01, batch_size=4)
        learned.append(llm.loss(facts[:9]))
        kept_back.append(llm.loss(facts[9:]))
    best = int(np.argmin(kept_back))
    assert 0 < best < 4 and kept_back[best] < kept_back[0] - 1
    assert kept_back[-1] > kept_back[best] + 1 and kept_back[-1] > np.log(len(vocab))
    assert learned[-1] < 0.1 and learned[-1] < learned[best] / 5
