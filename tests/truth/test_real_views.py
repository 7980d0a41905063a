"""Every view on the real language model: what it shows is what the model computes, in bounded time and bytes."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, views
from rustgpt_lab.course.exercises import nb11, nb12
from rustgpt_lab.course.real_parts import with_your_parts
from rustgpt_lab.generation import Chat
from rustgpt_lab.numerics import softmax
from rustgpt_lab.persistence import fetched
from rustgpt_lab.views.packing import pack

TEXT = "The capital of France is"
MAKE: dict[str, Callable[[LLM], Any]] = {
    "attention": lambda llm: views.attention(llm, TEXT),
    "embeddings": lambda llm: views.embeddings(llm, "Paris Rome cat dog seven"),
    "heads": lambda llm: views.heads(llm, TEXT, [(17, 1)]),
    "journey": lambda llm: views.journey(llm, TEXT),
    "model_file": lambda llm: views.model_file(fetched()),
    "network": lambda llm: views.network(llm, TEXT),
    "tokens": lambda llm: views.tokens(llm, TEXT),
    "what_if": lambda llm: views.what_if(llm, TEXT, "score", layer=37, column=1, score=5.0),
}


def nbytes(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(nbytes, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(nbytes, value))
    return len(value) if isinstance(value, bytes) else len(str(value))


@pytest.mark.parametrize("name", MAKE)
def test_it_answers_within_a_second_of_one_core_and_sends_little(smollm2: LLM, name: str) -> None:
    MAKE[name](smollm2)  # whatever is done once
    start = time.thread_time()
    view = MAKE[name](smollm2)
    state = pack(view.state())
    assert time.thread_time() - start < 1
    assert nbytes(state) < 500_000
    assert view.sentence and view.table().html()


def test_the_journey_is_that_of_the_last_norm_and_the_table(smollm2: LLM) -> None:
    data, trace = views.journey(smollm2, TEXT).data, smollm2.trace(TEXT)
    table, gamma = (smollm2.parameters[name] for name in ("0.token_embeddings", "61.gamma"))
    for block, end in enumerate(data.ends):
        x = trace[f"{2 * block}.output"][-1].astype(np.float64)
        p = softmax(table @ (x / np.sqrt(np.mean(x**2) + 1e-5) * gamma[0]))
        assert data.top[end, -1].tolist() == np.argsort(-p)[:5].tolist()
        np.testing.assert_allclose(data.probabilities[end, -1], np.sort(p)[::-1][:5], rtol=1e-3)
    assert data.labels[-1] == "block 30" and data.word(-1, -1) == "␣Paris"


def test_neighbours_are_those_among_all(smollm2: LLM) -> None:
    data = views.embeddings(smollm2, "Paris dog").data
    table = smollm2.parameters["0.token_embeddings"].astype(np.float64)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    for word in (" Paris", " dog"):
        [i] = smollm2.tokenize(word)
        cosine = table @ table[i]
        best = [j for j in np.argsort(-cosine) if j != i][:5]
        place = data.words.index(*smollm2.vocab.pieces([i]))
        found = data.nearest(place, 5)
        assert [piece for piece, _ in found] == smollm2.vocab.pieces(best)
        np.testing.assert_allclose([c for _, c in found], cosine[best], rtol=1e-5)


def test_the_chat_remembers(smollm2: LLM) -> None:
    view = views.chat(smollm2, "What is the capital of France?")
    view.answer({"say": "And of Italy?"})
    view._thread.join()
    chat = Chat(smollm2)
    said = ["".join(chat.ask(turn.question)) for turn in view.data.turns]
    assert [turn.said for turn in view.data.turns] == said
    assert "Rome" in said[1] and all(turn.ended and turn.done for turn in view.data.turns)
    look = view.answer({"look": 1}).attention
    assert "▁" not in look["text"] and "And of Italy?" in look["text"]


def test_with_a_learners_functions_it_gives_the_same_logits_and_answer(smollm2: LLM) -> None:
    names = "rms_norm", "rotate", "grouped_attention", "swiglu"
    mine = {f"11.{i}": getattr(nb11, name) for i, name in enumerate(names, 1)}
    yours = with_your_parts(smollm2, mine)
    question = "What is the capital of France?"
    text = smollm2.vocab.chat.render([{"role": "user", "content": question}])
    assert np.abs(yours.logits(text) - smollm2.logits(text)).max() < 1e-3
    assert [*Chat(yours).ask(question)] == [*Chat(smollm2).ask(question)]
    assert not vars(yours.adam).keys() & {"m", "v"}


def test_the_exercises_of_notebook_12_read_its_file(smollm2: LLM) -> None:
    from rustgpt_lab.persistence import gguf

    data = np.memmap(fetched(), np.uint8, "r")
    tensors = gguf.read_header(data).tensors
    names = [name for name in tensors if name.startswith("blk.")]
    assert {nb12.our_name(name) for name in names} | {"0.token_embeddings", "61.gamma"} == {
        *smollm2.parameters
    }
    table = tensors["token_embd.weight"]
    block = np.array(data[table.offset : table.offset + 34])
    np.testing.assert_allclose(nb12.dequantize(block), smollm2.parameters["0.token_embeddings"][0, :32])
