"""The lines of hard exercises in a mixed order: every right order is right, every other one is told why not."""

from itertools import permutations

import pytest

from rustgpt_lab.course import order, progress
from rustgpt_lab.course.exercise import find_exercise, mixed_lines, notebooks, of_notebook
from rustgpt_lab.errors import ModelError

HARD = [e for number in notebooks() for e in of_notebook(number)[0] if e.difficulty == "hard"]
RIGHT = {"03.4": 1, "06.3": 10}
"""How many orders are right: 06.3's is a chain of four lines with `dq` and `dk` either way round, `dv` anywhere."""


@pytest.mark.parametrize("exercise", HARD, ids=lambda exercise: exercise.id)
def test_hint_3_of_a_hard_exercise_is_its_lines_in_a_mixed_order(exercise) -> None:
    body = [line.strip() for line in exercise.code.splitlines()[1:]]
    lines = mixed_lines(exercise.solution)
    assert sorted(lines) == sorted(body) and lines != body and len(lines) >= 4
    assert all(f"{i}  {line}" in exercise.hints[2] for i, line in enumerate(lines, 1))
    assert f'order("{exercise.id}"' in exercise.hints[2]
    assert [line.partition("  ")[2].strip("`") for line in order(exercise.id).lines] == lines


@pytest.mark.parametrize("exercise", HARD, ids=lambda exercise: exercise.id)
def test_the_right_orders_are_right_and_no_others(exercise) -> None:
    lines = mixed_lines(exercise.solution)
    right = 0
    for numbers in permutations(range(1, len(lines) + 1)):
        card = order(exercise.id, numbers)
        scope = dict(exercise.solution.__globals__)
        exec(
            f"def f({', '.join(exercise.arguments)}):\n" + "".join(f"    {lines[n - 1]}\n" for n in numbers),
            scope,
        )
        try:
            works = (
                scope["f"](*next(iter(exercise.cases()))) is not None and "return" in lines[numbers[-1] - 1]
            )
        except NameError:
            works = False
        assert (card.tone == "good") == works
        assert works or card.lines[0]
        right += works
    assert right == RIGHT[exercise.id]


def test_an_order_is_no_pass_and_rubbish_is_a_sentence() -> None:
    order("03.4", [1, 4, 2, 3])
    assert "Nothing yet" in progress().summary
    for rubbish in ([], [1, 1, 2, 3], [0, 1, 2, 3], range(9)):
        assert order("03.4", rubbish).lines == ["give each of the numbers 1 to 4 once, in brackets"]
    with pytest.raises(ModelError, match="only hard exercises"):
        order("03.1")
    with pytest.raises(ModelError):
        order("99.9")
    assert find_exercise("03.4").difficulty == "hard"
