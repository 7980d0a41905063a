"""Corpora as people have them: what is understood of each, or where exactly it is wrong."""

import json
import re

import pytest
from hypothesis import given, strategies as st

from rustgpt_lab.corpora import parse_corpus, read_corpus
from rustgpt_lab.corpora.prose import pieces
from rustgpt_lab.errors import DataError
from rustgpt_lab.tokenizers import tokenize
from tests.corpus.corpora import AS_THEY_STAND, REFUSED, SUN, UNDERSTOOD, lines, objects


@pytest.mark.parametrize("case", AS_THEY_STAND)
def test_as_they_stand(case: str) -> None:
    name, data, texts = AS_THEY_STAND[case]
    corpus = parse_corpus(data, name)
    assert corpus.texts == texts
    count = "1 text" if len(texts) == 1 else f"{len(texts)} texts"
    assert corpus.understood == f"{name}: {count}, as they stand."


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_understood(case: str) -> None:
    name, data, texts, understood = UNDERSTOOD[case]
    corpus = parse_corpus(data, name)
    assert corpus.texts == texts
    assert set(corpus.understood.removeprefix(f"{name}: ").rstrip(".").split("; ")) == set(
        understood.split("; ")
    )


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    name, data, message = REFUSED[case]
    with pytest.raises(DataError, match="^" + re.escape(message)):
        parse_corpus(data, name)


def test_messages_can_be_printed() -> None:
    """Even those about characters that no terminal can print."""
    for name, data, _ in REFUSED.values():
        with pytest.raises(DataError) as caught:
            parse_corpus(data, name)
        str(caught.value).encode()
    corpus = parse_corpus(b'{"text": "a", "\\ud83d": 1, "b\\n": 2}', "x.jsonl")
    assert corpus.understood.endswith(r"not read: '\ud83d', b.")


def test_what_is_no_file(tmp_path) -> None:
    def refused(path):
        with pytest.raises(DataError) as caught:
            read_corpus(path)
        return str(caught.value)

    (tmp_path / "folder.json").mkdir()
    assert refused(tmp_path / "folder.json").endswith(
        "folder.json: this is a folder or a device; expected a file of texts"
    )
    assert refused(tmp_path).endswith("this is a folder or a device; expected a file of texts")
    assert "none.txt: cannot read this corpus: No such file or directory. Check the path." in refused(
        tmp_path / "none.txt"
    )
    assert "cannot read this corpus: " in refused("a\0.txt")
    assert "unknown kind of corpus" in refused("/none")


def test_a_file_is_read_as_its_bytes_are(tmp_path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'"a\r\nb"\r\n')
    assert read_corpus(str(path)) == read_corpus(path) == parse_corpus(b'"a\r\nb"\r\n', str(path))


def test_long_prose_is_cut_and_said() -> None:
    text = b"one two three four five six seven\n\neight nine"
    corpus = parse_corpus(text, "x.txt", longest=4)
    assert corpus.texts == ["one two three four", "five six seven </s>", "eight nine </s>"]
    assert corpus.understood == (
        "x.txt: 2 texts, cut at blank lines, each ending in </s>; 1 of more than 4 words cut into 2 pieces."
    )
    assert parse_corpus(text, "x.txt", longest=8).texts == parse_corpus(text, "x.txt").texts
    assert parse_corpus(lines({"text": "a b c d"}), "x.jsonl", longest=4).texts == ["a b", "c d </s>"]


def test_what_is_no_prose_is_never_cut() -> None:
    for name, data in (
        ("x.jsonl", lines(*objects("question", "answer"))),
        ("x.jsonl", lines({"text": SUN})),
        ("x.json", lines(["a b c d"])),
        ("x.csv", b"a b c d"),
        ("x.txt", SUN.encode()),
    ):
        assert parse_corpus(data, name, longest=3) == parse_corpus(data, name)


def test_pieces_that_are_too_short_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"^longest: pieces would be too short .*; expected at least 3, found 2$"
    ):
        parse_corpus(b"a", "x.txt", longest=2)


@given(
    st.lists(st.sampled_from(["sun", "a", "-" * 9, "</s>", "don't", "\n", "ü!"]), min_size=1, max_size=40),
    st.integers(3, 12),
)
def test_pieces_lose_nothing_and_are_neither_long_nor_short(words: list[str], longest: int) -> None:
    text = " ".join([*words, "a"])
    cut = [tokenize(piece) for piece in pieces(text, longest)]
    assert [token for piece in cut for token in piece] == tokenize(text)
    sizes = [len(piece) for piece in cut]
    assert max(sizes) <= longest and max(sizes) - min(sizes) <= 1
    assert len(cut) == 1 or min(sizes) >= 2


@given(st.lists(st.text(min_size=1).filter(lambda text: tokenize(text)), min_size=1))
def test_what_is_written_is_read(texts: list[str]) -> None:
    assert parse_corpus(json.dumps(texts).encode(), "x.json").texts == texts
    assert parse_corpus("\n".join(map(json.dumps, texts)).encode(), "x.jsonl").texts == texts
