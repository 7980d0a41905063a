"""Who trains a model, and whose turn it is: nobody sees half of a step, and no two runs move the same weights."""

from __future__ import annotations

from collections import deque
from threading import Condition, get_ident
from types import TracebackType
from typing import Protocol
from weakref import ref

from ..errors import TrainingError


class Driver(Protocol):
    """Who trains a model: a `Training`, or a `TrainingSession`."""

    @property
    def running(self) -> bool: ...


class Wheel:
    """A model's lock: `with llm.wheel:` waits for the step under way, and holds the next one off.

    Threads get it in the order in which they ask, so a training that takes it for every step lets others in between.
    Whoever has it may take it again: a callback or a listener, in the trainer's own thread, never waits for itself.
    """

    def __init__(self) -> None:
        self._condition = Condition()
        self._queue: deque[int] = deque()  # the threads that ask; the first one has it
        self._depth = 0  # how often that one has taken it
        self._driver: ref[Driver] | None = None

    def __enter__(self) -> Wheel:
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
        """Whether this thread has the wheel."""
        return bool(self._queue) and self._queue[0] == get_ident()

    @property
    def driver(self) -> Driver | None:
        """Who moved the weights last, if that one still exists."""
        return None if self._driver is None else self._driver()

    def take(self, driver: Driver) -> None:
        """Let a driver move the weights from now on; call it with the wheel in hand.

        Raises:
            TrainingError: another one is running.
        """
        other = self.driver
        if other is not None and other is not driver and other.running:
            raise TrainingError(
                "this model is being trained already",
                got=repr(other),
                remedy="End that first: session.pause() for a session, Ctrl-C for llm.train(...); or train llm.copy().",
            )
        self._driver = ref(driver)
