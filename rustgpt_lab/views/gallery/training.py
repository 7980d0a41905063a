"""A training session at the wheel, and its branches: their loss, what the model answers, and the controls."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import TrainingError
from ...numerics import Array
from ...training.history import SMOOTHINGS
from ..base import Table, View
from ..clippers import METHODS, clipper
from ..compared import Comparison, compared
from ..style import ACCENT, CATEGORIES, plot
from ..wheel import SMOOTHING, Run, Wheel, labelled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...training import TrainingSession

PUSH_EVERY = 0.25
"""Seconds at least between two messages to the browser while the session runs."""

RUNS = 6
"""Branches that can be told apart in one picture."""


@dataclass(frozen=True)
class TrainingData:
    """A session and its branches at one moment.

    Attributes:
        runs: the oldest one first.
        chosen: the place of the one that is driven.
        prompt: what the samples answer.
        comparison: of two branches at one moment, if asked for.
        compared_at: that moment, a step.
    """

    runs: tuple[Run, ...]
    chosen: int
    prompt: str
    comparison: Comparison | None = None
    compared_at: int = 0

    @property
    def run(self) -> Run:
        return self.runs[self.chosen]


class TrainingView(View):
    """The live session and its branches; `training` makes it.

    While a session runs, its own thread sends the browser what is new: at most four messages a second, each with the
    steps since the last one.
    """

    name = "training"
    title = "Training: the session, live"
    data: TrainingData

    def __init__(self, session: TrainingSession, prompt: str):
        self.prompt, self.chosen, self._wheels = prompt, 0, list[Wheel]()
        self._comparison: tuple[Comparison | None, int] = (None, 0)
        with session.hold() as llm:
            llm.logits(prompt)  # raises what is wrong with it before the session's thread meets it
        self._follow(session)
        self.chosen = [wheel.session for wheel in self._wheels].index(session)
        super().__init__(self._now())

    @property
    def session(self) -> TrainingSession:
        """The branch that is driven."""
        return self._wheels[self.chosen].session

    # ---- the three still forms, each of the moment in which it is asked for -----------------------------------

    @property
    def sentence(self) -> str:
        if self.data.comparison is not None:
            return f"After step {self.data.compared_at:,}: {self.data.comparison.sentence}"
        run = self.data.run
        if run.state == "running":
            return f"The session is running, and has {run.total:,} steps in all."
        told = f"Step {run.place:,} of {run.total:,}, {run.state}"
        if not len(run.loss):
            return f"{told}: nothing has been learned yet."
        return f"{told}: the smoothed loss is {run.smoothed[-1]:.2f}; it began at {run.loss[0]:.2f}."

    def twin(self) -> dict[str, str]:
        self.data = self._now()
        return super().twin()

    def figure(self) -> Figure:
        data = self.data

        def draw(figure: Any, axes: Any) -> None:
            loss, rate = axes
            several = len(data.runs) > 1
            for run, color in zip(data.runs, CATEGORIES if several else [ACCENT], strict=False):
                own = run.own
                if not several:
                    loss.plot(run.step, run.loss, color=color, alpha=0.3, linewidth=1, label="each batch")
                label = run.label if several else f"smoothed, {SMOOTHING}"
                loss.plot(run.step[own], run.smoothed[own], color=color, linewidth=2, label=label)
                rate.plot(run.step[own], run.rate[own], color=color)
            loss.set_ylim(bottom=0)
            loss.set_title("loss, in nats" + (f", smoothed, {SMOOTHING}" if several else ""))
            rate.set_ylim(bottom=0)
            rate.set_title("learning rate")
            for ax in axes:
                ax.set_xlabel("step")
            if any(run.own.any() for run in data.runs):
                loss.legend()

        return plot(draw, 11, 3.6, ncols=2, width_ratios=[2, 1])

    def table(self) -> Table:
        rows = []
        for run in self.data.runs:
            for sample in run.samples:
                at = np.searchsorted(run.step, sample.step, side="right") - 1
                loss = f"{run.smoothed[at]:.2f}" if at >= 0 else "none yet"
                rows.append((run.label, sample.step, loss, sample.answer))
        headings = ("run", "after step", "smoothed loss", f"answer to “{self.data.prompt}”")
        several = len(self.data.runs) > 1
        return Table(headings if several else headings[1:], rows if several else [row[1:] for row in rows])

    def state(self) -> dict[str, Any]:
        data = self.data
        for wheel, run in zip(self._wheels, data.runs, strict=False):
            wheel.sent = run.place
        return {
            "runs": [{"rows": _rows(run, run.own), **_status(run)} for run in data.runs],
            "chosen": data.chosen,
            "prompt": data.prompt,
            "methods": METHODS,
            "smoothings": list(SMOOTHINGS),
            "comparison": data.comparison and {**data.comparison.state(), "at": data.compared_at},
        }

    # ---- the wheel -------------------------------------------------------------------------------------------

    def answer(self, question: dict[str, Any]) -> TrainingData:
        """Do what a control asks for: {"do": its name, "run": the place of the branch that is driven, ...}.

        "show" asks for no more than the whole picture, "look" for what the model answers after a step, and if there
        is a "with", for a comparison with that branch.
        """
        self.chosen = question.get("run", self.chosen)
        wheel, session = self._wheels[self.chosen], self.session
        match question:
            case {"do": "start" | "pause" | "step" | "stop" as what}:
                getattr(session, what)()
            case {"do": "rewind", "step": step}:
                session.rewind(step)
            case {"do": "pace", "pace": pace}:
                session.pace = pace or inf
            case {"do": "rate", "rate": rate}:
                session.set(learning_rate=rate)
            case {"do": "clip", "method": "given"}:
                session.set(clipping=wheel.given)
            case {"do": "clip", "method": "none"}:
                session.set(clipping=None)
            case {"do": "clip", "method": method, "threshold": threshold}:
                session.set(clipping=clipper(method, threshold))
            case {"do": "look", "step": step}:
                wheel.look(self.prompt, step)
                self._compare(step, question.get("with"))
            case {"do": "fork", "step": step}:
                self._fork(session, step)
        self._follow(session)
        return self._now()

    def _now(self) -> TrainingData:
        runs = tuple(wheel.read() for wheel in self._wheels)
        return TrainingData(runs, self.chosen, self.prompt, *self._comparison)

    def _fork(self, session: TrainingSession, step: int) -> None:
        if len(self._wheels) == RUNS:
            raise TrainingError(
                "this picture is full",
                expected=f"{RUNS} branches at most",
                remedy="Run the cell again for a new one.",
            )
        branch = session.fork(step)
        branch.pace = session.pace
        self._follow(branch)
        self.chosen = [wheel.session for wheel in self._wheels].index(branch)

    def _follow(self, session: TrainingSession) -> bool:
        """Take in the branches that are new; whether there are some."""
        known = [wheel.session for wheel in self._wheels]
        new = [branch for branch in session.branches if branch not in known][: RUNS - len(known)]
        for branch in new:
            self._wheels.append(Wheel(branch))
            self._wheels[-1].sample(self.prompt)
            branch.on_change(self._changed)  # which does not keep this view alive
        return bool(new)

    def _compare(self, step: int, other: int | None) -> None:
        """Lay the chosen branch beside another one, each after a step, or at the moment of its own next to that."""
        self._comparison = None, 0
        if other is None or other == self.chosen:
            return
        wheels = self._wheels[self.chosen], self._wheels[other]
        models = {}
        for wheel in wheels:
            session = wheel.session
            at = min(max(step, session.begins), len(session.history))
            label = labelled(session) + (f" (after step {at:,})" if at != step else "")
            models[label if label not in models else f"{label}, again"] = session.model_at(at)
        self._comparison = compared(models, self.prompt), step

    def _changed(self, session: TrainingSession) -> None:
        """Hear of a change, mostly in the session's thread, between two steps."""
        if self._follow(session) and "widget" in vars(self):
            self.data = self._now()
            self.widget.show()
        [wheel] = [wheel for wheel in self._wheels if wheel.session is session]
        now = perf_counter()
        if session.state == "running" and now - wheel.pushed < PUSH_EVERY:
            return
        wheel.pushed = now
        wheel.sample(self.prompt)
        self._push(wheel)

    def _push(self, wheel: Wheel) -> None:
        """Send the browser the steps that it does not know yet. It asks for all if it has missed some."""
        if "widget" not in vars(self):  # nobody looks on yet
            return
        run = wheel.read()
        since = min(wheel.sent, run.place)
        rows = _rows(run, run.own & (run.step > since))
        status = _status(run)
        status["samples"] = [sample for sample in status["samples"] if sample["step"] > since]
        wheel.sent = run.place
        content = {"run": self._wheels.index(wheel), "since": since, "status": status}
        self.widget.send(content, [rows.astype(np.float32).tobytes()])


def _rows(run: Run, kept: Any) -> Array:
    """(rows, 3 + SMOOTHINGS): step, loss, rate and the averages of some of the recorded steps."""
    columns = [run.step[:, None], run.loss[:, None], run.rate[:, None], run.averages]
    return np.concatenate(columns, axis=1)[kept]


def _status(run: Run) -> dict[str, Any]:
    """What the browser is told beside the steps."""
    left_out = ("step", "loss", "rate", "averages", "samples")
    status = {name: value for name, value in vars(run).items() if name not in left_out}
    return {**status, "samples": [vars(sample) for sample in run.samples]}


def training(session: TrainingSession, prompt: str) -> TrainingView:
    """Drive a training session and watch it: loss, rate, and what the model answers as it learns.

    Start, pause, one step, stop, at the pace that you set; the learning rate and the clipping may be changed while it
    runs. The slider "Moment" goes back over the steps, and tells what the model answered there; "Rewind to it" takes
    the model itself back there, also when the run is finished, and "Fork there" makes a second run of that moment,
    which goes on beside the first (see `TrainingSession.fork`; a branch that other cells make shows here, too). The
    session has a thread of its own, so other cells can be run meanwhile, and what they do to it (`session.pause()`)
    shows here.

    The loss of a batch jumps from step to step; the strong line is its exponential moving average over every step,
    corrected for its start as Adam's m is (Kingma and Ba 2015, section 3).

    Args:
        session: a `TrainingSession`, begun or not.
        prompt: what the model is asked at the start, every second while the session runs, and at every halt.

    Raises:
        TextError: the model cannot read the prompt.
    """
    return TrainingView(session, prompt)
