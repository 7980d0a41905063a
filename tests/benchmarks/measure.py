"""Configurations in processes of their own, measured side by side."""

import os
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from math import inf
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from rustgpt_lab.dataset import Dataset

MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(1 << 28), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}
"""Keep freed memory: the library asks the C library for that itself, so its rivals get it, too."""

CALM = 1.15
"""A visit is disturbed if a fixed loop beside it took more than so many times the shortest time that it ever took."""
AGAIN = 8
"""How often a disturbed visit is repeated at most."""

Work = Callable[[], float]
"""A function that does a fixed amount of work and says how much it was."""


@dataclass(frozen=True)
class Case:
    """One configuration.

    Attributes:
        name: how the tables call it.
        setup: "module:function" in this package; called with `options` it gives the `Work`.
        threads: for matrix products.
    """

    name: str
    setup: str
    options: dict[str, Any] = field(default_factory=dict)
    threads: int = 1


@dataclass
class Result:
    """What the rounds of a case gave, one entry a round.

    Attributes:
        cpu, wall: seconds for one unit of work, of the process's CPU time and of the clock.
        amounts: units of work.
        peak: the most memory that the process ever held, in bytes.
    """

    case: Case
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    amounts: list[float] = field(default_factory=list)
    peak: int = 0

    def seconds(self, clock: str = "cpu") -> float:
        return median(getattr(self, clock))

    def rate(self, clock: str = "cpu") -> float:
        return 1 / self.seconds(clock)


def speedup(ours: Result, theirs: Result, clock: str = "cpu") -> float:
    """How many times as fast as another we are: the median of the ratios within each round."""
    pairs = zip(getattr(theirs, clock), getattr(ours, clock), strict=True)
    return median(other / own for other, own in pairs)


def measure(cases: Iterable[Case], rounds: int, again: int = AGAIN) -> dict[str, Result]:
    """Start every case, then visit all of them in random order, `rounds` times.

    On a rented machine a stranger may share the core, and whatever runs then takes up to twice as long; the load does
    not tell. So every visit is repeated until it was a calm one, at most `again` times.
    """
    results = {case.name: Result(case) for case in cases}
    shuffle = random.Random(0).shuffle
    shortest = inf
    with _running(results) as connections:
        for _ in range(rounds):
            order = list(results)
            shuffle(order)
            for name in order:
                for _ in range(1 + again):
                    cpu, wall, amount, peak, pace = _ask(connections[name])
                    shortest = min(shortest, pace)
                    calm = pace <= CALM * shortest
                    if calm:
                        break
                result = results[name]
                result.cpu.append(cpu / amount)
                result.wall.append(wall / amount)
                result.amounts.append(amount)
                visits[calm] += 1
                result.peak = peak
    return results


visits: Counter[bool] = Counter()
"""How many of the visits that count were calm (True), and how many were not."""


@contextmanager
def _running(results: dict[str, Result]):
    """A process for each case, ready to work; started one after the other."""
    processes, connections = [], {}
    environment = dict(os.environ)
    try:
        for name, result in results.items():
            threads = str(result.case.threads)
            os.environ |= {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, **MALLOC}
            connections[name], theirs = get_context("spawn").Pipe()
            processes.append(
                get_context("spawn").Process(target=_serve, args=(theirs, result.case), daemon=True)
            )
            processes[-1].start()
            theirs.close()
            _ask(connections[name])  # warm: the first round of work is not counted
        yield connections
    finally:
        os.environ.clear()
        os.environ |= environment
        for connection in connections.values():
            connection.close()  # the process reads the end of its orders, and ends
        for process in processes:
            process.join(10)
            process.terminate()


def _ask(connection: Connection) -> Any:
    try:
        connection.send("work")
        return connection.recv()
    except (EOFError, BrokenPipeError):
        raise SystemExit("a benchmark's process has died: see its error above") from None


def _serve(connection: Connection, case: Case) -> None:
    """The life of a case's process."""
    module, function = case.setup.split(":")
    work: Work = getattr(import_module(f"{__package__}.{module}"), function)(**case.options)
    while _another(connection):
        before = _pace()
        wall, cpu = time.perf_counter(), time.process_time()
        amount = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        connection.send((cpu, wall, amount, peak, max(before, _pace())))


def _pace() -> float:
    """Seconds that a fixed loop takes."""
    start = time.perf_counter()
    for _ in range(100_000):
        pass
    return time.perf_counter() - start


def _another(connection: Connection) -> bool:
    """Wait for the order to work; False when there will be none any more."""
    try:
        return bool(connection.recv())
    except EOFError:
        return False


def corpora(folder: str | None) -> Dataset:
    """The corpora of a folder (`pretraining_data.json`, `chat_training_data.json`), or the packaged ones."""
    if folder is None:
        return Dataset.packaged()
    return Dataset.load(Path(folder) / "pretraining_data.json", Path(folder) / "chat_training_data.json")
