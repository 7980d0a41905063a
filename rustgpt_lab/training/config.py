"""What decides a training run, besides the model and the texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from ..errors import TrainingError
from ..optim.clipping import Clipping


@dataclass(frozen=True)
class TrainingConfig:
    """The numbers of a training run.

    Args:
        epochs: how often to go through all texts, 0 or more.
        learning_rate: above 0.
        batch_size: texts a step, 1 or more; the last batch of an epoch may be smaller.
        clipping: what to do to the gradients before a step; see `optim.clipping`.
        schedule: a function from the number of the step, from 1, to what multiplies the learning rate; see
            `optim.schedule`.
        shuffle: whether every epoch has an order of its own, drawn from `seed` and the epoch's number alone;
            otherwise it is the order in which the texts are given.
        seed: of the orders, 0 or more.
        loss_limit: a batch's loss above it counts as divergence.
        optimizer: "adam", the model's own, or "descent", plain gradient descent.
        momentum: of plain descent, in [0, 1).
        workers: into how many parts a batch is split, each with a worker of its own; see `workers`.

    Raises:
        TrainingError: one of them is out of range.
    """

    epochs: int
    learning_rate: float
    batch_size: int = 1
    clipping: Clipping | None = None
    schedule: Callable[[int], float] | None = None
    shuffle: bool = False
    seed: int = 0
    loss_limit: float = inf
    optimizer: str = "adam"
    momentum: float = 0.0
    workers: int = 1

    def __post_init__(self) -> None:
        for name, good, expected in (
            ("epochs", _is_whole(self.epochs, 0), "a whole number, 0 or more"),
            (
                "learning_rate",
                _is_number(self.learning_rate) and self.learning_rate < inf,
                "a number above 0",
            ),
            ("batch_size", _is_whole(self.batch_size, 1), "a whole number, 1 or more"),
            (
                "clipping",
                isinstance(self.clipping, Clipping | None),
                "a clipping, as L2GradientClipping(1.0)",
            ),
            ("schedule", self.schedule is None or callable(self.schedule), "a function of the step"),
            ("seed", _is_whole(self.seed, 0), "a whole number, 0 or more"),
            ("loss_limit", _is_number(self.loss_limit), "a number above 0"),
            ("optimizer", self.optimizer in ("adam", "descent"), "'adam' or 'descent'"),
            ("momentum", 0 <= self.momentum < 1, "a number from 0, below 1"),
            ("workers", _is_whole(self.workers, 1), "a whole number, 1 or more"),
        ):
            if not good:
                got = repr(getattr(self, name))
                raise TrainingError("an argument cannot be used", where=name, expected=expected, got=got)

    def rate(self, step: int) -> float:
        """The learning rate of step number `step`, from 1."""
        share = 1.0 if self.schedule is None else self.schedule(step)
        if not 0 <= share < inf:
            where = f"schedule, step {step}"
            raise TrainingError(
                "not a learning rate", where=where, expected="a number, 0 or more", got=repr(share)
            )
        return self.learning_rate * share


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and bool(value >= least)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and bool(value > 0)
