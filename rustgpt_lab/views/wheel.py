"""What the training view knows of one session: where it is, its steps, and what its model answered."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics import Array
from ..training.history import SMOOTHINGS
from .clippers import described
from .compared import beginning

if TYPE_CHECKING:
    from ..training import TrainingSession

SAMPLE_EVERY = 1.0
"""Seconds at least between two sample answers while the session runs."""

SAMPLES = 24
"""Sample answers that are kept; when they are more, every second one goes."""

SMOOTHING = 0.9
"""Of the still picture; the live one has a slider."""

PACE = 3.0
"""Seconds of training over which the pace is measured."""


@dataclass(frozen=True)
class Sample:
    """What the model answered after a step.

    Attributes:
        step: steps taken by then.
        answer: its first words.
    """

    step: int
    answer: str


@dataclass(frozen=True)
class Run:
    """A session at one moment.

    Attributes:
        label: what tells it from the others.
        step, loss, rate: (n,) of every recorded step: its number, its batch's loss in nats, its learning rate.
        averages: (n, SMOOTHINGS) the running averages of the loss, over every step, recorded or not.
        begins: the step after which it was forked.
        place: steps taken; of `total`.
        epoch: the epoch of the next step, from 1; of `epochs`.
        state: see `TrainingSession.state`.
        speed: words predicted a second, or 0 before the first step.
        left: seconds until the end at this speed, or None before the first step.
        pace: steps a second at most, or None.
        next_rate: the learning rate in force, before the schedule.
        clipping: the clipping in force, in words.
        error: what ended the run, or "".
        samples: what the model answered, the oldest one first.
    """

    label: str
    step: Array
    loss: Array
    rate: Array
    averages: Array
    begins: int
    place: int
    total: int
    epoch: int
    epochs: int
    state: str
    speed: float
    left: float | None
    pace: float | None
    next_rate: float
    clipping: str
    error: str
    samples: tuple[Sample, ...]

    @property
    def smoothed(self) -> Array:
        """(n,) the running average of the still picture."""
        return self.averages[:, SMOOTHINGS.index(SMOOTHING)]

    @property
    def own(self) -> Any:
        """(n,) whether a step was taken by this branch, and not before it was forked."""
        return self.step > self.begins


def run_of(session: TrainingSession, samples: tuple[Sample, ...] = ()) -> Run:
    """Read a session; it may be running."""
    columns, training, config = session.history.columns(averages=True), session.training, session.config
    place, total = training.state.steps, training.total_steps
    seconds, tokens = columns["seconds"], columns["tokens"]
    speed, left = 0.0, None
    if len(seconds):
        begin = int(np.searchsorted(seconds, seconds[-1] - PACE)) - 1
        since = [columns[c][begin] if begin >= 0 else 0.0 for c in ("seconds", "tokens", "step")]
        span = max(seconds[-1] - since[0], 1e-9)
        speed = float((tokens[-1] - since[1]) / span)
        slowest = max(span / (columns["step"][-1] - since[2]), 1 / session.pace)
        left = float((total - place) * slowest)
    return Run(
        label=labelled(session),
        step=columns["step"],
        loss=columns["loss"],
        rate=columns["rate"],
        averages=np.stack([columns[str(beta)] for beta in SMOOTHINGS], axis=1),
        begins=session.begins,
        place=place,
        total=total,
        epoch=min(training.state.epoch + 1, config.epochs),
        epochs=config.epochs,
        state=session.state,
        speed=speed,
        left=left,
        pace=None if session.pace == inf else session.pace,
        next_rate=config.learning_rate,
        clipping=described(config.clipping),
        error=str(session.error or ""),
        samples=samples,
    )


def labelled(session: TrainingSession) -> str:
    """What a branch is called: from where on, and what is other than in the first run."""
    first = session.branches[0] if session.branches else session
    if session is first:
        return "first run"
    ours, theirs = session.config, first.config
    told = [
        f"rate {ours.learning_rate:g}" * (ours.learning_rate != theirs.learning_rate),
        f"clipping {described(ours.clipping)}" * (ours.clipping != theirs.clipping),
        f"seed {ours.seed}" * (ours.seed != theirs.seed),
        f"batches of {ours.batch_size}" * (ours.batch_size != theirs.batch_size),
        session.bug.__name__ if session.bug is not None else "",
    ]
    return ": ".join(filter(None, [f"from {session.begins:,}", ", ".join(filter(None, told))]))


class Wheel:
    """What the view knows of one session."""

    def __init__(self, session: TrainingSession):
        self.session, self.given = session, session.config.clipping
        self.samples: list[Sample] = []
        self._lock = Lock()  # the session's thread asks, and so do the controls
        self.sent = 0  # the step up to which the browser knows everything
        self.pushed = self.sampled = -np.inf

    def read(self) -> Run:
        return run_of(self.session, tuple(self.samples))

    def sample(self, prompt: str) -> None:
        """Ask the model, if it is time, and forget the answers after the moment to which the session went back."""
        place = self.session.training.state.steps
        now = perf_counter()
        due = self.session.state != "running" or now - self.sampled >= SAMPLE_EVERY
        if due and not self.asked(place):
            with self.session.hold() as llm:
                self._add(Sample(self.session.training.state.steps, beginning(llm.predict(prompt))))
            self.sampled = now
        with self._lock:
            kept = [sample for sample in self.samples if sample.step <= place]
            self.samples = kept[::2] if len(kept) > SAMPLES else kept

    def look(self, prompt: str, step: int) -> None:
        """Ask the model as it was after a step, unless that was done."""
        if not self.asked(step):
            self._add(Sample(step, beginning(self.session.model_at(step).predict(prompt))))

    def asked(self, step: int) -> bool:
        return any(sample.step == step for sample in self.samples)

    def _add(self, new: Sample) -> None:
        with self._lock:
            self.samples = sorted([*self.samples, new], key=lambda sample: sample.step)
