"""Beam search: several texts grow side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import NamedTuple

import numpy as np

from ..numerics import Array
from .strategy import Choose, Strategy, Text, check, is_number, is_whole


class Branch(NamedTuple):
    """A text of a beam; one that has ended is a hypothesis.

    Attributes:
        prompt: the place of its prompt among the prompts.
        ids: what was said.
        logs: the logarithm of the probability of each word.
        score: see `Beam.score`.
    """

    prompt: int
    ids: tuple[int, ...]
    logs: tuple[float, ...]
    score: float

    @property
    def id(self) -> int:
        """The last word."""
        return self.ids[-1]

    @property
    def probability(self) -> float:
        """The probability that the model gave to that word."""
        return exp(self.logs[-1])

    @property
    def log_probability(self) -> float:
        """Of all its words together."""
        return sum(self.logs)


@dataclass(frozen=True)
class Beam(Strategy):
    """The most likely texts, side by side (Sutskever, Vinyals and Le 2014, section 3.2).

    In each turn every branch goes on with every word, and the `width` most likely texts of all these stay. One that has
    ended keeps its place, and one branch fewer goes on: in the end there are `width` hypotheses, if so many there are.

    Args:
        width: how many; 1 is greedy.
        length_penalty: a hypothesis' score is its log-probability over its number of words to this power. 1 takes the
            mean; 0 the sum, and long texts are worse then. (Wu et al. 2016, eq. 14, without its constants.)
    """

    width: int = 5
    length_penalty: float = 1.0

    def __post_init__(self) -> None:
        check("width", self.width, is_whole(self.width, 1), "a whole number, 1 or more")
        check("length_penalty", self.length_penalty, is_number(self.length_penalty), "a finite number")

    def score(self, logs: Sequence[float]) -> float:
        """The score of a text whose words have these log-probabilities."""
        return sum(logs) / len(logs) ** self.length_penalty

    def begin(self, prompts: Sequence[Sequence[int]]) -> Choose:
        return self._choose

    def _choose(
        self, scores: Array, texts: Sequence[Text | Branch], gone: Mapping[int, int]
    ) -> tuple[list[Branch], list[int]]:
        logs, branches, parents = _log_softmax(scores), [], []
        for prompt in dict.fromkeys(text.prompt for text in texts):
            rows = [row for row, text in enumerate(texts) if text.prompt == prompt]
            before = [getattr(texts[row], "logs", ()) for row in rows]  # a prompt itself has none
            totals = logs[rows] + np.array([[sum(said)] for said in before])
            for place in _largest(totals.ravel(), self.width - gone[prompt]):
                which, i = divmod(place, totals.shape[1])
                said = (*before[which], float(logs[rows[which], i]))
                branches.append(Branch(prompt, (*texts[rows[which]].ids, i), said, self.score(said)))
                parents.append(rows[which])
        return branches, parents


def _log_softmax(scores: Array) -> Array:
    scores = scores.astype(float)
    scores -= scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def _largest(values: Array, count: int) -> list[int]:
    """The places of the `count` largest of some values (n,), the largest first; of equals, the first."""
    places = np.arange(len(values))
    if count < len(values):  # to sort few is faster than to sort all
        places = np.flatnonzero(values >= np.partition(values, -count)[-count])
    return places[np.argsort(-values[places], kind="stable")][:count].tolist()
