"""The next word, before it is said: its distribution, and what temperature, top-k and top-p make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import TextError
from ...generation import Sampling
from ...numerics import Array, softmax
from ...tokenizers import ids_of
from ..base import Table, View
from ..before_after import bars
from ..chance import in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

SHOWN = 12
"""Words that have a bar."""


@dataclass(frozen=True)
class NextWordData:
    """What a model knows of the next word.

    Attributes:
        text: as it was given.
        ids: its T tokens; a repetition penalty is for these.
        words: the V words of the vocabulary.
        logits: (V,) their scores.
        strategy: how the probabilities are changed.
    """

    text: str
    ids: tuple[int, ...]
    words: tuple[str, ...]
    logits: Array
    strategy: Sampling

    @property
    def before(self) -> Array:
        """(V,) the model's own probabilities."""
        return softmax(self.logits.astype(float))

    @property
    def after(self) -> Array:
        """(V,) those with which the strategy draws."""
        return self.strategy.distribution(self.logits[None], [self.ids])[0]

    @property
    def order(self) -> list[int]:
        """The words that are shown, the one that is now the most likely first; of equals, that of the model."""
        return np.lexsort((-self.before, -self.after))[:SHOWN].tolist()


def next_word_of(llm: LLM, text: str, strategy: Sampling) -> NextWordData:
    """The scores of every word after a text.

    Raises:
        TextError: the model cannot read it, or cannot see a word after it.
    """
    ids = ids_of(text, llm.vocab, llm.max_seq_len)
    if len(ids) == llm.max_seq_len:
        raise TextError(
            "the text is full",
            expected=f"at most {llm.max_seq_len - 1} tokens, and one to come",
            got=len(ids),
        )
    words = tuple(llm.vocab.decode([i]) for i in range(len(llm.vocab)))
    return NextWordData(text, tuple(ids), words, llm.logits(ids)[-1], strategy)


class NextWord(View):
    """The live distribution; `next_word` makes it."""

    name = "next_word"
    title = "Next word: what a strategy makes of the model's distribution"
    data: NextWordData

    def __init__(self, llm: LLM, text: str, strategy: Sampling):
        self.llm = llm
        super().__init__(next_word_of(llm, text, strategy))

    @property
    def sentence(self) -> str:
        data, after = self.data, self.data.after
        best = data.order[0]
        left = int((after > 0).sum())
        how = in_words(data.strategy)
        whole = "one word" if left == 1 else "every word" if left == len(after) else f"{left} words"
        return (
            f"With {how}, {whole} can be drawn; “{data.words[best]}” has {after[best]:.2f}, "
            f"to which the model gave {data.before[best]:.2f}."
        )

    def figure(self) -> Figure:
        data, order = self.data, self.data.order
        words, labels = [data.words[i] for i in order], ("the model", in_words(data.strategy))
        text = [data.words[i] for i in data.ids]
        return bars(words, data.before[order], data.after[order], labels, text)

    def table(self) -> Table:
        data = self.data
        rows = [(data.words[i], float(data.before[i]), float(data.after[i])) for i in data.order]
        return Table(("next word", "the model", in_words(data.strategy)), rows)

    def state(self) -> dict[str, Any]:
        data = self.data
        return {"text": data.text, "ids": data.ids, "logits": data.logits, "strategy": vars(data.strategy)}

    def fixed(self) -> dict[str, Any]:
        return {"words": self.data.words, "shown": SHOWN}

    def answer(self, question: dict[str, Any]) -> NextWordData:
        """New data for {text, strategy}: what the sliders said when it was asked."""
        strategy = replace(self.data.strategy, **question["strategy"])
        return next_word_of(self.llm, question["text"], strategy)


def next_word(
    llm: LLM,
    text: str,
    strategy: Sampling = Sampling(temperature=0.7, top_p=0.9),  # noqa: B008
) -> NextWord:
    """The distribution of the next word: move temperature, top-k and top-p, and see which words stay, and how likely.

    Grey is what the model gives, blue what words are drawn with. Everything is computed in the browser, from the
    model's scores. A word can be drawn, and is put behind the text.

    Args:
        llm: a model.
        text: the bars are for the word after it.
        strategy: to begin with.
    """
    return NextWord(llm, text, strategy)
