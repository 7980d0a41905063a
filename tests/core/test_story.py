"""The story that is shipped: long enough, and written, not generated from templates."""

import zlib
from collections import Counter

from rustgpt_lab import BytePairs, Dataset, LongText
from rustgpt_lab.dataset import STORY

TEXT = STORY.read_text(encoding="utf-8")


def test_it_is_long_enough_and_repeats_little() -> None:
    data = TEXT.encode()
    assert len(data) >= 105_000
    assert len(zlib.compress(data, 9)) / len(data) >= 0.3
    words = TEXT.split()
    runs = Counter(tuple(words[i : i + 8]) for i in range(len(words) - 7))
    assert max(runs.values()) <= 5


def test_it_is_one_small_world() -> None:
    assert TEXT.isascii()
    for name in (
        "Mia",
        "Tom",
        "Nora",
        "Emil",
        "Ada",
        "Anna",
        "Jon",
        "Biscuit",
        "Button",
        "Mrs Lark",
        "Mr Puck",
    ):
        assert TEXT.count(name) >= 15, name
    words = Counter(word.strip('.,;:?!"').lower() for word in TEXT.split())
    assert len(words) < 2500


def test_it_is_loaded_by_paragraphs() -> None:
    data = Dataset.story()
    texts = data.pretraining + data.held_out
    assert sorted(text.removesuffix(" </s>") for text in texts) == sorted(TEXT.strip().split("\n\n"))
    assert not set(data.pretraining) & set(data.held_out)
    assert data.chat == []
    assert max(len(text.split()) for text in Dataset.story(longest=81).texts) <= 81
    assert data.understood == [f"story.txt: {len(texts)} texts, cut at blank lines, each ending in </s>."]


def test_byte_pairs_read_it_from_the_disk() -> None:
    pairs = BytePairs.train(Dataset.story().pretraining, 1000)
    learn, held_out = LongText(STORY, pairs, 64).split(0.1)
    assert pairs.decode(learn[0]) == TEXT[: len(pairs.decode(learn[0]))]
    assert len(TEXT) / len(pairs.encode(TEXT)) > 3  # letters a piece
    assert len(held_out) > 40
