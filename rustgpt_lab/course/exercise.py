"""What an exercise and a question are, and where the course keeps them."""

import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from typing import Any, Literal

from ..errors import ModelError
from . import exercises


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what to tell them.

    Attributes:
        message: a clause that names the mistake: "this is the result without the division by √d".
        wrong: the answer that makes it: a function with the parameters of the exercise's solution.
    """

    message: str
    wrong: Callable[..., Any]


@dataclass(frozen=True)
class Exercise:
    """A task with all that a check of it needs.

    The answer is a function if `solution` has parameters: then both are called with every case and must
    agree. Else the answer is a value, and `solution()` is the right one.

    Attributes:
        id: notebook and number, such as "03.1"; it stays when an exercise moves to another notebook.
        hints: each more telling than the one before.
        solution: the right answer; the learner's has the same name, and the source of this one is folded away
            in the notebook.
        cases: makes the arguments to try, each case a tuple; the first should be small enough to read.
            Parameters with a default may be left out.
        mistakes: at least three, each of which differs from the solution and from the others on the cases.
        judge: for a task that several answers solve: takes what an answer gave, if it is not what the solution
            gives, and the case's arguments; returns "" or what is wrong with it. It may raise for what is no answer.
        parts: the names of the results, if there are several.
        no_loop: whether the task forbids loops.
        tolerance: the relative error that is still right.
    """

    id: str
    title: str
    difficulty: Literal["easy", "medium", "hard"]
    minutes: int
    hints: tuple[str, ...]
    solution: Callable[..., Any]
    mistakes: tuple[Mistake, ...]
    cases: Callable[[], Iterable[tuple[Any, ...]]] = lambda: [()]
    judge: Callable[..., str] | None = None
    parts: tuple[str, ...] = ()
    no_loop: bool = False
    tolerance: float = 1e-6

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the parameters, which a case fills in their order; none if the answer is a value."""
        return tuple(inspect.signature(self.solution).parameters)

    @property
    def name(self) -> str:
        """The name that the answer has in the notebook."""
        return self.solution.__name__

    @property
    def code(self) -> str:
        """The solution as it stands in the notebook: a function, or `name = value`."""
        source = textwrap.dedent(inspect.getsource(self.solution)).rstrip()
        if self.arguments:
            return source
        body = textwrap.dedent(source.partition("\n")[2])
        before, _, value = body.rpartition("return ")
        return f"{before}{self.name} = {value}"


@dataclass(frozen=True)
class Again:
    """A question in another form, for who was sure of an answer and wrong: it comes back two notebooks later.

    Attributes:
        text: the question, which needs nothing of its notebook.
        choices: letter -> what it stands for.
        truth: the letter of the right answer; a test computes it.
        because: letter -> what to say to someone who chose it.
    """

    text: str
    choices: Mapping[str, str]
    truth: str
    because: Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """A question to answer before the notebook shows the truth.

    Attributes:
        id: notebook and number, such as "03.q1".
        text: the question.
        choices: letter -> what it stands for.
        because: letter -> what to say to someone who chose it, once the truth is out.
        again: the same in another form.
    """

    id: str
    text: str
    choices: Mapping[str, str]
    because: Mapping[str, str]
    again: Again | None = None


@dataclass(frozen=True)
class Sketch:
    """Something to draw by hand before the notebook shows it.

    Attributes:
        id: notebook and number, such as "03.s1".
        text: what to draw.
        kind: "shares", a bar for each place, which sum to 1; or "curve", a number at each place.
        axes: what the places are, and what is drawn at each.
        places: the words under the bars, or the steps of the curve.
        because: what to say once the truth is out.
        again: a question about the same, in another form.
        high: where the axis of a curve ends; it begins at 0.
    """

    id: str
    text: str
    kind: Literal["shares", "curve"]
    axes: tuple[str, str]
    places: tuple[str, ...]
    because: str
    again: Again | None = None
    high: float = 1.0


def mixed_lines(solution: Callable[..., Any]) -> list[str]:
    """The lines of a solution, below its `def`, in a mixed order that is always the same."""
    lines = textwrap.dedent(inspect.getsource(solution).rstrip().partition("\n")[2]).splitlines()
    return sorted(lines, key=lambda line: sha256(line.encode()).digest())


def mixed_hint(id: str, solution: Callable[..., Any]) -> str:
    """The hint that shows them. `ordering.order` checks an order."""
    numbered = "\n".join(f"{i}  {line}" for i, line in enumerate(mixed_lines(solution), 1))
    text = "These are the lines of the solution, in a mixed order. Which order is right?"
    call = f'order("{id}", [3, 1, …])'
    ask = (
        f"In a new cell, `from rustgpt_lab.course import order`, then `{call}` with their numbers tells you."
    )
    return f"{text} {ask}\n\n```text\n{numbered}\n```"


def find_exercise(id: str) -> Exercise:
    """The exercise with this id.

    Raises:
        ModelError: there is none.
    """
    return _find(id, "EXERCISES", "exercise")


def find_question(id: str) -> Question:
    """The question with this id.

    Raises:
        ModelError: there is none.
    """
    return _find(id, "QUESTIONS", "question")


def find_sketch(id: str) -> Sketch:
    """The sketch with this id.

    Raises:
        ModelError: there is none.
    """
    return _find(id, "SKETCHES", "sketch")


def notebooks() -> list[str]:
    """The numbers of all notebooks with exercises or questions: "03", "06a", ..."""
    return sorted(module.name.removeprefix("nb") for module in pkgutil.iter_modules(exercises.__path__))


def of_notebook(number: str) -> tuple[list[Exercise], list[Question]]:
    """The exercises and the questions of a notebook, in their order there."""
    return _data(number, "EXERCISES"), _data(number, "QUESTIONS")


def sketches_of(number: str) -> list[Sketch]:
    """What is drawn by hand in a notebook, in its order there."""
    return _data(number, "SKETCHES")


Kind = Literal["EXERCISES", "QUESTIONS", "SKETCHES"]


def _data(number: str, kind: Kind) -> list[Any]:
    found: list[Any] = getattr(import_module(f"{exercises.__name__}.nb{number}"), kind, [])
    return found


def _find(id: str, kind: Kind, word: str) -> Any:
    number = str(id).partition(".")[0]
    known = [
        item
        for notebook in notebooks()
        for item in _data(notebook, kind)
        if item.id.partition(".")[0] == number  # 06.1 stands in notebook 06a
    ]
    for item in known:
        if item.id == id:
            return item
    numbers = dict.fromkeys(e.id.partition(".")[0] for n in notebooks() for e in of_notebook(n)[0])
    expected = ", ".join(item.id for item in known) or f"a number from {', '.join(numbers)}, a dot, and so on"
    raise ModelError(f"the course has no such {word}", where="id", expected=expected, got=repr(id))
