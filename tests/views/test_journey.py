"""What the journey view shows is what shorter networks would really say."""

import re

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import ShapeError, TextError
from rustgpt_lab.layers import Embeddings, FeedForward, OutputProjection
from rustgpt_lab.views.anatomy import block_ends
from rustgpt_lab.views.gallery.journey import journey_of

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT])


@pytest.fixture(scope="module")
def llm() -> LLM:
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=2, dtype="float64")
    llm.parameters.flat[:] += np.random.default_rng(1).normal(0, 0.3, llm.parameters.flat.shape)
    return llm


def shortened(llm: LLM, blocks: int) -> LLM:
    """A model of the first blocks of another, with the same projection."""
    short = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=blocks, dtype="float64")
    last = len(short.network) - 1
    for name, array in short.parameters.items():
        index, field = name.split(".")
        array[:] = llm.parameters[f"9.{field}" if int(index) == last else name]
    return short


def test_a_block_says_what_a_model_that_ends_there_says(llm: LLM) -> None:
    data = journey_of(llm, TEXT)
    assert data.ends == (0, 4, 8)
    assert data.labels == ["embeddings", "block 1", "block 2"]
    for blocks, end in enumerate(data.ends):
        logits = shortened(llm, blocks).logits(TEXT)
        p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        for t in range(len(data.words)):
            best = np.sort(p[t])[::-1][:5]
            np.testing.assert_allclose(data.probabilities[end, t], best, rtol=1e-9)
            np.testing.assert_allclose(p[t, data.top[end, t]], best, rtol=1e-9)
            assert data.word(end, t) == VOCAB.words[p[t].argmax()]
            np.testing.assert_allclose(data.history[:, t, end], p[t, data.top[:, t, 0]], rtol=1e-9)


def test_norms_are_of_the_vectors_between_the_layers(llm: LLM) -> None:
    data, trace = journey_of(llm, TEXT), llm.trace(TEXT)
    for i in range(9):
        expected = (trace[f"{i + 1}.x"] ** 2).sum(-1) ** 0.5
        np.testing.assert_allclose(data.norms[i], expected)


def test_blocks_of_other_networks() -> None:
    net = [Embeddings(9, 4), FeedForward(4, 4), OutputProjection(4, 9)]
    assert block_ends(net) == [1]
    assert block_ends([net[0], net[2]]) == [0]
    llm = LLM(VOCAB, [Embeddings(len(VOCAB), 4), FeedForward(4, 4), OutputProjection(4, len(VOCAB))])
    view = views.journey(llm, TEXT)
    assert view.data.labels == ["block 1"]
    assert view.twin()["text/plain"].endswith("and so says every block before.")
    plain = LLM(VOCAB, [Embeddings(len(VOCAB), 4), OutputProjection(4, len(VOCAB))])
    assert views.journey(plain, "sun").data.labels == ["embeddings"]


def test_a_network_without_projection_is_refused() -> None:
    llm = LLM(VOCAB, [Embeddings(len(VOCAB), len(VOCAB), 9)])
    with pytest.raises(ShapeError, match="no output projection to look through"):
        views.journey(llm, TEXT)


def test_the_browser_gets_the_words_it_shows(llm: LLM) -> None:
    view = views.journey(llm, TEXT)
    state, data = view.state(), view.data
    layer, position, rank = 3, 2, 1
    assert (
        state["vocabulary"][state["top"][layer, position, rank]]
        == VOCAB.words[data.top[layer, position, rank]]
    )


def test_the_twin_and_an_answer(llm: LLM) -> None:
    view = views.journey(llm, TEXT)
    twin = view.twin()
    assert twin == view.twin()
    assert f"the model says “{view.data.word(8, -1)}”" in twin["text/plain"]
    assert twin["text/html"].count("<tr>") == 1 + len(view.data.words)
    assert "&lt;" in twin["text/html"]
    view.widget.ask("the sun")
    assert view.data.words == ("the", "sun")
    with pytest.raises(TextError):
        view.answer("zyxx")


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_a_stream_in_blocks_is_read_through_the_last_norm(family: str) -> None:
    llm = LLM.build(VOCAB, 8, 8, 2, dtype="float64", architecture=family, heads=2)
    llm.parameters.flat[:] += np.random.default_rng(1).normal(0, 0.3, llm.parameters.flat.shape)
    data = journey_of(llm, TEXT)
    short = llm.copy()
    *_, last_attention, last_network, _, _ = range(len(llm.network))
    for name, array in short.parameters.items():
        if re.match(rf"({last_attention}|{last_network})\.1\.(w_o|b_o|w2|b2|w_down)", name):
            array[:] = 0  # a block that adds nothing
    p = np.exp(short.logits(TEXT))
    p /= p.sum(axis=-1, keepdims=True)
    block_before = last_attention - 1
    np.testing.assert_allclose(
        data.probabilities[block_before], np.take_along_axis(p, data.top[block_before], axis=-1)
    )
    assert data.labels == ["embeddings", "block 1", "block 2"]
