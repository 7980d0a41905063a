"""Writing on: the model's own words become its next input.

Every position's keys and values are computed once and kept (the key-value cache), so that a new word costs one row
through the network, not the whole text again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .numerics import Array

if TYPE_CHECKING:
    from .model import LLM


class Decoder:
    """A model that reads one id at a time and remembers what it read.

    Args:
        llm: the model; its weights must not change while the decoder is in use.
    """

    def __init__(self, llm: LLM):
        self.position = 0
        self._steps = [(layer.step, layer.remember(llm.max_seq_len)) for layer in llm.network]

    def read(self, token: int) -> Array:
        """Read one more id; returns the scores of the word after it, (V,)."""
        x: Any = token
        for step, memory in self._steps:
            x = step(x, self.position, memory)
        self.position += 1
        return x


def greedy(llm: LLM, ids: Sequence[int]) -> Iterator[int]:
    """The most likely word each time, until `</s>` or until `max_seq_len` tokens in all.

    Args:
        llm: the model.
        ids: the prompt. Nothing follows an empty prompt, or one of `max_seq_len` tokens or more, as in RustGPT.

    Yields:
        Ids, `</s>` included.
    """
    if not 0 < len(ids) < llm.max_seq_len:
        return
    decoder = Decoder(llm)
    for token in ids:
        scores = decoder.read(token)
    for _ in range(llm.max_seq_len - len(ids)):
        token = int(scores.argmax())
        yield token
        if token == llm.vocab.end:
            return
        scores = decoder.read(token)
