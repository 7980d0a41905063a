"""A moment of a run, in memory, to which it can go back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from ..numerics import Array

if TYPE_CHECKING:
    from ..model import LLM


@dataclass
class Place:
    """How far a run has come. With the weights and Adam's state, it decides every step that follows.

    Attributes:
        steps: steps taken.
        epoch: whole epochs done.
        position: texts of the current epoch that were learned from.
        epoch_loss: the sum of their losses.
        loss: of the last step's batch.
        tokens: words predicted.
        seconds: time spent in steps.
    """

    steps: int = 0
    epoch: int = 0
    position: int = 0
    epoch_loss: float = 0.0
    loss: float = nan
    tokens: int = 0
    seconds: float = 0.0


@dataclass
class Snapshot:
    """Weights, Adam's state and place of a run.

    Attributes:
        buffers: (3, n), the weights and Adam's m and v.
        timesteps: Adam's updates so far, one number a parameter.
        place: the `Place`.
    """

    buffers: Array
    timesteps: list[int]
    place: Place

    @classmethod
    def take(cls, llm: LLM, place: Place, old: Snapshot | None = None) -> Snapshot:
        """This moment, in the memory of an old snapshot if there is one."""
        live = _buffers(llm)
        buffers = np.empty((3, live[0].size), live[0].dtype) if old is None else old.buffers
        for copy, original in zip(buffers, live, strict=True):
            copy[:] = original
        return cls(buffers, [settings.timestep for settings in llm.adam.settings.values()], replace(place))

    def put_back(self, llm: LLM) -> Place:
        """Give the model this moment's weights and Adam's state, and return the place."""
        for copy, original in zip(self.buffers, _buffers(llm), strict=True):
            original[:] = copy
        for settings, timestep in zip(llm.adam.settings.values(), self.timesteps, strict=True):
            settings.timestep = timestep
        return replace(self.place)


def _buffers(llm: LLM) -> tuple[Array, Array, Array]:
    return llm.parameters.flat, llm.adam.m.flat, llm.adam.v.flat
