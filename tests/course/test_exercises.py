"""Every exercise: its solution passes, an unfilled one says "not yet", and every planted mistake is named."""

import pytest

from rustgpt_lab.course import check
from rustgpt_lab.course.exercise import Exercise, notebooks, of_notebook

EXERCISES = [exercise for number in notebooks() for exercise in of_notebook(number)[0]]
QUESTIONS = [question for number in notebooks() for question in of_notebook(number)[1]]
EACH = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
MISTAKES = [(exercise, place) for exercise in EXERCISES for place in range(len(exercise.mistakes))]


def answer(exercise: Exercise, function):
    """What the learner hands to `check`: the function, or the value that it returns."""
    return function if exercise.arguments else function()


@EACH
def test_the_solution_passes(exercise: Exercise) -> None:
    verdict = check(exercise.id, answer(exercise, exercise.solution))
    assert (verdict.status, verdict.message) == ("passed", "")


@EACH
def test_the_folded_solution_passes(exercise: Exercise) -> None:
    """The source as the notebook shows it, in the namespace of its module, is the solution."""
    namespace = dict(exercise.solution.__globals__)
    del namespace[exercise.name]
    exec(exercise.code, namespace)
    assert check(exercise.id, namespace[exercise.name])


@EACH
@pytest.mark.parametrize("unfilled", [None, ..., lambda *a: None, lambda *a: ..., lambda *a: ... + 1])
def test_an_unfilled_answer_is_not_yet(exercise: Exercise, unfilled) -> None:
    if not callable(unfilled) or exercise.arguments:
        assert check(exercise.id, unfilled).status == "not yet"


@pytest.mark.parametrize(("exercise", "place"), MISTAKES, ids=[f"{e.id}-{i}" for e, i in MISTAKES])
def test_the_mistake_is_named(exercise: Exercise, place: int) -> None:
    mistake = exercise.mistakes[place]
    verdict = check(exercise.id, answer(exercise, mistake.wrong))
    assert verdict.status == "wrong"
    assert mistake.message in verdict.message


@EACH
def test_is_complete(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 3
    assert len({mistake.message for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert len(exercise.hints) >= 2
    assert exercise.difficulty in ("easy", "medium", "hard")
    assert 1 <= exercise.minutes <= 30


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_every_choice_is_answered(question) -> None:
    assert set(question.choices) == set(question.because)
    assert len(question.choices) >= 2


@EACH
@pytest.mark.parametrize("wrong", [lambda *a: object(), lambda *a: (), lambda *a: 1 / 0, lambda: 1, "none"])
def test_whatever_is_wrong_is_diagnosed(exercise: Exercise, wrong) -> None:
    """Nothing that a learner hands in makes the check itself fail."""
    verdict = check(exercise.id, wrong)
    assert verdict.status == "wrong"
    assert verdict.message


def test_ids_are_unique() -> None:
    ids = [item.id for item in [*EXERCISES, *QUESTIONS]]
    assert len(set(ids)) == len(ids)
