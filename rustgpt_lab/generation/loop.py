"""The loop of generation: read the prompts, choose a word, read it, choose the next.

The prompts go through the network at once. Every position's keys and values are kept (`KeyValues`), so that a new word
costs one row through the network, not the whole text again; the new words of many texts go through it together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..batch import Batch
from ..cache import KeyValues
from ..network import Network


def greedy(
    network: Network, prompts: Sequence[Sequence[int]], most: int, end: int | None
) -> Iterator[tuple[int, int]]:
    """The most likely id each time, for every prompt until `end` or until it has `most` ids.

    Args:
        network: its weights must not change meanwhile.
        prompts: ids. Nothing follows an empty prompt, or one of `most` ids or more, as in RustGPT.
        most: ids in all, at most as many as the network can see.
        end: the id that ends a text, if there is one.

    Of two words that are equally likely, the first in the vocabulary is taken. (RustGPT takes the last; it shows only
    where two scores are equal to the last bit.)

    Yields:
        (index of the prompt, id), `end` included; a word for every prompt that goes on, then the next of each.
    """
    texts = [i for i, ids in enumerate(prompts) if 0 < len(ids) < most]  # the prompt that each row belongs to
    if not texts:
        return
    past = KeyValues(len(texts))
    scores = network.scores(Batch([prompts[i] for i in texts]), past, last=True)
    while True:
        ids = scores.argmax(axis=-1).tolist()
        yield from zip(list(texts), ids, strict=True)
        for row in range(len(texts) - 1, -1, -1):
            if ids[row] == end or past.read[row] + 1 >= most:
                past.drop(row)  # the last row moves into its place
                for rows in (ids, texts):
                    rows[row] = rows[-1]
                    rows.pop()
        if not texts:
            return
        scores = network.scores(Batch.of_next(np.array(ids), past.read), past, last=True)
