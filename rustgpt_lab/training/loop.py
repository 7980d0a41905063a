"""The training loop: a batch, its gradient, a step; and again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DivergenceError
from ..optim.clipping import Clipping
from .callbacks import Callback, Progress
from .history import History
from .parallel import QUIET, Measured, Workers, gradients
from .recipe import Recipe
from .snapshot import Place, Snapshot

if TYPE_CHECKING:
    from ..model import LLM

GOOD_EVERY = 100
"""Steps between two copies of weights that are known to be good, for the case that the loss diverges."""


def train(
    llm: LLM,
    texts: Iterable[str],
    epochs: int,
    learning_rate: float,
    batch_size: int = 1,
    clipping: Clipping | None = None,
    *,
    callbacks: Sequence[Callback] = (),
    progress: bool = False,
    norms: bool = False,
    **options: Any,
) -> History:
    """Learn from texts, in the order in which they are given, until every epoch is done or Ctrl-C comes.

    An interrupt (Ctrl-C, or a notebook's stop button) ends the run after the step that is under way; a second
    one ends it at once.

    Args:
        llm: the model; its weights and its optimizer's state change.
        texts: what to learn from.
        callbacks: who looks on; see `Callback`.
        progress: whether to show a bar.
        norms: whether the history keeps every parameter's gradient norms, before and after clipping.
        epochs, learning_rate, batch_size, clipping: and more `options`, as `schedule`; see `Recipe`.

    Raises:
        DataError: a text cannot be learned from.
        DivergenceError: the loss or a gradient is not finite, or the loss is above its limit. The model keeps
            weights that were good, of at most 100 steps ago, and the error's `history` tells what happened.
        TrainingError: an argument cannot be used.
    """
    recipe = Recipe(epochs, learning_rate, batch_size, clipping, **options)
    return Training(llm, texts, recipe, norms).run(callbacks, progress)


class Training:
    """A training run: everything that decides its next step. `run` goes on to its end, `step` takes one.

    Args:
        llm, texts, norms: as in `train`.
        recipe: the numbers of the run; may be replaced by another between two steps.

    Attributes:
        sequences: the texts' ids.
        history: the `History` so far.
        place: how far the run has come, a `Place`.
    """

    def __init__(self, llm: LLM, texts: Iterable[str], recipe: Recipe, norms: bool = False):
        self.llm, self.sequences, self.recipe = llm, llm.sequences(texts), recipe
        self.history = History([*llm.parameters, "logits"] if norms else ())
        self.place = Place()
        self._stop = ""
        self._order: tuple[int, int, list[int]] = (-1, -1, [])
        self._good: Snapshot | None = None
        self._workers: Workers | None = None

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return self.place.epoch >= self.recipe.epochs

    @property
    def epoch_ended(self) -> bool:
        """Whether the last step closed an epoch."""
        return self.place.position == 0 and self.place.steps > 0

    @property
    def total_steps(self) -> int:
        """The number of steps of the whole run, if the recipe stays as it is."""
        texts, size, place = len(self.sequences), self.recipe.batch_size, self.place
        if self.finished:
            return place.steps
        later_epochs = self.recipe.epochs - place.epoch - 1
        return place.steps + -(-(texts - place.position) // size) + later_epochs * -(-texts // size)

    # ---- the whole run -------------------------------------------------------------------------------------

    def run(self, callbacks: Sequence[Callback] = (), progress: bool = False) -> History:
        """Take every step that is left; see `train`."""
        watching = [*callbacks, Progress()] if progress else list(callbacks)
        self._stop = self.history.outcome = ""
        self.history.cut(self.place.steps, self.place.epoch)  # a run that diverged went on beyond its place
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
                self.close()
                for callback in watching:
                    callback.on_end(self)
        return self.history

    def stop(self, outcome: str = "stopped") -> None:
        """End `run` after the step that is under way; any thread or callback may ask for it."""
        self._stop = outcome

    def close(self) -> None:
        """Let the workers go, if there are any; the next step would call new ones."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    @contextmanager
    def _ended_by_interrupt(self) -> Iterator[None]:
        """Let a first SIGINT end the run after the current step, and a second one interrupt as usual."""
        if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
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

    @QUIET
    def step(self) -> float:
        """Learn from the next batch, and return its loss.

        Raises:
            DivergenceError: see `train`; the step is not taken.
        """
        start, place, llm = perf_counter(), self.place, self.llm
        rows = self._rows()
        batch = [self.sequences[row] for row in rows]
        rate = self.recipe.rate(place.steps + 1)
        clipping, measure = self.recipe.clipping or Clipping(), self.history.wants_norms()
        loss, report = self._gradients(batch, clipping, measure)
        self._check_divergence(loss, rows)
        if self._good is None or place.steps % GOOD_EVERY == 0:
            self._good = Snapshot.take(llm, place, self._good)
        if report is None:
            clipping.apply(llm.parameters, llm.memory.gradients)
        else:
            report.update(clipping.clip(llm.parameters, llm.memory.gradients))
        llm.adam.step(rate)

        epoch = place.epoch + 1
        place.steps += 1
        place.position += len(rows)
        place.loss = loss
        place.epoch_loss += loss * len(rows)
        place.tokens += sum(map(len, batch)) - len(batch)  # the first word of a text is not predicted
        place.seconds += perf_counter() - start
        self.history.add_step((place.steps, epoch, loss, rate, place.tokens, place.seconds), report)
        if place.position >= len(self.sequences):
            self.history.add_epoch(place.epoch_loss / place.position)
            place.epoch, place.position, place.epoch_loss = epoch, 0, 0.0
        return loss

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a moment of this run, the history included."""
        self.place = snapshot.put_back(self.llm)
        self.history.cut(self.place.steps, self.place.epoch)
        if self._good is not None and self._good.place.steps > self.place.steps:
            self._good = None

    def _rows(self) -> Sequence[int]:
        """The numbers of the texts of the next batch."""
        start, epoch, count = self.place.position, self.place.epoch, len(self.sequences)
        end = min(start + self.recipe.batch_size, count)
        if not self.recipe.shuffle:
            return range(start, end)
        seed = self.recipe.seed
        if self._order[:2] != (seed, epoch):
            self._order = seed, epoch, np.random.default_rng([seed, epoch]).permutation(count).tolist()
        return self._order[2][start:end]

    def _gradients(self, batch: Sequence[Sequence[int]], clipping: Clipping, measure: bool) -> Measured:
        if self._workers is not None and self._workers.count != self.recipe.workers:
            self.close()
        if self.recipe.workers == 1:
            return gradients(self.llm, batch, clipping, measure)
        if self._workers is None:
            self._workers = Workers(self.llm, self.recipe.workers)
        return self._workers.gradients(batch, clipping, measure)

    def _check_divergence(self, loss: float, rows: Sequence[int]) -> None:
        gradient = self.llm.memory.gradients.flat
        if not isfinite(loss):
            what = "the loss is not a finite number"
        elif loss > self.recipe.loss_limit:
            what = f"the loss is above its limit of {self.recipe.loss_limit:g}"
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
            self.place = self._good.put_back(self.llm)  # but the history goes on to tell what happened
            kept = f"those after step {self.place.steps}, which were good"
        raise DivergenceError(
            what,
            where=where,
            got=f"a loss of {loss:g}",
            remedy=f"The weights are {kept}. Lower the learning rate, let it warm up, or clip the gradients.",
            history=self.history,
        )
