"""The training loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import LLM


def train(llm: LLM, texts: Iterable[str], epochs: int, learning_rate: float, batch_size: int = 1):
    """Provisional."""
    sequences = llm.sequences(texts)
    losses = []
    for _ in range(epochs):
        for start in range(0, len(sequences), batch_size):
            losses.append(llm.loss_and_gradients(sequences[start : start + batch_size]))
            llm.adam.step(learning_rate)
    return losses
