import string
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from rustgpt_lab import LLM, Dataset, Vocab
from rustgpt_lab.errors import DataError, VocabError
from rustgpt_lab.texts import WHITE_SPACE
from rustgpt_lab.tokenizers import tokenize


def rust_split_whitespace(text: str) -> list[str]:
    """Python's `split`, kept from cutting at the four characters that Rust's `char::is_whitespace` does not name."""
    hidden = str.maketrans({0x1C + i: 0xE000 + i for i in range(4)})
    shown = str.maketrans({0xE000 + i: 0x1C + i for i in range(4)})
    return [word.translate(shown) for word in text.translate(hidden).split()]


def tokenize_char_by_char(text: str) -> list[str]:
    """RustGPT's loop, written as the Rust is: the independent truth for the regular expression."""
    tokens = []
    for word in rust_split_whitespace(text):
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


WIDE = st.characters(codec="utf-8", exclude_characters="\ue000\ue001\ue002\ue003")


@given(st.text(alphabet=st.one_of(st.sampled_from("ab </s>.'\n\t\x1c\x1f\x85\u2028"), WIDE)))
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


def test_white_space_is_rusts():
    """The 25 characters that Unicode calls White_Space: Python's without the separators U+001C to U+001F."""
    pythons = {char for char in map(chr, range(sys.maxunicode + 1)) if char.isspace()}
    assert set(WHITE_SPACE) == pythons - set("\x1c\x1d\x1e\x1f") and len(WHITE_SPACE) == 25
    assert tokenize("a\x1cb\x1f </s>\x1e") == ["a\x1cb\x1f", "<", "/", "s", ">", "\x1e"]
    assert tokenize("a\u2028b\x85c\x0cd\u3000</s>\xa0") == ["a", "b", "c", "d", "</s>"]
    assert tokenize("a\u200bb\ufeff\u180e") == ["a\u200bb\ufeff\u180e"]


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "the sun",
            r"^words: a single text where a list of words belongs. Use Vocab.from_texts\(\[text\]\).$",
        ),
        (["a", None], "^word 1: this is not a word; expected a string, found None$"),
        ([["a"], "b"], r"^word 0: this is not a word; expected a string, found \['a'\]$"),
    ],
)
def test_words_are_strings(words, message):
    with pytest.raises(VocabError, match=message):
        Vocab(words)


FRAME = pd.DataFrame({"text": ["the sun", None]})
NOT_TEXTS = [
    ("the sun", r"^texts: a single text where a list of texts belongs. Write \[text\].$"),
    (b"the sun", "^texts: a single text where"),
    (None, "^texts: these are not texts; expected a list of strings, found NoneType$"),
    (7, "found int$"),
    ({"text": "the sun"}, "^texts: these are not texts; expected a list of strings, found dict$"),
    (Dataset(["the sun"]), "expected a list of strings, found Dataset$"),
    (FRAME, "expected a list of strings, found DataFrame$"),
    (np.array([["the"], ["sun"]]), "expected a list of strings, found ndarray$"),
    (["the sun", None], r"^texts\[1\]: this is not a text; expected a string, found None$"),
    (FRAME["text"], r"^texts\[1\]: this is not a text; expected a string, found (nan|None)$"),
    ([float("nan")], r"^texts\[0\]: this is not a text; expected a string, found nan$"),
    ([[4, 8], [15]], r"^texts\[0\]: this is not a text; expected a string, found \[4, 8\]$"),
    (range(3), r"^texts\[0\]: this is not a text; expected a string, found 0$"),
    ([b"the sun"], r"^texts\[0\]: this is not a text; expected a string, found b'the sun'$"),
    (
        ["a", "The \ud83d sun"],
        r"^texts\[1\]: this text holds half a character \(a lone surrogate\); found '\\ud83d' in 'The \\ud83d sun'",
    ),
]


@pytest.mark.parametrize(("texts", "message"), NOT_TEXTS)
def test_what_is_not_a_list_of_texts_is_refused_with_its_row(texts, message):
    llm = LLM.build(Vocab(["sun", "the", "</s>"]), embedding_dim=2, hidden_dim=2, blocks=1)
    for ask in (Vocab.from_texts, llm.sequences):
        with pytest.raises(DataError, match=message):
            ask(texts)


@pytest.mark.parametrize(
    "texts", [("a b",), iter(["a b"]), np.array(["a b"]), pd.Series(["a b"]), {"a b": 1}.keys(), {"a b"}]
)
def test_every_row_of_strings_is_a_list_of_texts(texts):
    assert Vocab.from_texts(texts).words == ("</s>", "a", "b")


def test_a_script_without_spaces_is_named():
    texts = ["太阳是一颗恒星"]
    llm = LLM.build(Vocab.from_texts(texts), embedding_dim=2, hidden_dim=2, blocks=1)
    message = "found 1: '太阳是一颗恒星'. Words are cut at white space: a script without spaces .* byte pairs"
    with pytest.raises(DataError, match=message):
        llm.sequences(texts)
    with pytest.raises(
        DataError, match=r"found 0: ''\. Take it out, split it, or build the vocabulary from it"
    ):
        llm.sequences(["月球"])
