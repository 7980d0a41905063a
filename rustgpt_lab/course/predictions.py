"""Predict first: an answer is committed before the notebook shows the truth, and is shown beside it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import ModelError
from ..views.question import QuestionCard, QuestionData
from .card import Card, Tone
from .compare import plain, show_value
from .exercise import Question, find_question
from .folding import Shown, folded, open_folded, opened, show_folded
from .record import progress

SURE = 80
"""Who was so sure, in percent, and wrong is asked again, see `coming_back.again`."""
COMES_BACK = "You were sure of it: so it comes back two notebooks later, in another form."


def predict(id: str, choice: Any = ..., confidence: Any = ..., why: str = "") -> QuestionCard:
    """Commit an answer to a question, by its buttons or by these arguments.

    It can be changed until it meets its truth; one that is given after the truth was opened is kept as that, and not
    counted among the predictions. What is no letter or no confidence is asked about, and not kept.
    An answer opens all that was folded until then.

    Args:
        id: the question, such as "03.q1".
        choice: the letter of your answer; `...` stands for "not yet".
        confidence: how sure you are, from 0 (a guess) to 100 (certain).
        why: your reason, if you like: it is shown beside the truth.

    Raises:
        ModelError: there is no such question.
    """
    question = find_question(id)
    if any(value is ... or value is None for value in (choice, confidence)):
        return _card(question, _so_far(question))
    choice, confidence = plain(choice), plain(confidence)
    letter = _key(choice)
    asked = [] if letter in question.choices else [_ask_for_letter(question, choice)]
    asked += _doubts(confidence)
    if asked:
        data = _data(question, Card(f"○ {id}: not kept yet", asked, "open"))
    else:
        data = _keep(question, letter, confidence, why)
    return _card(question, data)


def _card(question: Question, data: QuestionData) -> QuestionCard:
    return QuestionCard(data, partial(_keep, question), partial(progress.opened, question.id))


def _keep(question: Question, letter: str, confidence: float, why: str) -> QuestionData:
    progress.predicted(question.id, letter, confidence, **reason(why))
    open_folded(question.id)
    return _so_far(question)


def _so_far(question: Question) -> QuestionData:
    """A question, with the answer that is kept, if there is one."""
    id, kept = question.id, progress.answer(question.id)
    if not kept:
        letters = ", ".join(question.choices)
        lines = [
            "Run this cell to answer with the mouse or the arrow keys.",
            f"Or put a letter ({letters}) and a confidence (0 to 100) in place of the dots first.",
        ]
        card = Card(f"○ {id}: not answered yet", lines, "open")
        return _data(question, card, "Choose, move the slider, and keep your answer.")
    lines = [said(question, kept)]
    if "truth" in kept:
        lines.append("It has met its truth, so it stays.")
    return _data(question, Card(f"✓ {id}: your answer is kept", lines, "good"))


def _data(question: Question, card: Card, sentence: str = "") -> QuestionData:
    kept = progress.answer(question.id)
    return data_of(question, card, kept, sentence or in_a_row(card), open="truth" not in kept)


def data_of(
    question: Question, still: Card, kept: dict[str, Any], sentence: str, **more: Any
) -> QuestionData:
    """What a question's card shows: what was answered so far, a sentence, and the still picture."""
    return QuestionData(
        id=question.id,
        choices=question.choices,
        choice=kept.get("choice", ""),
        confidence=kept.get("confidence", 50),
        why=kept.get("why", ""),
        sentence=sentence,
        text=repr(still),
        html=still._repr_html_(),
        **more,
    )


def in_a_row(card: Card) -> str:
    """A card's title and lines as one text."""
    return " ".join((f"{card.title}.", *card.lines)).replace("`", "")


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
    """Show the truth beside what was predicted; folded, if nothing was.

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
    lines = [f"The answer is {truth}: {question.choices[truth]}", question.because[truth]]
    kept = progress.revealed(id, truth)
    if not kept:
        return FoldedCard(id, lines, partial(reveal, id, truth))
    lines.insert(0, said(question, kept))
    if kept["choice"] == truth:
        return RevealedCard(id, "✓", "you were right", lines, "good")
    lines.append(f"Why not {kept['choice']}? {question.because[kept['choice']]}")
    if question.again and confident_miss(kept):
        lines.append(COMES_BACK)
    return RevealedCard(id, "✗", "not what you thought", lines, "bad")


class RevealedCard(Card):
    """The truth about a question, beside what was predicted."""

    def __init__(self, id: str, sign: str, verdict: str, lines: list[str], tone: Tone):
        super().__init__(f"{sign} {id}: {verdict}", lines, tone)
        self._id = id

    def _repr_html_(self) -> str:
        return opened(self._id, super()._repr_html_())


class FoldedCard(Card):
    """The truth about a question, folded until that is answered; then the card that `again` gives takes its place."""

    def __init__(self, id: str, lines: list[str], again: Callable[[], Card]):
        super().__init__(f"○ {id}: not answered yet", lines, "open")
        self._id, self._again = id, again

    def _body_html(self) -> str:
        return folded(self._id, super()._body_html())

    def _ipython_display_(self) -> None:
        show_folded(self._id, _bundle(self), lambda: _bundle(self._again()))


def _bundle(card: Card) -> Shown:
    return {"text/html": card._repr_html_(), "text/plain": repr(card)}


def said(question: Question, kept: dict[str, Any]) -> str:
    """What was answered, how sure, and why."""
    answer = f"{kept['choice']}: {question.choices[kept['choice']]} ({kept['confidence']:.0f} % sure)"
    return " ".join([f"You said {answer}.", *beside(kept)])


def beside(kept: dict[str, Any]) -> list[str]:
    """What else there is to say of an answer: its reason, and that it came late."""
    why = [f"Your reason: “{kept['why']}”."] if "why" in kept else []
    return [*why, "You had opened the answer before."] if "opened" in kept else why


def reason(why: str) -> dict[str, str]:
    """A reason as it is kept: one line, if there is any."""
    line = " ".join(str(why).split())
    return {"why": line} if line else {}


def confident_miss(kept: dict[str, Any]) -> bool:
    """Whether an answer was sure, wrong, and given before its truth was opened."""
    met = "truth" in kept and "opened" not in kept
    return met and kept["choice"] != kept["truth"] and kept["confidence"] >= SURE
