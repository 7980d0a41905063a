"""What clipping was measured to do: notebook 08's table, made by `python3 -m tests.course.clipping_table`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from ..numerics import Array
from ..views.base import Table

STUDENT = {5: 2.776, 8: 2.365}
"""Number of seeds -> the factor of a 95 % interval: Student's t with one degree of freedom less."""


def interval(losses: Array) -> tuple[float, float, float]:
    """The geometric mean of losses or of their ratios, (seeds,), and both ends of its 95 % interval.

    Losses differ by factors rather than by differences, so their logarithms are averaged.
    """
    logs = np.log(losses)
    half = STUDENT[len(logs)] * logs.std(ddof=1) / np.sqrt(len(logs))
    mean, low, high = np.exp(logs.mean() + half * np.array([0, -1, 1])).tolist()
    return mean, low, high


class TextTable(Table):
    """A table that a cell of a notebook can end in."""

    def __repr__(self) -> str:
        lines = [self.headings, *self.rows]
        widths = [max(len(str(line[i])) for line in lines) for i in range(len(self.headings))]
        return "\n".join(
            "  ".join(f"{cell!s:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        return self.html()


@dataclass(frozen=True)
class Cell:
    """One optimizer at one rate with one clipper, at the threshold that was best on other seeds.

    Attributes:
        threshold: None if the clipper has none.
        losses: (seeds,) after the run, on its own texts; infinite where it blew up.
        tuning: threshold -> the geometric mean of the losses on the other seeds.
    """

    optimizer: str
    rate: float
    clipper: str
    threshold: float | None
    losses: Array
    tuning: dict[float, float]


@dataclass(frozen=True)
class ClippingTable:
    """All cells, and how they were made.

    Attributes:
        ignorance: the loss of a model that knows nothing, ln V. A run that ends above it has failed.
    """

    cells: Sequence[Cell]
    ignorance: float

    @classmethod
    def packaged(cls) -> ClippingTable:
        """The table that ships with the course."""
        file = resources.files("rustgpt_lab") / "data" / "clipping.json"
        return cls.of_json(json.loads(file.read_text(encoding="utf-8")))

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> ClippingTable:
        """JSON has no infinity: null stands for it."""

        def number(value: float | None) -> float:
            return np.inf if value is None else value

        return cls(
            [
                Cell(
                    **cell
                    | {
                        "losses": np.array([number(loss) for loss in cell["losses"]]),
                        "tuning": {float(key): number(loss) for key, loss in cell["tuning"].items()},
                    }
                )
                for cell in data["cells"]
            ],
            data["ignorance"],
        )

    @property
    def clippers(self) -> list[str]:
        return list(dict.fromkeys(cell.clipper for cell in self.cells))

    def rates(self, optimizer: str) -> list[float]:
        return list(dict.fromkeys(cell.rate for cell in self.cells if cell.optimizer == optimizer))

    def cell(self, optimizer: str, rate: float, clipper: str) -> Cell:
        [found] = [c for c in self.cells if (c.optimizer, c.rate, c.clipper) == (optimizer, rate, clipper)]
        return found

    def losses(self, optimizer: str, rate: float, clipper: str) -> Array:
        return self.cell(optimizer, rate, clipper).losses

    def failed(self, cell: Cell) -> int:
        """How many of its seeds ended above the loss of a model that knows nothing."""
        return int((cell.losses > self.ignorance).sum())

    def table(self, optimizer: str) -> TextTable:
        """A row for each clipper, a column for each rate."""
        rates = self.rates(optimizer)
        rows = [[name, *(self.told(self.cell(optimizer, r, name)) for r in rates)] for name in self.clippers]
        return TextTable([optimizer, *(f"rate {rate:g}" for rate in rates)], rows)

    def told(self, cell: Cell) -> str:
        """A cell in words: mean, interval, and the threshold after an @."""
        at = "" if cell.threshold is None else f" @{cell.threshold:g}"
        if failed := self.failed(cell):
            return f"failed: {failed} of {len(cell.losses)}{at}"
        mean, low, high = interval(cell.losses)
        return f"{mean:.2f} ({low:.2f} to {high:.2f}){at}"

    def compare(self, optimizer: str, *pairs: tuple[str, str]) -> TextTable:
        """For each pair of clippers the ratio of their losses, seed by seed; below 1, the first is better."""
        rates = self.rates(optimizer)
        rows = [[f"{a} / {b}", *(self._ratio(optimizer, rate, a, b) for rate in rates)] for a, b in pairs]
        return TextTable([optimizer, *(f"rate {rate:g}" for rate in rates)], rows)

    def _ratio(self, optimizer: str, rate: float, a: str, b: str) -> str:
        first, second = self.cell(optimizer, rate, a), self.cell(optimizer, rate, b)
        if self.failed(first) or self.failed(second):
            return "failed"
        mean, low, high = interval(first.losses / second.losses)
        return f"{mean:.2f} ({low:.2f} to {high:.2f})"
