"""Predict first: an answer is committed before the notebook shows the truth, and is shown beside it."""

from typing import Any

from ..errors import ModelError
from .card import Card
from .exercise import Question, find_question
from .record import progress


def predict(id: str, choice: Any = ..., confidence: Any = ...) -> Card:
    """Commit an answer to a question. It can be changed until its truth was revealed.

    Args:
        id: the question, such as "03.q1".
        choice: the letter of your answer; `...` stands for "not yet".
        confidence: how sure you are, from 0 (a guess) to 100 (certain).

    Raises:
        ModelError: there is no such question, choice or confidence.
    """
    question = find_question(id)
    if choice is ... or confidence is ...:
        letters = ", ".join(question.choices)
        lines = [
            f"Put a letter ({letters}) and a confidence (0 to 100) in place of the dots, and run this cell."
        ]
        return Card(f"○ {id}: not answered yet", lines, "open")
    if choice not in question.choices:
        raise ModelError(
            "no such answer", where="choice", expected=" or ".join(question.choices), got=repr(choice)
        )
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 100:
        raise ModelError(
            "not a confidence", where="confidence", expected="a number from 0 to 100", got=repr(confidence)
        )
    kept = progress.predicted(id, choice, confidence)
    lines = [_said(question, kept)]
    if kept.get("truth"):
        lines.append("The truth was revealed after that, so this answer stays.")
    return Card(f"✓ {id}: your answer is kept", lines, "good")


def reveal(id: str, truth: str) -> Card:
    """Show the truth beside what was predicted.

    Args:
        id: the question.
        truth: the letter of the right answer, as the notebook has just computed it.

    Raises:
        ModelError: there is no such question, or no such answer to it.
    """
    question = find_question(id)
    if truth not in question.choices:
        raise ModelError(
            "no such answer", where="truth", expected=" or ".join(question.choices), got=repr(truth)
        )
    kept = progress.revealed(id, truth)
    lines = [f"The answer is {truth}: {question.choices[truth]}", question.because[truth]]
    if kept is None:
        return Card(f"○ {id}: not answered beforehand", lines, "open")
    lines.insert(0, _said(question, kept))
    if kept["choice"] == truth:
        return Card(f"✓ {id}: you were right", lines, "good")
    return Card(
        f"✗ {id}: not what you thought",
        [*lines, f"Why not {kept['choice']}? {question.because[kept['choice']]}"],
        "bad",
    )


def _said(question: Question, kept: dict[str, Any]) -> str:
    return f"You said {kept['choice']}: {question.choices[kept['choice']]} ({kept['confidence']:.0f} % sure)"
