"""Ctrl-C ends a run after the step that is under way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import Training


@contextmanager
def ended_by_interrupt(training: Training) -> Iterator[None]:
    """Let a first SIGINT end the run after the current step, and a second one interrupt as usual."""
    # In a shell's background it is ignored, and shall stay so; and only the main thread can handle signals.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: Any) -> None:
        training.stop("interrupted")
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
