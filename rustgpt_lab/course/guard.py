"""What a learner's code may take: some seconds, on every system, and some lines of output."""

import ctypes
import io
import sys
import time
from _thread import interrupt_main
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread, get_ident, main_thread
from typing import Any

SECONDS = 5.0
"""What one call of a learner's function may take; ours take milliseconds."""
LOOK = 0.1  # seconds between two looks
LETTERS = 2000
"""Of what a learner's code prints, so many characters are shown."""


class TimeUp(BaseException):
    """The time is over. No `except Exception` swallows it, and it comes again if something else does."""


def within(seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives, if it gives it in time. (A single call of NumPy's is not interrupted, but waited for.)

    Raises:
        TimeUp: it took longer.

    >>> within(1, max, 3, 4)
    4
    """
    before = _watch.begin(seconds)
    try:
        try:
            return function(*arguments)
        finally:
            _watch.end(before)
    except TimeUp:
        _watch.end(before)  # once more, if it came while the first one was at work
        raise
    except KeyboardInterrupt as interrupt:
        if _watch.interrupted():
            raise TimeUp().with_traceback(interrupt.__traceback__) from None
        raise


class Few(io.TextIOBase):
    """A stream that hands on the first `LETTERS` characters, and says once that there were more."""

    def __init__(self) -> None:
        self.out, self.left = sys.stdout, LETTERS

    def write(self, text: str) -> int:
        if self.left > 0:
            self.out.write(text[: self.left])
            if len(text) >= self.left:
                self.out.write("\n… and more: the rest of what is printed here is not shown.\n")
        self.left -= len(text)
        return len(text)


class _Watch:
    """Until when each thread has time. Another thread looks on, and raises in the one that takes too long."""

    def __init__(self) -> None:
        self._lock, self._due, self._looking = Lock(), dict[int, float](), False
        self._told, self._interrupted = set[int](), False

    def begin(self, seconds: float) -> float | None:
        thread, due = get_ident(), time.monotonic() + seconds
        with self._lock:
            before = self._due.get(thread)
            self._due[thread] = due if before is None else min(before, due)
            self._interrupted = self._interrupted and before is not None
            if not self._looking:
                with suppress(RuntimeError):  # a Python without threads has no limit
                    Thread(target=self._look, name="rustgpt_lab time limit", daemon=True).start()
                    self._looking = True
        return before

    def end(self, before: float | None) -> None:
        thread = get_ident()
        with self._lock:
            if before is None:
                self._due.pop(thread, None)
                # What is about to be raised is raised here. Taken back, it would leave a mark at which CPython 3.11
                # waits for ever as soon as somebody traces: a debugger, or coverage.
                if thread in self._told:
                    with suppress(TimeUp):
                        _raise_in(thread, TimeUp)
                        for _ in range(100):
                            pass
                self._told.discard(thread)
            else:
                self._due[thread] = before

    def interrupted(self) -> bool:
        """Whether the last interrupt was ours; asked once."""
        ours, self._interrupted = self._interrupted, False
        return ours

    def _look(self) -> None:
        while True:
            time.sleep(LOOK)
            with self._lock:
                if not self._due:
                    self._looking = False
                    return
                now = time.monotonic()
                for thread in [thread for thread, due in self._due.items() if now > due]:
                    _raise_in(thread, TimeUp)
                    # Told before, it went on: an `except:` in a loop caught it. Two at once, the second one comes
                    # while the first is being caught.
                    if thread in self._told and thread == main_thread().ident:
                        self._interrupted = True
                        interrupt_main()
                    self._told.add(thread)


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise in a thread, at its next instruction."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


_watch = _Watch()
