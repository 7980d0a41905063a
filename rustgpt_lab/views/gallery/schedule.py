"""A learning-rate schedule to be drawn: warm-up, decay and what is left, and the code that makes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from ...errors import TrainingError
from ...numerics import Array
from ...optim.schedule import WarmupCosine
from ..base import Table, View
from ..style import ACCENT, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ScheduleData:
    """A schedule over a run.

    Attributes:
        last: steps of the run.
        learning_rate: the full rate.
        schedule: what multiplies it.
    """

    last: int
    learning_rate: float
    schedule: WarmupCosine

    @property
    def rates(self) -> Array:
        """The rates of all steps, (last,)."""
        return self.schedule.rates(self.last, self.learning_rate)

    @property
    def code(self) -> str:
        """The Python that makes the schedule."""
        s = self.schedule
        floor = f", floor={s.floor:g}" if s.floor else ""
        return f"WarmupCosine(warmup={s.warmup}, steps={s.steps}{floor})"


class Designer(View):
    """The live designer; `schedule` makes it."""

    name = "schedule"
    title = "Schedule: what becomes of the learning rate"
    alone = True
    data: ScheduleData

    @property
    def sentence(self) -> str:
        s, rate = self.data.schedule, self.data.learning_rate
        climb = (
            f"The rate climbs to {rate:.4g} at step {s.warmup}"
            if s.warmup
            else f"The rate begins at {rate:.4g}"
        )
        return f"{climb}, falls to {rate * s.floor:.4g} at step {s.steps}, and stays there."

    def figure(self) -> Figure:
        data = self.data

        def draw(figure: Any, ax: Any) -> None:
            ax.plot(range(1, data.last + 1), data.rates, color=ACCENT, linewidth=2.5)
            s = data.schedule
            corners = [data.learning_rate, data.learning_rate * s.floor]
            ax.plot([max(s.warmup, 1), s.steps], corners, "o", color=ACCENT)
            ax.set(xlabel="step", ylabel="learning rate", ylim=(0, None), title=f"schedule={data.code}")

        return plot(draw, 9, 3.5)

    def table(self) -> Table:
        data, s = self.data, self.data.schedule
        steps = sorted({1, max(s.warmup, 1), (s.warmup + s.steps) // 2 or 1, s.steps, data.last})
        return Table(("step", "learning rate"), [(step, float(data.rates[step - 1])) for step in steps])

    def state(self) -> dict[str, Any]:
        return {**vars(self.data), "schedule": asdict(self.data.schedule)}


def schedule(
    steps: int = 100,
    learning_rate: float = 0.001,
    *,
    warmup: int | None = None,
    decay: int | None = None,
    floor: float = 0.1,
) -> Designer:
    """Draw a schedule by its two corners; below it stands the code for `train(..., schedule=...)`.

    Args:
        steps: of the run, 2 or more.
        learning_rate: the full rate, above 0.
        warmup: the step at which the rate is full; by default, after a tenth of the run.
        decay: the step at which it reaches its floor; by default, the last.
        floor: the share that is left then, in [0, 1].

    Raises:
        TrainingError: a number is out of range.
    """
    if steps < 2 or not (isfinite(learning_rate) and learning_rate > 0):
        expected, got = "2 steps or more, a rate above 0", f"steps={steps}, learning_rate={learning_rate}"
        raise TrainingError("a number of a schedule is out of range", expected=expected, got=got)
    end = steps if decay is None else decay
    chosen = WarmupCosine(steps // 10 if warmup is None else warmup, end, floor)
    if end > steps:
        raise TrainingError(
            "the decay ends after the run", where="decay", expected=f"at most {steps}", got=end
        )
    return Designer(ScheduleData(steps, learning_rate, chosen))
