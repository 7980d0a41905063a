import string

import pytest
from hypothesis import given, strategies as st

from rustgpt_lab import Vocab
from rustgpt_lab.errors import VocabError
from rustgpt_lab.tokenizers import tokenize


def tokenize_char_by_char(text: str) -> list[str]:
    """RustGPT's loop, written as the Rust is: the independent truth for the regular expression."""
    tokens = []
    for word in text.split():
        if word == "</s>":
            tokens.append(word)
            continue
        current = ""
        for c in word:
            if c in string.punctuation:
                tokens += [current] * bool(current) + [c]
                current = ""
            else:
                current += c
        tokens += [current] * bool(current)
    return tokens


@given(st.text(alphabet=st.one_of(st.sampled_from("ab </s>.'\n\t"), st.characters(codec="utf-8"))))
def test_tokenize_as_the_original_does(text):
    assert tokenize(text) == tokenize_char_by_char(text)


def test_tokenize_by_example():
    assert tokenize("User: It's 27.3 days </s>") == [
        "User",
        ":",
        "It",
        "'",
        "s",
        "27",
        ".",
        "3",
        "days",
        "</s>",
    ]
    assert tokenize("x</s> ün—ï") == ["x", "<", "/", "s", ">", "ün—ï"]
    assert tokenize("  \n ") == []


@given(st.lists(st.text(max_size=20), max_size=8), st.text(max_size=30))
def test_ids_lie_in_the_vocabulary(texts, text):
    vocab = Vocab.from_texts(texts)
    assert all(0 <= i < len(vocab) for i in vocab.encode(text))
    for known in texts:
        assert vocab.decode(vocab.encode(known)).split(" ") == (tokenize(known) or [""])
        assert vocab.unknown(known) == []


def test_from_texts_sorts_and_ends():
    vocab = Vocab.from_texts(["b a", "c b!"])
    assert vocab.words == ("!", "</s>", "a", "b", "c")
    assert vocab.end == 1 and Vocab(["a"]).end is None


def test_unknown_words_vanish():
    vocab = Vocab.default()
    assert vocab.encode("hello strange world") == [0, 1]
    assert vocab.unknown("hello strange world") == ["strange"]


def test_a_word_twice_is_refused():
    with pytest.raises(
        VocabError,
        match="word 0: a word stands twice in the vocabulary; expected words that all differ, found 'a'",
    ):
        Vocab(["a", "b", "a"])
