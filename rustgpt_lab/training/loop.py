"""The training loop: a batch, its gradient, a step; and again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .step import step

if TYPE_CHECKING:
    from .callbacks import Callback
    from .run import Training

QUIET = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""NumPy need not warn of what is checked after every batch."""


@QUIET
def advance(training: Training) -> float:
    """Take the next step of a run, and return its loss.

    Raises:
        DivergenceError: see `train`; the step is not taken.
    """
    start = perf_counter()
    batch = training.next_batch()
    rate = training.config.rate(training.state.steps + 1)
    clipping = training.clipping()
    loss = step(
        training.network, training.optimizer, batch, rate, clipping, training.check, training.find_gradients
    )
    training.record(batch, loss, rate, clipping, perf_counter() - start)
    return loss


def loop(training: Training, callbacks: Sequence[Callback]) -> None:
    """Take all steps that are left, until every epoch is done, or `stop` or Ctrl-C asks for the end.

    Every callback that was told of the start is told of the end, whatever happens in between.
    """
    with ended_by_interrupt(training), ExitStack() as ending:
        ending.callback(training.close)
        for callback in callbacks:
            ending.callback(callback.on_end, training)
            callback.on_start(training)
        while not (training.finished or training.stopping):
            advance(training)
            for callback in callbacks:
                callback.on_step(training)
        training.history.outcome = training.stopping or "finished"


@contextmanager
def ended_by_interrupt(training: Training) -> Iterator[None]:
    """Let a first SIGINT end the run after the current step, and a second one interrupt as usual."""
    ignored = (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    )  # in a shell's background, and it shall stay so
    if (
        ignored or threading.current_thread() is not threading.main_thread()
    ):  # only there can signals be handled
        yield
        return

    def handle(number: int, frame: Any) -> None:
        training.stop("interrupted")
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
