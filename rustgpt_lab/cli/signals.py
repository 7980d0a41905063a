"""Signals that end a training: the keyboard's, a cluster's time limit, a terminal that closes."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from ..training import Callback, Training

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Not every system has every one: SIGHUP says that a terminal was closed, on Windows SIGBREAK does."""


class Signals(Callback):
    """Within `with`, a signal ends the process with a true exit code; while `patient`, the training after its step.

    What the process was started to ignore (`nohup`), it goes on to ignore.

    Attributes:
        number: of the first signal, 0 if none has come.
        patient: whether a signal waits for the step under way, and for what follows it.
    """

    def __init__(self) -> None:
        self.number, self.patient = 0, False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():  # only there can signals be handled
            for name in NAMES:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        if not self.patient:
            raise SystemExit(128 + self.number)

    def on_start(self, training: Training) -> None:
        self.on_step(training)

    def on_step(self, training: Training) -> None:
        if self.number:
            training.stop("interrupted")

    def ended(self, training: Training) -> bool:
        """Whether a signal has ended this run; the run itself catches the first Ctrl-C."""
        if training.stopping:
            self.number = self.number or signal.SIGINT
        return self.number != 0
