"""A moment of a run, in memory, to which it can go back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics import Array
from ..optim.adam import Adam

if TYPE_CHECKING:
    from ..network import Network


@dataclass
class TrainState:
    """How far a run has come. With the weights and the optimizer's state, it decides every step that follows.

    Attributes:
        steps: steps taken.
        epoch: whole epochs done.
        position: texts of the current epoch that were learned from.
        epoch_loss: the sum of their losses.
        loss: of the last step's batch.
        averages: of the losses up to here, one for each of `SMOOTHINGS`.
        tokens: words predicted.
        seconds: time spent in steps.
    """

    steps: int = 0
    epoch: int = 0
    position: int = 0
    epoch_loss: float = 0.0
    loss: float = nan
    averages: tuple[float, ...] = ()
    tokens: int = 0
    seconds: float = 0.0


@dataclass
class Snapshot:
    """Weights, optimizer's state and state of a run.

    Attributes:
        buffers: (1 + k, n), the weights and the optimizer's k buffers.
        timesteps: Adam's updates so far, one number a parameter.
        state: the `TrainState`.
    """

    buffers: Array
    timesteps: list[int]
    state: TrainState

    @classmethod
    def take(
        cls, network: Network, optimizer: Any, state: TrainState, old: Snapshot | None = None
    ) -> Snapshot:
        """This moment, in the memory of an old snapshot if there is one."""
        live = _buffers(network, optimizer)
        buffers = np.empty((len(live), live[0].size), live[0].dtype) if old is None else old.buffers
        for copy, original in zip(buffers, live, strict=True):
            copy[:] = original
        return cls(buffers, [settings.timestep for settings in _settings(optimizer)], replace(state))

    def put_back(self, network: Network, optimizer: Any) -> TrainState:
        """Give the network and its optimizer this moment's numbers, and return the state."""
        for copy, original in zip(self.buffers, _buffers(network, optimizer), strict=True):
            original[:] = copy
        for settings, timestep in zip(_settings(optimizer), self.timesteps, strict=True):
            settings.timestep = timestep
        return replace(self.state)


def _buffers(network: Network, optimizer: Any) -> list[Array]:
    if isinstance(optimizer, Adam):
        return [network.weights.flat, optimizer.m.flat, optimizer.v.flat]
    return [network.weights.flat, *([optimizer.velocity.flat] if optimizer.momentum else [])]


def _settings(optimizer: Any) -> list[Any]:
    return list(optimizer.settings.values()) if isinstance(optimizer, Adam) else []
