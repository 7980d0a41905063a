"""A training session at the wheel: its loss, its pace, what the model answers, and the controls."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ...numerics import Array
from ..base import Table, View
from ..clippers import METHODS, clipper, described
from ..style import ACCENT, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...training import TrainingSession

PUSH_EVERY = 0.25
"""Seconds at least between two messages to the browser while the session runs."""

SAMPLE_EVERY = 1.0
"""Seconds at least between two sample answers while the session runs."""

SAMPLES = 24
"""Sample answers that are kept; when they are more, every second one goes."""

PACE = 3.0
"""Seconds of training over which the pace is measured."""

SMOOTHING = 0.9
"""Of the still picture; the live one has a slider."""


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
class TrainingData:
    """A session at one moment.

    Attributes:
        step, loss, rate: (n,) of every recorded step: its number, its batch's loss in nats, its learning rate.
        place: steps taken; of `total`.
        epoch: the epoch of the next step, from 1; of `epochs`.
        state: see `TrainingSession.state`.
        speed: words predicted a second, or 0 before the first step.
        left: seconds until the end at this pace, or None before the first step.
        next_rate: the learning rate in force, before the schedule.
        clipping: the clipping in force, in words.
        error: what ended the run, or "".
        prompt: what the samples answer.
        samples: the oldest one first.
    """

    step: Array
    loss: Array
    rate: Array
    place: int
    total: int
    epoch: int
    epochs: int
    state: str
    speed: float
    left: float | None
    next_rate: float
    clipping: str
    error: str
    prompt: str
    samples: tuple[Sample, ...]

    def smooth(self, beta: float = SMOOTHING) -> Array:
        """(n,) the exponential moving average of the loss, corrected for its start (Kingma and Ba 2015, section 3)."""
        average, smoothed = 0.0, np.empty_like(self.loss)
        for i, loss in enumerate(self.loss):
            average = beta * average + (1 - beta) * loss
            smoothed[i] = average / (1 - beta ** (i + 1))
        return smoothed


def training_of(session: TrainingSession, prompt: str, samples: tuple[Sample, ...] = ()) -> TrainingData:
    """Read a session; it may be running."""
    columns, training, config = session.history.columns(), session.training, session.config
    place, total = training.state.steps, training.total_steps
    seconds, tokens = columns["seconds"], columns["tokens"]
    speed, left = 0.0, None
    if len(seconds):
        begin = int(np.searchsorted(seconds, seconds[-1] - PACE)) - 1
        since = [columns[c][begin] if begin >= 0 else 0.0 for c in ("seconds", "tokens", "step")]
        span = max(seconds[-1] - since[0], 1e-9)
        speed = float((tokens[-1] - since[1]) / span)
        left = float((total - place) * span / (columns["step"][-1] - since[2]))
    return TrainingData(
        step=columns["step"],
        loss=columns["loss"],
        rate=columns["rate"],
        place=place,
        total=total,
        epoch=min(training.state.epoch + 1, config.epochs),
        epochs=config.epochs,
        state=session.state,
        speed=speed,
        left=left,
        next_rate=config.learning_rate,
        clipping=described(config.clipping),
        error=str(session.error or ""),
        prompt=prompt,
        samples=samples,
    )


class TrainingView(View):
    """The live session; `training` makes it.

    While the session runs, its own thread sends the browser what is new: at most four messages a second, each with the
    steps since the last one.
    """

    name = "training"
    title = "Training: the session, live"
    data: TrainingData

    def __init__(self, session: TrainingSession, prompt: str):
        self.session, self.prompt = session, prompt
        self._samples: list[Sample] = []
        self._given = session.config.clipping
        self._sent = 0  # the step up to which the browser knows everything
        self._pushed = self._sampled = -np.inf
        with session.hold() as llm:
            llm.logits(prompt)  # raises what is wrong with it before the session's thread meets it
        self._sample()
        super().__init__(self._now())
        session.on_change(self._changed)  # which does not keep this view alive

    # ---- the three still forms, each of the moment in which it is asked for -----------------------------------

    @property
    def sentence(self) -> str:
        data = self.data
        if data.state == "running":
            return f"The session is running, and has {data.total:,} steps in all."
        told = f"Step {data.place:,} of {data.total:,}, {data.state}"
        if not len(data.loss):
            return f"{told}: nothing has been learned yet."
        first, last = data.loss[0], data.smooth()[-1]
        return f"{told}: the smoothed loss is {last:.2f}; it began at {first:.2f}."

    def twin(self) -> dict[str, str]:
        self.data = self._now()
        return super().twin()

    def figure(self) -> Figure:
        data = self.data

        def draw(figure: Any, axes: Any) -> None:
            loss, rate = axes
            loss.plot(data.step, data.loss, color=ACCENT, alpha=0.3, linewidth=1, label="each batch")
            loss.plot(data.step, data.smooth(), color=ACCENT, linewidth=2, label=f"smoothed, {SMOOTHING}")
            loss.set_ylim(bottom=0)
            loss.set_title("loss, in nats")
            rate.plot(data.step, data.rate, color=ACCENT)
            rate.set_ylim(bottom=0)
            rate.set_title("learning rate")
            for ax in axes:
                ax.set_xlabel("step")
            if len(data.loss):
                loss.legend()

        return plot(draw, 11, 3.6, ncols=2, width_ratios=[2, 1])

    def table(self) -> Table:
        data, smoothed = self.data, self.data.smooth()
        rows = []
        for sample in data.samples:
            at = np.searchsorted(data.step, sample.step, side="right") - 1
            loss = f"{smoothed[at]:.2f}" if at >= 0 else "none yet"
            rows.append((sample.step, loss, sample.answer))
        return Table(("after step", "smoothed loss", f"answer to “{data.prompt}”"), rows)

    def state(self) -> dict[str, Any]:
        self._sent = self.data.place
        rows = np.stack([self.data.step, self.data.loss, self.data.rate], axis=1)
        return {"rows": rows, "methods": METHODS, **_status(self.data)}

    # ---- the wheel -------------------------------------------------------------------------------------------

    def answer(self, question: dict[str, Any]) -> TrainingData:
        """Do what a control asks for: {"do": its name, ...}. "show" asks for no more than the whole picture."""
        session = self.session
        match question:
            case {"do": "start" | "pause" | "step" | "stop" as what}:
                getattr(session, what)()
            case {"do": "rewind", "step": step}:
                session.rewind(step)
            case {"do": "rate", "rate": rate}:
                session.set(learning_rate=rate)
            case {"do": "clip", "method": "given"}:
                session.set(clipping=self._given)
            case {"do": "clip", "method": "none"}:
                session.set(clipping=None)
            case {"do": "clip", "method": method, "threshold": threshold}:
                session.set(clipping=clipper(method, threshold))
        return self._now()

    def _now(self) -> TrainingData:
        return training_of(self.session, self.prompt, tuple(self._samples))

    def _changed(self, session: TrainingSession) -> None:
        """Hear of a change, mostly in the session's thread, between two steps."""
        now = perf_counter()
        if session.state == "running" and now - self._pushed < PUSH_EVERY:
            return
        self._pushed = now
        self._sample()
        self._push()

    def _sample(self) -> None:
        """Ask the model, if it is time, and forget the answers after the moment to which the session went back."""
        place = self.session.training.state.steps
        kept = [sample for sample in self._samples if sample.step <= place]
        now = perf_counter()
        due = self.session.state != "running" or now - self._sampled >= SAMPLE_EVERY
        if due and not (kept and kept[-1].step == place):
            with self.session.hold() as llm:
                kept.append(Sample(self.session.training.state.steps, _beginning(llm.predict(self.prompt))))
            self._sampled = now
        self._samples = kept[::2] if len(kept) > SAMPLES else kept

    def _push(self) -> None:
        """Send the browser the steps that it does not know yet. It asks for all if it has missed some."""
        if "widget" not in vars(self):  # nobody looks on yet
            return
        data = self._now()
        since = min(self._sent, data.place)
        new = data.step > since
        rows = np.stack([data.step[new], data.loss[new], data.rate[new]], axis=1)
        status = _status(data)
        status["samples"] = [sample for sample in status["samples"] if sample["step"] > since]
        self._sent = data.place
        self.widget.send({"since": since, "status": status}, [rows.astype(np.float32).tobytes()])


def _status(data: TrainingData) -> dict[str, Any]:
    """What the browser is told beside the steps."""
    names = (
        "place",
        "total",
        "epoch",
        "epochs",
        "state",
        "speed",
        "left",
        "next_rate",
        "clipping",
        "error",
        "prompt",
    )
    return {
        **{name: getattr(data, name) for name in names},
        "samples": [vars(sample) for sample in data.samples],
    }


def _beginning(text: str, words: int = 14) -> str:
    found = text.split()
    return " ".join(found[:words]) + (" …" if len(found) > words else "")


def training(session: TrainingSession, prompt: str) -> TrainingView:
    """Drive a training session and watch it: loss, rate, pace, and what the model answers as it learns.

    Start, pause, one step, stop; the learning rate and the clipping may be changed while it runs. The slider "Moment"
    goes back over the recorded steps, and "Rewind to it" takes the model itself back there. The session has a
    thread of its own, so other cells can be run meanwhile, and what they do to it (`session.pause()`) shows here.

    The loss of a batch jumps from step to step; the strong line is its exponential moving average, corrected for its
    start as Adam's m is (Kingma and Ba 2015, section 3).

    Args:
        session: a `TrainingSession`, begun or not.
        prompt: what the model is asked at the start, every second while the session runs, and at every halt.

    Raises:
        TextError: the model cannot read the prompt.
    """
    return TrainingView(session, prompt)
