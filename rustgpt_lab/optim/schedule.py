"""Learning-rate schedules: which share of the learning rate each step takes.

A schedule is any function from the number of a step, counted from 1, to what multiplies the learning rate.
The three here are values that print, compare and can be kept in a checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

import numpy as np

from ..errors import TrainingError
from ..numerics import Array


class Schedule:
    """The base of the schedules here: a function of the step that can also be looked at as a whole."""

    def __call__(self, step: int) -> float:
        """The share of the learning rate that step number `step`, from 1, takes."""
        raise NotImplementedError

    def rates(self, steps: int, learning_rate: float = 1.0) -> Array:
        """The rates of the steps 1 to `steps`, (steps,): what a plot of the schedule shows."""
        return learning_rate * np.array([self(step) for step in range(1, steps + 1)])


@dataclass(frozen=True)
class Constant(Schedule):
    """The same share at every step."""

    share: float = 1.0

    def __post_init__(self) -> None:
        _check("share", self.share, self.share >= 0, "0 or more")

    def __call__(self, step: int) -> float:
        return self.share


@dataclass(frozen=True)
class WarmupCosine(Schedule):
    """A linear climb to the full rate, then half a cosine down to `floor`.

    The climb: Goyal et al. 2017, section 2.2. The cosine: Loshchilov and Hutter 2017, eq. 5, no restarts.

    Args:
        warmup: the step at which the rate is full, 0 or more.
        steps: the step at which it reaches `floor`; usually epochs * ceil(texts / batch size).
        floor: the share that is left at the end and after it, in [0, 1].

    >>> WarmupCosine(warmup=2, steps=6).rates(6).round(2).tolist()
    [0.5, 1.0, 0.85, 0.5, 0.15, 0.0]
    """

    warmup: int
    steps: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        _check("warmup", self.warmup, self.warmup >= 0, "0 or more")
        _check("steps", self.steps, self.steps > self.warmup, f"more than the warm-up of {self.warmup}")
        _check("floor", self.floor, 0 <= self.floor <= 1, "0 to 1")

    def __call__(self, step: int) -> float:
        if step <= self.warmup:
            return step / self.warmup
        way = min(1.0, (step - self.warmup) / (self.steps - self.warmup))  # 0 at the top, 1 at the floor
        return self.floor + (1 - self.floor) * (1 + cos(pi * way)) / 2


@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate is multiplied by `factor` after every `every` steps.

    Args:
        every: steps at one rate, 1 or more.
        factor: in (0, 1].

    >>> StepDecay(every=2).rates(5).tolist()
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    every: int
    factor: float = 0.5

    def __post_init__(self) -> None:
        _check("every", self.every, self.every >= 1, "1 or more")
        _check("factor", self.factor, 0 < self.factor <= 1, "above 0, at most 1")

    def __call__(self, step: int) -> float:
        return self.factor ** ((step - 1) // self.every)


def _check(name: str, value: float, good: bool, expected: str) -> None:
    if not good:
        raise TrainingError(
            "a number of a schedule is out of range", where=name, expected=expected, got=value
        )
