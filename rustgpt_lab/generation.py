"""Writing on: the model's own words become its next input.

The prompt goes through the network at once. Every position's keys and values are kept (the key-value cache), so that a
new word costs one row through the network, not the whole text again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .batch import Batch
from .numerics import Array

if TYPE_CHECKING:
    from .model import LLM


class Decoder:
    """A model that has read a prompt, reads on one id at a time, and remembers what it read.

    Args:
        llm: the model; its weights must not change while the decoder is in use.
        ids: the prompt, 1 to `max_seq_len` ids.

    Attributes:
        position: the number of ids read so far.
        scores: (V,) of the word after them.
    """

    def __init__(self, llm: LLM, ids: Sequence[int]):
        batch = Batch([ids])
        x: Any = batch.ids
        self._steps = []
        for layer in llm.network:
            x, cache = layer.forward(x, batch)
            self._steps.append((layer.step, layer.remember(cache, llm.max_seq_len)))
        self.position, self.scores = len(ids), x[-1]

    def read(self, token: int) -> Array:
        """Read one more id; returns the scores of the word after it, (V,)."""
        x: Any = token
        for step, memory in self._steps:
            x = step(x, self.position, memory)
        self.position, self.scores = self.position + 1, x
        return self.scores


def greedy(llm: LLM, ids: Sequence[int]) -> Iterator[int]:
    """The most likely word each time, until `</s>` or until `max_seq_len` tokens in all.

    Args:
        llm: the model.
        ids: the prompt. Nothing follows an empty prompt, or one of `max_seq_len` tokens or more, as in RustGPT.

    Yields:
        Ids, `</s>` included.
    """
    most, end = llm.max_seq_len, llm.vocab.end
    if not 0 < len(ids) < most:
        return
    decoder = Decoder(llm, ids)
    while decoder.position < most:
        token = int(decoder.scores.argmax())
        yield token
        if token == end:
            return
        decoder.read(token)
