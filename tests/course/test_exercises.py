"""Every exercise: its solution passes, an unfilled one says "not yet", and every planted mistake is named."""

import copy

import numpy as np
import pytest

from rustgpt_lab.course import check
from rustgpt_lab.course.exercise import Exercise, notebooks, of_notebook
from rustgpt_lab.course.my_file import KEPT

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
    kept = f"Your `{exercise.name}` is now in my_gpt.py." if exercise.id in KEPT else ""
    assert (verdict.status, verdict.message) == ("passed", kept)


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


class Rubbish:
    """An object that fails at everything."""

    def fail(self, *a, **b):
        raise RuntimeError("no")

    __repr__ = __eq__ = __len__ = __iter__ = __array__ = __getitem__ = fail
    __hash__ = None


def nested_in_itself(*a):
    found = []
    found.append(found)
    return found


@EACH
@pytest.mark.parametrize(
    "wrong",
    [
        lambda *a: Rubbish(),
        nested_in_itself,
        lambda *a: np.broadcast_to(0.0, (10**9, 10**9)),
        lambda *a: range(10**12),
        lambda *a: [*map(print, range(3)), a],
        lambda *a: np.array([None, "x"], object),
        lambda *a: {Rubbish},
        lambda *a: iter(int, 1),
        lambda *a: (_ for _ in a),
        lambda *a: memoryview(b"abc")[::2],
        lambda *a: float("nan"),
        lambda *a: [np.array(["x"]), np.void(b"x"), np.datetime64("2020-01-01")],
    ],
)
def test_rubbish_gives_a_sentence(exercise: Exercise, wrong) -> None:
    verdict = check(exercise.id, answer(exercise, wrong))
    assert verdict.status == "wrong"
    assert len(verdict.message) < 2000


@EACH
def test_changed_arguments_give_a_sentence(exercise: Exercise) -> None:
    """The right result, and every argument that can be changed is."""

    def changing(*arguments):
        result = exercise.solution(*copy.deepcopy(arguments))
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument[...] = 0
            elif hasattr(argument, "clear"):
                argument.clear()
        return result

    can_change = any(isinstance(a, np.ndarray | list | dict) for case in exercise.cases() for a in case)
    verdict = check(exercise.id, answer(exercise, changing))
    assert ("your function changed its argument" in verdict.message) == can_change
    assert bool(verdict) != can_change


def test_ids_are_unique() -> None:
    ids = [item.id for item in [*EXERCISES, *QUESTIONS]]
    assert len(set(ids)) == len(ids)
