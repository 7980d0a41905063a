"""A layer's backward pass against the truth: every number nudged, and the change of the loss measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...batch import Batch
from ...gradcheck import numerical_gradient
from ...numerics import Array
from ...parameters import walk
from ..base import Table, View
from ..style import INKS, colormap, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...layers import Layer

TOLERANCE = 1e-5
"""A greater relative difference counts as wrong: nudging in float64 errs by some 1e-9 of an array's largest entry."""

FLOOR = 1e-4
"""The share of an array's largest entry that the size of every entry is taken to be at least."""

NONE = 1e-5
"""What is smaller counts as no gradient, so that rounding does not look like a mistake where there is none."""

SIDE = 16
"""Rows and columns of an array that are nudged at most: its upper left corner."""

SEQUENCES = ((0, 1, 2), (1, 0))
"""The batch: two sequences of unequal length."""


@dataclass(frozen=True)
class Gradient:
    """One array's gradient, found in two ways, all (rows, columns).

    Attributes:
        name: "input" or the parameter's.
        shape: of the whole array; at most 16 rows and columns are checked.
        analytic: what the backward pass says.
        numerical: central differences, the truth.
        relative: |analytic - numerical| / (|analytic| + |numerical|), in [0, 1]; a size below 1e-4 of the largest
            counts as that, so that rounding does not look like a mistake.
    """

    name: str
    shape: tuple[int, ...]
    analytic: Array
    numerical: Array
    relative: Array

    @property
    def worst(self) -> tuple[int, int]:
        """The entry with the greatest relative difference; of several, the one with the greatest gradient."""
        relative = np.nan_to_num(self.relative, nan=1.0)
        equal = relative >= 0.999 * relative.max()
        row, column = np.unravel_index(np.where(equal, np.abs(self.numerical), -1).argmax(), equal.shape)
        return int(row), int(column)

    @property
    def right(self) -> bool:
        return bool(self.relative.max() <= TOLERANCE)  # False, too, if something is not a number


@dataclass(frozen=True)
class GradientCheckData:
    """The gradients of some layers.

    Attributes:
        layers: label -> the gradients of its input, if that is not ids, and of every parameter.
    """

    layers: dict[str, tuple[Gradient, ...]]


def gradient_check_of(layer: Layer, seed: int = 0) -> tuple[Gradient, ...]:
    """Check a copy of a layer in float64, with its own weights if it has some, else with random ones.

    The loss is a sum of all outputs, each with a random weight of its own.
    """
    rng = np.random.default_rng(seed)
    twin = layer.unbound().alone(seed)
    found: dict[str, tuple[Array, Array]] = {}  # name, inside the layer -> weights and their gradient
    for (place, copy), (_, original) in zip(walk([twin]), walk([layer]), strict=True):
        own = vars(original).get("p")
        for name, array in copy.p.items():
            array[...] = own[name] if own is not None else array + 0.3 * rng.normal(size=array.shape)
            found[f"{place}.{name}".removeprefix("0.")] = array, copy.g[name]
    words, positions = (getattr(twin, size, 9) for size in ("vocab_size", "max_seq_len"))
    batch = Batch([[i % words for i in ids[:positions]] for ids in SEQUENCES])
    x: Any = batch.ids if twin.d_in is None else rng.normal(size=(len(batch.ids), twin.d_in))
    y, cache = twin.forward(x, batch)
    weigh = rng.normal(size=y.shape)
    dx = twin.backward(weigh, cache, batch)

    def loss() -> float:
        return float((twin.forward(x, batch)[0] * weigh).sum())

    pairs: list[tuple[str, Array, Array]] = [] if twin.d_in is None else [("input", x, dx)]
    pairs += [(name, *arrays) for name, arrays in found.items()]
    return tuple(_compared(name, array, analytic, loss) for name, array, analytic in pairs)


def _compared(name: str, array: Array, analytic: Array, loss: Any) -> Gradient:
    corner = np.atleast_2d(array)[:SIDE, :SIDE]  # a window: nudging it nudges the array
    numerical = numerical_gradient(loss, corner)
    said = np.atleast_2d(analytic)[:SIDE, :SIDE].copy()
    size = np.abs(said) + np.abs(numerical)
    size = np.maximum(size, max(FLOOR * size.max(), NONE))
    return Gradient(name, array.shape, said, numerical, np.abs(said - numerical) / size)


class GradientCheck(View):
    """The live comparison; `gradient_check` makes it."""

    name = "gradient_check"
    title = "Gradient check: the backward pass against nudging"
    data: GradientCheckData

    def _first(self) -> tuple[str, Gradient]:
        """What is worst of all."""
        found = [(label, gradient) for label, gradients in self.data.layers.items() for gradient in gradients]
        return max(found, key=lambda pair: np.nan_to_num(pair[1].relative.max(), nan=np.inf))

    @property
    def sentence(self) -> str:
        label, gradient = self._first()
        total = sum(map(len, self.data.layers.values()))
        at = f"{label}, {gradient.name}{list(gradient.worst)}"
        if gradient.right:
            return f"All {total} gradients agree: the greatest relative difference is below {TOLERANCE:g}."
        wrong = [
            f"{label}: {g.name}"
            for label, gradients in self.data.layers.items()
            for g in gradients
            if not g.right
        ]
        said, truth = gradient.analytic[gradient.worst], gradient.numerical[gradient.worst]
        return (
            f"{len(wrong)} of {total} gradients wrong ({'; '.join(wrong)}). Worst at {at}: "
            f"the backward pass says {said:.4g}, nudging {truth:.4g}."
        )

    def figure(self) -> Figure:
        label, gradient = self._first()

        def draw(figure: Any, axes: Any) -> None:
            most = np.abs([gradient.analytic, gradient.numerical]).max()
            scale = {"cmap": colormap("diverging"), "vmin": -most, "vmax": most, "aspect": "auto"}
            for ax, name in zip(axes, ("analytic", "numerical"), strict=False):
                image = ax.imshow(getattr(gradient, name), **scale)
                ax.set_title(name)
            figure.colorbar(image, ax=axes[1])
            log = _log(gradient.relative)
            image = axes[2].imshow(log, cmap=colormap("sequential"), vmin=-10, vmax=0, aspect="auto")
            axes[2].set_title("relative difference, log10")
            figure.colorbar(image, ax=axes[2])
            for ax in axes:
                ax.tick_params(length=0)
                ax.locator_params(integer=True)
                ax.set_xlabel("column")
                ax.plot(*gradient.worst[::-1], "s", ms=11, mfc="none", mec=INKS["text"])
            axes[0].set_ylabel("row")
            figure.suptitle(
                f"{label}: gradient of {gradient.name}; the worst entry is marked", fontsize="medium"
            )

        return plot(draw, 11.5, 4, ncols=3)

    def table(self) -> Table:
        rows = [
            (
                label,
                g.name,
                "×".join(map(str, g.shape)),
                "right" if g.right else "wrong",
                str(list(g.worst)) if not g.right else "",
                f"{g.analytic[g.worst]:.4g}" if not g.right else "",
                f"{g.numerical[g.worst]:.4g}" if not g.right else "",
                f"{g.relative.max():.1g}" if not g.right else f"below {TOLERANCE:g}",
            )
            for label, gradients in self.data.layers.items()
            for g in gradients
        ]
        return Table(
            ("layer", "gradient of", "shape", "", "worst at", "analytic", "numerical", "relative"), rows
        )

    def state(self) -> dict[str, Any]:
        label, gradient = self._first()
        layers = {
            name: [
                {**vars(g), "right": g.right, "worst": g.worst, "log": _log(g.relative)} for g in gradients
            ]
            for name, gradients in self.data.layers.items()
        }
        return {"layers": layers, "first": [label, gradient.name]}


def _log(relative: Array) -> Array:
    """The decimal logarithm, in [-10, 0]; what is not a number counts as entirely wrong."""
    return np.log10(np.clip(np.nan_to_num(relative, nan=1.0), 1e-10, 1.0))


def gradient_check(layers: Layer | Mapping[str, Layer]) -> GradientCheck:
    """A layer's gradients side by side: what its backward pass says, what nudging finds, and how far they are apart.

    Nudging: every number is moved by 1e-5 up and down, and the loss is computed both times
    (`numerics.numerical_gradient`). It is slow, but it knows nothing of the backward pass, and so can judge it. The
    layer stays as it is: a copy in float64 is checked, on two sequences of three and two positions. Of a large array
    only the first 16 rows and columns are checked.

    Args:
        layers: a layer, of a model, or your own, with weights or without; or several by name, to be compared.
    """
    named = dict(layers) if isinstance(layers, Mapping) else {type(layers).__name__: layers}
    return GradientCheck(
        GradientCheckData({label: gradient_check_of(layer) for label, layer in named.items()})
    )
