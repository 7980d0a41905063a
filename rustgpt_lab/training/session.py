"""A training run with a person at the controls: start, pause, one step, rewind, stop, other settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from enum import StrEnum
from math import inf
from threading import Condition, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..errors import TrainingError
from .branches import Family, check_moment, fork, keeps_optimizer, put_back, run_at
from .callbacks import Audience, Callback
from .config import TrainingConfig
from .history import History
from .interrupt import ended_by_interrupt
from .listeners import Listeners
from .run import Training
from .snapshot import Snapshot
from .step import step as take_step

if TYPE_CHECKING:
    from ..llm import LLM
    from ..tokenizers import Texts

TELL_EVERY = 0.1
"""Seconds at least between two calls of a listener while the session runs."""


class SessionState(StrEnum):
    """What a session is like; each equals its word, as in `session.state == "running"`."""

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether only `rewind` takes the session up again."""
        return self in (SessionState.FINISHED, SessionState.STOPPED, SessionState.FAILED)


class TrainingSession:
    """A training run in a thread of its own, which takes steps only while the session is running.

    So between `pause` and `start` nothing moves. Every method waits for the step that is under way (a few
    milliseconds) and then does its work; in a callback or a listener, that is at once. Drive a session from one
    thread; read state and history from any.

    `rewind` goes back to any step: to the last snapshot before it, and from there through the same steps with
    the settings they had, to the same bits. Snapshots are taken every 10 steps; when their memory is full,
    every second one goes, and from then on they are twice as far apart. `fork` makes a second run of any moment,
    which goes on beside the first one; both share that memory.

    A model has one trainer at a time. A new session of the same model pauses an older one, and says so.

    Args:
        llm, texts, epochs, learning_rate, norms: as in `train`.
        callbacks: as in `train`; called in the thread that takes the step.
        memory: bytes for snapshots, those of its branches included; each takes three numbers a weight, of RustGPT's
            model 6 MB.
        options: more of a `TrainingConfig`, such as batch_size=4.

    Attributes:
        training: the `Training` that is driven; leave its `step` and `run` alone.
        error: what ended the run, if something did.
        begins: the step after which it was forked from another session; 0 if it was not.
        bug: the defective kind of layer or optimizer with which it was forked, if any.

    Raises:
        TrainingError: an argument cannot be used, or the memory is too small for two snapshots.

    >>> from rustgpt_lab import LLM, Vocab
    >>> llm = LLM.build(Vocab.default(), embedding_dim=4, hidden_dim=4, blocks=1)
    >>> session = TrainingSession(llm, ["hello world </s>"], epochs=30, learning_rate=0.01)
    >>> session.step(20)
    >>> session.rewind(5)
    >>> session.state, len(session.history)
    (<SessionState.PAUSED: 'paused'>, 5)
    """

    def __init__(
        self,
        llm: LLM,
        texts: Texts,
        epochs: int,
        learning_rate: float,
        *,
        callbacks: Sequence[Callback] = (),
        norms: bool = False,
        memory: int = 128 << 20,
        **options: Any,
    ):
        training = Training(llm, texts, TrainingConfig(epochs, learning_rate, **options), norms)
        self._begin_at(training, callbacks, Family(memory))

    def _begin_at(
        self, training: Training, callbacks: Sequence[Callback], family: Family, bug: type | None = None
    ) -> None:
        """Be the session of a run, at the moment in which that is."""
        self.training, self.family, self.bug, self._pace = training, family, bug, inf
        self.begins = training.state.steps
        self.error: BaseException | None = None
        self._audience = Audience(callbacks, self.training)
        self._listeners = Listeners()
        self._lock = training.llm.lock
        self._state, self._changed = SessionState.READY, Condition()  # changes with the lock in hand only
        self._run_number = 0  # a thread that comes late sees by it that another one has taken over
        self._configs = {self.begins: training.config}  # by the step after which each came into force
        self.snapshots: dict[int, Snapshot] = {}  # the family looks after them
        with self._lock:
            family.join(self)
        with self._lock as lock:
            if isinstance(older := lock.trainer, TrainingSession):
                older._give_way()
            if self.begins:
                lock.take(self)
            self._rest()

    # ---- what it is like -----------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        """One of "ready", "running", "paused", "finished", "stopped" and "failed"."""
        return self._state

    @property
    def running(self) -> bool:
        """Whether it takes steps at this moment."""
        return self._state is SessionState.RUNNING

    @property
    def history(self) -> History:
        """The history so far, which may be read while the session runs."""
        return self.training.history

    @property
    def config(self) -> TrainingConfig:
        """The numbers of the next step."""
        return self.training.config

    def config_after(self, steps: int) -> TrainingConfig:
        """The config that was in force for the step after so many."""
        return self._configs[max(since for since in self._configs if since <= steps)]

    @property
    def pace(self) -> float:
        """Steps a second at most, from `start` on; infinite until it is set."""
        return self._pace

    @pace.setter
    def pace(self, steps: float) -> None:
        if not steps > 0:
            expected = "steps a second, above 0; inf for as fast as it can"
            raise TrainingError("this is no pace", where="pace", expected=expected, got=repr(steps))
        self._pace = steps

    @property
    def branches(self) -> tuple[TrainingSession, ...]:
        """The session that was there first, and all that were forked from it or from each other and still exist."""
        return tuple(self.family)

    def on_change(self, listener: Callable[[TrainingSession], None]) -> Callable[[], None]:
        """Have a function called with the session at every change, while it runs at most ten times a second.

        The thread that makes the change calls it, mostly the session's own, so it should be quick. It may read
        everything, and call every method; what it sets is no news to the others before the next change. One that
        raises an error is told no more, and a warning says so.

        A method (`view.changed`) does not keep its object alive, and leaves with it. Any other function stays, with
        all that it refers to, for as long as the session.

        Returns:
            A function without arguments that takes the listener off.
        """
        return self._listeners.add(listener)

    # ---- the controls -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run until the end, a `pause` or a `stop`, while the caller goes on with other work.

        Raises:
            TrainingError: the session is over; another run trains the model, or has done so since.
        """
        with self._lock:
            if self.running:
                return
            number = self._begin()
            # In a copy of this context: what listens may be a widget, and ipykernel 7.0 sends nothing without one.
            work = copy_context().run
            Thread(target=work, args=(self._run, number), name="training", daemon=True).start()
            self._tell()

    def pause(self) -> None:
        """End the running after the step that is under way."""
        with self._lock:
            if self.running:
                self._rest()
                self._tell()

    def step(self, count: int = 1) -> None:
        """Take one step, or several, and be paused then; a first Ctrl-C pauses after the step under way.

        Raises:
            DivergenceError: as in `train`.
            TrainingError: as in `start`.
        """
        with ended_by_interrupt(self.training):
            try:
                self._run(self._begin(), count)
            except KeyboardInterrupt:  # a second one
                self.pause()
                raise
        if self.error is not None:
            raise self.error

    def stop(self) -> None:
        """End the run for good; only `rewind` can take it up again."""
        with self._lock:
            if not self._state.over:
                self._end(SessionState.STOPPED)
                self._tell()
                if self.error is not None:
                    raise self.error

    def rewind(self, step: int) -> None:
        """Go back to the moment after step number `step`, 0 for the beginning, and be paused there.

        A run that is over, finished, stopped or failed, is thereby revived: it goes on from there.

        Raises:
            TrainingError: there was no such step, or not in this branch; or another run trains the model.
        """
        with self._lock as lock:
            check_moment(self, step)
            lock.take(self)
            self.family.forget(self, step)
            self._configs = {since: r for since, r in self._configs.items() if since <= step}
            was_over = self._state.over
            put_back(self, self.training, step)
            self.error, self.history.outcome = None, ""
            try:
                self._rest()
                if was_over and not self._state.over:
                    self._audience.start()
                else:
                    self._audience.rewind()
            except BaseException as error:
                self._end(SessionState.FAILED, error)
                raise
            finally:
                self._tell()

    def fork(self, step: int | None = None, *, bug: type | None = None, **changes: Any) -> TrainingSession:
        """A second run that leaves this one at a moment, and goes on in its own way, as `fork(40, learning_rate=0.1)`.

        It has a copy of the model as it was then, and is paused. With nothing changed, it takes the same steps to
        the same bits. It cannot be rewound to before it was forked.

        Args:
            step: the moment after this step; None for now.
            bug: a class derived from a kind of layer, or from `Adam`, which takes the place of that kind.
            changes: to the config: learning_rate, clipping, seed, and what else `set` takes.

        Raises:
            TrainingError: there was no such step; an argument cannot be used; the memory is too small for one more.

        >>> from rustgpt_lab import LLM, Vocab
        >>> llm = LLM.build(Vocab.default(), embedding_dim=4, hidden_dim=4, blocks=1)
        >>> session = TrainingSession(llm, ["hello world </s>"], epochs=30, learning_rate=0.01)
        >>> session.step(20)
        >>> faster = session.fork(5, learning_rate=0.1)
        >>> faster.step(15)
        >>> bool(faster.history.loss[-1] < session.history.loss[-1])
        True
        """
        branch: TrainingSession = fork(self, step, bug, changes)
        with self._lock:
            self._tell()
        return branch

    def model_at(self, step: int) -> LLM:
        """A copy of the model as it was after a step.

        Raises:
            TrainingError: there was no such step, or not in this branch.
        """
        return run_at(self, step).llm

    def set(self, **changes: Any) -> None:
        """Change the config from the next step on, as in `set(learning_rate=1e-4, batch_size=8)`.

        Raises:
            TrainingError: an argument cannot be used; the optimizer and its momentum stay what they are.
        """
        with self._lock:
            for name in ("optimizer", "momentum"):
                if name in changes:
                    raise keeps_optimizer(self, name, changes[name])
            self.training.config = replace(self.config, **changes)
            self._configs[self.training.state.steps] = self.config
            if not self.running and self._state not in (SessionState.STOPPED, SessionState.FAILED):
                self._rest()  # with more epochs, a finished run can go on
            self._tell()

    @contextmanager
    def hold(self) -> Iterator[LLM]:
        """A block in which no step is under way, to ask the model: `with session.hold() as llm:`."""
        with self._lock:
            yield self.training.llm

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the session no longer runs; an interrupt (Ctrl-C) pauses it.

        In a callback, a listener or a `hold` it returns at once: no step can be taken before those return.

        Args:
            timeout: seconds to wait at most.
        """
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self.running or self._lock.held, timeout)
        except KeyboardInterrupt:
            self.pause()

    # ---- how it does that ----------------------------------------------------------------------------------

    def _begin(self) -> int:
        """Be running, and tell the callbacks if that is news; returns the number of this run."""
        training, self.training.stopping = self.training, ""
        with self._lock as lock:
            if self._state.over:
                raise TrainingError(f"this session is {self._state}", remedy="Rewind it, or make a new one.")
            if self._state is SessionState.PAUSED and lock.trainer is not self:
                back = f"session.rewind({training.state.steps}) puts this session's weights back"
                raise TrainingError(
                    "another run has trained this model since", remedy=f"{back}; or make a new one."
                )
            lock.take(self)
            if self._state is SessionState.READY:  # the weights may be others than when the session was made
                self.snapshots[0] = Snapshot.take(training.network, training.optimizer, training.state)
            try:
                self._audience.start()
            except BaseException as error:
                self._end(SessionState.FAILED, error)
                self._tell()
                raise
            self._become(SessionState.RUNNING)
            self._run_number += 1
            return self._run_number

    def _run(self, number: int, count: float = inf) -> None:
        """Take steps until the count is reached, or somebody or something ends the running."""
        training, told = self.training, perf_counter()
        while True:
            begun = perf_counter()
            with self._lock:  # for one step; then for whoever asked for it meanwhile
                if number != self._run_number or not self.running:
                    return
                try:
                    if training.stopping == "stopped":  # a callback asked for it
                        self._end(SessionState.STOPPED)
                    elif training.finished or training.stopping or count <= 0:
                        self._rest()
                    else:
                        self._advance()
                        count -= 1
                    if self.running and perf_counter() - told >= TELL_EVERY:
                        self._tell()
                        told = perf_counter()
                except BaseException as error:
                    self._end(SessionState.FAILED, error)
                if not self.running:
                    self._tell()
            if count == inf:  # who asks for some steps waits for them
                self._keep_pace(number, begun)

    def _keep_pace(self, number: int, begun: float) -> None:
        """Wait until it is time for the step after the one that was begun then, or the run ends."""
        with self._changed:
            while number == self._run_number and self.running:
                left = begun + 1 / self.pace - perf_counter()
                if left <= 0:
                    return
                self._changed.wait(min(left, TELL_EVERY))  # by then the pace may be another

    def _advance(self) -> None:
        """A step that was not taken before, and a snapshot if it is time for one."""
        take_step(self.training)
        self.family.keep(self)
        self._audience.step()

    def _rest(self) -> None:
        """No longer run, and be what the run has come to."""
        if self.training.finished:
            self._end(SessionState.FINISHED)
        else:
            self._become(SessionState.PAUSED if self.training.state.steps else SessionState.READY)

    def _end(self, state: SessionState, error: BaseException | None = None) -> None:
        """Be over, and tell the callbacks; an error of theirs, if it is the first, is that of the session."""
        self.training.close()
        if state is not SessionState.FAILED:
            self.history.outcome = state.value
        self.error = self._audience.end(error)
        self._become(SessionState.FAILED if self.error is not None else state)

    def _become(self, state: SessionState) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def _give_way(self) -> None:
        """Be paused, because a new session of the same model is being made."""
        if not self._state.over:
            does = "was paused" if self.running else "stays paused"
            self.pause()
            print(f"An older session of this model {does} after step {self.training.state.steps}.")

    def _tell(self) -> None:
        self._listeners.tell(self, self._state)

    def __repr__(self) -> str:
        at, total = self.training.state, self.training.total_steps
        return f"TrainingSession({self.state}, step {at.steps} of {total}, loss {at.loss:.3f})"
