"""Induction heads are born, recorded or live: a model of heads alone learns to continue what came before."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from ..llm import LLM
from ..numerics import Array
from ..training import Callback, Training, TrainingSession
from ..views.gallery.circuit import Growth
from .circuits import LETTERS, ability, attention_only, head_scores, repeats

TASK = repeats()
D, BATCH, RATE = 32, 32, 2e-3
STEPS = 500
EVERY = 20
"""Steps between two measurements."""

TEXT = " ".join(2 * LETTERS[3:64:6])
"""Different words that come twice, to look at."""

Row = tuple[float, float, Array, Array]


def new_model(seed: int = 0) -> LLM:
    """Two layers of four heads, and nothing else."""
    return attention_only(TASK, d=D, seed=seed)


def texts(seed: int, steps: int = STEPS) -> list[str]:
    """What a run of so many steps learns from; none is seen twice."""
    return TASK.texts(BATCH * steps, seed)


def measured(llm: LLM) -> Row:
    """Loss and share on texts of other seeds, and the scores of the heads, induction and previous."""
    able, scores = ability(llm, TASK), head_scores(llm)
    return able.loss, able.share, scores.induction, scores.previous


def growth_of(steps: list[int], rows: list[Row]) -> Growth:
    """Measurements at some steps, as arrays."""
    loss, share, induction, previous = zip(*rows, strict=True)
    return Growth(np.array(steps), np.array(loss), np.array(share), np.array(induction), np.array(previous))


class Watch(Callback):
    """Measures a run at its start and every few steps."""

    def __init__(self, llm: LLM):
        self._rows = {0: measured(llm)}

    def on_step(self, training: Training) -> None:
        if training.state.steps % EVERY == 0:
            self._rows[training.state.steps] = measured(training.llm)

    def until(self, place: int) -> Growth:
        """What was measured up to a step; after a rewind, what came later is measured again."""
        steps = sorted(step for step in [*self._rows] if step <= place)
        return growth_of(steps, [self._rows[step] for step in steps])


class Growing:
    """A run that goes on when it is told to; `grow` makes it.

    Attributes:
        session: its `TrainingSession`.
        text: words that come twice.
    """

    text = TEXT

    def __init__(self, seed: int, steps: int):
        llm = new_model(seed)
        self._watch = Watch(llm)
        self.session = TrainingSession(
            llm, texts(seed, steps), 1, RATE, batch_size=BATCH, callbacks=[self._watch]
        )

    @property
    def llm(self) -> LLM:
        """The model, as it is now."""
        return self.session.training.llm

    @property
    def growth(self) -> Growth:
        return self._watch.until(self.place)

    @property
    def place(self) -> int:
        return self.session.training.state.steps

    def hold(self) -> AbstractContextManager[LLM]:
        return self.session.hold()

    def go_to(self, step: int) -> None:
        """Rewind to a step; what came after it is forgotten."""
        self.session.rewind(step)


class Recorded:
    """A run that is over, of which every measured moment was kept; `recorded` reads it.

    Attributes:
        growth: what was measured, of the very weights that are kept.
        text: words that come twice.
    """

    text, session = TEXT, None

    def __init__(self, growth: Growth, weights: NDArray[np.float16]):
        self.growth, self._weights = growth, weights
        self._llm = new_model()
        self.go_to(int(growth.step[-1]))

    @property
    def llm(self) -> LLM:
        """The model, as it was at `place`: a copy, so that nothing is lost."""
        return self._llm.copy()

    @contextmanager
    def hold(self) -> Iterator[LLM]:
        yield self._llm

    def go_to(self, step: int) -> None:
        """Take the model to a step, back or forth.

        Raises:
            TrainingError: nothing was kept of it.
        """
        [places] = np.nonzero(self.growth.step == step)
        if not len(places):
            expected = f"a multiple of {EVERY} up to {self.growth.step[-1]}"
            raise TrainingError("this moment was not kept", where="step", expected=expected, got=step)
        self._llm.parameters.flat[:] = self._weights[places[0]]
        self.place = step

    def save(self) -> bytes:
        """The whole recording as a file of NumPy's, without pickles."""
        file = io.BytesIO()
        np.savez_compressed(file, weights=self._weights, **vars(self.growth))
        return file.getvalue()

    @classmethod
    def read(cls, data: bytes) -> Recorded:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            growth = Growth(*(file[name] for name in ("step", "loss", "share", "induction", "previous")))
            return cls(growth, file["weights"])


def record(seed: int = 0, steps: int = STEPS) -> Recorded:
    """Train a model and keep it every few steps, in half precision; what is measured is what is kept."""
    run = Growing(seed, steps)
    twin, rows, weights = new_model(), [], []
    places = [*range(0, steps + 1, EVERY)]
    for place in places:
        run.session.step(place - run.place)
        weights.append(run.llm.parameters.flat.astype(np.float16))
        twin.parameters.flat[:] = weights[-1]
        rows.append(measured(twin))
    return Recorded(growth_of(places, rows), np.stack(weights))


def recorded() -> Recorded:
    """The recording that ships with the course, made by `python3 -m tests.course.induction_recording`."""
    file = resources.files("rustgpt_lab") / "data" / "induction.npz"
    return Recorded.read(file.read_bytes())


def grow(seed: int = 1, steps: int = STEPS) -> Growing:
    """A run of one's own, at its beginning.

    >>> run = grow(steps=20)
    >>> run.place, len(run.growth.step), run.growth.appears
    (0, 1, None)
    """
    return Growing(seed, steps)
