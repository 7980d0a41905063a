"""The training loop: a batch, its gradient, a step; and again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf, isfinite, nan
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DivergenceError, TrainingError
from ..numerics import Array
from ..optim.clipping import Clipping, ClippingReport
from .callbacks import Callback, Progress
from .history import History

if TYPE_CHECKING:
    from ..model import LLM

GOOD_EVERY = 100
"""Steps between two copies of the weights that are known to be good, for the case that the loss diverges."""


def train(
    llm: LLM,
    texts: Iterable[str],
    epochs: int,
    learning_rate: float,
    batch_size: int = 1,
    clipping: Clipping | None = None,
    schedule: Callable[[int], float] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = False,
    **options: Any,
) -> History:
    """Learn from texts, in the order in which they are given, until every epoch is done or Ctrl-C comes.

    An interrupt (Ctrl-C, or a notebook's stop button) ends the run after the step that is under way; a second
    one ends it at once.

    Args:
        callbacks: see `Callback`.
        progress: whether to show a bar.
        The others, and `options`: see `Training`.

    Raises:
        DataError: a text cannot be learned from.
        DivergenceError: the loss or a gradient is not finite, or the loss is above its limit. The model keeps
            weights that were good, of at most 100 steps ago, and the error's `history` tells what happened.
        TrainingError: an argument is out of range.
    """
    training = Training(llm, texts, epochs, learning_rate, batch_size, clipping, schedule, **options)
    return training.run(callbacks, progress)


@dataclass
class Place:
    """How far a run has come. With the weights and Adam's state, it decides every step that follows.

    Attributes:
        steps: steps taken.
        epoch: whole epochs done.
        position: texts of the current epoch that were learned from.
        epoch_loss: the sum of their losses.
        tokens: words predicted.
        seconds: time spent in steps.
    """

    steps: int = 0
    epoch: int = 0
    position: int = 0
    epoch_loss: float = 0.0
    tokens: int = 0
    seconds: float = 0.0


@dataclass
class Snapshot:
    """A moment of a run, to which it can go back: weights, m and v as (3, n), and what else changes."""

    buffers: Array
    timesteps: list[int]
    place: Place


class Training:
    """A training run: everything that decides its next step. `run` goes on to its end, `step` takes one.

    Args:
        llm: the model; its weights and Adam's state change.
        texts: what to learn from.
        epochs: how often to go through all texts, 0 or more.
        learning_rate: above 0, for the steps at which the schedule says 1.
        batch_size: texts a step, 1 or more; the last batch of an epoch may be smaller.
        clipping: what to do to the gradients before a step.
        schedule: a function from the number of the step, from 1, to what multiplies the learning rate; see
            `optim.schedule`.
        shuffle: whether every epoch has an order of its own, drawn from `seed` and the epoch's number alone.
        seed: of the orders.
        norms: whether the history keeps every parameter's gradient norms.
        loss_limit: a batch's loss above it counts as divergence.

    Attributes:
        learning_rate, batch_size, clipping, schedule: may be changed between steps.
        history: the `History` so far.
        place: the `Place` of the next step.
        loss: the loss of the last step.
        epoch_ended: whether the last step closed an epoch.
    """

    def __init__(
        self,
        llm: LLM,
        texts: Iterable[str],
        epochs: int,
        learning_rate: float,
        batch_size: int = 1,
        clipping: Clipping | None = None,
        schedule: Callable[[int], float] | None = None,
        shuffle: bool = False,
        seed: int = 0,
        norms: bool = False,
        loss_limit: float = inf,
    ):
        self.llm, self.sequences = llm, llm.sequences(texts)
        self.epochs, self.learning_rate, self.batch_size = epochs, learning_rate, batch_size
        self.clipping, self.schedule = clipping, schedule
        self.shuffle, self.seed, self.loss_limit = shuffle, seed, loss_limit
        self.check()
        self.history = History([*llm.parameters, "logits"] if norms else ())
        self.place = Place()
        self.loss = nan
        self.epoch_ended = False
        self._order: tuple[int, Sequence[int]] = (-1, ())
        self._good: Snapshot | None = None
        self._stop = ""

    def check(self) -> None:
        """Raise a TrainingError if a number is out of range."""
        whole = "a whole number"
        for name, good, expected in (
            ("epochs", _is_whole(self.epochs, 0), f"{whole}, 0 or more"),
            ("batch_size", _is_whole(self.batch_size, 1), f"{whole}, 1 or more"),
            ("learning_rate", 0 < self.learning_rate < inf, "a finite number above 0"),
            ("loss_limit", self.loss_limit > 0, "a number above 0"),
        ):
            if not good:
                got = getattr(self, name)
                raise TrainingError("an argument is out of range", where=name, expected=expected, got=got)

    # ---- the whole run -------------------------------------------------------------------------------------

    def run(self, callbacks: Sequence[Callback] = (), progress: bool = False) -> History:
        """Take every step that is left; see `train`."""
        watching = [*callbacks, Progress()] if progress else list(callbacks)
        self._stop = self.history.outcome = ""
        with self._ended_by_interrupt():
            for callback in watching:
                callback.on_start(self)
            try:
                while not (self.finished or self._stop):
                    self.step()
                    for callback in watching:
                        callback.on_step(self)
                self.history.outcome = self._stop or "finished"
            finally:
                for callback in watching:
                    callback.on_end(self)
        return self.history

    def stop(self, outcome: str = "stopped") -> None:
        """End `run` after the step that is under way; any thread or callback may ask for it."""
        self._stop = outcome

    @contextmanager
    def _ended_by_interrupt(self) -> Iterator[None]:
        """Let a first SIGINT end the run after the current step, and a second one interrupt as usual."""
        if (
            threading.current_thread() is not threading.main_thread()
        ):  # only the main thread may handle signals
            yield
            return

        def handle(number: int, frame: Any) -> None:
            self.stop("interrupted")
            signal.signal(signal.SIGINT, before)

        before = signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    # ---- one step ------------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return self.place.epoch >= self.epochs

    @property
    def total_steps(self) -> int:
        """The number of steps of the whole run, if the batch size stays as it is."""
        texts, place = len(self.sequences), self.place
        left = -(-(texts - place.position) // self.batch_size)
        full = (self.epochs - place.epoch - 1) * -(-texts // self.batch_size)
        return place.steps if self.finished else place.steps + left + full

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return self.learning_rate * (1.0 if self.schedule is None else self.schedule(self.place.steps + 1))

    def step(self) -> float:
        """Learn from the next batch, and return its loss.

        Raises:
            DivergenceError: see `train`; the step is not taken.
        """
        start, place, llm = perf_counter(), self.place, self.llm
        rows = self._rows()
        batch = [self.sequences[row] for row in rows]
        clipping, rate, measure = self.clipping or Clipping(), self.rate, self.history.wants_norms()
        self.loss, report = batch_gradients(llm, batch, clipping, measure)
        self._check_divergence(rows)
        if place.steps % GOOD_EVERY == 0:
            self._good = self.snapshot(self._good)
        if report is not None:
            report.update(clipping.clip(llm.parameters, llm.memory.gradients))
        else:
            clipping.apply(llm.parameters, llm.memory.gradients)
        llm.adam.step(rate)

        epoch = place.epoch + 1
        place.steps += 1
        place.position += len(rows)
        place.tokens += sum(map(len, batch)) - len(batch)  # the first word of a text is not predicted
        place.epoch_loss += self.loss * len(rows)
        place.seconds += perf_counter() - start
        self.history.add_step((place.steps, epoch, self.loss, rate, place.tokens, place.seconds), report)
        self.epoch_ended = place.position >= len(self.sequences)
        if self.epoch_ended:
            self.history.add_epoch(place.epoch_loss / place.position)
            place.epoch, place.position, place.epoch_loss = epoch, 0, 0.0
        return self.loss

    def _rows(self) -> Sequence[int]:
        """The numbers of the texts of the next batch."""
        place, count = self.place, len(self.sequences)
        if not self.shuffle:
            return range(place.position, min(place.position + self.batch_size, count))
        if self._order[0] != place.epoch:
            self._order = (
                place.epoch,
                np.random.default_rng([self.seed, place.epoch]).permutation(count).tolist(),
            )
        return self._order[1][place.position : place.position + self.batch_size]

    def _check_divergence(self, rows: Sequence[int]) -> None:
        gradient = self.llm.memory.gradients.flat
        if not isfinite(self.loss):
            what = "the loss is not a finite number"
        elif self.loss > self.loss_limit:
            what = f"the loss is above its limit of {self.loss_limit:g}"
        elif not isfinite(np.vdot(gradient, gradient)):  # Adam squares it, so its square must be finite, too
            what = "the gradient is not finite"
        else:
            return
        self.history.outcome = "diverged"
        where = (
            f"step {self.place.steps + 1}, epoch {self.place.epoch + 1}, texts {', '.join(map(str, rows))}"
        )
        kept = "as they were"
        if self._good is not None:
            self.restore(self._good)
            kept = f"those after step {self.place.steps}, which were good"
        raise DivergenceError(
            what,
            where=where,
            got=f"a loss of {self.loss:g}",
            remedy=f"The weights are {kept}. Lower the learning rate, let it warm up, or clip the gradients.",
            history=self.history,
        )

    # ---- going back ----------------------------------------------------------------------------------------

    def snapshot(self, old: Snapshot | None = None) -> Snapshot:
        """This moment, to `restore` later: 3 numbers a weight, in the memory of an old one if it is given."""
        adam, flat = self.llm.adam, self.llm.parameters.flat
        buffers = np.empty((3, flat.size), flat.dtype) if old is None else old.buffers
        for kept, live in zip(buffers, (flat, adam.m.flat, adam.v.flat), strict=True):
            kept[:] = live
        return Snapshot(
            buffers, [settings.timestep for settings in adam.settings.values()], replace(self.place)
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a moment of this run. The history stays as it is."""
        adam = self.llm.adam
        for kept, live in zip(
            snapshot.buffers, (self.llm.parameters.flat, adam.m.flat, adam.v.flat), strict=True
        ):
            live[:] = kept
        for settings, timestep in zip(adam.settings.values(), snapshot.timesteps, strict=True):
            settings.timestep = timestep
        self.place = replace(snapshot.place)


def batch_gradients(
    llm: LLM, batch: Sequence[Sequence[int]], clipping: Clipping, measure: bool
) -> tuple[float, ClippingReport | None]:
    """A batch's loss, and its clipping's report if wanted; its gradients are in `llm.memory` then.

    What the clipping does to the gradient of the logits is done, what it does to the parameters' is not.
    """
    report = None

    def at_logits(dlogits: Array) -> None:
        nonlocal report
        lengths = [len(ids) - 1 for ids in batch]
        if measure:
            report = clipping.clip_logits(dlogits, lengths)
        else:
            clipping.apply_logits(dlogits, lengths)

    return llm.loss_and_gradients(batch, at_logits), report


def _is_whole(number: Any, least: int) -> bool:
    return isinstance(number, int | np.integer) and bool(number >= least)
