"""A model and a corpus that learn in milliseconds."""

from collections.abc import Callable
from typing import Any

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.training import Callback, Training

TEXTS = [
    "the cat sees the dog </s>",
    "the dog sees the bird and the cat </s>",
    "a bird sings </s>",
    "a dog barks at the bird </s>",
    "the bird sees a cat </s>",
    "a cat sleeps </s>",
    "the dog sleeps and the bird sings to the cat </s>",
]


def small_llm(**options: Any) -> LLM:
    """Some 900 weights; every call gives the same."""
    sizes = {"embedding_dim": 8, "hidden_dim": 12, "blocks": 1, "max_seq_len": 12} | options
    return LLM.build(Vocab.from_texts(TEXTS), **sizes)


class At(Callback):
    """Does something after one step."""

    def __init__(self, step: int, action: Callable[[Training], Any]):
        self.when, self.action = step, action

    def on_step(self, training: Training) -> None:
        if training.state.steps == self.when:
            self.action(training)


class Bad(Callback):
    """Raises an error of its own name where it is told to."""

    def __init__(self, name: str, *where: str):
        self.name, self.where, self.ended = name, where, 0

    def on_start(self, training: Training) -> None:
        if "start" in self.where:
            raise LookupError(f"{self.name} at the start")

    def on_end(self, training: Training) -> None:
        self.ended += 1
        if "end" in self.where:
            raise LookupError(f"{self.name} at the end")
