"""Predict first: an answer is committed before the notebook shows the truth, and is shown beside it."""

from typing import Any

from ..errors import ModelError
from .card import Card
from .compare import plain, show_value
from .exercise import Question, find_question
from .record import progress


def predict(id: str, choice: Any = ..., confidence: Any = ...) -> Card:
    """Commit an answer to a question. It can be changed until its truth is revealed.

    What is no letter or no confidence is asked about, and not kept. An answer that is given only after the
    truth was revealed is kept as such, and does not count.

    Args:
        id: the question, such as "03.q1".
        choice: the letter of your answer; `...` stands for "not yet".
        confidence: how sure you are, from 0 (a guess) to 100 (certain).

    Raises:
        ModelError: there is no such question.
    """
    question = find_question(id)
    if any(value is ... or value is None for value in (choice, confidence)):
        letters = ", ".join(question.choices)
        lines = [
            f"Put a letter ({letters}) and a confidence (0 to 100) in place of the dots, and run this cell."
        ]
        return Card(f"○ {id}: not answered yet", lines, "open")
    choice, confidence = plain(choice), plain(confidence)
    letter = _key(choice)
    asked = [] if letter in question.choices else [_ask_for_letter(question, choice)]
    asked += _doubts(confidence)
    if asked:
        return Card(f"○ {id}: not kept yet", asked, "open")
    kept = progress.predicted(id, letter, confidence)
    lines = [_said(question, kept)]
    if kept.get("late"):
        lines.append("The truth was revealed before that, so this answer does not count.")
    elif "truth" in kept:
        lines.append("The truth was revealed after that, so this answer stays.")
    return Card(f"✓ {id}: your answer is kept", lines, "good")


def _key(value: Any) -> str:
    """What counts of a text: not its case, nor spaces, quotes, dots and brackets around it."""
    return str(value).strip(" \t\n\"'`*.:()[]").lower()


def _ask_for_letter(question: Question, choice: Any) -> str:
    """What to say to a choice that is no letter of the question's: its number, its text, or something else."""
    key, choices = _key(choice), enumerate(question.choices.items(), 1)
    meant = [letter for n, (letter, text) in choices if key == str(n) or _key(text).startswith(key)]
    known = f"expected one of {', '.join(question.choices)}."
    guess = f"did you mean `{meant[0]!r}`?" if len(meant) == 1 else known
    return f"The choice is a letter in quotes, and {show_value(choice)} is none: {guess}"


def _doubts(confidence: Any) -> list[str]:
    """What to ask about a confidence; nothing if it is one."""
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 100:
        return [f"The confidence is a number from 0 to 100, without quotes; got {show_value(confidence)}."]
    if 0 < confidence <= 1:
        meant = f"did you mean {100 * confidence:.3g}?"
        return [f"The confidence is counted from 0 to 100, and {confidence:g} is next to none: {meant}"]
    return []


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
    if "choice" not in kept:
        return Card(f"○ {id}: not answered beforehand", lines, "open")
    lines.insert(0, _said(question, kept))
    if kept.get("late"):
        return Card(f"○ {id}: answered after this was shown", lines, "open")
    if kept["choice"] == truth:
        return Card(f"✓ {id}: you were right", lines, "good")
    return Card(
        f"✗ {id}: not what you thought",
        [*lines, f"Why not {kept['choice']}? {question.because[kept['choice']]}"],
        "bad",
    )


def _said(question: Question, kept: dict[str, Any]) -> str:
    return f"You said {kept['choice']}: {question.choices[kept['choice']]} ({kept['confidence']:.0f} % sure)"
