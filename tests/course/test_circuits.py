"""The tasks' answers are right, heads of known weights get known scores, and a silenced head adds nothing."""

import numpy as np
import pytest

from rustgpt_lab import LLM
from rustgpt_lab.course import circuits
from rustgpt_lab.course.circuits import ability, attention_only, head_scores, without_heads
from rustgpt_lab.errors import ShapeError

TASKS = {task.name: task for task in (
    circuits.copying(), circuits.repeats(), circuits.sorting(), circuits.brackets(), circuits.addition()
)}  # fmt: skip
PARTNER = {")": "(", "]": "[", "}": "{"}


def balanced(words: list[str]) -> bool:
    open_ones: list[str] = []
    for word in words:
        if word not in PARTNER:
            open_ones.append(word)
        elif not open_ones or open_ones.pop() != PARTNER[word]:
            return False
    return not open_ones


@pytest.mark.parametrize("name", TASKS)
def test_answers_follow_from_what_came_before(name: str) -> None:
    """Each text is read again by a rule of the test's own."""
    task, rng = TASKS[name], np.random.default_rng(0)
    for _ in range(300):
        words, follows = task.make(rng)
        assert len(words) == len(follows) <= task.length and {*words} <= {*task.words}
        assert any(follows) and not follows[0]
        answer = [word for word, known in zip(words, follows, strict=True) if known]
        if name == "repeats":
            for at in np.flatnonzero(
                follows
            ):  # the pair of this word and the one before it was there already
                pair = words[at - 1 : at + 1]
                assert any(words[i - 1 : i + 1] == pair for i in range(1, at))
            continue
        if name == "addition":
            assert answer == [str((int(words[0]) + int(words[2])) % 23)]
            continue
        given = words[: words.index("|")]
        assert follows == [False] * (len(given) + 1) + [True] * len(answer)
        if name == "copying":
            assert answer == given
        if name == "sorting":
            assert answer == sorted(given, key=int)
        if name == "brackets":
            assert answer[-1] == "." and balanced(given + answer[:-1])


@pytest.mark.parametrize("name", TASKS)
def test_texts_are_read_word_by_word_and_a_seed_gives_the_same(name: str) -> None:
    task = TASKS[name]
    texts = task.texts(20, seed=3)
    assert texts == task.texts(20, seed=3) != task.texts(20, seed=4)
    for text in texts:
        assert [task.vocab.words[i] for i in task.vocab.encode(text)] == text.split()


def test_repeats_come_at_many_distances() -> None:
    """None of which says by itself what comes next."""
    task, rng, distances = TASKS["repeats"], np.random.default_rng(0), []
    for _ in range(200):
        words, follows = task.make(rng)
        for at in np.flatnonzero(follows):
            pair = words[at - 1 : at + 1]
            distances += [at - i for i in range(1, at) if words[i - 1 : i + 1] == pair][-1:]
    shares = np.bincount(distances) / len(distances)
    assert shares.max() < 0.15 and (shares > 0.01).sum() > 15


def hand_made(task: circuits.Task) -> LLM:
    """A model of two layers with two heads, in which head 1 of the first looks at the word before.

    Every position's vector stands at right angles to all others; its key is that of its place, its query that of the
    place before.
    """
    n = task.length
    llm = attention_only(task, d=2 * n, heads=2)
    p = llm.parameters
    p.flat[:] = 0
    for name in p:
        if name.endswith("gamma"):
            p[name][...] = 1
    p["1.positional_embeddings"][:, :n] = np.eye(n)
    p["2.1.w_k"][:n, n:] = np.eye(n)
    p["2.1.w_q"][:n, n:] = 9 * np.eye(n, k=-1)  # place t asks for place t - 1
    return llm


def test_a_head_that_looks_back_by_one_is_found() -> None:
    scores = head_scores(hand_made(circuits.repeats()))
    assert scores.layers == ("2.1", "3.1")
    assert scores.previous[0, 1] > 0.99
    even = np.mean([1 / (t + 1) for t in range(1, 40)])  # a head that looks everywhere alike
    np.testing.assert_allclose(scores.previous[[0, 1, 1], [0, 0, 1]], even, rtol=1e-5)
    again = np.mean([1 / (t + 1) for t in range(20, 39)])
    np.testing.assert_allclose(scores.induction[[0, 1, 1], [0, 0, 1]], again, rtol=1e-5)
    assert scores.induction[0, 1] < 1e-6


def test_two_layers_learn_to_continue_and_their_second_layer_s_heads_do_it() -> None:
    """One layer cannot: its loss stays where it was."""
    task, after = circuits.repeats(), {}
    for blocks in (1, 2):
        llm = attention_only(task, blocks, seed=1)
        llm.train(task.texts(32 * 260, seed=1), 1, 2e-3, 32)
        after[blocks] = ability(llm, task)
    assert after[2].loss < 1.2 and after[2].share > 0.8
    assert after[1].loss > 2.5 and after[1].share < 0.4
    scores = head_scores(llm)
    assert scores.induction[1].max() > 0.4 > 0.1 > scores.induction[0].max()
    silent = without_heads(llm, "3.1", 0, 1, 2, 3)
    assert ability(silent, task).share < 0.2
    assert ability(llm, task) == after[2]  # the model itself is as it was


def test_a_silenced_head_adds_nothing() -> None:
    llm = attention_only(circuits.copying(), d=16, heads=4)
    ids = [1, 2, 3, 1]
    one = without_heads(llm, "2.1", 2)
    layer, trace = llm.network[2].layers[1], llm.trace(ids)
    found = (trace["2.1.weights"] @ trace["2.1.v"]).transpose(1, 0, 2)  # (T, heads, h)
    found[:, 2] = 0
    expected = trace["1.output"] + found.reshape(4, 16) @ layer.p.w_o
    np.testing.assert_allclose(one.trace(ids)["2.output"], expected, atol=1e-6)


@pytest.mark.parametrize(("layer", "head"), [("2.1", 4), ("2.1", -1), ("2", 0), ("9", 0)])
def test_there_is_no_such_head(layer: str, head: int) -> None:
    llm = attention_only(circuits.copying(), d=16, heads=4)
    with pytest.raises(ShapeError, match=r"no such head; expected 2.1: 0 to 3, 3.1: 0 to 3, found"):
        without_heads(llm, layer, head)


def test_a_model_without_heads_has_no_scores() -> None:
    with pytest.raises(ShapeError, match="cannot be laid side by side"):
        head_scores(LLM.build(circuits.copying().vocab, 8, 8, 1))
