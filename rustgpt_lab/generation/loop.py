"""The loop of generation: read the prompts, choose a word, read it, choose the next.

The prompts go through the network at once. Every position's keys and values are kept (`KeyValues`), so that a new word
costs one row through the network, not the whole text again; the new words of many texts go through it together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..batch import Batch
from ..cache import KeyValues
from ..network import Network
from ..numerics import Array
from .strategy import Strategy, Text


def write(
    network: Network,
    prompts: Sequence[Sequence[int]],
    strategy: Strategy,
    rooms: Sequence[int],
    ends: Sequence[tuple[int, ...]] = (),
    past: KeyValues | None = None,
) -> Iterator[tuple[list, Array, list[int]]]:
    """Go on with every prompt until it says one of `ends`, or has no room for another word.

    Args:
        network: its weights must not change meanwhile.
        prompts: ids. Nothing follows an empty one.
        rooms: how many ids may follow each prompt; 0 or less: none.
        ends: ids in a row that end a text when they are said.
        past: of a single prompt, what was read of it before; it then holds all but the last word as well.

    Yields:
        (texts, scores, over): the texts that went on, each a word longer than in the turn before, a `Text` or of a beam
        a `Branch`; the scores that these words were chosen from, a row for each unless it is a beam; and the places of
        those texts that end here. The lists are the loop's own: they change when it goes on.
    """
    texts: list[Any] = [
        Text(i, []) for i, ids in enumerate(prompts) if ids and rooms[i] > 0
    ]  # a row of `past` each
    if not texts:
        return
    choose, gone, last = strategy.begin(prompts), Counter[int](), {end[-1] for end in ends}
    past = past or KeyValues(len(texts))
    unread = [prompts[text.prompt][past.read[row] :] for row, text in enumerate(texts)]
    scores = network.scores(Batch(unread, past.read), past, last=True)
    while True:
        texts, parents = choose(scores, texts, gone)
        if parents is not None and parents != list(range(len(scores))):
            past = past.fork(parents)
        over = [
            row
            for row, text in enumerate(texts)
            if len(text.ids) >= rooms[text.prompt] or (text.ids[-1] in last and ends_with(text.ids, ends))
        ]
        yield texts, scores, over
        if len(over) == len(texts):
            return
        for row in reversed(over):
            past.drop(row)  # the last row moves into its place
            gone[texts[row].prompt] += 1
            texts[row] = texts[-1]
            texts.pop()
        new = np.array([text.ids[-1] for text in texts])
        scores = network.scores(Batch.of_next(new, past.read), past, last=True)


def ends_with(ids: Sequence[int], ends: Sequence[tuple[int, ...]]) -> bool:
    """Whether the last of some ids are one of `ends`."""
    return any(tuple(ids[-len(end) :]) == end for end in ends)
