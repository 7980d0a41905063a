"""What somebody was sure of, and wrong about, comes back two notebooks later in another form."""

from functools import partial
from typing import Any

from ..views.question import QuestionCard, QuestionData
from .card import Card
from .exercise import Again, Question, Sketch, notebooks, of_notebook, sketches_of
from .predictions import confident_miss, data_of, in_a_row, reason, said
from .record import progress

EMPTY = "What you are sure of, and wrong about, comes back two notebooks later, in another form."
SURE = "You were sure, and wrong. Here it is in another form."


def again(number: str) -> Card | QuestionCard:
    """Ask again what was missed with confidence, two notebooks before this one or earlier; one question at a time.

    Args:
        number: of this notebook, such as "05".
    """
    due = [(id, form) for id, form in _forms(number) if _is_due(id)]
    if not due:
        return Card("Nothing to come back to", [EMPTY], "good")
    return _card(*due[0], len(due) - 1)


def _forms(number: str) -> list[tuple[str, Again]]:
    """The second forms of all questions and sketches that are at least two notebooks older."""
    asked: list[Question | Sketch] = []
    for older in [earlier for earlier in notebooks() if earlier < number][:-1]:
        asked += [*of_notebook(older)[1], *sketches_of(older)]
    return [(item.id, item.again) for item in asked if item.again]


def _is_due(id: str) -> bool:
    return confident_miss(progress.answer(id)) and not progress.answer(_second(id))


def _second(id: str) -> str:
    return f"{id}.again"


def _card(id: str, form: Again, more: int) -> QuestionCard:
    question = Question(_second(id), form.text, form.choices, form.because)
    return QuestionCard(_data(question, form, more), partial(_keep, question, form, more), lambda: None)


def _keep(
    question: Question, form: Again, more: int, letter: str, confidence: float, why: str
) -> QuestionData:
    progress.predicted(question.id, letter, confidence, **reason(why))
    progress.revealed(question.id, form.truth)
    return _data(question, form, more)


def _data(question: Question, form: Again, more: int) -> QuestionData:
    kept = progress.answer(question.id)
    card = (
        _verdict(question, form, kept, more)
        if kept
        else Card(f"↻ {_first(question)} comes back", [SURE], "open")
    )
    choices = [f"{letter}: {text}" for letter, text in form.choices.items()]
    still = Card(card.title, [form.text, *choices, *card.lines], card.tone)
    return data_of(question, still, kept, in_a_row(card), open=not kept, asked=form.text)


def _first(question: Question) -> str:
    return question.id.removesuffix(".again")


def _verdict(question: Question, form: Again, kept: dict[str, Any], more: int) -> Card:
    lines = [said(question, kept), form.because[kept["choice"]]]
    right = kept["choice"] == form.truth
    if not right:
        lines.append(f"The answer is {form.truth}: {form.choices[form.truth]}. {form.because[form.truth]}")
    if more:
        lines.append(f"{more} more {'comes' if more == 1 else 'come'} back: run this cell again.")
    sign, verdict = ("✓", "right this time") if right else ("✗", "not yet")
    return Card(f"{sign} {_first(question)}, asked again: {verdict}", lines, "good" if right else "bad")
