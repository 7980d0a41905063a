"""Who hears of an object's changes, and leaves with the object that listens."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import MethodType
from typing import Any
from weakref import WeakMethod

Listener = Callable[[Any], None]


class Listeners:
    """Functions that are called with a subject at its changes.

    A method does not keep its object alive, and leaves with it. Any other function stays. One that raises an error is
    told no more, and a warning says so.

    >>> told = []
    >>> listeners = Listeners()
    >>> leave = listeners.add(told.append)
    >>> listeners.tell("a session", "paused")
    >>> leave()
    >>> listeners.tell("a session", "running")
    >>> told
    ['a session']
    """

    def __init__(self) -> None:
        self._entries: list[Callable[[], Listener | None]] = []
        self._telling: object = None  # the state of which they are hearing just now

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Tell a function, too; the function that is returned takes it off again."""
        entry = WeakMethod(listener) if isinstance(listener, MethodType) else lambda: listener
        self._entries.append(entry)
        return lambda: self._forget(entry)

    def tell(self, subject: Any, state: object) -> None:
        """Call them all, unless they are hearing of this very state: what a listener sets would be told for ever."""
        if self._telling is state:
            return
        outer, self._telling = self._telling, state
        try:
            for entry in self._entries:
                listener = entry()
                if listener is None:  # its object is gone
                    self._forget(entry)
                    continue
                try:
                    listener(subject)
                except Exception as error:
                    self._forget(entry)
                    told = f"a listener of {subject!r} raised {error!r}, and is told no more"
                    warnings.warn(told, stacklevel=3)
        finally:
            self._telling = outer

    def _forget(self, entry: Callable[[], Listener | None]) -> None:
        self._entries = [kept for kept in self._entries if kept is not entry]
