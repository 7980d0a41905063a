"""Standard output and error: words that a terminal cannot show, pipes that close, disks that are full."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

CLOSED_PIPE = 141
"""The exit code of programs whose reader has gone away, as in `rustgpt-lab inspect x | head -1`: 128 and SIGPIPE."""


def set_up_output() -> None:
    """Show "?" for what the terminal's encoding lacks, and show every line at once, in a log file, too."""
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started this process
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", **({} if name == "stdin" else {"line_buffering": True}))


def complain(line: str) -> None:
    """Print to standard error, if that is possible."""
    with suppress(OSError):
        print(line, file=sys.stderr)


def output_failed(problem: OSError) -> int:
    """Make sure that Python does not try again at its end what has failed, tell of it, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _mute(stream)
    if isinstance(problem, BrokenPipeError):
        return CLOSED_PIPE
    complain(f"rustgpt-lab: error: not everything could be printed: {problem.strerror or problem}")
    return 1


def _mute(stream: Any) -> None:
    """Let all that is still to be written to a stream vanish."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Steady:
    """A stream whose writing never raises: once it has failed, what follows is left out.

    Attributes:
        problem: why it failed, None if it did not.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self.problem: OSError | None = None

    def write(self, text: str) -> int:
        if self.problem is None:
            try:
                self._stream.write(text)
            except OSError as problem:
                self.problem = problem
                _mute(self._stream)
        return len(text)

    def flush(self) -> None:
        if self.problem is None:
            try:
                self._stream.flush()
            except OSError as problem:
                self.problem = problem
                _mute(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def steady_output() -> Iterator[list[Steady]]:
    """Let no print of the block raise; gives standard output and error, of which one can ask whether one failed."""
    before = sys.stdout, sys.stderr
    steady = [Steady(stream) for stream in before]
    sys.stdout, sys.stderr = steady
    try:
        yield steady
    finally:
        sys.stdout, sys.stderr = before
