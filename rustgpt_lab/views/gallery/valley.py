"""A valley to roll through: plain descent, momentum and Adam on a loss of two weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import TrainingError
from ...layers import Layer
from ...numerics import Array
from ...optim.adam import Adam
from ...optim.descent import Descent
from ...parameters import Param, Parameters, weight
from ..base import Table, View
from ..style import ACCENT, CATEGORIES, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 60
BLOWN = 1e6
"""A loss so many times the first one (or 1, if that is more) counts as blown up."""

OPTIMIZERS = {"plain": "plain descent", "momentum": "momentum", "adam": "Adam"}
COLOURS = {"plain": CATEGORIES[5], "momentum": CATEGORIES[2], "adam": ACCENT}
LINES = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
"""The losses whose lines are drawn."""


@dataclass(frozen=True)
class Landscape:
    """A loss of two weights (`js/landscapes.js` has the same), and where to look at it.

    Attributes:
        label: its name for people.
        loss: (2, ...) -> (...).
        gradient: (2,) -> (2,).
        box: what is shown: left, right, low, high.
        start: where one begins.
        lowest: the points with the least loss.
        rates: of each optimizer, to begin with.
    """

    label: str
    loss: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    box: tuple[float, float, float, float]
    start: tuple[float, float]
    lowest: tuple[tuple[float, float], ...]
    rates: Mapping[str, float]


LANDSCAPES = {
    "bowl": Landscape(
        "long bowl",
        lambda w: (w[0] ** 2 + 25 * w[1] ** 2) / 2,
        lambda w: np.array([w[0], 25 * w[1]]),
        (-6, 6, -1.8, 1.8),
        (5, 1),
        ((0, 0),),
        {"plain": 0.07, "momentum": 0.02, "adam": 0.3},
    ),
    "saddle": Landscape(
        "saddle",
        lambda w: (w[0] ** 2 - 1) ** 2 / 4 + 2 * w[1] ** 2,
        lambda w: np.array([w[0] ** 3 - w[0], 4 * w[1]]),
        (-2, 2, -1.2, 1.2),
        (0.01, 1),
        ((-1, 0), (1, 0)),
        {"plain": 0.1, "momentum": 0.02, "adam": 0.1},
    ),
    "ravine": Landscape(  # Rosenbrock 1960, with 10 in place of 100
        "bent ravine",
        lambda w: (1 - w[0]) ** 2 + 10 * (w[1] - w[0] ** 2) ** 2,
        lambda w: np.array([-2 * (1 - w[0]) - 40 * w[0] * (w[1] - w[0] ** 2), 20 * (w[1] - w[0] ** 2)]),
        (-2, 2, -1, 3),
        (-1.5, 2),
        ((1, 1),),
        {"plain": 0.01, "momentum": 0.005, "adam": 0.2},
    ),
}


class Point(Layer):
    """Two weights, for the library's optimizers to move."""

    def parameters(self) -> dict[str, Param]:
        return {"w": weight(1, 2)}


@dataclass(frozen=True)
class ValleyData:
    """Three paths through one landscape.

    Attributes:
        ground: its name in `LANDSCAPES`.
        start: (2,).
        rates: of each of `OPTIMIZERS`.
        beta1: Adam's, and the momentum.
        beta2: Adam's.
        paths: of each optimizer, (STEPS + 1, 2).
        losses: of each, (STEPS + 1,); inf or NaN where it has blown up.
    """

    ground: str
    start: tuple[float, float]
    rates: dict[str, float]
    beta1: float
    beta2: float
    paths: dict[str, Array]
    losses: dict[str, Array]

    def lost(self, name: str) -> int | None:
        """The first step at which an optimizer has blown up; None if it never does."""
        losses = self.losses[name]
        gone = ~(losses <= BLOWN * max(losses[0], 1))
        return int(gone.argmax()) if gone.any() else None


def rolled(
    gradient: Callable[[Array], Array],
    start: Sequence[float],
    name: str,
    rate: float,
    beta1: float,
    beta2: float,
) -> Array:
    """Where STEPS steps of one of the library's optimizers lead, (STEPS + 1, 2)."""
    parameters = Parameters([Point()], "float64")
    adam = Adam(parameters)
    for settings in adam.settings.values():
        settings.beta1, settings.beta2 = beta1, beta2
    optimizer = adam if name == "adam" else Descent(parameters, beta1 if name == "momentum" else 0.0)
    w, g = parameters.weights.flat, parameters.gradients.flat
    w[:] = start
    path = [w.copy()]
    with np.errstate(all="ignore"):  # a rate that is too high blows up, and shall be seen to
        for _ in range(STEPS):
            g[:] = gradient(w)
            if rate:
                optimizer.step(rate)
            path.append(w.copy())
    return np.array(path)


def valley_of(
    ground: str, start: Sequence[float] | None, rates: Mapping[str, float], beta1: float, beta2: float
) -> ValleyData:
    """Roll all three optimizers down a landscape."""
    land = LANDSCAPES[ground]
    first = (
        (float(land.start[0]), float(land.start[1])) if start is None else (float(start[0]), float(start[1]))
    )
    chosen = {**land.rates, **rates}
    paths = {name: rolled(land.gradient, first, name, chosen[name], beta1, beta2) for name in OPTIMIZERS}
    with np.errstate(all="ignore"):
        losses = {name: land.loss(path.T) for name, path in paths.items()}
    return ValleyData(ground, first, chosen, beta1, beta2, paths, losses)


class Valley(View):
    """The live valley; `valley` makes it."""

    name = "valley"
    title = "Valley: three ways down a loss of two weights"
    alone = True
    data: ValleyData

    @property
    def sentence(self) -> str:
        data = self.data

        def end(name: str) -> str:
            lost = data.lost(name)
            if not data.rates[name]:
                return f"{OPTIMIZERS[name]} rests"
            if lost is not None:
                return f"{OPTIMIZERS[name]} has blown up (at step {lost})"
            return f"{OPTIMIZERS[name]} has a loss of {data.losses[name][-1]:.3g}"

        start = ", ".join(f"{x:.3g}" for x in data.start)
        return f"After {STEPS} steps from ({start}): {'; '.join(map(end, OPTIMIZERS))}."

    def figure(self) -> Figure:
        data, land = self.data, LANDSCAPES[self.data.ground]

        def draw(figure: Any, axes: Any) -> None:
            plane, losses = axes
            x, y = np.meshgrid(np.linspace(*land.box[:2], 120), np.linspace(*land.box[2:], 90))
            grey = INKS["before"]
            plane.contour(x, y, land.loss(np.array([x, y])), levels=LINES, colors=grey, linewidths=0.6)
            for name, path in data.paths.items():
                kept = slice(0, data.lost(name))
                look = {"color": COLOURS[name], "label": OPTIMIZERS[name]}
                plane.plot(*path[kept].T, ".-", markersize=5, linewidth=1.5, **look)
                losses.semilogy(data.losses[name][kept], linewidth=2, **look)
            plane.plot(*np.array(land.lowest).T, "+", color=INKS["text"], markersize=9)
            plane.set(xlim=land.box[:2], ylim=land.box[2:], xlabel="w₀", ylabel="w₁")
            plane.set_title(f"{land.label}: grey lines join equal losses")
            losses.set(xlabel="step", ylabel="loss")
            losses.legend()

        return plot(draw, 11, 4, ncols=2, width_ratios=(3, 2))

    def table(self) -> Table:
        data = self.data
        steps = (0, 1, 2, 5, 10, 20, 40, STEPS)
        rows = [(step, *(f"{data.losses[name][step]:.3g}" for name in OPTIMIZERS)) for step in steps]
        return Table(("step", *(f"loss, {label}" for label in OPTIMIZERS.values())), rows)

    def state(self) -> dict[str, Any]:
        data = self.data
        return {
            "ground": data.ground,
            "start": data.start,
            "chosen": data.rates,
            "beta1": data.beta1,
            "beta2": data.beta2,
            "steps": STEPS,
            "blown": BLOWN,
            "nudge": 0.1,
            "optimizers": OPTIMIZERS,
            "grounds": {name: land.label for name, land in LANDSCAPES.items()},
            **{
                field: {name: getattr(land, attribute) for name, land in LANDSCAPES.items()}
                for field, attribute in (
                    ("starts", "start"),
                    ("boxes", "box"),
                    ("lowest", "lowest"),
                    ("rates", "rates"),
                )
            },
        }


def valley(
    ground: str = "bowl",
    start: Sequence[float] | None = None,
    *,
    plain: float | None = None,
    momentum: float | None = None,
    adam: float | None = None,
    beta1: float = 0.9,
    beta2: float = 0.999,
) -> Valley:
    """Three optimizers roll down a loss of two weights: drag the start, and change each one's rate.

    Plain descent and momentum are `optim.Descent`, Adam is `optim.Adam`. A rate at which the loss grows without end is
    shown as blown up.

    Args:
        ground: "bowl", (w0² + 25 w1²) / 2; "saddle", with a valley on each side; "ravine", which is bent.
        start: where all begin; by default, the landscape's own.
        plain, momentum, adam: their learning rates, 0 or more; by default, the landscape's own.
        beta1: of Adam, and the momentum; in [0, 1).
        beta2: of Adam; in [0, 1).

    Raises:
        TrainingError: an argument is out of range.
    """
    given = {"plain": plain, "momentum": momentum, "adam": adam}
    rates = {name: float(rate) for name, rate in given.items() if rate is not None}
    _check(ground in LANDSCAPES, "ground", f"one of {', '.join(LANDSCAPES)}", ground)
    if start is not None:
        good = np.shape(start) == (2,) and bool(np.isfinite(start).all())
        _check(good, "start", "two finite numbers", start)
    for name, rate in rates.items():
        _check(0 <= rate < np.inf, name, "a learning rate, 0 or more", rate)
    for name, beta in (("beta1", beta1), ("beta2", beta2)):
        _check(0 <= beta < 1, name, "a number from 0, below 1", beta)
    return Valley(valley_of(ground, start, rates, beta1, beta2))


def _check(good: bool, where: str, expected: str, got: object) -> None:
    if not good:
        raise TrainingError("an argument cannot be used", where=where, expected=expected, got=repr(got))
