"""A training run: everything that decides its next step, and what came of those before."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from ..batch import Batch
from ..errors import DivergenceError
from ..layers import Dropout
from ..optim.clipping import Clipping
from ..optim.descent import Descent
from ..optim.report import Measured
from ..parameters import walk
from .callbacks import Audience, Callback, Progress
from .config import TrainingConfig
from .history import History, averaged
from .interrupt import ended_by_interrupt
from .loop import loop
from .snapshot import Snapshot, TrainState
from .step import gradients, step
from .workers import Workers

if TYPE_CHECKING:
    from ..llm import LLM
    from ..network import Network
    from ..tokenizers import Texts

GOOD_EVERY = 100
"""Steps between two copies of weights that are known to be good, for the case that the loss diverges."""

DROPOUT = 1
"""Keeps what a step drops apart from an epoch's order, which is drawn from the same seed."""


def train(
    llm: LLM,
    texts: Texts,
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
        texts: what to learn from: a list of texts, or a `LongText` on the disk.
        callbacks: who looks on; see `Callback`.
        progress: whether to show a bar.
        norms: whether the history keeps every parameter's gradient norms, before and after clipping.
        epochs, learning_rate, batch_size, clipping: and more `options`, as `schedule`; see `TrainingConfig`.

    Raises:
        DataError: a text cannot be learned from.
        DivergenceError: the loss or a gradient is not finite, or the loss is above its limit. The model keeps
            weights that were good, of at most 100 steps ago, and the error's `history` tells what happened.
        TrainingError: an argument cannot be used; or another run trains the model at this moment.

    >>> from rustgpt_lab import LLM, Vocab
    >>> texts = ["hello world </s>", "this is rust </s>"]
    >>> llm = LLM.build(Vocab.default(), embedding_dim=8, hidden_dim=8, blocks=1)
    >>> history = train(llm, texts, epochs=60, learning_rate=0.01, batch_size=2)
    >>> len(history), llm.predict("hello")
    (60, 'world </s>')
    """
    config = TrainingConfig(epochs, learning_rate, batch_size, clipping, **options)
    return Training(llm, texts, config, norms).run(callbacks, progress)


class Training:
    """A training run. `run` goes on to its end, `step` takes one.

    Args:
        llm, texts, norms: as in `train`.
        config: the numbers of the run; may be replaced by another between two steps.

    Attributes:
        network, optimizer: what learns, and what moves its weights.
        sequences: the texts' ids.
        history: the `History` so far.
        state: how far the run has come, a `TrainState`.
        stopping: why the run is to end after the step that is under way; "" if it is not.
        running: whether `run` is at work.
        id: the run's own name, by which its checkpoints are known.
    """

    def __init__(self, llm: LLM, texts: Texts, config: TrainingConfig, norms: bool = False):
        self.llm, self.network, self.sequences, self.config = llm, llm.network, llm.sequences(texts), config
        self.optimizer: Any = llm.adam
        if config.optimizer == "descent":
            self.optimizer = Descent(self.network.parameters, config.momentum)
        self.history = History([*llm.parameters, "logits"] if norms else ())
        self.state = TrainState()
        self.stopping, self.running, self.id = "", False, uuid4().hex
        self._order: tuple[int, int, list[int]] = (-1, -1, [])
        self._batches: dict[tuple[int, int], Batch] = {}  # kept while all is in memory, in the texts' order
        self._drops = any(isinstance(layer, Dropout) for _, layer in walk(self.network.layers))
        self._rows: Sequence[int] = ()
        self._good: Snapshot | None = None
        self._workers: Workers | None = None

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return self.state.epoch >= self.config.epochs

    @property
    def epoch_ended(self) -> bool:
        """Whether the last step closed an epoch."""
        return self.state.position == 0 and self.state.steps > 0

    @property
    def total_steps(self) -> int:
        """The number of steps of the whole run, if the config stays as it is."""
        texts, size, state = len(self.sequences), self.config.batch_size, self.state
        if self.finished:
            return state.steps
        later_epochs = self.config.epochs - state.epoch - 1
        return state.steps + -(-(texts - state.position) // size) + later_epochs * -(-texts // size)

    def twin(self) -> Training:
        """A run of its own at the same moment, with a copy of the model and of the history."""
        twin = copy(self)
        twin.llm, twin.history, twin.state = self.llm.copy(), copy(self.history), replace(self.state)
        twin.network, twin.optimizer = twin.llm.network, twin.llm.adam
        if self.config.optimizer == "descent":
            twin.optimizer = Descent(twin.network.parameters, self.config.momentum)
        twin.optimizer.__class__ = type(self.optimizer)  # that of a fork may be a defective kind
        twin.running, twin.id = False, uuid4().hex
        twin._batches, twin._good, twin._workers = {}, None, None
        return twin

    # ---- the whole run -------------------------------------------------------------------------------------

    def run(self, callbacks: Sequence[Callback] = (), progress: bool = False) -> History:
        """Take every step that is left; see `train`."""
        with self.llm.lock as lock:
            lock.take(self)
            self.running = True
        try:
            self.stopping = self.history.outcome = ""
            self.history.cut(self.state.steps, self.state.epoch)  # a diverged run went on beyond its state
            with ended_by_interrupt(self):
                loop(self, Audience([*callbacks, Progress()] if progress else callbacks, self))
        finally:
            self.running = False
        return self.history

    def step(self) -> float:
        """Take the next step, and return its loss; see `step.step`."""
        with self.llm.lock as lock:
            lock.take(self)
            return step(self)

    def stop(self, outcome: str = "stopped") -> None:
        """End `run` after the step that is under way; any thread or callback may ask for it."""
        self.stopping = outcome

    def close(self) -> None:
        """Let the workers go, if there are any; the next step would call new ones."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a moment of this run, the history included."""
        self.state = snapshot.put_back(self.network, self.optimizer)
        self.history.cut(self.state.steps, self.state.epoch)
        if self._good is not None and self._good.state.steps > self.state.steps:
            self._good = None

    # ---- what a step asks for ------------------------------------------------------------------------------

    def next_batch(self) -> Batch:
        """The texts of the next step, ready to learn from."""
        self._rows = self._next_rows()
        key = self._rows[0], len(self._rows)
        keep = isinstance(self.sequences, list) and not self.config.shuffle
        batch = self._batches.get(key) if keep else None
        if batch is None:
            batch = Batch.to_learn([self.sequences[row] for row in self._rows])
        if keep:
            self._batches[key] = batch
        if self._drops:
            batch.rng = np.random.default_rng([self.config.seed, self.state.steps, DROPOUT])
        return batch

    def _next_rows(self) -> Sequence[int]:
        """The numbers of those texts."""
        start, epoch, count = self.state.position, self.state.epoch, len(self.sequences)
        end = min(start + self.config.batch_size, count)
        if not self.config.shuffle:
            return range(start, end)
        seed = self.config.seed
        if self._order[:2] != (seed, epoch):
            self._order = seed, epoch, np.random.default_rng([seed, epoch]).permutation(count).tolist()
        return self._order[2][start:end]

    def next_rate(self) -> float:
        """The learning rate of the next step."""
        return self.config.rate(self.state.steps + 1)

    def clipping(self) -> Clipping | Measured:
        """The clipping of the next step; one that measures if the history will keep its norms."""
        clipping = self.config.clipping or Clipping()
        return Measured(clipping) if self.history.wants_norms() else clipping

    def find_gradients(self, network: Network, batch: Batch, clipping: Clipping | Measured) -> float:
        """The loss and the gradients of a batch, by as many workers as the config says."""
        if self._workers is not None and self._workers.count != self.config.workers:
            self.close()
        if self.config.workers == 1:
            return gradients(network, batch, clipping)
        if self._workers is None:
            self._workers = Workers(network, self.config.workers)
        return self._workers.gradients([self.sequences[row] for row in self._rows], clipping, batch.rng)

    def check(self, loss: float) -> None:
        """Keep the weights as good ones from time to time; end the run if loss or gradients are not finite.

        Raises:
            DivergenceError: see `train`.
        """
        gradient = self.network.gradients.flat
        if not isfinite(loss):
            what = "the loss is not a finite number"
        elif loss > self.config.loss_limit:
            what = f"the loss is above its limit of {self.config.loss_limit:g}"
        elif not isfinite(np.vdot(gradient, gradient)):  # Adam squares it, so its square must be finite, too
            what = "the gradient is not finite"
        else:
            if self._good is None or self.state.steps % GOOD_EVERY == 0:
                self._good = Snapshot.take(self.network, self.optimizer, self.state, self._good)
            return
        self.history.outcome = "diverged"
        texts = ", ".join(map(str, self._rows))
        where = f"step {self.state.steps + 1}, epoch {self.state.epoch + 1}, texts {texts}"
        kept = "as they were"
        if self._good is not None:
            self.state = self._good.put_back(
                self.network, self.optimizer
            )  # the history still tells what happened
            kept = f"those after step {self.state.steps}, which were good"
        raise DivergenceError(
            what,
            where=where,
            got=f"a loss of {loss:g}",
            remedy=f"The weights are {kept}. Lower the learning rate, let it warm up, or clip the gradients.",
            history=self.history,
        )

    def record(self, batch: Batch, loss: float, rate: float, clipping: Any, seconds: float) -> None:
        """Note a step that was taken."""
        state, epoch = self.state, self.state.epoch + 1
        state.steps += 1
        state.position += batch.size
        state.loss = loss
        state.epoch_loss += loss * batch.size
        state.tokens += len(batch.ids)
        state.seconds += seconds
        report = clipping.report if isinstance(clipping, Measured) else None
        state.averages = averaged(state.averages, loss, state.steps)
        row = state.steps, epoch, loss, rate, state.tokens, state.seconds
        self.history.add_step(row, state.averages, report)
        if state.position >= len(self.sequences):
            self.history.add_epoch(state.epoch_loss / state.position)
            state.epoch, state.position, state.epoch_loss = epoch, 0, 0.0

    def __repr__(self) -> str:
        return f"Training(step {self.state.steps} of {self.total_steps}, loss {self.state.loss:.3f})"
