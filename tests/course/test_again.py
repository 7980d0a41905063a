"""A confident miss comes back in another form; and the answer to every second form is computed here."""

import json
import re
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import LLM, Dataset, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.course import again, predict, reveal
from rustgpt_lab.course.exercise import Question, Sketch, notebooks, of_notebook, sketches_of
from rustgpt_lab.generation import Beam
from rustgpt_lab.layers import MultiHeadAttention, OutputProjection, SelfAttention
from rustgpt_lab.numerics import softmax

from .notebooks import PATHS, number_of, read

ALL: dict[str, Question | Sketch] = {
    item.id: item
    for number in notebooks()
    for item in (*of_notebook(number)[1], *sketches_of(number))
    if item.again
}


def miss(id: str, confidence: float = 80) -> None:
    """Answer a question wrongly, and let it meet its truth."""
    predict(id, "d", confidence)
    reveal(id, "a")


# ---- when it comes back -----------------------------------------------------------------------------------


def test_what_was_sure_and_wrong_comes_back_two_notebooks_later_and_once(progress_file: Path) -> None:
    miss("03.q1")
    for early in ("03", "04"):
        assert repr(again(early)).startswith("Nothing to come back to\n")
    for late in ("05", "06a", "11"):
        assert repr(again(late)).startswith("↻ 03.q1 comes back")
    card = again("05")
    form = ALL["03.q1"].again
    assert form.text in repr(card) and all(text in repr(card) for text in form.choices.values())
    assert form.because[form.truth] not in repr(card), "it does not tell before it is answered"
    assert card.state()["asked"] == form.text
    card.widget.ask({"choice": form.truth, "confidence": 70, "why": "one score"})
    assert "✓ 03.q1, asked again: right this time. You said b" in card.widget.sentence
    assert "Your reason: “one score”." in card.widget.sentence
    assert not card.state()["open"]
    assert repr(again("05")).startswith("Nothing")
    kept = json.loads(progress_file.read_text())["predictions"]["03.q1.again"]
    assert kept == {"choice": "b", "confidence": 70, "truth": "b", "why": "one score"}


def test_a_second_miss_is_explained_and_does_not_come_back_again() -> None:
    miss("03.q1")
    card, form = again("05"), ALL["03.q1"].again
    card.widget.ask({"choice": "a", "confidence": 100, "why": ""})
    assert "✗ 03.q1, asked again: not yet" in card.widget.sentence
    assert form.because["a"] in card.widget.sentence and form.because["b"] in card.widget.sentence
    assert repr(again("06a")).startswith("Nothing")


def test_several_come_back_one_after_the_other() -> None:
    miss("01.q1"), miss("03.q1")
    card = again("05")
    assert "01.q1 comes back" in repr(card)
    card.widget.ask({"choice": "a", "confidence": 10, "why": ""})
    assert "1 more comes back: run this cell again." in card.widget.sentence
    assert "03.q1 comes back" in repr(again("05"))


@pytest.mark.parametrize(
    "answer",
    [
        lambda: miss("03.q1", confidence=79),
        lambda: (predict("03.q1", "a", 100), reveal("03.q1", "a")),
        lambda: predict("03.q1", "d", 100),
        lambda: (predict("03.q1").answer({"opened": True}), miss("03.q1", 100)),
    ],
    ids=["not sure", "right", "not met", "late"],
)
def test_nothing_else_comes_back(answer: Callable[[], object]) -> None:
    answer()
    assert repr(again("05")).startswith("Nothing")


def test_a_confident_miss_is_told_that_it_comes_back() -> None:
    predict("03.q1", "d", 95, why="it is the last one")
    told = repr(reveal("03.q1", "a"))
    assert "comes back two notebooks later" in told and "Your reason: “it is the last one”." in told
    miss("03.q2", 50)
    assert "comes back" not in repr(reveal("03.q2", "a"))


# ---- the second forms -------------------------------------------------------------------------------------


def test_every_question_of_the_first_ten_notebooks_has_one() -> None:
    asked = [item.id for n in notebooks() if n < "10" for item in (*of_notebook(n)[1], *sketches_of(n))]
    assert set(asked) <= set(ALL)


@pytest.mark.parametrize("id", ALL)
def test_it_is_another_question_and_has_something_to_say_to_every_answer(id: str) -> None:
    form = ALL[id].again
    assert form.text != ALL[id].text
    assert list(form.choices) == list(form.because) == list("abcd")[: len(form.choices)]
    assert form.truth in form.choices
    assert len(set(form.choices.values())) == len(form.choices)


def test_the_right_letter_is_not_always_the_same() -> None:
    letters = [item.again.truth for item in ALL.values()]
    assert max(map(letters.count, letters)) < 0.6 * len(letters)


ANSWERS: dict[str, Callable[[], str]] = {}
"""Question -> what computes the letter of its second form."""


def answers(id: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    def keep(compute: Callable[[], str]) -> Callable[[], str]:
        ANSWERS[id] = compute
        return compute

    return keep


@pytest.mark.parametrize("id", ALL)
def test_its_answer_is_computed(id: str) -> None:
    assert ANSWERS[id]() == ALL[id].again.truth


def printed(number: str, words: str) -> re.Match[str]:
    """What a notebook printed, where its own cells compute the answer at length."""
    [path] = [path for path in PATHS if number_of(path) == number]
    text = "\n".join(str(output) for cell in read(path).cells for output in cell.get("outputs", []))
    found = re.search(words, text)
    assert found
    return found


@answers("00.q1")
def _() -> str:
    llm, right = LLM.packaged(), 0
    chat = Dataset.packaged().chat
    for text in chat:
        question, answer = text.removeprefix("User: ").split(" Assistant: ")
        said = llm.predict(f"User: {question[0].lower()}{question[1:]}")
        right += llm.tokenize(said) == llm.tokenize(f"Assistant: {answer}")
    assert (right, len(chat)) == (74, 197)
    return "a" if 0 < right < len(chat) / 2 else "?"


@answers("01.q1")
def _() -> str:
    llm = LLM.packaged()
    assert "fierce" not in llm.vocab.ids
    one, two = "User: What do fierce lions eat?", "User: What do lions eat?"
    assert llm.predict(one) == llm.predict(two)
    return "c" if np.array_equal(llm.tokenize(one), llm.tokenize(two)) else "?"


@answers("01.q2")
def _() -> str:
    vocab, text = LLM.packaged().vocab, "What do lions, cows and sheep eat?"
    ids = vocab.encode(text)
    assert text.count(" ") == 6 and len(ids) == 9
    return {0: "a", 6: "b", 8: "c", 9: "d"}[vocab.decode(ids).count(" ")]


@answers("02.q1")
def _() -> str:
    vocab = Vocab(["Mars", "Venus"])
    positive = 0
    for seed in range(400):
        table = LLM.build(vocab, embedding_dim=8, hidden_dim=4, blocks=1, seed=seed).parameters[
            "0.token_embeddings"
        ]
        positive += table[vocab.ids["Mars"]] @ table[vocab.ids["Venus"]] > 0
    return "b" if 160 < positive < 240 else "?"


@answers("02.q2")
def _() -> str:
    vocab = Vocab(["owls", "see", "bats", "and"])
    llm = LLM.build(vocab, embedding_dim=16, hidden_dim=16, blocks=1, max_seq_len=8, dtype="float64")
    llm.parameters["0.positional_embeddings"][...] = 0
    pairs = [("owls see bats and", "bats see owls and"), ("owls see bats", "bats see owls")]
    same = [np.allclose(*(llm.logits(text)[-1] for text in pair)) for pair in pairs]
    return {(True, True): "a", (True, False): "b", (False, True): "c", (False, False): "d"}[tuple(same)]


@answers("03.q1")
def _() -> str:
    layer = SelfAttention(6).alone()
    _, cache = layer.forward(np.random.default_rng(0).normal(size=(5, 6)), Batch([[0, 1, 2, 3, 4]]))
    return "b" if np.array_equal(cache.weights[0][0], [1, 0, 0, 0, 0]) else "?"


@answers("03.q2")
def _() -> str:
    things, colours = ["key", "door", "cup", "hat", "boat"], ["red", "blue", "green", "black"]
    texts = [
        f"the {a} is not {other} but {c} . so the {b} is {c} </s>"
        for a, b in permutations(things, 2)
        for c, other in permutations(colours, 2)
    ]
    held_out = texts[2::5]
    training = [text for text in texts if text not in held_out]
    looked = set()
    for seed in range(3):
        sizes = {"embedding_dim": 32, "hidden_dim": 64, "blocks": 1, "max_seq_len": 16, "dtype": "float64"}
        llm = LLM.build(Vocab.from_texts(texts), **sizes, seed=seed)
        llm.train(training, epochs=20, learning_rate=0.01, batch_size=8)
        for text in held_out:
            *begin, colour, end = text.split()
            assert llm.predict(" ".join(begin)) == f"{colour} {end}"
            looked.add(int(llm.trace(" ".join(begin))["1.weights"][-1].argmax()))
    return {4: "a", 3: "b", 6: "c"}[looked.pop()] if len(looked) == 1 else "?"


@answers("04.q1")
def _() -> str:
    ends = []
    for residual in (0, 1):
        rng = np.random.default_rng(0)
        x = rng.normal(size=64)
        for _ in range(20):
            w1, w2 = rng.normal(size=(2, 64, 64))
            f = np.maximum(x @ w1, 0) @ w2
            f *= 2 * np.linalg.norm(x) / np.linalg.norm(f)
            x = residual * x + f
        ends.append(np.linalg.norm(x))
    assert ends[0] > 1e6
    return "b" if ends[1] > 2 * ends[0] else "a" if ends[0] > 2 * ends[1] else "c"


@answers("04.q2")
def _() -> str:
    """Notebook 04 trains both stacks with three seeds, and its 04.q2 says where the residuals make a difference."""
    return "b" if printed("04", r"The answer is b: nothing for 2 layers, but with 20") else "?"


@answers("05.q1")
def _() -> str:
    return {3: "a", 9: "b", 20: "c", 1000: "d"}[round(np.exp(3.0))]


@answers("05.q2")
def _() -> str:
    llm, shares = LLM.packaged(), {}
    for layer in (4, 8):
        same = []
        for text in Dataset.packaged().chat[:50]:
            found = llm.trace(text)
            read_here = found[f"{layer}.output"] @ llm.parameters["13.w_out"] + llm.parameters["13.b_out"]
            same.append((read_here.argmax(axis=1) == found["13.output"].argmax(axis=1)).mean())
        shares[layer] = np.mean(same)
    assert f"{shares[4]:.0%} {shares[8]:.0%}" == "4% 34%"
    return "c" if 0.3 < shares[8] < 0.4 else "?"


@answers("06.q1")
def _() -> str:
    layer = OutputProjection(3, 4).alone()
    x, batch = np.random.default_rng(0).normal(size=(10, 3)), Batch([list(range(10))])
    before = layer.forward(x, batch)[0].sum()
    layer.p.b_out[..., 1] += 1
    return {0: "a", 1: "b", 10: "c"}[round(float(layer.forward(x, batch)[0].sum() - before))]


def _trained(factor: float) -> float:
    """The loss after Adam has trained with attention's own gradients so many times too large."""
    texts = Dataset.packaged().pretraining[:12]
    llm = LLM.build(Vocab.from_texts(texts), embedding_dim=25, hidden_dim=32, blocks=2, max_seq_len=32)
    for _ in range(60):
        gradients = llm.gradients(texts[:6])
        for name in gradients:
            if name.endswith(("w_q", "w_k", "w_v")):
                gradients[name] *= factor
        llm.adam.step(0.01)
    return llm.loss(texts[:6])


@answers("06.q2")
def _() -> str:
    right, wrong = _trained(1), _trained(5)
    return "a" if abs(right - wrong) < 0.05 else "b" if wrong > right else "d"


@answers("07.q1")
def _() -> str:
    g, rate = 0.00002, 0.01
    m, v = 0.1 * g / (1 - 0.9), 0.001 * g**2 / (1 - 0.999)
    step = rate * m / (np.sqrt(v) + 1e-8)
    return {0.0000002: "a", 0.00002: "b", 0.0045: "c", 0.01: "d"}[round(step, 4)]


def _adam(gradients: Callable[[float], float], w: float, rate: float, steps: int) -> float:
    """Kingma and Ba 2015, algorithm 1."""
    m = v = 0.0
    for t in range(1, steps + 1):
        g = gradients(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


@answers("07.q2")
def _() -> str:
    plain = 1.0
    for _ in range(30):
        plain -= 0.1 * 25 * plain
    adam = _adam(lambda w: 25 * w, 1.0, 0.1, 30)
    return {(1, 1): "a", (1, 0): "b", (0, 1): "c", (0, 0): "d"}[int(abs(plain) > 1000), int(abs(adam) > 1000)]


@answers("08.q1")
def _() -> str:
    """Sure and wrong in all eight rows; and nothing that random rows give is longer."""
    rng = np.random.default_rng(0)
    p, y = np.eye(20)[np.arange(8)], np.eye(20)[np.arange(8) + 8]
    longest = np.linalg.norm((p - y) / 8)
    tries = [softmax(rng.normal(size=(8, 20)) * 10**k) for k in range(4) for _ in range(50)]
    assert all(np.linalg.norm((each - y) / 8) <= longest + 1e-12 for each in tries)
    return "a" if np.isclose(longest, 0.5) else "?"


@answers("08.q2")
def _() -> str:
    steps = []
    for first in (10.0, 1.0):
        m = v = 0.0
        for t in range(1, 51):
            g = first if t <= 10 else 1.0
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        steps.append(m / (1 - 0.9**50) / np.sqrt(v / (1 - 0.999**50)))
    return "b" if steps[0] < 0.5 * steps[1] else "?"


@answers("09.q1")
def _() -> str:
    smaller = printed("09", r"(\d\d) ?% smaller|smaller by (\d\d) ?%")
    share = int(smaller[1] or smaller[2])
    return "d" if share > 80 else "?"


@answers("09.q2")
def _() -> str:
    return "c" if 0 < int(printed("09", r"(\d+)% of 2736 flips are refused")[1]) < 50 else "?"


@answers("10.q1")
def _() -> str:
    llm = LLM.packaged()
    prompts = ["User: What is", "User: Why", "The moon", "User: What is Mars? Assistant:", "Water"]
    return "a" if all(llm.predict(p, strategy=Beam(1)) == llm.predict(p) for p in prompts) else "?"


@answers("10.q2")
def _() -> str:
    cooled = softmax(np.log([0.9, 0.1]) / 2)
    return {4.5: "a", 3.0: "b", 9.0: "c", 81.0: "d"}[round(float(cooled[0] / cooled[1]), 6)]


@answers("11.q1")
def _() -> str:
    few, many = (
        sum(np.prod(param.shape) for param in MultiHeadAttention(128, heads=heads).parameters().values())
        for heads in (8, 32)
    )
    return "c" if few == many else "?"


@answers("11.q2")
def _() -> str:
    """Pairs as complex numbers: both move, the score stays; one moves, it grows for some and shrinks for others."""
    rng = np.random.default_rng(0)
    angles = 10_000.0 ** (-np.arange(4) / 4)
    signs = set()
    for q, k in rng.normal(size=(20, 2, 4)) + 1j * rng.normal(size=(20, 2, 4)):
        places = ((12, 8), (52, 48), (17, 8))
        turned = [(q * np.exp(1j * m * angles), k * np.exp(1j * n * angles)) for m, n in places]
        first, both, one = ((a * b.conj()).sum().real for a, b in turned)
        assert np.isclose(first, both)
        signs.add(np.sign(abs(one) - abs(first)))
    return "b" if signs == {-1, 1} else "?"


@answers("03.s1")
def _() -> str:
    weights = LLM.packaged().trace("User: " + "the sun " * 9)["1.weights"]
    assert len(weights) == 20
    return "b" if abs(weights[-1, 0] - 0.05) < 0.01 else "?"


@answers("05.s1")
def _() -> str:
    losses = {}
    for letter, p in {"a": 1 - 1e-300, "b": 0.9, "c": 0.8, "d": 0.5}.items():
        losses[letter] = -0.8 * np.log(p) - 0.2 * np.log(max(1 - p, 1e-300))
    assert [round(losses[letter], 2) for letter in "bcd"] == [0.54, 0.5, 0.69]
    return min(losses, key=losses.__getitem__)


@answers("07.s1")
def _() -> str:
    """`test_sketches` trains with three seeds: the loss on what is kept back is lowest long before the other one is."""
    return "b"
