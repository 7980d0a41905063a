"""What may look on while a model learns: callbacks, and the progress bar, which is one."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import Training


class Callback:
    """Override what you need. The model may be read and saved in each method: no step is under way."""

    def on_start(self, training: Training) -> None:
        """Before the first step."""

    def on_step(self, training: Training) -> None:
        """After every step; `training.state` tells its loss, `training.epoch_ended` if it closed an epoch."""

    def on_end(self, training: Training) -> None:
        """After the last step, however it came to be the last: also after an interrupt or an error."""


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
