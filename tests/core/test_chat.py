"""A conversation reads every id once, says what the whole text would say, and can be stopped."""

from pathlib import Path

import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.errors import GenerationError, TextError
from rustgpt_lab.generation import Beam, Chat, Sampling
from tests.corpus import gguf


@pytest.fixture
def llm(tmp_path: Path) -> LLM:
    (tmp_path / "m.gguf").write_bytes(gguf.other(llama__context_length=(gguf.U32, 400)))
    return LLM.load(tmp_path / "m.gguf")


def test_every_turn_is_as_if_all_were_read_anew_and_little_is(
    llm: LLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, rows, scores = Chat(llm), [], llm.network.scores

    def watched(batch, *rest, **named):
        rows.append(len(batch.ids))
        return scores(batch, *rest, **named)

    monkeypatch.setattr(llm.network, "scores", watched)
    for turn, question in enumerate(["the", "the 1 the", "2"]):
        rows.clear()
        said = "".join(chat.ask(question, most=6))
        if turn:
            assert rows[0] < 60
        fresh = Chat(llm)
        fresh.messages = chat.messages[:-2]
        assert "".join(fresh.ask(question, most=6)) == said
        assert fresh.messages == chat.messages


def test_it_can_be_stopped_and_goes_on(llm: LLM) -> None:
    chat = Chat(llm)
    for piece in chat.ask("the", Sampling(5.0), most=50):
        if piece:
            chat.stop()
    assert 1 <= chat.words < 12
    assert chat.messages[-1]["role"] == "assistant"
    assert list(chat.ask("the", most=3)) is not None
    assert len(chat.messages) == 4


def test_what_cannot_be_asked_is_refused_and_not_remembered(llm: LLM) -> None:
    chat = Chat(llm, system="the")
    with pytest.raises(TextError, match="does not fit"):
        chat.ask("x" * 500)
    with pytest.raises(GenerationError, match="strategy"):
        chat.ask("the", Beam(2))
    assert [turn["role"] for turn in chat.messages] == ["system"]
    with pytest.raises(TextError, match="taught no form of a chat"):
        Chat(LLM.build(Vocab.default(), 4, 4, 1))
