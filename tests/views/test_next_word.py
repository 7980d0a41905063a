"""The next word's picture computes, in Python and in the browser, what generation draws from."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import TextError
from rustgpt_lab.generation import Sampling
from rustgpt_lab.numerics import softmax
from rustgpt_lab.views.chance import in_words
from rustgpt_lab.views.style import JS

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT, "User : moon stars planets shine at night far away from here ? Assistant"])
STRATEGIES = [
    Sampling(),
    Sampling(temperature=0),
    Sampling(temperature=0.3),
    Sampling(temperature=2.0, top_k=3),
    Sampling(top_p=0.5),
    Sampling(top_k=5, top_p=0.9, repetition_penalty=1.5),
    Sampling(temperature=0.7, top_p=0.99, repetition_penalty=10.0),
]


@pytest.fixture(scope="module")
def llm() -> LLM:
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=1, max_seq_len=8)
    llm.parameters["5.w_out"][...] *= 20
    return llm


def test_grey_is_the_model_and_blue_the_strategy(llm: LLM) -> None:
    view = views.next_word(llm, TEXT, Sampling(top_k=3))
    data = view.data
    np.testing.assert_allclose(data.before, softmax(llm.logits(TEXT)[-1]), atol=1e-6)
    assert (data.after > 0).sum() == 3 and data.after.sum() == pytest.approx(1)
    kept = np.sort(np.argsort(-data.before)[:3])
    np.testing.assert_allclose(data.after[kept], data.before[kept] / data.before[kept].sum())
    assert [row[0] for row in view.table().rows] == [VOCAB.words[i] for i in np.argsort(-data.before)[:12]]
    assert f"3 words can be drawn; “{VOCAB.words[data.before.argmax()]}” has " in view.sentence
    everything, one = (
        views.next_word(llm, TEXT, Sampling(**how)).sentence for how in ({}, {"temperature": 0})
    )
    assert everything.startswith("With temperature 1, every word can be drawn; ")
    assert one.startswith("With temperature 0, which is greedy, one word can be drawn; ")


def test_what_was_said_falls_behind(llm: LLM) -> None:
    plain = views.next_word(llm, TEXT, Sampling()).data
    data = views.next_word(llm, TEXT, Sampling(repetition_penalty=1e6)).data
    said = list(data.ids)
    assert data.after[said].sum() < 1e-6 + plain.after[said].sum() and data.order != plain.order


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_the_browser_computes_the_same(llm: LLM, strategy: Sampling) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js on this machine")
    data = views.next_word(llm, TEXT, strategy).data
    given = json.dumps([data.logits.tolist(), list(data.ids), vars(strategy)])
    code = (
        f"import {{ distribution }} from {(JS / 'chance.js').as_uri()!r};"
        f"import {{ inWords }} from {(JS / 'chance.js').as_uri()!r};"
        f"const [scores, said, how] = {given};"
        "console.log(JSON.stringify([distribution(scores, said, how), inWords(how)]));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", code], capture_output=True, text=True, check=True
    )
    found, words = json.loads(done.stdout)
    np.testing.assert_allclose(found, data.after, atol=1e-9)
    assert words == in_words(strategy)


def test_a_question_keeps_the_sliders(llm: LLM) -> None:
    view = views.next_word(llm, TEXT)
    view.widget.ask({"text": "the sun", "strategy": {"temperature": 2.0, "top_k": 4, "top_p": None}})
    assert view.data.strategy == Sampling(temperature=2.0, top_k=4)
    assert view.widget.data["ids"] == [VOCAB.ids["the"], VOCAB.ids["sun"]]
    view.widget.ask({"text": "the " * 8, "strategy": {}})
    assert "the text is full; expected at most 7 tokens, and one to come, found 8" in view.widget.problem
    with pytest.raises(TextError, match="no word of this text"):
        views.next_word(llm, "zyxx")


def test_the_twin(llm: LLM) -> None:
    view = views.next_word(llm, TEXT)
    twin = view.twin()
    assert twin == view.twin()
    assert twin["text/html"].count("<tr>") == 1 + 12
    assert "With temperature 0.7, top-p 0.9, " in twin["text/plain"]
