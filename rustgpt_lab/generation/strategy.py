"""What every strategy is: a small value that says how the next word is chosen, once every word has a score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import GenerationError
from ..numerics import Array, softmax


class Said(NamedTuple):
    """A word that was said.

    Attributes:
        prompt: the place of its prompt among the prompts.
        id: the word.
        scores: (V,) the model's logits that it was chosen from.
    """

    prompt: int
    id: int
    scores: Array

    @property
    def probability(self) -> float:
        """What the model gave to the word, before any strategy changed it."""
        return float(softmax(self.scores)[self.id])


@dataclass(slots=True)
class Text:
    """What was said after a prompt so far; it grows."""

    prompt: int
    ids: list[int]


Choose = Callable[[Array, list[Any], Mapping[int, int]], tuple[list[Any], list[int] | None]]
"""(B, V) scores, the B texts that they follow, and how many texts of each prompt have ended -> the texts that go on,
each a word longer; and the row that each of them comes from, or None if they are the same B texts."""


class Strategy:
    """The base of all strategies."""

    def begin(self, prompts: Sequence[Sequence[int]]) -> Choose:
        """The choice of words after some prompts; what it remembers from one word to the next lives in it."""
        raise NotImplementedError

    def next(self) -> Strategy:
        """The strategy for the next question of a conversation: where there is chance, it draws anew."""
        return self


@dataclass(frozen=True)
class Greedy(Strategy):
    """The most likely word each time.

    Of two that are equally likely, the first in the vocabulary. (RustGPT takes the last; it shows only where two scores
    are equal to the last bit.)
    """

    def begin(self, prompts: Sequence[Sequence[int]]) -> Choose:
        def choose(scores: Array, texts: list[Text], gone: Mapping[int, int]) -> tuple[list[Text], None]:
            return longer(texts, scores.argmax(axis=-1).tolist()), None

        return choose


def longer(texts: list[Text], ids: list[int]) -> list[Text]:
    """The texts, with one more word each."""
    for text, i in zip(texts, ids, strict=True):
        text.ids.append(i)
    return texts


def check(name: str, got: object, good: bool, expected: str) -> None:
    """Refuse an argument that makes no sense.

    Raises:
        GenerationError: it is not good.
    """
    if not good:
        raise GenerationError("an argument cannot be used", where=name, expected=expected, got=repr(got))


def is_whole(value: object, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def is_number(value: object, least: float = -np.inf) -> bool:
    """Whether it is a finite number from `least` on."""
    return isinstance(value, int | float | np.number) and bool(least <= value < np.inf) and value != -np.inf
