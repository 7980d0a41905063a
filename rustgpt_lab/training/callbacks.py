"""What may look on while a model learns: callbacks, and the progress bar, which is one."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import Training


class Callback:
    """Override what you need. The model may be read and saved in each method: no step is under way."""

    def on_start(self, training: Training) -> None:
        """Before the first step."""

    def on_step(self, training: Training) -> None:
        """After every step; `training.state` tells its loss, `training.epoch_ended` if it closed an epoch."""

    def on_rewind(self, training: Training) -> None:
        """After a session went back to an earlier step; what came after that step counts no more."""

    def on_end(self, training: Training) -> None:
        """After the last step, however it came to be the last: also after an interrupt or an error.

        Whoever was told of the start is told of the end, even if its own `on_start` raised an error.
        """


class Audience:
    """The callbacks of a run: each that was told of the start is told of the end, whatever any of them raises."""

    def __init__(self, callbacks: Sequence[Callback], training: Training):
        self._callbacks, self._training = list(callbacks), training
        self._listening: list[Callback] = []

    def start(self) -> None:
        """Tell all that it begins, unless they know."""
        if not self._listening:
            for callback in self._callbacks:
                self._listening.append(callback)
                callback.on_start(self._training)

    def step(self) -> None:
        """Tell all of a step. If one of them ends the run, the list is empty, and those behind it hear no more."""
        for callback in self._listening:
            callback.on_step(self._training)

    def rewind(self) -> None:
        """Tell all that the run went back."""
        for callback in self._listening:
            callback.on_rewind(self._training)

    def end(self, error: BaseException | None = None) -> BaseException | None:
        """Tell all that it is over, the last one first.

        Args:
            error: what ended the run, if something did.

        Returns:
            `error`, or else the first that a callback raised now; those that came after it are its notes.
        """
        while self._listening:
            callback = self._listening.pop()
            try:
                callback.on_end(self._training)
            except BaseException as another:
                if error is None:
                    error = another
                else:
                    error.add_note(f"Then {type(callback).__name__}.on_end raised {another!r}.")
        return error

    def __enter__(self) -> Audience:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        first = self.end(error)
        if first is not None and first is not error:
            raise first


class Progress(Callback):
    """A bar (tqdm) in a terminal or a notebook: steps, loss, words learned from per second.

    Args:
        every: seconds between two refreshments.
    """

    def __init__(self, every: float = 0.2):
        self.every = every

    def on_start(self, training: Training) -> None:
        from tqdm.auto import tqdm

        self._bar: Any = tqdm(total=training.total_steps, unit="step", smoothing=0)
        self._shown, self._tokens = perf_counter(), training.state.tokens

    def on_step(self, training: Training) -> None:
        if perf_counter() - self._shown >= self.every:
            self._show(training)

    def on_end(self, training: Training) -> None:
        self._show(training)
        self._bar.close()

    def _show(self, training: Training) -> None:
        now, state, bar = perf_counter(), training.state, self._bar
        speed = (state.tokens - self._tokens) / (now - self._shown)
        bar.total = training.total_steps
        bar.set_description(
            f"epoch {min(state.epoch + 1, training.config.epochs)}/{training.config.epochs}", refresh=False
        )
        bar.set_postfix_str(f"loss {training.state.loss:.3f}, {speed:,.0f} tokens/s", refresh=False)
        bar.n = state.steps
        bar.refresh()
        self._shown, self._tokens = now, state.tokens
