"""Two models that learn side by side, one with a mistake in it and one without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics import Array
from .base import SWAP, Table, View
from .compared import Comparison
from .style import CATEGORIES, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGREE = 1e-6
"""A relative error below it passes the gradient check."""


@dataclass(frozen=True)
class VersusData:
    """Two runs, the one with the mistake first.

    Attributes:
        losses: of every step that each has taken.
        ends: what ended each before its end, or "".
        comparison: of the two models after that.
        names: of their parameters.
        errors: (names, 2) the relative error of each one's gradients, before the first step.
        sentence: what the mistake did.
    """

    losses: tuple[Array, ...]
    ends: tuple[str, ...]
    comparison: Comparison
    names: tuple[str, ...]
    errors: Array
    sentence: str


class VersusCard(View):
    """The two runs, or at first a button for them.

    Args:
        data: what to show at once, if it is there already.
        run: makes it, when the button is pressed.
    """

    name = "versus"
    title = "Your bug, live: a model with the mistake, and one without"
    data: VersusData | None

    def __init__(self, data: VersusData | None, run: Callable[[], VersusData] | None = None):
        super().__init__(data)
        self._run = run

    @property
    def sentence(self) -> str:
        return (
            self.data.sentence
            if self.data
            else "What does this do to a model? Two of them are trained in a moment."
        )

    def figure(self) -> Figure:
        data = self._made()

        def draw(figure: Any, axes: Any) -> None:
            for label, losses, color in zip(
                data.comparison.labels, data.losses, CATEGORIES[5::-5], strict=False
            ):
                axes.plot(range(1, len(losses) + 1), losses, color=color, linewidth=2, label=label)
            axes.set(xlabel="step", ylabel="loss, in nats", yscale="log")
            axes.legend()

        return plot(draw, 9, 3.6)

    def table(self) -> Table:
        data = self._made()
        rows: list[tuple[object, ...]] = [("answer", *data.comparison.answers)]
        rows += [
            (
                f"gradient of {name}",
                *("agrees" if error < AGREE else f"off by {100 * error:.2g} %" for error in pair),
            )
            for name, pair in zip(data.names, data.errors.tolist(), strict=True)
        ]
        return Table(("", *data.comparison.labels), rows)

    def twin(self) -> dict[str, str]:
        if self.data:
            return super().twin()
        return {"text/plain": self.sentence, "text/html": f'{SWAP}<div class="rl-twin">{self.sentence}</div>'}

    def state(self) -> dict[str, Any]:
        data = self.data
        if data is None:
            return {"done": False}
        return {
            "done": True,
            "losses": [np.asarray(losses, float) for losses in data.losses],
            "ends": data.ends,
            "comparison": data.comparison.state(),
            "names": data.names,
            "errors": np.nan_to_num(data.errors, nan=1.0),
            "agree": AGREE,
        }

    def answer(self, question: Any) -> VersusData:
        """Train both."""
        return self._made()

    def _made(self) -> VersusData:
        if self.data is None:
            assert self._run is not None
            self.data = self._run()
        return self.data
