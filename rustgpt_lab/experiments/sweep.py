"""A sweep: the same training over a grid of settings and several seeds, by many processes, into one table."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from ..errors import TrainingError
from .results import Results
from .run import Measure, Run, _label, run

ATTEMPTS = 3
"""How often the work goes on, with what is missing, after a worker died without finishing anything."""


class Task(NamedTuple):
    """One run of a sweep; `labels` are its settings as the table shows them."""

    folder: Path
    settings: dict[str, Any]
    labels: dict[str, Any]
    seed: int


def sweep(
    grid: Mapping[str, Iterable[Any] | Mapping[str, Any]],
    seeds: Iterable[int],
    texts: Sequence[str],
    *,
    held_out: Sequence[str] = (),
    measure: Measure | None = None,
    folder: str | PathLike[str] | None = None,
    jobs: int = -1,
    dask: str = "",
    progress: bool = True,
    **settings: Any,
) -> Results:
    """Train a model for every combination of the grid and every seed; gives one table, a row for each run.

    What was finished before in `folder` is not made again, and what was under way goes on from its checkpoint: after a
    broken sweep, call it again. A worker that is killed costs its own run at most, which is then made again.

    Args:
        grid: setting -> the values to try, or {label: value} where a value has no short name. Settings are options of
            `LLM.build` and of `LLM.train`.
        seeds: every combination is trained with each.
        texts, held_out, measure: as in `run`; `measure` must be a function of a module, or travel by cloudpickle.
        folder: where the runs are kept, each in a folder of its own; by default they go when the table is made. With
            Dask all workers must see it.
        jobs: processes at a time; -1 for as many as there are cores.
        dask: the address of a scheduler, such as "tcp://127.0.0.1:8786": its workers are used instead (`pip install
            distributed`).
        progress: whether to show a bar that tells when it will be done.
        settings: those that are the same for all.

    Raises:
        TrainingError: a setting is in the grid and fixed, too; a run cannot be made; workers die again and again.

    >>> table = sweep({"learning_rate": [0.1, 0.001]}, range(2), ["a b </s>", "b a </s>"], jobs=1, progress=False,
    ...               embedding_dim=4, hidden_dim=4, blocks=1, epochs=5)
    >>> [(row["learning_rate"], row["seed"], row["outcome"]) for row in table.rows][:2]
    [(0.1, 0, 'finished'), (0.1, 1, 'finished')]
    """
    if twice := grid.keys() & settings.keys():
        raise TrainingError("a setting is in the grid and fixed, too", where=min(twice))
    texts, held_out = list(texts), list(held_out)
    with ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rustgpt_lab_sweep_"))
        tasks = list(_tasks(Path(folder), grid, list(seeds), settings))
        missing = [task for task in tasks if not _outcome(task.folder)]
        bar = stack.enter_context(tqdm(total=len(tasks), unit="run", disable=not progress, mininterval=0.1))
        bar.update(len(tasks) - len(missing))
        with _workers(jobs, dask):
            _work_through(missing, (texts, held_out, measure), bar)
        return Results([Run.open(task.folder).row for task in tasks], list(grid))


def _tasks(
    folder: Path, grid: Mapping[str, Any], seeds: list[int], fixed: Mapping[str, Any]
) -> Iterator[Task]:
    """Every run, in the order of the grid, then of the seeds."""
    named = {
        name: list(values.items())
        if isinstance(values, Mapping)
        else [(_label(name, value), value) for value in values]
        for name, values in grid.items()
    }
    same = {name: _label(name, value) for name, value in fixed.items()}
    for chosen in product(*named.values()):
        labels = same | {name: label for name, (label, _) in zip(named, chosen, strict=True)}
        values = {**fixed, **{name: value for name, (_, value) in zip(named, chosen, strict=True)}}
        for seed in seeds:
            text = json.dumps([sorted(labels.items()), seed])
            name = hashlib.sha256(text.encode()).hexdigest()[:12]
            yield Task(folder / f"run-{name}", values, labels, seed)


def _outcome(folder: Path) -> str:
    """How a run ended; "" if it did not, or was never begun."""
    return str(Run.open(folder).record["outcome"]) if (folder / "run.json").exists() else ""


@contextmanager
def _workers(jobs: int, dask: str) -> Iterator[None]:
    """The processes that joblib uses in the block."""
    from joblib import parallel_config

    if not dask:
        with parallel_config(backend="loky", n_jobs=jobs):
            yield
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as problem:
        raise TrainingError("Dask is not installed", remedy="pip install distributed") from problem
    with Client(dask), parallel_config(backend="dask"):
        yield


def _work_through(missing: list[Task], common: tuple[Any, ...], bar: Any) -> None:
    """Make all runs that are missing; what a dead worker left undone is tried again."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    deaths = 0
    while missing:
        done = 0
        try:
            for _ in Parallel(return_as="generator_unordered")(
                delayed(_make)(task, *common) for task in missing
            ):
                bar.update()
                done += 1
        except TerminatedWorkerError as problem:
            deaths = deaths + 1 if not done else 0
            if deaths >= ATTEMPTS:
                what = "workers die again and again, as when the system has no memory left"
                raise TrainingError(what, where="sweep", remedy="Use fewer jobs.") from problem
            time.sleep(0.1)
        left = [task for task in missing if not _outcome(task.folder)]
        bar.update(len(missing) - len(left) - done)
        missing = left


def _make(task: Task, texts: list[str], held_out: list[str], measure: Measure | None) -> None:
    run(
        task.folder,
        texts,
        task.settings,
        labels=task.labels,
        seed=task.seed,
        held_out=held_out,
        measure=measure,
    )
