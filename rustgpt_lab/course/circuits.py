"""Circuits: tasks whose answers are known, what heads do in them, and what is lost without a head.

Two heads of two layers can together continue what came before: the first takes over the word before each word, the
second looks for one whose word before is the present one, and says it again (Elhage et al. 2021, Olsson et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..batch import Batch
from ..errors import ShapeError
from ..layers import MultiHeadAttention, Output, PositionEmbeddings, Residual, RMSNorm, TokenEmbeddings
from ..llm import LLM
from ..numerics import Array, cross_entropy
from ..parameters import walk
from ..tokenizers import Vocab

Words = list[str]
Answered = list[bool]

BRACKETS = {"(": ")", "[": "]", "{": "}"}
LETTERS = [a + b for a in "bdfgklmn" for b in "aeiouxyz"]
"""64 words that mean nothing."""


@dataclass(frozen=True)
class Task:
    """Texts without end, in which some words follow from those before.

    Attributes:
        name: of the task.
        words: all that occur.
        length: of the longest text, in words.
        make: a random generator -> a text's words, and for each whether it follows from those before it.
    """

    name: str
    words: tuple[str, ...]
    length: int
    make: Callable[[np.random.Generator], tuple[Words, Answered]]

    @property
    def vocab(self) -> Vocab:
        return Vocab(self.words)

    def texts(self, count: int, seed: int = 0) -> list[str]:
        """Texts to train on, as any other."""
        rng = np.random.default_rng(seed)
        return [" ".join(self.make(rng)[0]) for _ in range(count)]


# ---- the tasks ------------------------------------------------------------------------------------------------------


def copying(most: int = 12) -> Task:
    """Some words, a bar, and the same words again."""

    def make(rng: np.random.Generator) -> tuple[Words, Answered]:
        words = rng.choice(LETTERS, rng.integers(2, most + 1)).tolist()
        return [*words, "|", *words], [False] * (len(words) + 1) + [True] * len(words)

    return Task("copying", (*LETTERS, "|"), 2 * most + 1, make)


def repeats(length: int = 48) -> Task:
    """Random words, in which stretches of random length at random places come again.

    A repeat at a fixed distance would be solved by position alone. The first word of a stretch cannot be known; each
    one after it follows.
    """

    def make(rng: np.random.Generator) -> tuple[Words, Answered]:
        words, follows = rng.choice(LETTERS, length).tolist(), [False] * length
        at = int(rng.integers(6, 16))
        while at < length:
            size = min(int(rng.integers(4, 13)), length - at, at)
            start = int(rng.integers(0, at - size + 1))
            words[at : at + size] = words[start : start + size]
            follows[at + 1 : at + size] = [True] * (size - 1)
            at += size + int(rng.integers(0, 3))
        return words, follows

    return Task("repeats", tuple(LETTERS), length, make)


def sorting(most: int = 8, largest: int = 30) -> Task:
    """Numbers, a bar, and the same numbers from the smallest to the largest."""

    def make(rng: np.random.Generator) -> tuple[Words, Answered]:
        numbers = rng.integers(largest + 1, size=rng.integers(2, most + 1))
        words = [*map(str, numbers), "|", *map(str, np.sort(numbers))]
        return words, [False] * (len(numbers) + 1) + [True] * len(numbers)

    return Task("sorting", (*map(str, range(largest + 1)), "|"), 2 * most + 1, make)


def brackets(most: int = 16) -> Task:
    """Brackets that open and close, a bar, and those that close what is still open, the last one first."""

    def make(rng: np.random.Generator) -> tuple[Words, Answered]:
        words: Words = []
        open_ones: Words = []
        for _ in range(rng.integers(2, most + 1)):
            if open_ones and rng.random() < 0.4:
                words.append(BRACKETS[open_ones.pop()])
            else:
                open_ones.append(str(rng.choice([*BRACKETS])))
                words.append(open_ones[-1])
        closing = [*(BRACKETS[bracket] for bracket in reversed(open_ones)), "."]
        return [*words, "|", *closing], [False] * (len(words) + 1) + [True] * len(closing)

    return Task("brackets", (*BRACKETS, *BRACKETS.values(), "|", "."), 2 * most + 2, make)


def addition(n: int = 23) -> Task:
    """a + b = c, modulo n (Power et al. 2022)."""

    def make(rng: np.random.Generator) -> tuple[Words, Answered]:
        a, b = rng.integers(n, size=2).tolist()
        return [str(a), "+", str(b), "=", str((a + b) % n)], [False] * 4 + [True]

    return Task("addition", (*map(str, range(n)), "+", "="), 5, make)


# ---- a model of heads alone, and what it can do ---------------------------------------------------------------------


def attention_only(task: Task, blocks: int = 2, d: int = 64, heads: int = 4, seed: int = 0) -> LLM:
    """A model for a task's texts that has nothing but attention: no feed-forward network.

    >>> llm = attention_only(copying(), d=8, heads=2)
    >>> [type(layer).__name__ for layer in llm.network]
    ['TokenEmbeddings', 'PositionEmbeddings', 'Residual', 'Residual', 'RMSNorm', 'Output']
    """
    words = len(task.words)
    attention = [Residual(RMSNorm(d), MultiHeadAttention(d, heads)) for _ in range(blocks)]
    embeddings = [TokenEmbeddings(words, d), PositionEmbeddings(task.length, d)]
    llm = LLM(task.vocab, [*embeddings, *attention, RMSNorm(d), Output(d, words)], seed)
    # With these ten times as large, 2 of 4 seeds at d = 64, and 4 of 4 at d = 32, learned `repeats` in another way, in
    # which no head looks at what came next.
    llm.parameters[f"{2 + blocks + 1}.w_out"] *= 0.1
    return llm


@dataclass(frozen=True)
class Ability:
    """How well a model gives the words that follow from those before them.

    Attributes:
        loss: in nats, the mean over these words.
        share: of them that it says, in [0, 1].
    """

    loss: float
    share: float


def ability(llm: LLM, task: Task, count: int = 100, seed: int = 1) -> Ability:
    """Try a model on texts of a task; from another seed than those it learned from, it has not seen them."""
    rng = np.random.default_rng(seed)
    pairs = [task.make(rng) for _ in range(count)]
    batch = Batch.to_learn([llm.tokenize(" ".join(words)) for words, _ in pairs])
    answered = np.concatenate([follows[1:] for _, follows in pairs])
    logits = llm.network.scores(batch)
    said = logits.argmax(axis=-1) == batch.targets
    losses, _ = cross_entropy(logits, batch.targets)
    return Ability(float(losses[answered].mean()), float(said[answered].mean()))


@dataclass(frozen=True)
class HeadScores:
    """What every head of a model looks at, in random words that come twice.

    Attributes:
        layers: the names of the layers with heads, such as "2.1".
        induction: (layers, heads), the share of a word's attention for the one that came after it the first time.
        previous: (layers, heads), the share for the word just before.
    """

    layers: tuple[str, ...]
    induction: Array
    previous: Array


def head_scores(llm: LLM, length: int = 20, count: int = 5, seed: int = 0) -> HeadScores:
    """Score every head on `count` texts of `length` different words that come twice (Olsson et al. 2022).

    Raises:
        ShapeError: the layers of the model have no heads, or not equally many.
        TextError: the model cannot read so long a text.
    """
    layers = {name: layer for name, layer in walk(llm.network) if isinstance(layer, MultiHeadAttention)}
    if len({layer.heads for layer in layers.values()}) != 1:
        raise ShapeError(
            "these heads cannot be laid side by side",
            where="network",
            expected="layers with equally many heads",
            got={name: layer.heads for name, layer in layers.items()},
        )
    rng, induction, previous = np.random.default_rng(seed), [], []
    again, rows = np.arange(length, 2 * length - 1), np.arange(1, 2 * length)
    for _ in range(count):
        words = rng.permutation(len(llm.vocab))[:length].tolist()
        trace = llm.trace(words + words)
        weights = np.stack([trace[f"{name}.weights"] for name in layers])  # (layers, heads, T, T)
        induction.append(weights[..., again, again - length + 1].mean(axis=-1))
        previous.append(weights[..., rows, rows - 1].mean(axis=-1))
    return HeadScores(tuple(layers), np.mean(induction, axis=0), np.mean(previous, axis=0))


def without_heads(llm: LLM, layer: str, *heads: int) -> LLM:
    """A copy of a model in which some heads of a layer, counted from 0, add nothing.

    Raises:
        ShapeError: there is no such layer or head.
    """
    found = dict(walk(llm.network)).get(layer)
    if not isinstance(found, MultiHeadAttention) or not {*heads} <= {*range(found.heads)}:
        have = {
            name: inner.heads for name, inner in walk(llm.network) if isinstance(inner, MultiHeadAttention)
        }
        expected = ", ".join(f"{name}: 0 to {heads - 1}" for name, heads in have.items()) or "none"
        raise ShapeError("there is no such head", where=f"layer {layer}", expected=expected, got=heads)
    twin = llm.copy()
    w_o = twin.parameters[f"{layer}.w_o"].reshape(found.heads, found.width, -1)  # what each head adds
    w_o[[*heads]] = 0
    return twin
