"""What happened while a model learned: a table of numbers that stays small however long the run is."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from os import PathLike
from threading import Lock
from typing import Any

import numpy as np

from ..files import atomic_write
from ..numerics import Array
from ..optim.report import ClippingReport

LIMIT = 4096
"""Rows that a table keeps. When it is full, every second row goes, and then only every second is taken."""

SMOOTHINGS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
"""The share of the past in each running average of the loss."""

STEP_COLUMNS = ("step", "epoch", "loss", "rate", "tokens", "seconds")
TABLES = ("_steps", "_averages", "_norms", "_epochs")
NORM_COLUMNS = ("before", "after", "weight", "clipped", "cosine")


def averaged(averages: Sequence[float], loss: float, step: int) -> tuple[float, ...]:
    """The running averages of the loss after a step, numbered from 1; there are none before the first.

    a += (1 - beta) / (1 - beta^t) (loss - a), which is the exponential moving average, corrected for its start as
    Adam's m is (Kingma and Ba 2015, section 3).
    """
    shares = ((1 - beta) / (1 - beta**step) for beta in SMOOTHINGS)
    old = averages or [loss] * len(SMOOTHINGS)
    return tuple(a + share * (loss - a) for a, share in zip(old, shares, strict=True))


class Rows:
    """Numbers of many steps, a row for each, evenly spaced over the whole run, never more than `limit` of them.

    Rows are counted from 0; row i is kept if i is a multiple of `stride`, a power of two.

    Args:
        columns: the names of the columns.
        limit: the greatest number of rows, even.
    """

    def __init__(self, columns: Sequence[str], limit: int = LIMIT):
        self.columns, self.limit = list(columns), limit
        self.stride, self.count = 1, 0
        self._rows = np.empty((min(limit, 64), len(self.columns)))

    def __len__(self) -> int:
        """The number of rows that are kept; `count` is the number of all rows that there were."""
        return -(-self.count // self.stride)

    def append(self, row: Sequence[float]) -> None:
        if self.next_is_kept():
            self._make_room()
            self._rows[len(self)] = row
        self.count += 1

    def next_is_kept(self) -> bool:
        """Whether the next row will be kept; halves the rows when there is no room."""
        if self.count % self.stride == 0 and len(self) == self.limit:
            self._rows[: self.limit // 2] = self._rows[::2].copy()
            self.stride *= 2
        return self.count % self.stride == 0

    def _make_room(self) -> None:
        if len(self) == len(self._rows):
            new = np.empty((min(2 * len(self._rows), self.limit), len(self.columns)))
            new[: len(self)] = self._rows
            self._rows = new

    def cut(self, count: int) -> None:
        """Forget all rows from row `count` on."""
        self.count = min(self.count, count)

    @property
    def values(self) -> Array:
        """(rows, columns), a copy."""
        return self._rows[: len(self)].copy()

    def state(self) -> dict[str, Any]:
        return {
            "columns": self.columns,
            "limit": self.limit,
            "stride": self.stride,
            "count": self.count,
            "rows": self.values,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Rows:
        table = cls(state["columns"], state["limit"])
        table.stride, table.count = state["stride"], state["count"]
        rows = np.array(state["rows"], dtype=float).reshape(len(table), len(table.columns))
        table._rows = np.vstack([rows, np.empty_like(table._rows)])[: table.limit]
        return table


class History:
    """The course of a training run, which may be read from any thread while the run goes on.

    Of a long run it keeps every 2nd, 4th, 8th, … step, so that no table is longer than `LIMIT` rows: 0.2 MB,
    and 5 MB more for the norms of a model of 30 parameters.

    Attributes (arrays of one number a recorded step):
        step: the number of the step, from 1.
        epoch: the epoch that it belongs to, from 1.
        loss: the mean loss of its batch before the step, in nats.
        rate: its learning rate.
        tokens: the words predicted so far, this step's included.
        seconds: the time spent in steps so far; pauses and callbacks do not count.
        before, after, weight, clipped, cosine: name of a parameter -> array, see `ClippingReport`.
        epoch_loss: (epochs,) the mean loss of every whole epoch.
        outcome: how the run ended: "finished", "interrupted", "stopped", "diverged", or "" while it goes on.

    Args:
        norms: the names whose gradient norms are kept, if any.
    """

    def __init__(self, norms: Sequence[str] = ()):
        self.names = list(norms)
        self._steps = Rows(STEP_COLUMNS)
        self._norms = Rows([f"{name}.{column}" for name in norms for column in NORM_COLUMNS])
        self._epochs = Rows(("loss",))
        self._averages = Rows([str(beta) for beta in SMOOTHINGS])
        self._lock = Lock()
        self.outcome = ""

    def wants_norms(self) -> bool:
        """Whether the next step's norms will be kept, so that nobody measures them in vain."""
        with self._lock:
            return bool(self.names) and self._norms.next_is_kept()

    def add_step(
        self, row: tuple[float, ...], averages: Sequence[float], report: ClippingReport | None
    ) -> None:
        """Record a step: the numbers of `STEP_COLUMNS`, the averages, what the clipping did if the norms are kept."""
        with self._lock:
            self._steps.append(row)
            self._averages.append(averages)
            if self.names:
                columns = [getattr(report, column) for column in NORM_COLUMNS] if report else []
                self._norms.append([column.get(name, np.nan) for name in self.names for column in columns])

    def add_epoch(self, loss: float) -> None:
        """Record the mean loss of an epoch that is over."""
        with self._lock:
            self._epochs.append((loss,))

    def cut(self, steps: int, epochs: int) -> None:
        """Forget what came after so many steps and epochs."""
        with self._lock:
            for table in (self._steps, self._averages, self._norms):
                table.cut(steps)
            self._epochs.cut(epochs)

    def __len__(self) -> int:
        """The number of steps taken, whether or not each has a row."""
        return self._steps.count

    def __getattr__(self, name: str) -> Any:
        if name in STEP_COLUMNS:
            with self._lock:
                return self._steps.values[:, STEP_COLUMNS.index(name)]
        if name in NORM_COLUMNS:
            with self._lock:
                values = self._norms.values[:, NORM_COLUMNS.index(name) :: len(NORM_COLUMNS)]
            return dict(zip(self.names, values.T, strict=True))
        raise AttributeError(f"a History has no {name!r}")

    @property
    def epoch_loss(self) -> Array:
        with self._lock:
            return self._epochs.values[:, 0]

    def columns(self, averages: bool = False) -> dict[str, Array]:
        """The whole table, name -> (rows,): what a step has, then "1.w_q.before" and so on if norms are.

        With `averages`, also the running averages of the loss, over every step, recorded or not: "0.9" and so on for
        each of `SMOOTHINGS`.
        """
        with self._lock:
            tables = [self._steps, *([self._norms] if self.names else []), *([self._averages] * averages)]
            return {name: column for t in tables for name, column in zip(t.columns, t.values.T, strict=True)}

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write the whole table as text, with a header, whole or not at all (see `files.atomic_write`)."""
        columns, text = self.columns(), io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())

    def to_pandas(self) -> Any:
        """The whole table as a pandas DataFrame, with the step as its index; pandas must be installed."""
        import pandas  # type: ignore[import-untyped]

        return pandas.DataFrame(self.columns()).set_index("step")

    def state(self) -> dict[str, Any]:
        """Everything, as plain values and arrays."""
        with self._lock:
            tables = {name: getattr(self, name).state() for name in TABLES}
            return {"names": self.names, "outcome": self.outcome, **tables}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> History:
        """The history that `state` described."""
        history = cls(state["names"])
        history.outcome = state.get("outcome", "")  # the first edition did not keep it
        for name in TABLES:
            if name in state:
                setattr(history, name, Rows.from_state(state[name]))
        if "_averages" not in state:  # of the first edition: those of what it kept
            table = history._averages
            averages: tuple[float, ...] = ()
            table.stride = history._steps.stride
            for i, loss in enumerate(history.loss):
                averages = averaged(averages, loss, i + 1)
                table.append(averages)
                table.count = min((i + 1) * table.stride, len(history))
        return history

    def __reduce__(self) -> Any:
        return History.from_state, (self.state(),)  # a copy, or one in another process, has a lock of its own

    def __repr__(self) -> str:
        losses = self.epoch_loss
        told = (
            f", loss {losses[0]:.3f} in the first epoch, {losses[-1]:.3f} in the last" if len(losses) else ""
        )
        return f"History({len(self)} steps{told}{self.outcome and ', ' + self.outcome})"
