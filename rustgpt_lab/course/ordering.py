"""The last hint of a hard exercise: the lines of its solution in a mixed order, and `order`, which checks an order."""

import ast
from collections.abc import Sequence

from ..errors import ModelError
from .card import Card
from .checking import examine
from .exercise import Exercise, find_exercise, mixed_lines


def order(id: str, numbers: Sequence[int] | None = None) -> Card:
    """The lines of a hard exercise's solution in a mixed order; or whether they are right in the order of `numbers`.

    Raises:
        ModelError: there is no such exercise, or it is not hard.

    >>> order("03.4", [1, 2, 3, 4])
    ✗ 03.4 Turn a head: not this order
        line 2 uses `total`, which comes only later
    """
    exercise = find_exercise(id)
    if exercise.difficulty != "hard":
        raise ModelError("only hard exercises have their lines in a mixed order", where="id", got=repr(id))
    lines = mixed_lines(exercise.solution)
    head = f"{exercise.id} {exercise.title}"
    if numbers is None:
        return Card(f"○ {head}: which order?", [f"{i}  `{line}`" for i, line in enumerate(lines, 1)], "open")
    problem = _problem(exercise, lines, [*numbers])
    if problem:
        return Card(f"✗ {head}: not this order", [problem], "bad")
    return Card(f"✓ {head}: this is a right order", ["Now write it in the cell of the exercise."], "good")


def _problem(exercise: Exercise, lines: list[str], numbers: list[int]) -> str:
    """What is wrong with an order; "" if nothing is."""
    if sorted(numbers) != [*range(1, len(lines) + 1)]:
        return f"give each of the numbers 1 to {len(lines)} once, in brackets"
    made = {number: _names(lines[number - 1], ast.Store) for number in numbers}
    for place, number in enumerate(numbers):
        after = set[str]().union(*(made[later] for later in numbers[place:]))
        before = {*exercise.arguments}.union(*(made[earlier] for earlier in numbers[:place]))
        if missing := sorted((_names(lines[number - 1], ast.Load) & after) - before):
            return f"line {number} uses `{missing[0]}`, which comes only later"
    ordered = "".join(f"    {lines[number - 1]}\n" for number in numbers)
    scope = dict(exercise.solution.__globals__)
    exec(f"def {exercise.name}({', '.join(exercise.arguments)}):\n{ordered}", scope)
    status, message = examine(exercise, scope[exercise.name])
    return "" if status == "passed" else message.partition("\n")[0]


def _names(line: str, use: type[ast.expr_context]) -> set[str]:
    tree = ast.parse(line)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, use)}
