"""Several runs side by side: their losses upon each other, and what they were told differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ModelError
from ...experiments import Run
from ...numerics import Array
from ...training.history import SMOOTHINGS, averaged
from ..base import Table, View
from ..style import CATEGORIES, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMOOTHING = 0.8
MOST = len(CATEGORIES)
"""So many runs can be told apart by their colours."""


@dataclass(frozen=True)
class RunsData:
    """R runs of up to S steps.

    Attributes:
        names: (R,) what tells them apart.
        losses: (R, S) of each step's batch; nan after a run's end.
        averages: (R, S) the losses so far, the newer ones weighing more.
        outcomes: (R,) "finished", "diverged", or "" while it is under way.
        ends: (R,) the loss of the last epoch, as it was measured; infinite for a run that diverged.
        settings: name -> (R,) what was not the same for all, as text.
        same: name -> what was, as text.
    """

    names: tuple[str, ...]
    losses: Array
    averages: Array
    outcomes: tuple[str, ...]
    ends: tuple[float, ...]
    settings: dict[str, tuple[str, ...]]
    same: dict[str, str]


def runs_of(runs: Sequence[Run] | Mapping[str, Run]) -> RunsData:
    """Read the runs; without names of their own they are called by what tells them apart."""
    opened = list(runs.values()) if isinstance(runs, Mapping) else list(runs)
    configured = [{**run.record["settings"], "seed": run.record["seed"]} for run in opened]
    texts = [str(run.record.get("texts", ""))[:8] for run in opened]
    versions = [", ".join(map(str, run.record.get("versions", {}).values())) for run in opened]
    told = [
        {**config, "texts": text, "versions": v}
        for config, text, v in zip(configured, texts, versions, strict=True)
    ]
    every = dict.fromkeys(name for one in told for name in one)
    columns = {name: tuple(str(one.get(name, "–")) for one in told) for name in every}
    varied = {name: column for name, column in columns.items() if len(set(column)) > 1}
    same = {name: column[0] for name, column in columns.items() if name not in varied}
    if isinstance(runs, Mapping):
        names = tuple(map(str, runs))
    else:
        names = tuple(
            ", ".join(f"{name} {column[i]}" for name, column in varied.items()) or f"run {i + 1}"
            for i in range(len(opened))
        )
    histories = [run.history["loss"] if run.record["outcome"] else np.empty(0) for run in opened]
    losses = np.full((len(opened), max(map(len, histories))), np.nan)
    averages = losses.copy()
    for row, smooth, history in zip(losses, averages, histories, strict=True):
        row[: len(history)] = history
        so_far: tuple[float, ...] = ()
        for step, loss in enumerate(history, 1):
            so_far = averaged(so_far, loss, step)
            smooth[step - 1] = so_far[SMOOTHINGS.index(SMOOTHING)]
    ends = tuple(float(run.record["measured"].get("loss", np.nan)) for run in opened)
    outcomes = tuple(run.record["outcome"] for run in opened)
    return RunsData(names, losses, averages, outcomes, ends, varied, same)


class Runs(View):
    """The live comparison; `runs` makes it."""

    name = "runs"
    title = "Runs: side by side"
    data: RunsData

    @property
    def sentence(self) -> str:
        data = self.data
        good = [i for i, outcome in enumerate(data.outcomes) if outcome == "finished"]
        lost = sum(outcome == "diverged" for outcome in data.outcomes)
        parts = [f"{len(data.names)} runs, which differ in {', '.join(data.settings) or 'nothing'}."]
        if good:
            best = min(good, key=lambda i: data.ends[i])
            parts.append(f"The lowest loss at the end, {data.ends[best]:.3g}, has “{data.names[best]}”.")
        if lost:
            parts.append(f"{lost} diverged.")
        return " ".join(parts)

    def figure(self) -> Figure:
        data = self.data

        def draw(figure: Any, ax: Any) -> None:
            ends = []
            for name, losses, colour in zip(data.names, data.averages, CATEGORIES, strict=False):
                ax.semilogy(np.arange(1, len(losses) + 1), losses, color=colour, linewidth=1.8)
                if len(known := np.flatnonzero(np.isfinite(losses) & (losses > 0))):
                    ends.append((float(np.log10(losses[known[-1]])), known[-1] + 1, name, colour))
            low, high = np.log10(ax.get_ylim())
            at = -np.inf
            for height, step, name, colour in sorted(ends):  # the lowest first; none upon another
                at = max(height, at + 0.07 * (high - low))
                ax.annotate(f" {name}", (step, 10**at), color=colour, va="center", parse_math=False)
            ax.set(xlabel="step", ylabel=f"loss, smoothed ({SMOOTHING})")
            ax.margins(x=0.02)

        return plot(draw, 11, 4.5)

    def table(self) -> Table:
        data = self.data
        rows = [
            (
                name,
                *(column[i] for column in data.settings.values()),
                data.outcomes[i] or "under way",
                data.ends[i],
            )
            for i, name in enumerate(data.names)
        ]
        return Table(("run", *data.settings, "outcome", "loss"), rows)

    def state(self) -> dict[str, Any]:
        table = self.table()
        return {
            "names": self.data.names,
            "losses": self.data.losses.astype(np.float32),
            "averages": self.data.averages.astype(np.float32),
            "headings": table.headings,
            "rows": [
                [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
                for row in table.rows
            ],
            "same": self.data.same,
        }


def runs(runs: Sequence[Run | str | PathLike[str]] | Mapping[str, Run | str | PathLike[str]]) -> Runs:
    """Compare runs: their losses in one picture, and a table of what they were told differently.

    Args:
        runs: what `experiments.run` gives, or folders; or {name: run}. At most seven.

    Raises:
        ModelError: there are none, or too many to be told apart.
        FileError: there is no run in a folder.
    """
    if not 1 <= len(runs) <= MOST:
        raise ModelError("so many runs cannot be compared", expected=f"1 to {MOST}", got=len(runs))

    def opened(run: Any) -> Run:
        return run if isinstance(run, Run) else Run.open(run)

    if isinstance(runs, Mapping):
        return Runs(runs_of({name: opened(run) for name, run in runs.items()}))
    return Runs(runs_of([opened(run) for run in runs]))
