"""`check`: is an answer right, and if not, what is wrong with it?"""

import copy
import dis
import linecache
import re
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any, Literal

import numpy as np

from . import my_file, my_gpt
from .card import Card
from .compare import difference, show_value
from .exercise import Exercise, find_exercise
from .guard import SECONDS, Few, TimeUp, within
from .record import progress

Status = Literal["passed", "not yet", "wrong"]

CLOSE = "Close: "
"""So a diagnosis begins that names a mistake."""


class Verdict(Card):
    """What `check` found; it is true exactly if the answer passed.

    Attributes:
        status: "passed", "not yet" (nothing was filled in) or "wrong".
        message: what to do, or what is wrong.
    """

    def __init__(self, exercise: Exercise, status: Status, message: str):
        self.status, self.message = status, message
        mark, tone = {"passed": ("✓", "good"), "not yet": ("○", "open"), "wrong": ("✗", "bad")}[status]
        super().__init__(f"{mark} {exercise.id} {exercise.title}: {status}", message.splitlines(), tone)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        return self.status == "passed"


def check(id: str, answer: Any = ...) -> Verdict:
    """Check an answer to an exercise. A pass is written into your progress; a part of a GPT, into your `my_gpt.py`.

    Args:
        id: the exercise, such as "03.1".
        answer: your function, or your value; `...` and `None` stand for "not yet".

    Raises:
        ModelError: there is no such exercise. Nothing that is wrong with the answer raises.
    """
    exercise = find_exercise(id)
    status, message = examine(exercise, answer)
    if status == "passed":
        progress.passed(id)
        message = my_gpt.passed(exercise, answer)
    return Verdict(exercise, status, message)


def examine(exercise: Exercise, answer: Any) -> tuple[Status, str]:
    """What `check` says of an answer; nothing is written."""
    with redirect_stdout(Few()):
        return _examine(exercise, answer)


def _examine(exercise: Exercise, answer: Any) -> tuple[Status, str]:
    if exercise.arguments and answer is not ... and answer is not None and not callable(answer):
        return "wrong", f"A function is expected here, `{exercise.name}` itself; got {show_value(answer)}."
    outcomes = _run(exercise, answer)
    if any(_is_open(answer, outcome) for outcome in outcomes):
        return (
            "not yet",
            f"Fill in `{exercise.name}` in the cell above, run that cell, then run this one again.",
        )
    truths = _run(exercise, exercise.solution)
    problems = map(partial(_problem, exercise, answer), outcomes, truths, exercise.cases())
    first = next((problem for problem in problems if problem), "")
    if not first and exercise.no_loop and _loops(getattr(answer, "__code__", None)):
        return "wrong", "The result is right, but there is a loop in it: let NumPy work on all rows at once."
    if not first:
        return "passed", ""
    for mistake in exercise.mistakes:
        wrongs = _run(exercise, mistake.wrong)
        if all(_same(a, b, exercise.tolerance) for a, b in zip(outcomes, wrongs, strict=True)):
            return "wrong", f"{CLOSE}{mistake.message}."
    return "wrong", f"Not right yet: {first}"


@dataclass
class _Outcome:
    """What a call gave, or how it failed; and its arguments as it left them."""

    value: Any
    error: BaseException | None
    arguments: tuple[Any, ...]


def _run(exercise: Exercise, answer: Any) -> list[_Outcome]:
    """Try an answer on every case, each time with fresh arguments; what takes too long once is not tried again."""
    outcomes: list[_Outcome] = []
    for arguments in exercise.cases():
        endless = outcomes and isinstance(outcomes[-1].error, TimeUp)
        outcomes.append(outcomes[-1] if endless else _call(answer, arguments))
    return outcomes


def _call(answer: Any, arguments: tuple[Any, ...]) -> _Outcome:
    if not callable(answer):
        return _Outcome(answer, None, arguments)
    arguments = copy.deepcopy(arguments)
    try:
        with np.errstate(all="ignore"):
            return _Outcome(within(SECONDS, answer, *arguments), None, arguments)
    except (Exception, SystemExit, TimeUp) as error:
        return _Outcome(None, error, arguments)


def _same(a: _Outcome, b: _Outcome, tolerance: float) -> bool:
    if a.error or b.error:
        return type(a.error) is type(b.error)
    return not difference(a.value, b.value, tolerance) and not difference(a.arguments, b.arguments, tolerance)


def _is_open(answer: Any, outcome: _Outcome) -> bool:
    """Whether a call shows that something is to be filled in: a `...`, or a function with an empty body."""
    code = getattr(answer, "__code__", None)
    if outcome.error:
        return isinstance(outcome.error, NotImplementedError) or (code is not None and ... in code.co_consts)
    if outcome.value is None and callable(answer):
        return code is not None and {step.opname for step in dis.get_instructions(code)} <= _NOTHING
    return outcome.value is None or outcome.value is ...


_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
"""The instructions of a function that does nothing at all."""


def _loops(code: CodeType | None) -> bool:
    """Whether a function loops: its instructions jump back (`for`, `while`, a comprehension), or it calls a loop."""
    if code is None:
        return False
    jumps = any("JUMP_BACKWARD" in step.opname for step in dis.get_instructions(code))
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return jumps or not _LOOPS_BY_NAME.isdisjoint(code.co_names) or any(map(_loops, inner))


_LOOPS_BY_NAME = {"map", "vectorize", "apply_along_axis"}


def _problem(exercise: Exercise, answer: Any, got: _Outcome, truth: _Outcome, given: tuple[Any, ...]) -> str:
    """What is wrong with a call, in words, and the arguments with which it came about; "" if nothing is."""
    what = _what(exercise, answer, got, truth, given)
    if not what or not given:
        return what and f"{what}."
    inputs = [
        f"{name} = {show_value(value, digits=9)}"
        for name, value in zip(exercise.arguments, given, strict=False)
    ]
    return f"{what}.\nThat was for " + "\nand ".join(inputs)


def _what(exercise: Exercise, answer: Any, got: _Outcome, truth: _Outcome, given: tuple[Any, ...]) -> str:
    if got.error:
        return _failure(answer, got.error, exercise.arguments[: len(given)])
    if got.value is None and truth.value is not None:
        return "the function returns nothing: its `return` is missing, or is not reached"
    problem = difference(got.value, truth.value, exercise.tolerance, exercise.parts)
    if problem and exercise.judge:
        with suppress(Exception):  # what cannot be judged at all differs as was found
            problem = exercise.judge(got.value, *given)
    if problem:
        return problem
    pairs = zip(exercise.arguments, got.arguments, truth.arguments, given, strict=False)
    for name, after, expected, before in pairs:
        if problem := difference(after, expected, exercise.tolerance):
            if not difference(expected, before, exercise.tolerance):
                return f"the result is right, but your function changed its argument `{name}`: work on a copy"
            return f"after the call, the argument `{name}` is wrong: {problem}"
    return ""


def _failure(answer: Callable[..., Any], error: BaseException, names: tuple[str, ...]) -> str:
    """An exception in the learner's words: what, and at which line of their code."""
    code = getattr(answer, "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    what = f"{type(error).__name__}: {error}".rstrip(" .")
    if sizes := re.search(r"matmul: .* \(size (\d+) is different from (\d+)\)", what):
        rule = "the inner sizes of a matrix product must agree, (a, b) @ (b, c)"
        what = f"an error: {rule}; here they are {sizes[2]} and {sizes[1]}"
    endless = f"it does not end: after {SECONDS:g} seconds it was still"
    if not frames and isinstance(error, TimeUp):
        return f"{endless} at work"
    if not frames:
        return f"it cannot be called with {len(names)} arguments ({', '.join(names)}): {what}"
    place = my_file.FILE if frames[-1].filename.endswith(my_file.FILE) else "the cell"
    line = linecache.getline(frames[-1].filename, frames[-1].lineno or 0).strip()
    if isinstance(error, TimeUp):
        return f"{endless} at line {frames[-1].lineno} of {place}, `{line}`"
    return f"line {frames[-1].lineno} of {place}, `{line}`, raises {what}"
