import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab

WORDS = Vocab(["one", "two", "three", "four", "</s>"])


def model(seed: int = 0, vocab: Vocab = WORDS) -> LLM:
    return LLM.build(vocab, embedding_dim=8, hidden_dim=8, blocks=2, max_seq_len=20, seed=seed)


def predict_without_cache(llm: LLM, text: str) -> list[str]:
    """The whole text through the network for every word: the independent truth for the key-value cache."""
    ids = llm.tokenize(text)
    start = len(ids)
    while len(ids) < llm.max_seq_len:
        ids.append(int(llm.logits(ids)[-1].argmax()))
        if llm.vocab.words[ids[-1]] == "</s>":
            break
    return [llm.vocab.words[i] for i in ids[start:]]


@pytest.mark.parametrize("seed", range(12))
def test_cached_generation_equals_generation_from_scratch(seed):
    llm = model(seed)
    for text in ("one", "two three", "four four one two three"):
        assert llm.predict(text).split() == predict_without_cache(llm, text)


def test_stops_at_the_end_word_and_at_the_last_position():
    llm = model()
    llm.parameters["9.b_out"][0, 4] = 1e3
    assert llm.predict("one") == "</s>"
    llm.parameters["9.b_out"][0] = [0, 1e3, 0, 0, 0]
    assert llm.predict("one one one") == " ".join(["two"] * 17)


def test_nothing_follows_nothing_or_too_much():
    llm = model()
    assert llm.predict("") == "" == llm.predict("zebra")
    assert llm.predict("one " * 20) == "" == llm.predict("one " * 21)
    assert len(llm.predict("one " * 19).split()) == 1


def test_without_an_end_word_it_runs_to_the_last_position():
    assert len(model(vocab=Vocab(["one", "two"])).predict("one").split()) == 19


def test_greedy_takes_the_most_likely():
    llm = model(3)
    assert next(llm.generate("one two")) == WORDS.words[int(np.argmax(llm.logits("one two")[-1]))]
