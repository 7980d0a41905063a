"""What a clipping does to the gradients of a run, parameter by parameter and step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import TrainingError
from ...numerics import Array
from ...training import Training, TrainingConfig
from ..base import Table, View
from ..clippers import METHODS, SITES, clipper, described
from ..recorded import Gradient, at_logits, at_parameters, record
from ..style import ACCENT, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

ROUNDING = 0.05
"""Degrees: a smaller angle is taken as 0. In float32 a cosine is known to 1e-7, and cos(0.026°) is 1 - 1e-7."""


@dataclass(frozen=True)
class ClippingData:
    """S gradients of P parameters, and of the logits, under one clipping.

    Attributes:
        method, site, threshold: what was asked for, in the words of `clippers`.
        clipping: the same in words for people.
        names: P + 2: every parameter, "logits", and "all parameters".
        before, after: (P + 2, S) the norms of the gradients, >= 0.
        clipped: (P + 2, S) the fraction of the units that were made shorter, in [0, 1]; of "all parameters", 1 if any.
        angle: (P + 2, S) between the gradients before and after, in degrees.
    """

    method: str
    site: str
    threshold: float
    clipping: str
    names: tuple[str, ...]
    before: Array
    after: Array
    clipped: Array
    angle: Array

    @property
    def site_row(self) -> int:
        """The row that the clipping works on: that of all parameters, or that of the logits."""
        return -2 if self.site == "logits" else -1

    @property
    def fired(self) -> Array:
        """(S,) whether it made anything shorter."""
        return self.clipped[self.site_row] > 0


def clipping_of(
    names: Sequence[str], gradients: Sequence[Gradient], method: str, site: str, threshold: float
) -> ClippingData:
    """What a clipping does to recorded gradients of the parameters of those names.

    Raises:
        TrainingError: the threshold is not a finite number above 0.
    """
    chosen = clipper(method, threshold, site)
    clip = at_logits if site == "logits" else at_parameters
    effects = [clip(gradient, method, threshold) for gradient in gradients]
    before, after, products, clipped = (
        np.stack([getattr(effect, column) for effect in effects], axis=1)
        for column in ("before", "after", "products", "clipped")
    )
    before, after, products = (np.vstack([x, x[:-1].sum(axis=0)]) for x in (before, after, products))
    lengths = np.sqrt(before * after)
    cosine = np.divide(products, lengths, out=np.ones_like(products), where=lengths > 0)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return ClippingData(
        method=method,
        site=site,
        threshold=threshold,
        clipping=described(chosen),
        names=(*names, "logits", "all parameters"),
        before=np.sqrt(before),
        after=np.sqrt(after),
        clipped=np.vstack([clipped, clipped[:-1].max(axis=0) > 0]),
        angle=np.where(angle < ROUNDING, 0.0, angle),
    )


class ClippingView(View):
    """The live picture; `clipping` makes it."""

    name = "clipping"
    title = "Clipping: the gradients before and after"
    data: ClippingData

    def __init__(
        self, names: Sequence[str], gradients: Sequence[Gradient], method: str, site: str, threshold: float
    ):
        self.names, self.gradients = names, gradients
        super().__init__(clipping_of(names, gradients, method, site, threshold))

    @property
    def sentence(self) -> str:
        data, row = self.data, self.data.site_row
        steps, fired = data.fired.size, int(data.fired.sum())
        longest = data.before[row].max()
        of = "the logits" if data.site == "logits" else "all parameters"
        turned = data.angle[row].max()
        if not fired:
            more = f" It did turn the gradient, by up to {turned:.1f}°, for it centralizes." if turned else ""
            return (
                f"{data.clipping}: this clipper has never fired in {steps} steps; "
                f"the longest gradient of {of} had a norm of {longest:.3g}.{more}"
            )
        kept = np.median(data.after[row] / data.before[row])
        how = f"turned it by {turned:.1f}° at most" if turned else "did not turn it"
        return (
            f"{data.clipping}: it fired in {fired} of {steps} steps, "
            f"kept {kept:.1%} of the length of the gradient of {of} (median), and {how}."
        )

    def figure(self) -> Figure:
        data, row = self.data, self.data.site_row

        def draw(figure: Any, axes: Any) -> None:
            lines, bars = axes
            steps = np.arange(1, data.before.shape[1] + 1)
            lines.semilogy(steps, data.before[row], color=INKS["before"], label="before")
            lines.semilogy(steps, data.after[row], color=ACCENT, label="after", linewidth=2)
            lines.set_title(f"norm of the gradient: {data.names[row]}")
            lines.set_xlabel("step")
            lines.set_ylabel("norm")
            lines.legend()
            before, after = (np.median(norms, axis=1)[:-1] for norms in (data.before, data.after))
            rows = range(len(before))
            bars.hlines(rows, before, after, color=INKS["line"], linewidth=2)
            bars.scatter(before, rows, s=18, color=INKS["before"], zorder=2)
            bars.scatter(after, rows, s=18, color=ACCENT, zorder=3)
            bars.set_xscale("log")
            bars.set_yticks(rows, data.names[:-1], parse_math=False)
            bars.invert_yaxis()
            bars.set_xlabel("norm: grey before, blue after")
            bars.set_title("each parameter, the median of all steps")

        return plot(draw, 11, max(3.6, 0.19 * len(data.names) + 0.8), ncols=2)

    def table(self) -> Table:
        data = self.data
        headings = (
            "gradient of",
            "norm before",
            "after",
            "steps clipped",
            "units clipped",
            "widest angle, °",
        )
        rows = [
            (
                name,
                f"{np.median(data.before[i]):.3g}",
                f"{np.median(data.after[i]):.3g}",
                int((data.clipped[i] > 0).sum()),
                f"{data.clipped[i].mean():.0%}",
                f"{data.angle[i].max():.1f}",
            )
            for i, name in enumerate(data.names)
        ]
        return Table(headings, rows)

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "site_row": len(self.data.names) + self.data.site_row,
            "methods": METHODS,
            "sites": SITES,
        }

    def answer(self, question: dict[str, Any]) -> ClippingData:
        """The same gradients under another clipping."""
        method, site, threshold = (question[key] for key in ("method", "site", "threshold"))
        return clipping_of(self.names, self.gradients, method, site, threshold)


def clipping(
    llm: LLM,
    texts: Iterable[str],
    method: str = "l2",
    threshold: float = 1.0,
    site: str = "parameters",
    *,
    steps: int = 20,
    learning_rate: float = 5e-4,
    batch_size: int = 1,
) -> ClippingView:
    """The norms of all gradients before and after clipping, over the first steps of a run.

    A copy of the model learns from the texts without clipping, and its gradients are recorded, a few numbers for each
    unit. So every clipper is shown the same gradients, and the model itself stays as it is. Choose a parameter to see
    it step by step.

    "l2" is Pascanu et al. 2013, algorithm 1; "agc" is Brock et al. 2021, eq. 3, and "adaptive" centralizes before it
    (Yong et al. 2020, eq. 1). At the site "logits" it is what RustGPT does instead: see
    `optim.rustgpt.RustGPTLogitClipping`.

    Args:
        llm: where the run begins.
        texts: what it learns from, in this order.
        method: "l2", "agc" or "adaptive".
        threshold: a norm, or AGC's share of the norm of the weights; > 0.
        site: "parameters" or "logits".
        steps: 1 or more; one epoch at most is taken.
        learning_rate, batch_size: of the run.

    Raises:
        DataError: a text cannot be learned from.
        DivergenceError: the run ends before its steps are done.
        TrainingError: a number cannot be used, or a word is not one of these.
    """
    config = TrainingConfig(epochs=1, learning_rate=learning_rate, batch_size=batch_size)
    training = Training(llm.copy(), texts, config)
    _check(steps >= 1, "steps", "1 or more", steps)
    _check(method in METHODS, "method", f"one of {', '.join(METHODS)}", method)
    _check(site in SITES, "site", f"one of {', '.join(SITES)}", site)
    gradients = record(training, min(steps, training.total_steps))
    return ClippingView([*llm.parameters], gradients, method, site, threshold)


def _check(good: bool, where: str, expected: str, got: object) -> None:
    if not good:
        raise TrainingError("an argument cannot be used", where=where, expected=expected, got=repr(got))
