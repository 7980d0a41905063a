"""A question with its choices as buttons, and a slider for how sure one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .base import SWAP, View


@dataclass(frozen=True)
class QuestionData:
    """A question, and what was answered so far.

    Attributes:
        id: of the question.
        choices: letter -> what it stands for; code stands between backticks.
        choice: the letter that was chosen, or "".
        confidence: how sure the learner is, from 0 to 100.
        why: their reason, or "".
        open: whether the answer may still change.
        sentence: what there is to say about that, below the buttons.
        text: the same where there are no buttons.
        html: and as HTML.
        asked: the question, where no cell above asks it.
    """

    id: str
    choices: Mapping[str, str]
    choice: str
    confidence: float
    why: str
    open: bool
    sentence: str
    text: str
    html: str
    asked: str = ""


class QuestionCard(View):
    """The buttons and the slider.

    Args:
        data: the question, and what was answered so far.
        keep: takes a letter, a confidence and a reason, keeps them, and gives the new data.
        opened: is told when the answer is opened before there is one.
    """

    name = "question"
    title = "Predict first"
    data: QuestionData

    def __init__(
        self, data: QuestionData, keep: Callable[[str, float, str], QuestionData], opened: Callable[[], None]
    ):
        super().__init__(data)
        self._keep, self._opened = keep, opened

    @property
    def sentence(self) -> str:
        return self.data.sentence

    def state(self) -> dict[str, Any]:
        data = self.data
        return {
            "id": data.id,
            "choices": dict(data.choices),
            "choice": data.choice,
            "confidence": data.confidence,
            "why": data.why,
            "open": data.open,
            "asked": data.asked,
        }

    def answer(self, question: dict[str, Any]) -> QuestionData:
        """Keep an answer, {choice, confidence, why}; or that the truth was opened, {opened: true}."""
        if "opened" in question:
            self._opened()
            return self.data
        return self._keep(question["choice"], question["confidence"], question.get("why", ""))

    def twin(self) -> dict[str, str]:
        return {
            "text/plain": self.data.text,
            "text/html": f'{SWAP}<div class="rl-twin">{self.data.html}</div>',
        }

    def __repr__(self) -> str:
        return self.data.text
