"""Requests that wait are answered together: one thread takes all that are there, and writes them side by side."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..generation import Strategy
from ..generation.loop import write
from ..generation.strategy import Choose, Text
from ..llm import LLM
from ..numerics import Array
from ..tokenizers import Tokenizer

TOGETHER = 32
"""Requests that are answered side by side at most."""


class Busy(Exception):
    """So many requests wait already that another one had better come later."""


@dataclass(eq=False)
class Job:
    """One text to be gone on with.

    Attributes:
        ids: of the prompt.
        strategy: how its words are chosen.
        most: how many may follow.
        stops: texts at which it ends; they are not said themselves.
        hear: is called, in the engine's thread, with each new piece of text, and at the end with a reason.
        deadline: of `time.monotonic`; what is not ready by then is broken off.
        said: ids so far.
        reason: "stop", "length", "timeout", or "" while it goes on.
    """

    ids: Sequence[int]
    strategy: Strategy
    most: int
    stops: Sequence[str]
    hear: Callable[[str, str], None]
    deadline: float
    said: list[int] = field(default_factory=list)
    reason: str = ""

    def end(self, reason: str, rest: str = "") -> None:
        if not self.reason:
            self.reason = reason
            self.hear(rest, reason)


class Engine:
    """The thread that answers.

    Args:
        waiting: how many jobs may wait, those under way not counted.

    Attributes:
        answered: how many jobs came to their end.
    """

    def __init__(self, llm: LLM, waiting: int = 64):
        self.llm, self.waiting = llm, waiting
        self.answered = 0
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="rustgpt_lab engine", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """How many jobs wait."""
        return len(self._jobs)

    def add(self, jobs: Sequence[Job]) -> None:
        """Let jobs wait for their turn: all, or none.

        Raises:
            Busy: too many wait already, or the engine is closed.
        """
        with self._changed:
            if self._closed or len(self._jobs) + len(jobs) > self.waiting:
                raise Busy
            self._jobs.extend(jobs)
            self._changed.notify()

    def close(self) -> None:
        """End what is under way, and take nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            try:
                with self.llm.lock:  # nobody trains it meanwhile
                    self._answer(batch)
            except Exception:
                for job in batch:
                    job.end("error")
                raise
            self.answered += len(batch)

    def _next(self) -> list[Job]:
        """All that wait, up to a number; [] at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            taken = [self._jobs.popleft() for _ in range(min(TOGETHER, len(self._jobs)))]
        if self._closed:
            for job in (*taken, *self._jobs):
                job.end("error")
            return []
        return taken

    def _answer(self, batch: list[Job]) -> None:
        """Write all texts of a batch side by side; each ends on its own."""
        vocab = self.llm.vocab
        rooms = [
            0 if job.reason else job.most for job in batch
        ]  # 0 lets a text end: the loop looks each turn
        voices = [Voice(vocab, job) for job in batch]
        ends = [] if vocab.end is None else [(vocab.end,)]
        for texts, _, over in write(self.llm.network, [job.ids for job in batch], Each(batch), rooms, ends):
            ended, now = set(over), time.monotonic()
            for row, text in enumerate(texts):
                job, i = batch[text.prompt], text.ids[-1]
                if not job.reason:
                    voices[text.prompt].say(i, row in ended)
                if not job.reason and now > job.deadline:
                    job.end("timeout")
                if job.reason or self._closed:
                    rooms[text.prompt] = 0
        for job in batch:
            job.end("error" if self._closed else "stop")  # what had no room from the start


class Voice:
    """Turns a job's ids into text, piece by piece, and looks for what ends it."""

    def __init__(self, vocab: Tokenizer, job: Job):
        self._vocab, self._job = vocab, job
        self._told = 0  # characters of the text that were given away

    def say(self, i: int, last: bool) -> None:
        """Another id; with `last` nothing follows it."""
        job, vocab = self._job, self._vocab
        ended = i == vocab.end
        if not ended:
            job.said.append(i)
        text = vocab.decode(job.said)
        if stop := first_stop(text, job.stops):
            job.end("stop", text[self._told : stop[0]])
        elif ended or last:
            job.end("stop" if ended else "length", text[self._told :])
        else:
            sure = len(text) - withheld(text, job.stops)
            if sure > self._told:
                job.hear(text[self._told : sure], "")
                self._told = sure


def first_stop(text: str, stops: Iterable[str]) -> tuple[int, str] | None:
    """Where the first of some stop texts stands, and which it is; None if there is none.

    >>> first_stop("one two three", ["three", "two"])
    (4, 'two')
    """
    return min(((text.find(stop), stop) for stop in stops if stop in text), default=None)


def withheld(text: str, stops: Iterable[str]) -> int:
    """How many characters at the end of a text may yet become a stop text, or a letter that is not whole.

    >>> withheld("a cat s", [" sat"])
    2
    """
    parts = (stop[:n] for stop in stops for n in range(1, len(stop)))
    longest = max((len(part) for part in parts if text.endswith(part)), default=0)
    return max(longest, len(text) - len(text.rstrip("\ufffd")))


class Each(Strategy):
    """To every prompt the strategy of its own job."""

    def __init__(self, jobs: Sequence[Job]):
        self.jobs = jobs

    def begin(self, prompts: Sequence[Sequence[int]]) -> Choose:
        choices = [job.strategy.begin(prompts) for job in self.jobs]

        def choose(scores: Array, texts: list[Any], gone: Mapping[int, int]) -> tuple[list[Text], None]:
            for row, text in enumerate(texts):
                choices[text.prompt](scores[row : row + 1], [text], gone)
            return texts, None

        return choose
