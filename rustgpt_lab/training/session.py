"""A training run with a person at the wheel: start, pause, one step, rewind, stop, other settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from threading import Thread, current_thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..errors import TrainingError
from .callbacks import Callback
from .config import TrainingConfig
from .history import History
from .run import Training
from .snapshot import Snapshot

if TYPE_CHECKING:
    from ..llm import LLM

TELL_EVERY = 0.1
"""Seconds at least between two calls of a listener while the session runs."""

FIRST_INTERVAL = 10
"""Steps between two snapshots, as long as there is room for all of them."""


class TrainingSession:
    """A training run in a thread of its own, which exists only while the session is running.

    So between `pause` and `start` nothing moves. Every method waits for the step that is under way (a few
    milliseconds) and then does its work. Drive a session from one thread; read state and history from any.

    `rewind` goes back to any step: to the last snapshot before it, and from there through the same steps with
    the settings they had, to the same bits. Snapshots are taken every 10 steps; when their memory is full,
    every second one goes, and from then on they are twice as far apart.

    Args:
        llm, texts, epochs, learning_rate, norms: as in `train`.
        callbacks: as in `train`; called in the session's thread.
        memory: bytes for snapshots; each takes three numbers a weight, of RustGPT's model 6 MB.
        options: more of a `TrainingConfig`, such as batch_size=4.

    Attributes:
        training: the `Training` that is driven; leave its `step` and `run` alone.
        error: what ended the run, if something did.

    Raises:
        TrainingError: an argument cannot be used, or the memory is too small for two snapshots.
    """

    def __init__(
        self,
        llm: LLM,
        texts: Iterable[str],
        epochs: int,
        learning_rate: float,
        *,
        callbacks: Sequence[Callback] = (),
        norms: bool = False,
        memory: int = 128 << 20,
        **options: Any,
    ):
        self.training = Training(llm, texts, TrainingConfig(epochs, learning_rate, **options), norms)
        self.error: BaseException | None = None
        self._callbacks = list(callbacks)
        self._listeners: list[Callable[[TrainingSession], None]] = []
        self._thread: Thread | None = None
        self._halt = ""  # why the thread is to end: "awaited" by another thread, or "asked" for by itself
        self._begun = self._stopped = False
        self._configs = {0: self.training.config}  # by the step after which each came into force
        self._interval = FIRST_INTERVAL
        first = Snapshot.take(self.training.network, self.training.optimizer, self.training.state)
        self._room = memory // first.buffers.nbytes
        if self._room < 2:
            least = f"at least {2 * first.buffers.nbytes:,} bytes, for two snapshots"
            raise TrainingError(
                "too little memory to rewind", where="memory", expected=least, got=f"{memory:,}"
            )
        self._snapshots = {0: first}

    # ---- what it is like -----------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """One of "ready", "running", "paused", "finished", "stopped" and "failed"."""
        if self._thread is not None:
            return "running"
        if self.error is not None:
            return "failed"
        if self._stopped:
            return "stopped"
        if self.training.finished:
            return "finished"
        return "paused" if self.training.state.steps else "ready"

    @property
    def history(self) -> History:
        """The history so far, which may be read while the session runs."""
        return self.training.history

    @property
    def config(self) -> TrainingConfig:
        """The numbers of the next step."""
        return self.training.config

    def on_change(self, listener: Callable[[TrainingSession], None]) -> None:
        """Have a function called with the session at every change, while it runs at most ten times a second.

        The thread that makes the change calls it, mostly the session's own, so it should be quick. It may
        read everything; of the methods it may call `pause`, `set` and `hold`.
        """
        self._listeners.append(listener)

    # ---- the wheel -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run until the end, a `pause` or a `stop`, while the caller goes on with other work."""
        if self._thread is None:
            self._begin()
            self._launch()
            self._tell()

    def pause(self) -> None:
        """End the running after the step that is under way."""
        if self._thread is current_thread():  # a listener or a callback asks; the thread tells when it ends
            self._halt = "asked"
        else:
            self._halt_thread()
            self._tell()

    def step(self, count: int = 1) -> None:
        """Take one step, or several, and be paused then.

        Raises:
            DivergenceError: as in `train`.
        """
        self._halt_thread()
        self._begin()
        try:
            for _ in range(count):
                if not self.training.finished:
                    self._advance()
        except Exception as error:
            self.error = error
            raise
        finally:
            self._settle()
            self._tell()

    def stop(self) -> None:
        """End the run for good; only `rewind` can take it up again."""
        self._halt_thread()
        if self.state in ("ready", "paused"):
            self._stopped, self.history.outcome = True, "stopped"
        self._settle()
        self._tell()

    def rewind(self, step: int) -> None:
        """Go back to the moment after step number `step`, 0 for the beginning, and be paused there.

        Raises:
            TrainingError: there was no such step.
        """
        self._halt_thread()
        if not 0 <= step <= len(self.history):
            expected = f"0 to {len(self.history)}"
            raise TrainingError(
                "there is no such moment to go back to", where="step", expected=expected, got=step
            )
        self._snapshots = {taken: s for taken, s in self._snapshots.items() if taken <= step}
        self._configs = {since: r for since, r in self._configs.items() if since <= step}
        training = self.training
        training.restore(self._snapshots[max(self._snapshots)])
        while training.state.steps < step:
            training.config = self._config_after(training.state.steps)
            training.step()
        training.config = self._config_after(step)
        self.error, self._stopped, self.history.outcome = None, False, ""
        self._tell()

    def set(self, **changes: Any) -> None:
        """Change the config from the next step on, as in `set(learning_rate=1e-4, batch_size=8)`."""
        with self.hold():
            self.training.config = replace(self.config, **changes)
            self._configs[self.training.state.steps] = self.config
        self._tell()

    @contextmanager
    def hold(self) -> Iterator[LLM]:
        """A block in which no step is under way, to ask the model: `with session.hold() as llm:`."""
        running = self._halt_thread()
        try:
            yield self.training.llm
        finally:
            if running:
                self._launch()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the session no longer runs; an interrupt (Ctrl-C) pauses it.

        Args:
            timeout: seconds to wait at most.
        """
        try:
            if thread := self._thread:
                thread.join(timeout)
        except KeyboardInterrupt:
            self.pause()

    # ---- below the bonnet ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Tell the callbacks that it begins, unless it has begun; refuse if it is over."""
        if self.state in ("finished", "stopped", "failed"):
            raise TrainingError(f"this session is {self.state}", remedy="Rewind it, or make a new one.")
        if not self._begun:
            self._begun = True
            for callback in self._callbacks:
                callback.on_start(self.training)

    def _settle(self) -> None:
        """Tell the callbacks that it is over, once, if it is."""
        if self._begun and (self._stopped or self.error or self.training.finished):
            self._begun = False
            if self.training.finished:
                self.history.outcome = "finished"
            self.training.close()
            for callback in self._callbacks:
                callback.on_end(self.training)

    def _launch(self) -> None:
        self._halt = ""
        # In a copy of this context: what listens may be a widget, and ipykernel 7.0 sends nothing without one.
        work = copy_context().run
        self._thread = Thread(target=work, args=(self._work,), name="training", daemon=True)
        self._thread.start()

    def _halt_thread(self) -> bool:
        """Have the thread end after its step, and say whether it could have gone on."""
        thread = self._thread
        if thread is None or thread is current_thread():
            return False
        self._halt = "awaited"
        thread.join()
        return self.error is None and not self.training.finished

    def _work(self) -> None:
        """What the thread does."""
        told = perf_counter()
        try:
            while not (self._halt or self.training.finished):
                self._advance()
                if perf_counter() - told >= TELL_EVERY:
                    self._tell()
                    told = perf_counter()
        except Exception as error:
            self.error = error
        self._thread = None
        self._settle()
        if self._halt != "awaited":
            self._tell()

    def _advance(self) -> None:
        """A step that was not taken before, and a snapshot if it is time for one."""
        self.training.step()
        steps = self.training.state.steps
        if steps % self._interval == 0:
            if len(self._snapshots) == self._room:
                self._interval *= 2
                self._snapshots = {s: kept for s, kept in self._snapshots.items() if s % self._interval == 0}
            if steps % self._interval == 0:
                self._snapshots[steps] = Snapshot.take(
                    self.training.network, self.training.optimizer, self.training.state
                )
        for callback in self._callbacks:
            callback.on_step(self.training)

    def _config_after(self, steps: int) -> TrainingConfig:
        """The config that was in force for the step after so many."""
        return self._configs[max(since for since in self._configs if since <= steps)]

    def _tell(self) -> None:
        for listener in self._listeners:
            listener(self)

    def __repr__(self) -> str:
        at, total = self.training.state, self.training.total_steps
        return f"TrainingSession({self.state}, step {at.steps} of {total}, loss {at.loss:.3f})"
