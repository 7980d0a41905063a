"""A circuit is born: the loss, and what the heads look at, over the steps of a run that can be gone back to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...numerics import Array
from ..base import Table, View
from ..packing import Quantised
from ..style import ACCENT, CATEGORIES, colormap, plot, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM
    from ...training import TrainingSession

PUSH_EVERY = 0.4
"""Seconds at least between two pictures while a run goes on."""

CLEAR = 0.3
"""A head has become an induction head only if it gives this much of its attention to what came next the first time."""


@dataclass(frozen=True)
class Growth:
    """A run of a model with L layers of H heads, measured at n moments.

    Attributes:
        step: (n,) steps taken, rising.
        loss: (n,) in nats, on the words that follow from those before.
        share: (n,) of these words that the model says, in [0, 1].
        induction, previous: (n, L, H), in [0, 1]; see `course.circuits.HeadScores`.
    """

    step: NDArray[np.integer]
    loss: Array
    share: Array
    induction: Array
    previous: Array

    @property
    def strongest(self) -> tuple[int, int]:
        """The layer and head, from 0, with the highest induction score at the end."""
        last = self.induction[-1]
        layer, head = np.unravel_index(int(last.argmax()), last.shape)
        return int(layer), int(head)

    @property
    def appears(self) -> int | None:
        """The first of the n moments at which the strongest head has half of its last score; None if that is low."""
        layer, head = self.strongest
        score = self.induction[:, layer, head]
        return int((score >= score[-1] / 2).argmax()) if score[-1] >= CLEAR else None


class Run(Protocol):
    """What the picture needs of a run: one that was recorded, or one that goes on."""

    @property
    def growth(self) -> Growth:
        """What was measured so far."""

    @property
    def place(self) -> int:
        """The steps that the model has taken."""

    @property
    def session(self) -> TrainingSession | None:
        """Of a run that can go on."""

    @property
    def text(self) -> str:
        """In which words come again, to look at."""

    def hold(self) -> AbstractContextManager[LLM]:
        """The model, of which no step is under way meanwhile."""

    def go_to(self, step: int) -> None:
        """Take the model to a moment that was measured."""


@dataclass(frozen=True)
class CircuitData:
    """A run at one moment.

    Attributes:
        growth: what was measured so far.
        place: the steps that the model has taken.
        total: that it will have taken.
        state: of the session, or "recorded".
        words: the T words of a text.
        head: the layer and head whose weights are shown, from 0.
        weights: (T, T) of that head, now.
    """

    growth: Growth
    place: int
    total: int
    state: str
    words: tuple[str, ...]
    head: tuple[int, int]
    weights: Array


def circuit_of(run: Run) -> CircuitData:
    """Read a run; it may be under way."""
    with run.hold() as llm:
        growth, place = run.growth, run.place
        layer, head = growth.strongest
        maps = [array for name, array in llm.trace(run.text).items() if name.endswith(".weights")]
        words = tuple(llm.vocab.pieces(llm.tokenize(run.text)))
    session = run.session
    total = session.training.total_steps if session else int(growth.step[-1])
    state = str(session.state) if session else "recorded"
    return CircuitData(growth, place, total, state, words, (layer, head), maps[layer][head])


class Circuit(View):
    """The live picture; `circuit` makes it."""

    name = "circuit"
    title = "Circuit: the moment at which heads learn to continue"
    data: CircuitData

    def __init__(self, run: Run):
        self.run = run
        self._pushed = -np.inf
        super().__init__(circuit_of(run))
        if run.session:
            run.session.on_change(self._changed)  # which does not keep this view alive

    @property
    def sentence(self) -> str:
        data, growth = self.data, self.data.growth
        if growth.step[-1] == 0:
            return "Nothing has been learned yet: press Start."
        now = int(np.searchsorted(growth.step, data.place, side="right")) - 1
        told = f"Step {growth.step[now]:,}: a loss of {growth.loss[now]:.2f}, {growth.share[now]:.0%} right."
        if growth.appears is None:
            return f"{told} No head has a clear induction score yet."
        (layer, head), born = growth.strongest, growth.step[growth.appears]
        score = growth.induction[-1, layer, head]
        return (
            f"{told} Head {head + 1} of layer {layer + 1} comes to an induction score of {score:.2f}, and has half of "
            f"it at step {born:,}."
        )

    def twin(self) -> dict[str, str]:
        with self.lock:
            self.data = circuit_of(self.run)
        return super().twin()

    def figure(self) -> Figure:
        data, growth = self.data, self.data.growth
        layers, heads = growth.induction.shape[1:]

        def draw(figure: Any, axes: Any) -> None:
            loss, score, look = axes
            loss.plot(growth.step, growth.loss, color=ACCENT, linewidth=2, marker="o", markersize=3)
            loss.set(xlabel="step", ylabel="loss, in nats", ylim=(0, None))
            for name, values, colour in (
                ("induction", growth.induction, ACCENT),
                ("the word before", growth.previous, CATEGORIES[1]),
            ):
                for layer, head in np.ndindex(layers, heads):
                    score.plot(growth.step, values[:, layer, head], color=colour, alpha=0.6, linewidth=1.2)
                score.plot([], [], color=colour, label=name)
            score.set(xlabel="step", ylabel="score of each head", ylim=(0, 1))
            score.legend(loc="upper left")
            if growth.appears is not None:
                for ax in (loss, score):
                    ax.axvline(growth.step[growth.appears], color=ACCENT, linewidth=1, linestyle=":")
            seen = np.where(np.tri(len(data.words), dtype=bool), data.weights, np.nan)
            look.imshow(seen, cmap=colormap("sequential"), vmin=0, vmax=1)
            words = [*map(shortened, data.words)]
            look.set_xticks(range(len(words)), words, rotation=90, parse_math=False)
            look.set_yticks(range(len(words)), words, parse_math=False)
            look.tick_params(length=0)
            look.spines[:].set_visible(False)
            layer, head = data.head
            look.set_title(f"layer {layer + 1}, head {head + 1}, step {data.place}")

        return plot(draw, 13, 5, ncols=3, width_ratios=[1, 1, 1.25])

    def table(self) -> Table:
        growth = self.data.growth
        names = [f"layer {layer + 1}" for layer in range(growth.induction.shape[1])]
        rows = [
            (int(step), f"{loss:.2f}", f"{share:.2f}", *(f"{x:.2f}" for x in (*best, *before)))
            for step, loss, share, best, before in zip(
                growth.step,
                growth.loss,
                growth.share,
                growth.induction.max(axis=-1),
                growth.previous.max(axis=-1),
                strict=True,
            )
        ]
        heads = [*(f"induction, {name}" for name in names), *(f"the word before, {name}" for name in names)]
        return Table(("step", "loss", "right", *heads), rows)

    def state(self) -> dict[str, Any]:
        data, growth = self.data, self.data.growth
        layers, heads = growth.induction.shape[1:]
        return {
            "rows": np.stack([growth.step, growth.loss, growth.share], axis=1).astype(float),
            "induction": growth.induction.reshape(len(growth.step), -1),
            "previous": growth.previous.reshape(len(growth.step), -1),
            "layers": layers,
            "heads": heads,
            "appears": growth.appears,
            "place": data.place,
            "total": data.total,
            "state": data.state,
            "words": data.words,
            "head": data.head,
            "weights": Quantised.of(data.weights, 0.0, 1.0),
        }

    def answer(self, question: dict[str, Any]) -> CircuitData:
        """Do what a control asks for: {"do": its name, ...}. "show" asks for no more than the whole picture."""
        session = self.run.session
        match question:
            case {"do": "go", "step": step}:
                self.run.go_to(step)
            case {"do": "start" | "pause" as what} if session:
                getattr(session, what)()
            case {"do": "start" | "pause"}:
                raise TrainingError("this run was recorded, and is over", remedy="Go to a moment of it.")
        return circuit_of(self.run)

    def _changed(self, session: TrainingSession) -> None:
        """Hear of a change, mostly in the session's thread, between two steps."""
        now = perf_counter()
        if "widget" not in vars(self) or (session.running and now - self._pushed < PUSH_EVERY):
            return
        if not self.lock.acquire(blocking=False):
            return  # a question is being answered, which shows all; and it may wait for this very thread
        try:
            self._pushed = now
            self.data = circuit_of(self.run)
            self.widget.show()
        finally:
            self.lock.release()


def circuit(run: Run) -> Circuit:
    """Watch heads learn to continue what came before: the loss falls off its cliff, and scores say which heads do it.

    The slider goes over the moments that were measured; "Go to it" takes the model itself there, and the map shows
    what the strongest head looks at then. A run that is not over can be started and paused.

    The circuit counts as there from the first moment at which the head that is the strongest in the end has half of
    its last induction score (Olsson et al. 2022).

    Args:
        run: a recording, or a run that goes on: `course.induction.recorded()` or `course.induction.grow()`.
    """
    return Circuit(run)
