"""The chat view says what the model says, word by word."""

from threading import Event

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import TextError
from rustgpt_lab.generation import Sampling
from rustgpt_lab.generation.strategy import Said
from rustgpt_lab.views.gallery import chat

TEXT = "User : the sun <rises> & sets Assistant : </s>"
VOCAB = Vocab.from_texts([TEXT])
WORD = Said(0, VOCAB.ids["the"], np.zeros(len(VOCAB)))


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=1)


def test_an_answer_is_the_models_own(llm: LLM) -> None:
    turn = views.chat(llm, "the sun").data.turns[0]
    said = llm.predict("User: the sun Assistant:")
    assert "".join(turn.answer) == turn.said == said.removesuffix("</s>").rstrip()
    assert turn.done and turn.ended == said.endswith("</s>")


def test_every_word_is_sent_when_it_is_there(llm: LLM) -> None:
    view = views.chat(llm, "the sun")
    sent = []
    view.widget.observe(lambda change: sent.append(change["new"]["turns"][-1]), "data")
    view.widget.ask({"say": "sets"})
    view._thread.join()
    words = len(view.data.turns[1].probabilities)
    assert [len(turn["probabilities"]) for turn in sent] == [*range(words + 1), words]
    assert [turn["done"] for turn in sent] == [False] * (words + 1) + [True]
    assert sent[-1]["said"] == view.data.turns[1].said


def test_stop_leaves_the_words_that_were_said(llm: LLM, monkeypatch: pytest.MonkeyPatch) -> None:
    view = views.chat(llm, "the sun")
    spoke, listened = Event(), Event()

    def say(llm, texts, strategy):
        yield WORD
        spoke.set()
        assert listened.wait(10)
        yield WORD

    monkeypatch.setattr(chat, "say", say)
    view.widget.ask({"say": "sets"})
    assert spoke.wait(10)
    assert view.sentence == "The model is writing."
    view.widget.ask({"stop": True})
    listened.set()
    view._thread.join()
    turn = view.data.turns[1]
    assert (turn.answer, turn.done, turn.stopped) == (("the",), True, True)
    assert view.widget.data["turns"][1]["stopped"]
    assert view.sentence == "To “sets” the model says “the”, until it is stopped."


def test_a_new_question_ends_the_answer_before(llm: LLM, monkeypatch: pytest.MonkeyPatch) -> None:
    view = views.chat(llm, "the sun")
    go_on = Event()

    def say(llm, texts, strategy):
        yield WORD
        assert go_on.wait(10)
        yield WORD

    monkeypatch.setattr(chat, "say", say)
    view.widget.ask({"say": "sets"})
    first = view._thread
    view.widget.ask({"say": "rises"})
    go_on.set()
    first.join()
    view._thread.join()
    assert [turn.stopped for turn in view.data.turns] == [False, True, False]
    assert [turn.done for turn in view.data.turns] == [True] * 3
    assert view.data.turns[2].answer == ("the", " the")


def test_unknown_words_are_named_and_questions_of_nothing_refused(llm: LLM) -> None:
    view = views.chat(llm, "the zyxx sun")
    assert view.data.turns[0].unknown == ("zyxx",)
    assert "it does not know “zyxx”" in view.sentence
    with pytest.raises(TextError, match="no word of this question"):
        view.answer({"say": "zyxx"})
    with pytest.raises(TextError, match="longer than the model can see"):
        view.answer({"say": "sun " * 80})
    assert len(view.data.turns) == 1


def test_the_attention_is_that_of_question_and_answer(llm: LLM) -> None:
    view = views.chat(llm, "the sun")
    view.widget.ask({"look": 0})
    words = [VOCAB.words[i] for i in llm.tokenize("User: the sun Assistant:")]
    said = llm.predict("User: the sun Assistant:")
    assert view.data.attention["words"] == (*words, *said.split())
    view.widget.ask({"look": "the sun"})
    assert view.data.attention["words"] == ("the", "sun")
    view.widget.ask({"look": None})
    assert view.data.attention is None


def test_the_twin(llm: LLM) -> None:
    view = views.chat(llm, "the <rises> & sun")
    assert view.twin() == view.twin()
    assert "the &lt;rises&gt; &amp; sun" in view.twin()["text/html"]


def test_every_word_has_its_probability(llm: LLM) -> None:
    view = views.chat(llm, "the sun")
    turn, ids = view.data.turns[0], llm.tokenize("User: the sun Assistant:")
    said = [*turn.said.split(), *["</s>"] * turn.ended]
    for word, p in zip(said, turn.probabilities, strict=True):
        scores = np.exp(llm.logits(ids)[-1])
        assert p == pytest.approx(scores[VOCAB.ids[word]] / scores.sum(), abs=1e-5)
        ids.append(VOCAB.ids[word])
    assert view.table().rows[0][2].count(", ") == len(said) - 1


def test_chance_is_let_in_and_each_turn_draws_anew(llm: LLM) -> None:
    view = views.chat(llm, "the sun")
    assert view.data.turns[0].how == ""
    hot = {"temperature": 2.0, "top_k": 5, "top_p": None}
    for _ in range(2):
        view.widget.ask({"say": "the sun", "strategy": hot})
        view._thread.join()
    turns = view.data.turns[1:]
    assert [turn.how for turn in turns] == ["temperature 2, top-k 5"] * 2
    assert len({turn.answer for turn in view.data.turns}) == 3
    for turn in turns:
        strategy = Sampling(2.0, top_k=5, seed=turn.strategy.seed)
        assert turn.said == llm.predict(turn.prompt, strategy=strategy).removesuffix("</s>").rstrip()
    again = views.chat(llm, "the sun", strategy=Sampling(2.0, top_k=5, seed=turns[0].strategy.seed))
    assert again.data.turns[0].answer == turns[0].answer
    view.widget.ask({"say": "the sun", "strategy": {"temperature": -1}})
    assert "temperature: an argument cannot be used" in view.widget.problem
