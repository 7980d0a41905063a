"""Two models side by side: what they answer, where they look, and how far apart their weights are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ShapeError
from ..numerics import Array
from .gallery.attention import attention_of

if TYPE_CHECKING:
    from ..llm import LLM

WORDS = 14
"""Of an answer that are shown."""


@dataclass(frozen=True)
class Comparison:
    """Two models of one form.

    Attributes:
        labels: what each is called.
        answers: the first words with which each goes on.
        words: the T tokens of the text.
        layer, head: of the attention that is shown, from 1: where the two look most differently.
        weights: (2, T, T), each one's attention there; (2, 0, 0) if they have none.
        names: of their parameters, the one that differs most first.
        norms: (names, 3): the norm of the first one's, of the second one's, and of the difference of both.
    """

    labels: tuple[str, ...]
    answers: tuple[str, ...]
    words: tuple[str, ...]
    layer: int
    head: int
    weights: Array
    names: tuple[str, ...]
    norms: Array

    @property
    def sentence(self) -> str:
        first, second = self.labels
        if not self.norms[0, 2]:
            return f"“{first}” and “{second}” have the same weights, to the last bit."
        answer = "answer alike" if self.answers[0] == self.answers[1] else "answer differently"
        told = f"“{first}” and “{second}” {answer}; "
        if self.weights.size:
            gap = abs(self.weights[1] - self.weights[0])
            looks, seen = np.unravel_index(int(gap.argmax()), gap.shape)
            a, b = self.weights[:, looks, seen]
            told += f"“{self.words[looks]}” gives “{self.words[seen]}” {a:.2f} and {b:.2f} of its attention; "
        share = self.norms[0, 2] / max(self.norms[0, 0], 1e-12)
        much = f"{share:.1f} times its length" if share >= 1 else f"{100 * share:.2g} % of its length"
        return f"{told}{self.names[0]} differs most, by {much}."

    def state(self) -> dict[str, Any]:
        hides = [not np.triu(weights, 1).any() for weights in self.weights.round(9)]
        weights = np.nan_to_num(self.weights)  # a model that blew up looks nowhere
        return {**vars(self), "weights": weights, "hides": hides, "sentence": self.sentence}


def compared(models: Mapping[str, LLM], text: str) -> Comparison:
    """Two models, by their names, side by side.

    Raises:
        TextError: they cannot read the text.
    """
    first, second = models.values()
    pairs = zip(first.parameters.items(), second.parameters.values(), strict=True)
    rows = {name: [float(np.linalg.norm(x)) for x in (a, b, b - a)] for (name, a), b in pairs}
    order = sorted(rows, key=lambda name: -rows[name][2] / max(rows[name][0], 1e-12))
    words: tuple[str, ...] = ()
    layer, head = 0, 0
    weights: Array = np.zeros((2, 0, 0))
    with suppress(ShapeError):  # models without attention
        found = attention_of(models, text)
        apart = abs(found.weights[1] - found.weights[0]).sum(axis=(-2, -1))
        layer, head = map(int, np.unravel_index(int(apart.argmax()), apart.shape))
        words, weights = found.words, found.weights[:, layer, head]
    answers = tuple(beginning(llm.predict(text)) for llm in models.values())
    norms = np.array([rows[name] for name in order])
    return Comparison(tuple(models), answers, words, layer + 1, head + 1, weights, tuple(order), norms)


def beginning(text: str, words: int = WORDS) -> str:
    """The first words of an answer."""
    found = text.split()
    return " ".join(found[:words]) + (" …" if len(found) > words else "")
