"""The merging of byte pairs against Sennrich et al.'s own listing, and what the browser computes."""

import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rustgpt_lab import Dataset, views
from rustgpt_lab.errors import TextError
from rustgpt_lab.tokenizers import tokenize

PAPER = "low " * 5 + "lower " * 2 + "newest " * 6 + "widest " * 3
TEXTS = [
    " ".join(Dataset.packaged().texts[:20]),
    PAPER,
    "",
    "a",
    "aaaa aaa",
    "a\u0301\U0001f600\U0001f600 \U0001f600\U0001f600!",
]


def sennrich(text: str, merges: int) -> list[tuple[str, str]]:
    """Algorithm 1 of Sennrich et al. 2016, in their own words, but without the mark at the end of a word."""
    vocab = Counter(" ".join(word) for word in tokenize(text))
    done = []
    for _ in range(merges):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, times in vocab.items():
            symbols = word.split(" ")
            for i in range(len(symbols) - 1):
                pairs[symbols[i], symbols[i + 1]] += times
        if not pairs or max(pairs.values()) < 2:
            break
        best = max(pairs, key=lambda pair: pairs[pair])
        bigram = re.compile(r"(?<!\S)" + re.escape(" ".join(best)) + r"(?!\S)")
        vocab = Counter(
            {bigram.sub("".join(best).replace("\\", "\\\\"), word): n for word, n in vocab.items()}
        )
        done.append(best)
    return done


@pytest.mark.parametrize("text", TEXTS)
def test_the_merges_are_those_of_the_paper(text: str) -> None:
    data = views.byte_pairs(text).data
    assert [pair for pair, _ in data.merges] == sennrich(text, 40)


def test_the_papers_example() -> None:
    """Its figure 1 joins e and s, es and t, l and o, in this order."""
    merges = [pair for pair, _ in views.byte_pairs(PAPER, 3).data.merges]
    assert merges == [("e", "s"), ("es", "t"), ("l", "o")]


def test_the_browser_merges_alike(computed: Callable[..., list[Any]]) -> None:
    rng = random.Random(0)
    texts = [*TEXTS, *("".join(rng.choices("ab c\U0001f600", k=60)) for _ in range(50))]
    found = computed(*({"ask": "merge", "text": text, "most": 40} for text in texts))
    for text, steps in zip(texts, found, strict=True):
        data = views.byte_pairs(text).data
        assert [step["words"] for step in steps] == [[*map(list, step.words)] for step in data.steps]
        there = [[((left, right), n) for left, right, n in step["pairs"]] for step in steps]
        assert there == [[*step.pairs] for step in data.steps]


def test_nothing_is_lost_and_the_counts_are_true() -> None:
    data = views.byte_pairs(TEXTS[0]).data
    words = tokenize(TEXTS[0])
    for step, ((_, times), after) in zip(
        data.steps, zip(data.merges, data.steps[1:], strict=True), strict=False
    ):
        assert ["".join(pieces) for pieces in step.words] == words
        assert step.size - after.size == times  # no word of these texts has a letter thrice in a row
    assert len(data.steps) == 41


def test_sentence_table_and_twin() -> None:
    view = views.byte_pairs("the thin <th>")
    assert view.sentence == (
        "0 merges, 11 pieces for 11 letters; the most frequent pair is “t” and “h”, 3 times: merged next."
    )
    assert [row[3:] for row in view.table().rows] == [("th", 3, 8)]
    assert view.twin() == view.twin()
    assert views.byte_pairs("ab").sentence == "0 merges, 2 pieces for 2 letters; no pair occurs twice: done."
    assert views.byte_pairs("").twin()["text/plain"]
    with pytest.raises(TextError, match="merges"):
        views.byte_pairs("the", 0)
