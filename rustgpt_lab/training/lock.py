"""Who trains a model, and whose turn it is: nobody sees half of a step, and no two runs move the same weights."""

from __future__ import annotations

from collections import deque
from threading import Condition, get_ident
from types import TracebackType
from typing import Protocol
from weakref import ref

from ..errors import TrainingError


class Trainer(Protocol):
    """Who trains a model: a `Training`, or a `TrainingSession`."""

    @property
    def running(self) -> bool: ...


class ModelLock:
    """A model's lock: `with llm.lock:` waits for the step under way, and holds the next one off.

    Threads get it in the order in which they ask, so a training that takes it for every step lets others in between.
    Whoever has it may take it again: a callback or a listener, in the trainer's own thread, never waits for itself.
    """

    def __init__(self) -> None:
        self._condition = Condition()
        self._queue: deque[int] = deque()  # the threads that ask; the first one has it
        self._depth = 0  # how often that one has taken it
        self._trainer: ref[Trainer] | None = None

    def __enter__(self) -> ModelLock:
        me = get_ident()
        with self._condition:
            if not self.held:
                self._queue.append(me)
                try:
                    self._condition.wait_for(lambda: self.held)
                except BaseException:  # an interrupt: the others shall not wait for who is gone
                    self._queue.remove(me)
                    self._condition.notify_all()
                    raise
            self._depth += 1
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._condition:
            self._depth -= 1
            if self._depth == 0:
                self._queue.popleft()
                if self._queue:
                    self._condition.notify_all()

    @property
    def held(self) -> bool:
        """Whether this thread has the lock."""
        return bool(self._queue) and self._queue[0] == get_ident()

    @property
    def trainer(self) -> Trainer | None:
        """Who moved the weights last, if that one still exists."""
        return None if self._trainer is None else self._trainer()

    def take(self, trainer: Trainer) -> None:
        """Let a trainer move the weights from now on; call it with the lock in hand.

        Raises:
            TrainingError: another one is running.
        """
        other = self.trainer
        if other is not None and other is not trainer and other.running:
            raise TrainingError(
                "this model is being trained already",
                got=repr(other),
                remedy="End that first: session.pause() for a session, Ctrl-C for llm.train(...); or train llm.copy().",
            )
        self._trainer = ref(trainer)
