"""Byte pair encoding, one merge at a time: letters grow into pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from ...errors import TextError
from ...tokenizers import tokenize
from ..base import Table, View
from ..style import ACCENT, INKS, plot, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pair = tuple[str, str]
Pieces = tuple[tuple[str, ...], ...]
"""The words of a text, each in its pieces."""


@dataclass(frozen=True)
class Merging:
    """A text after some merges.

    Attributes:
        words: the pieces of each word.
        pairs: pairs of neighbours with their counts, the most frequent first; of those that are equally frequent, the
            one that comes first in the text.
    """

    words: Pieces
    pairs: tuple[tuple[Pair, int], ...]

    @property
    def size(self) -> int:
        """How many pieces there are."""
        return sum(map(len, self.words))


@dataclass(frozen=True)
class BytePairsData:
    """Every step of the merging of a text.

    Attributes:
        text: as it was given.
        most: so many merges at most.
        steps: after 0, 1, 2, … merges; the first of a step's pairs is merged next, but for the last step.
    """

    text: str
    most: int
    steps: tuple[Merging, ...]

    @property
    def merges(self) -> tuple[tuple[Pair, int], ...]:
        """The pairs that were merged, with how often they occurred then."""
        return tuple(step.pairs[0] for step in self.steps[:-1])


def joined(pieces: Sequence[str], pair: Pair) -> tuple[str, ...]:
    """The pieces of a word with a pair joined wherever it stands, from left to right.

    >>> joined("banana", ("a", "n"))
    ('b', 'an', 'an', 'a')
    """
    found: list[str] = []
    rest = iter(range(len(pieces)))
    for i in rest:
        here = (*pieces[i : i + 2],) == pair
        found.append("".join(pair) if here else pieces[i])
        if here:
            next(rest)
    return tuple(found)


def merging(text: str) -> Iterator[Merging]:
    """A text after 0, 1, 2, … merges, until no pair occurs twice (Sennrich et al. 2016, algorithm 1).

    >>> [pieces for step in merging("banana") for pieces in step.words]
    [('b', 'a', 'n', 'a', 'n', 'a'), ('b', 'an', 'an', 'a')]
    """
    words: Pieces = tuple(tuple(word) for word in tokenize(text))
    while True:
        counts = Counter(pair for pieces in words for pair in pairwise(pieces))
        step = Merging(words, tuple(counts.most_common()))
        yield step
        if not step.pairs or step.pairs[0][1] < 2:
            return
        words = tuple(joined(pieces, step.pairs[0][0]) for pieces in words)


class BytePairs(View):
    """The live merging; `byte_pairs` makes it."""

    name = "byte_pairs"
    title = "Byte pairs: letters grow together"
    alone = True
    data: BytePairsData

    @property
    def sentence(self) -> str:
        start = self.data.steps[0]
        letters = f"{start.size} letter{'' if start.size == 1 else 's'}"
        if not self.data.merges:
            return f"0 merges, {start.size} pieces for {letters}; no pair occurs twice: done."
        (left, right), times = start.pairs[0]
        return (
            f"0 merges, {start.size} pieces for {letters}; the most frequent pair is “{left}” and “{right}”, "
            f"{times} times: merged next."
        )

    def figure(self) -> Figure:
        steps = self.data.steps
        shown = sorted({0, 1, 2, len(steps) // 2, len(steps) - 1} & set(range(len(steps))))
        pairs = steps[0].pairs[:8]

        def draw(figure: Any, axes: Any) -> None:
            words, bars = axes
            words.set(xlim=(0, 1), ylim=(len(shown) - 0.5, -0.6))
            words.set_axis_off()
            for row, k in enumerate(shown):
                line = "   ".join("·".join(pieces) for pieces in steps[k].words)
                head = f"{k} merge{'' if k == 1 else 's'}, {steps[k].size} pieces"
                words.text(0, row - 0.22, head, va="center", color=INKS["muted"])
                words.text(
                    0,
                    row + 0.14,
                    shortened(line, 84),
                    va="center",
                    parse_math=False,
                    clip_on=True,
                    in_layout=False,
                )
            names = [f"{left} + {right}" for (left, right), _ in pairs]
            bars.barh(range(len(pairs)), [count for _, count in pairs], color=ACCENT)
            bars.set_yticks(range(len(pairs)), names, parse_math=False)
            bars.invert_yaxis()
            bars.xaxis.get_major_locator().set_params(integer=True)
            bars.set(xlabel="times", title="pairs of neighbours, before the first merge")

        return plot(draw, 11, max(3.2, 0.75 * len(shown)), ncols=2, width_ratios=(3, 2))

    def table(self) -> Table:
        rows = [
            (i, left, right, left + right, times, step.size)
            for i, (((left, right), times), step) in enumerate(
                zip(self.data.merges, self.data.steps[1:], strict=True), 1
            )
        ]
        return Table(("merge", "left", "right", "new piece", "times", "pieces then"), rows)

    def state(self) -> dict[str, Any]:
        return {"text": self.data.text, "most": self.data.most}


def byte_pairs(text: str, merges: int = 40) -> BytePairs:
    """Byte pair encoding step by step: the most frequent pair of neighbours becomes one piece, again and again.

    The words are those of RustGPT's tokenizer, and pieces never reach from one word into the next. The browser merges;
    type a text, and it is cut anew.

    Args:
        text: to begin with.
        merges: how many there are at most; 1 or more. It ends earlier if no pair occurs twice.

    Raises:
        TextError: there are to be no merges.
    """
    if merges < 1:
        raise TextError("an argument cannot be used", where="merges", expected="1 or more", got=str(merges))
    return BytePairs(BytePairsData(text, merges, tuple(islice(merging(text), merges + 1))))
