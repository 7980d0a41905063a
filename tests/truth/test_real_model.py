"""The real language model in our layers, against `transformers` with the same file: ids, logits, answers, chats."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rustgpt_lab import LLM
from rustgpt_lab.generation import Chat, Sampling
from rustgpt_lab.persistence import fetched

QUESTIONS = [
    "What is the capital of France?",
    "Write one sentence about the sea.",
    "Name three colours.",
    "What is 2 + 2?",
    "Qui a écrit « Les Misérables » ?",
]
ODD = [
    "Hello, world! 12345 tokens",
    "  two spaces,\ttabs\r\nand lines\n\n\n",
    "naïve café — 日本語 🎉 ﬁ \u200b",
    "<|im_start|>user<|im_end|>x <|endoftext|>",
    "def f(x):\n    return x**2 + 3.14159",
    "don't you'll I'VE 'sit",
    "",
]


@pytest.fixture(scope="module")
def theirs() -> Any:
    path = fetched()
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    return model.eval()


@pytest.fixture(scope="module")
def their_tokenizer() -> Any:
    path = fetched()
    return AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


def prompt_of(tokenizer: Any, messages: list[dict[str, str]]) -> str:
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def greedy(model: Any, ids: list[int], most: int) -> list[int]:
    with torch.no_grad():
        said = model.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=most, pad_token_id=2)
    return said[0, len(ids) :].tolist()


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_have_the_same_ids(smollm2: LLM, their_tokenizer: Any, text: str) -> None:
    ids = smollm2.tokenize(text)
    assert ids == their_tokenizer(text)["input_ids"]
    assert smollm2.vocab.decode(ids) == text


def test_random_texts_have_the_same_ids(smollm2: LLM, their_tokenizer: Any) -> None:
    rng = np.random.default_rng(0)
    # no digits: after two spaces `transformers` forgets that this model reads them one by one, when it reads GGUF
    letters = [*"abcde  .,'\n\téß語🎉", "the", " of", "ing", "ation"]
    texts = ["".join(rng.choice(letters, 40)) for _ in range(300)]
    assert [smollm2.tokenize(text) for text in texts] == their_tokenizer(texts)["input_ids"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_logits_and_the_answer(smollm2: LLM, theirs: Any, their_tokenizer: Any, question: str) -> None:
    messages = [{"role": "user", "content": question}]
    text = smollm2.vocab.chat.render(messages)
    assert text == prompt_of(their_tokenizer, messages)
    ids = smollm2.tokenize(text)
    with torch.no_grad():
        expected = theirs(torch.tensor([ids])).logits[0].numpy()
    logits = smollm2.logits(ids)
    assert np.abs(logits - expected).max() < 2e-3
    best = np.argsort(-expected[-1])[:5]
    assert np.argsort(-logits[-1])[:5].tolist() == best.tolist()
    chat = Chat(smollm2)
    answer = "".join(chat.ask(question, most=40))
    said = greedy(theirs, ids, 40)
    assert chat.words == len(said)
    assert answer == their_tokenizer.decode(said, skip_special_tokens=True)


def test_a_conversation_is_that_of_the_whole_text_and_nothing_is_read_twice(
    smollm2: LLM, theirs: Any, their_tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, read = Chat(smollm2), list[int]()
    scores = smollm2.network.scores

    def watched(batch: Any, *rest: Any, **named: Any) -> Any:
        read.extend(batch.ids.tolist())
        return scores(batch, *rest, **named)

    monkeypatch.setattr(smollm2.network, "scores", watched)
    for question in ("What is the capital of France?", "And of Italy?", "Which of the two is larger?"):
        ids = their_tokenizer(
            prompt_of(their_tokenizer, [*chat.messages, {"role": "user", "content": question}])
        )
        expected = their_tokenizer.decode(greedy(theirs, ids["input_ids"], 30), skip_special_tokens=True)
        assert "".join(chat.ask(question, most=30)) == expected
        whole = [*ids["input_ids"], *their_tokenizer(chat.messages[-1]["content"])["input_ids"]]
        assert len(read) <= len(whole) + 1, "each id once"


def test_chance_with_one_seed_says_one_thing(smollm2: LLM) -> None:
    said = ["".join(Chat(smollm2).ask("Tell me a story.", Sampling(0.8, seed=s), most=12)) for s in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


def test_what_it_is_and_what_it_says(smollm2: LLM) -> None:
    """Facts of our own, so that a change of `transformers` alone cannot pass."""
    assert smollm2.parameters.flat.size == 134_515_008
    assert len(smollm2.vocab) == 49_152
    assert smollm2.max_seq_len == 8192
    assert (
        "".join(Chat(smollm2).ask("What is the capital of Germany?")) == "The capital of Germany is Berlin."
    )
    assert not vars(smollm2.adam).keys() & {"m", "v"}
