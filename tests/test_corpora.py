"""The packaged corpora: their form, their amounts, and what makes the held-out wordings a fair test."""

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "rustgpt_lab" / "data"
NAMES = ("statements", "chat", "held_out")
PAIR = re.compile(r"User: (?P<question>[A-Z][^?]*\?) Assistant: (?P<answer>[A-Z].*[a-z]) </s>")


def tokens(text: str) -> list[str]:
    """Written here a second time, on purpose, so that the library's own tokenizer is no judge of its data."""
    return re.findall(r"</s>|[!-/:-@\[-`{-~]|[^\s!-/:-@\[-`{-~]+", text)


def load(name: str) -> list[str]:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def pairs(name: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every (question, tokens of the answer) of a file."""
    matches = [PAIR.fullmatch(text) for text in load(name)]
    return [(match["question"], tuple(tokens(match["answer"]))) for match in matches if match]


@pytest.fixture(scope="module")
def word_counts() -> Counter[str]:
    return Counter(token for name in ("statements", "chat") for text in load(name) for token in tokens(text))


@pytest.mark.parametrize(
    ("name", "fewest", "most"), [("statements", 90, 110), ("chat", 170, 200), ("held_out", 32, 45)]
)
def test_amounts(name: str, fewest: int, most: int) -> None:
    assert fewest <= len(load(name)) <= most


@pytest.mark.parametrize("name", NAMES)
def test_file_is_plain_ascii_with_one_string_a_line(name: str) -> None:
    raw = (DATA / f"{name}.json").read_bytes()
    texts = load(name)
    lines = ",\n".join("  " + json.dumps(text) for text in texts)
    assert raw == f"[\n{lines}\n]\n".encode("ascii")
    assert all(text.isascii() and text == " ".join(text.split()) for text in texts)


def test_statements_are_sentences_without_a_full_stop() -> None:
    wrong = [text for text in load("statements") if not re.fullmatch(r"[A-Z][A-Za-z, ]*[a-z] </s>", text)]
    assert wrong == []


@pytest.mark.parametrize("name", ["chat", "held_out"])
def test_pairs_are_a_question_and_an_answer(name: str) -> None:
    assert [text for text in load(name) if not PAIR.fullmatch(text)] == []
    assert all(text.count("User:") == text.count("Assistant:") == 1 for text in load(name))


@pytest.mark.parametrize("name", NAMES)
def test_sequences_are_short_and_end_once(name: str) -> None:
    sequences = [tokens(text) for text in load(name)]
    assert max(map(len, sequences)) <= 35
    assert all(sequence.count("</s>") == 1 for sequence in sequences)


def test_nothing_is_said_twice() -> None:
    assert [text for text, count in Counter(load("statements")).items() if count > 1] == []
    questions = Counter(question.casefold() for name in ("chat", "held_out") for question, _ in pairs(name))
    assert [question for question, count in questions.items() if count > 1] == []


def test_words_recur(word_counts: Counter[str]) -> None:
    once = sorted(word for word, count in word_counts.items() if count == 1)
    assert 500 <= len(word_counts) <= 850
    assert len(once) < 0.35 * len(word_counts), f"{len(once)} of {len(word_counts)} words occur once: {once}"


def test_many_answers_have_several_wordings() -> None:
    wordings = defaultdict(set)
    for question, answer in pairs("chat"):
        wordings[answer].add(question)
    assert sum(len(questions) in (2, 3) for questions in wordings.values()) >= 45
    assert max(map(len, wordings.values())) <= 3


def test_answers_are_sentences_of_a_few_words() -> None:
    lengths = [len(answer) for _, answer in pairs("chat")]
    assert min(lengths) >= 5
    assert max(lengths) <= 20


def test_held_out_answers_are_answers_of_chat() -> None:
    known = {answer for _, answer in pairs("chat")}
    assert [question for question, answer in pairs("held_out") if answer not in known] == []


def test_held_out_drops_no_word(word_counts: Counter[str]) -> None:
    assert {token for text in load("held_out") for token in tokens(text)} <= word_counts.keys()


def test_held_out_wordings_range_from_near_to_far() -> None:
    """Near: all but a few words are shared with a trained wording of the same answer. Far: few are."""
    trained = defaultdict(list)
    for question, answer in pairs("chat"):
        trained[answer].append(set(tokens(question.lower())))
    overlaps = []
    for question, answer in pairs("held_out"):
        words = set(tokens(question.lower()))
        overlaps.append(max(len(words & other) / len(words | other) for other in trained[answer]))
    assert sum(overlap >= 0.6 for overlap in overlaps) >= 6
    assert sum(overlap <= 0.4 for overlap in overlaps) >= 10
