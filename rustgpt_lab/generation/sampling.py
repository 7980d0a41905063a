"""Words drawn by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..numerics import Array, softmax
from .strategy import Choose, Strategy, Text, check, is_number, is_whole, longer


@dataclass(frozen=True)
class Sampling(Strategy):
    """A word drawn by chance, as likely as the model finds it after four settings have changed that, in this order.

    One seed, one text, whatever the other prompts are: the n-th words of all are drawn with the same random number.

    Args:
        repetition_penalty: 1 or more; a positive score of a word that the text or its prompt has already is divided by
            it, a negative one multiplied (Keskar et al. 2019, section 4.1, which only divides).
        temperature: scores are divided by it: below 1 the likely words win, above 1 all become alike; 0 is greedy.
        top_k: only the k most likely words stay (Fan, Lewis and Dauphin 2018, section 5.3).
        top_p: only the most likely words stay, as few as together reach this probability (Holtzman et al. 2020, eq. 2).
        seed: of the random numbers.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        k, p = self.top_k, self.top_p
        check("temperature", self.temperature, is_number(self.temperature, 0), "a number, 0 or more")
        check("top_k", k, k is None or is_whole(k, 1), "a whole number, 1 or more")
        check("top_p", p, p is None or (is_number(p) and 0 < p <= 1), "a number above 0, 1 or less")
        penalty = self.repetition_penalty
        check("repetition_penalty", penalty, is_number(penalty, 1), "a number, 1 or more")
        check("seed", self.seed, is_whole(self.seed, 0), "a whole number, 0 or more")

    def begin(self, prompts: Sequence[Sequence[int]]) -> Choose:
        chance = np.random.default_rng(self.seed)

        def choose(scores: Array, texts: list[Text], gone: Mapping[int, int]) -> tuple[list[Text], None]:
            before = [(*prompts[text.prompt], *text.ids) for text in texts]
            reached = self.distribution(scores, before).cumsum(axis=-1)
            reached /= reached[:, -1:]  # exactly 1 at the end, which no draw reaches
            return longer(texts, (reached <= chance.random()).sum(axis=-1).tolist()), None

        return choose

    def next(self) -> Sampling:
        return replace(self, seed=self.seed + 1)

    def distribution(self, scores: Array, before: Sequence[Sequence[int]]) -> Array:
        """Scores (B, V), and the ids that stand before each -> the probabilities (B, V) that words are drawn with.

        >>> Sampling(top_k=2).distribution(np.log([[0.6, 0.2, 0.15, 0.05]]), [[]]).round(2)
        array([[0.75, 0.25, 0.  , 0.  ]])
        """
        scores = scores.astype(float)
        for row, ids in zip(scores, before, strict=True):
            said = list(set(ids))
            row[said] *= np.where(row[said] > 0, 1 / self.repetition_penalty, self.repetition_penalty)
        scores -= scores.max(axis=-1, keepdims=True)
        order = np.argsort(-scores, axis=-1, kind="stable")  # of equals, the first in the vocabulary
        p = softmax(
            np.take_along_axis(scores, order, axis=-1) / max(self.temperature, 1e-9)
        )  # the likeliest first
        p[:, 1 if self.temperature == 0 else self.top_k or p.shape[1] :] = 0
        p /= p.sum(axis=-1, keepdims=True)
        if self.top_p is not None and self.top_p < 1:
            p[p.cumsum(axis=-1) - p >= self.top_p] = 0  # without it, enough was reached
            p /= p.sum(axis=-1, keepdims=True)
        np.put_along_axis(scores, order, p, axis=-1)
        return scores
