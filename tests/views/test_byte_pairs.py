"""Every view shows a model with byte pairs, and its pieces."""

import pytest

from rustgpt_lab import LLM, BytePairs, SelfAttention, TrainingSession, views
from rustgpt_lab.views.base import View
from rustgpt_lab.views.packing import pack

TEXTS = ["User: what does the sun give? Assistant: light and heat </s>", "the sun gives é </s>"]
TEXT = "the sun gives"


@pytest.fixture(scope="module")
def llm() -> LLM:
    llm = LLM.build(BytePairs.train(TEXTS, 280), embedding_dim=8, hidden_dim=8, blocks=1)
    llm.train(TEXTS, epochs=40, learning_rate=0.01, batch_size=2)
    return llm


def shown(name: str, llm: LLM) -> View:
    if name == "training":
        return views.training(TrainingSession(llm.copy(), TEXTS, 1, 0.01), TEXT)
    if name == "clipping":
        return views.clipping(llm, TEXTS, steps=2)
    if name == "gradient_check":
        return views.gradient_check(SelfAttention(4))
    return getattr(views, name)(llm, TEXT)


NO_MODEL = {"byte_pairs", "circuit", "four_words", "rotation", "runs", "schedule", "sweep", "valley"}
"""Pictures of something else."""


@pytest.mark.parametrize("name", sorted({*views.NAMES} - NO_MODEL))
def test_it_shows_pieces(name: str, llm: LLM) -> None:
    view = shown(name, llm)
    twin = view.twin()
    assert twin["image/png"]
    assert pack(view.state())
    assert view.table().rows
    if name in ("attention", "journey", "embeddings", "tokens"):
        assert "␣sun" in twin["text/html"]


def test_the_kernel_cuts_byte_pairs_for_the_browser(llm: LLM) -> None:
    view = views.tokens(llm, " the é")
    assert view.data.tokens[0].startswith("␣")
    assert view.sentence == f"{len(view.data.ids)} tokens; none is lost."
    view.widget.ask("sun </s>")
    assert view.widget.data["tokens"][-1] == "</s>"
    assert "words" not in view.widget.data
    assert [row[1] for row in view.table().rows] == llm.tokenize("sun </s>")


def test_an_answer_is_text_not_pieces(llm: LLM) -> None:
    view = views.chat(llm, "what does the sun give?")
    turn = view.data.turns[0]
    assert (turn.said, turn.ended) == ("light and heat", True)
    view.widget.ask({"look": 0})
    assert view.data.attention["words"][-1] == "</s>"
    assert (
        view.sentence == "To “what does the sun give?” the model says “light and heat”, and ends by itself."
    )


def test_its_file_is_a_safetensors(llm: LLM) -> None:
    view = views.model_file(llm, TEXT)
    assert view.data.format == "safetensors"
    assert view.fixed()["formats"] == {"safetensors": "safetensors"}
    view.widget.ask({"format": "safetensors", "at": view.data.at + 3, "flip": [view.data.at + 3, 6]})
    assert "of the next word's probability moves" in view.sentence or "the same as before" in view.sentence


def test_the_map_finds_words_with_their_space(llm: LLM) -> None:
    view = views.embeddings(llm, "sun the")
    assert next(view.data.words[i] for i in view.data.chosen) == "␣sun"
