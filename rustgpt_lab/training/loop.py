"""The training loop: a step, and again."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from .step import step

if TYPE_CHECKING:
    from .callbacks import Audience
    from .run import Training


def loop(training: Training, audience: Audience) -> None:
    """Take all steps that are left, until every epoch is done, or `training.stop` asks for the end.

    Every callback that was told of the start is told of the end, whatever happens in between.
    """
    with closing(training), audience:
        audience.start()
        while not (training.finished or training.stopping):
            step(training)
            audience.step()
        training.history.outcome = training.stopping or "finished"
