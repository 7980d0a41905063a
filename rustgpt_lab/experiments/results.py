"""The table of a sweep: a row for each run, and what can be said of several seeds together."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from contextlib import suppress
from math import sqrt
from os import PathLike
from typing import Any

import numpy as np

from ..errors import FileError, ModelError
from ..files import access_error, atomic_write

T95 = (
    12.71,
    4.30,
    3.18,
    2.78,
    2.57,
    2.45,
    2.36,
    2.31,
    2.26,
    2.23,
    2.20,
    2.18,
    2.16,
    2.14,
    2.13,
    2.12,
    2.11,
    2.10,
    2.09,
)
"""Student's t at 95 %, both sides, for 1 to 19 degrees of freedom; above, 1.96 is near enough."""


class Results:
    """One tidy table: a row for each run, with its settings, its seed, its outcome and what was measured.

    Args:
        rows: name of a column -> value, for each run.
        varied: the columns that were varied.
    """

    def __init__(self, rows: list[dict[str, Any]], varied: list[str]):
        self.rows, self.varied = rows, varied

    @property
    def columns(self) -> list[str]:
        """The names of all columns, those that were varied first."""
        return list(dict.fromkeys([*self.varied, "seed", *(name for row in self.rows for name in row)]))

    def __len__(self) -> int:
        return len(self.rows)

    def summary(self, of: str = "loss") -> list[dict[str, Any]]:
        """For every combination of settings: how many runs, how many diverged, and of those that did not the mean of a
        column, with its 95 % interval (Student's t over the seeds; nan below two runs).

        Raises:
            ModelError: there is no such column.
        """
        if not any(of in row for row in self.rows):
            raise ModelError("no such column", where="of", expected=", ".join(self.columns), got=repr(of))
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self.rows:
            groups.setdefault(tuple(row[name] for name in self.varied), []).append(row)
        return [
            dict(zip(self.varied, key, strict=True)) | _summed(group, of) for key, group in groups.items()
        ]

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write the table as text, with a header, whole or not at all."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())

    @classmethod
    def from_csv(cls, path: str | PathLike[str]) -> Results:
        """Read what `to_csv` wrote; numbers become numbers again, and what was varied are the columns before the seed.

        Raises:
            AccessError: the operating system refuses.
            FileError: it is no such table.
        """
        try:
            with open(path, encoding="utf-8", newline="") as file:
                found = list(csv.DictReader(file, strict=True))
        except OSError as error:
            raise access_error("the table cannot be read", path, error) from error
        except (ValueError, csv.Error) as error:
            raise FileError("this is no table", where=str(path), got=str(error)) from error
        whole = all(None not in row and None not in row.values() for row in found)
        if not found or not whole or not {"seed", "outcome"} <= found[0].keys():
            raise FileError("this is not the table of a sweep", where=str(path), expected="seed and outcome")
        rows = [{name: _number(text) for name, text in row.items()} for row in found]
        return cls(rows, list(rows[0])[: list(rows[0]).index("seed")])

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame; pandas must be installed."""
        import pandas  # type: ignore[import-untyped]

        return pandas.DataFrame(self.rows, columns=self.columns)

    def __repr__(self) -> str:
        return f"Results({len(self)} runs over {', '.join(self.varied)})"


def _number(text: str) -> Any:
    """What a cell means: a whole number, another number, or its text."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _summed(group: Iterable[dict[str, Any]], of: str) -> dict[str, Any]:
    group = list(group)
    values = np.array([row[of] for row in group if row["outcome"] == "finished" and of in row])
    count = len(values)
    mean = float(values.mean()) if count else np.nan
    half = _t(count - 1) * float(values.std(ddof=1)) / sqrt(count) if count > 1 else np.nan
    diverged = sum(row["outcome"] == "diverged" for row in group)
    return {"runs": len(group), "diverged": diverged, "mean": mean, "low": mean - half, "high": mean + half}


def _t(freedom: int) -> float:
    return T95[freedom - 1] if freedom <= len(T95) else 1.96
