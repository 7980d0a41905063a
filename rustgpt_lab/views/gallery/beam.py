"""Beam search as a tree that grows: which branches go on, which are dropped, and what is said in the end."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import TextError
from ...generation import Beam, say
from ...generation.beam import Branch
from ...generation.saying import turns
from ...numerics import Array
from ...tokenizers import ids_of
from ..base import Table, View
from ..style import ACCENT, INKS, plot, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM


@dataclass(frozen=True)
class Hypothesis:
    """A text that a strategy found.

    Attributes:
        node: its last word's place in the tree; -1 if that has no such word.
        text: its words.
        log_probability: of all of them.
        score: that, over their number to the power of the length penalty.
    """

    node: int
    text: str
    log_probability: float
    score: float


@dataclass(frozen=True)
class BeamData:
    """A search, as the tree of all N branches that it ever kept.

    Attributes:
        text: the prompt.
        width: of the beam.
        words: (N,) the word of each node, turn by turn, in each the likeliest branch first.
        turns: (N,) the turn in which it was chosen, from 0.
        parents: (N,) the node before it, -1 after the prompt.
        probabilities: (N,) of the word after what stands before it.
        totals: (N,) the log-probability of the text up to it.
        last: (N,) the last turn that has a text which goes through it; in the next one the branch is dropped. A text
            that has ended stays.
        greedy: (N,) whether greedy says this, too.
        hypotheses: all that were found, the best first.
        greedily: what greedy says.
    """

    text: str
    width: int
    words: tuple[str, ...]
    turns: NDArray[np.int32]
    parents: NDArray[np.int32]
    probabilities: Array
    totals: Array
    last: NDArray[np.int32]
    greedy: NDArray[np.bool_]
    hypotheses: tuple[Hypothesis, ...]
    greedily: Hypothesis


def beam_of(llm: LLM, text: str, strategy: Beam, most: int) -> BeamData:
    """Search, and remember every branch.

    Raises:
        TextError: the model cannot read the text, or cannot see a word after it.
    """
    ids = ids_of(text, llm.vocab, llm.max_seq_len)
    if len(ids) == llm.max_seq_len:
        raise TextError("nothing can follow: the text is as long as the model can see", got=len(ids))
    places: dict[tuple[int, ...], int] = {(): -1}
    branches: list[Branch] = []
    found: list[Branch] = []
    for chosen, _, over in turns(llm, [text], strategy, most=most):
        for branch in chosen:
            places[branch.ids] = len(branches)
            branches.append(branch)
        found += [chosen[row] for row in over]
    parents = np.array([places[branch.ids[:-1]] for branch in branches], np.int32)
    depths = np.array([len(branch.ids) - 1 for branch in branches], np.int32)
    last = depths.copy()
    last[[places[branch.ids] for branch in found]] = depths.max()
    for node in range(len(branches) - 1, -1, -1):  # a word's parent comes before it
        if parents[node] >= 0:
            last[parents[node]] = max(last[parents[node]], last[node])
    said = list(say(llm, [text], most=most))
    greedy = tuple(word.id for word in said)
    logs = [log(word.probability) for word in said]
    return BeamData(
        text,
        strategy.width,
        tuple(llm.vocab.decode([branch.id]) for branch in branches),
        depths,
        parents,
        np.array([branch.probability for branch in branches]),
        np.array([branch.log_probability for branch in branches]),
        last,
        np.array([branch.ids == greedy[: len(branch.ids)] for branch in branches]),
        tuple(
            Hypothesis(places[branch.ids], llm.vocab.decode(branch.ids), branch.log_probability, branch.score)
            for branch in sorted(found, key=lambda branch: -branch.score)
        ),
        Hypothesis(places.get(greedy, -1), llm.vocab.decode(greedy), sum(logs), strategy.score(logs)),
    )


class BeamTree(View):
    """The live tree; `beam` makes it."""

    name = "beam"
    title = "Beam search: several texts grow side by side"
    data: BeamData

    def __init__(self, llm: LLM, text: str, strategy: Beam, most: int):
        self.llm, self.strategy, self.most = llm, strategy, most
        super().__init__(beam_of(llm, text, strategy, most))

    @property
    def sentence(self) -> str:
        best, greedy = self.data.hypotheses[0], self.data.greedily
        if best.text == greedy.text:
            return f"The beam and greedy both say “{best.text}”, with log-probability {_minus(best.log_probability)}."
        than = (
            "likelier than"
            if best.log_probability > greedy.log_probability
            else "with a better mean, but less likely than"
        )
        return (
            f"The beam says “{best.text}” ({_minus(best.log_probability)}), {than} what greedy says, "
            f"“{greedy.text}” ({_minus(greedy.log_probability)})."
        )

    def figure(self) -> Figure:
        data = self.data
        count = int(data.turns.max()) + 1
        rows = _rows(data.turns)
        words = [*map(shortened, data.words)]
        spread = max(1.0, 0.115 * max(map(len, words)))  # inches a column
        path = _path(data, data.hypotheses[0].node)

        def draw(figure: Any, ax: Any) -> None:
            letter = 0.085 / spread  # the width of half a letter and more, in turns
            for node, (turn, parent) in enumerate(zip(data.turns, data.parents, strict=True)):
                start, row, before = (-1, 0, "prompt")
                if parent >= 0:
                    start, row, before = int(data.turns[parent]), rows[parent], words[parent]
                word = words[node]
                ends = [start + letter * (len(before) / 2 + 1), turn - letter * (len(word) / 2 + 1)]
                said = node in path
                colour = ACCENT if said else INKS["text" if data.last[node] == count - 1 else "before"]
                look = {"color": colour, "alpha": 1.0 if said else 0.5}
                ax.plot(ends, [row, rows[node]], lw=0.6 + 3 * data.probabilities[node], **look)
                letters = {"color": colour, "weight": "bold" if said else "normal"}
                ax.text(turn, rows[node], word, ha="center", va="center", parse_math=False, **letters)
            ax.text(-1, 0, "prompt", ha="center", va="center", color=INKS["before"])
            ax.set(xlim=(-1.5, count - 0.4), ylim=(max(rows) + 0.6, -0.6), xlabel="turn")
            ax.set_ylabel("rank")
            ax.set_xticks(range(count), range(1, count + 1))
            ax.set_yticks(range(max(rows) + 1), range(1, max(rows) + 2))
            for spine in ax.spines.values():
                spine.set_visible(False)
            ax.tick_params(length=0)

        return plot(draw, max(6.0, spread * (count + 1)), 0.5 * (max(rows) + 1) + 0.8)

    def table(self) -> Table:
        data = self.data
        rows = [
            (f"beam {place}", each.text, each.log_probability, each.score)
            for place, each in enumerate(data.hypotheses, 1)
        ]
        greedy = data.greedily
        rows.append(("greedy", greedy.text, greedy.log_probability, greedy.score))
        return Table(("place", "text", "log-probability", "score"), rows)

    def state(self) -> dict[str, Any]:
        data = self.data
        return {
            **super().state(),
            "rows": np.array(_rows(data.turns), np.int32),
            "hypotheses": [vars(each) for each in data.hypotheses],
            "greedily": vars(data.greedily),
            "length_penalty": self.strategy.length_penalty,
        }

    def answer(self, question: dict[str, Any]) -> BeamData:
        """New data for {text, width}."""
        self.strategy = Beam(question["width"], self.strategy.length_penalty)
        return beam_of(self.llm, question["text"], self.strategy, self.most)


def _rows(turns: NDArray[np.int32]) -> list[int]:
    """The rank of each node among those of its turn."""
    return [int(node - np.searchsorted(turns, turn)) for node, turn in enumerate(turns)]


def _path(data: BeamData, node: int) -> set[int]:
    """The nodes from the prompt to one of them."""
    path = set()
    while node >= 0:
        path.add(node)
        node = int(data.parents[node])
    return path


def _minus(x: float) -> str:
    return f"{x:.2f}".replace("-", "−")


def beam(llm: LLM, text: str, width: int = 5, length_penalty: float = 1.0, most: int = 20) -> BeamTree:
    """Beam search, turn by turn: move the slider, and see which branches go on, and which are dropped.

    Below it, all hypotheses with their scores, and what greedy says.

    Args:
        llm: a model.
        text: what it goes on with.
        width: how many branches are kept, see `generation.Beam`.
        length_penalty: see there.
        most: how many words follow the text at most.
    """
    return BeamTree(llm, text, Beam(width, length_penalty), most)
