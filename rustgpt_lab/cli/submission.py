"""Run one learner's work, in a process that may be ended at any moment, and tell of every exercise as it is judged.

`python -m rustgpt_lab.cli.submission FILE SKIP...`: what it finds goes to file descriptor 1, one line of JSON each, at
once. What the learner's code prints goes nowhere. `grade` starts it, limits it, and starts it again without the step
at which it hung or died.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

# Whatever learners' code does to these modules, what was imported before is what judges.
from ..course.checking import _examine
from ..course.exercise import find_exercise, notebooks, of_notebook
from ..course.record import progress
from ..errors import ModelError

CHECK = re.compile(r"""\bcheck\(\s*["']([\w.]+)["']""")


class Step(NamedTuple):
    """A piece of a submission: code to be run, or an exercise to be judged.

    Attributes:
        code: what is run; "" where an exercise is judged.
        exercise: its id, or "".
        answer: the expression that gives the answer.
    """

    code: str = ""
    exercise: str = ""
    answer: str = ""


def steps_of(path: Path) -> list[Step]:
    """The steps of a notebook, or of a module.

    Raises:
        ValueError: it is neither.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return [Step(code=text), *(Step(exercise=id, answer=name) for name, id in _by_name().items())]
    cells = json.loads(text)["cells"]
    codes = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return [step for code in codes for step in _cell_steps(code)]


def _cell_steps(code: str) -> Iterator[Step]:
    """A cell's code; its checks are taken out, and made here."""
    if not CHECK.search(code):
        yield Step(code=code)
        return
    try:
        tree = ast.parse(code)
    except SyntaxError:
        for id in CHECK.findall(code):
            yield Step(exercise=id)
        return
    for statement in tree.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "check" and len(call.args) == 2:
            yield Step(exercise=str(ast.literal_eval(call.args[0])), answer=ast.unparse(call.args[1]))
        else:
            yield Step(code=ast.unparse(statement))


def _by_name() -> dict[str, str]:
    """What an exercise's answer is called -> its id; where two have one name, the earlier one."""
    every = [exercise for number in notebooks() for exercise in of_notebook(number)[0]]
    return {exercise.name: exercise.id for exercise in reversed(every)}


def run(path: Path, skip: set[int], tell: Callable[[dict[str, Any]], None]) -> None:
    """Take all steps but those to be skipped; `tell` is called before and after each."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    for number, step in enumerate(steps_of(path)):
        if number in skip:
            continue
        tell({"step": number, "exercise": step.exercise})
        if step.code:
            shell.run_cell(step.code, store_history=False)
        else:
            tell(_judged(step, shell.user_ns))
    tell({"predictions": progress._read()["predictions"]})


def _judged(step: Step, names: dict[str, Any]) -> dict[str, Any]:
    try:
        exercise = find_exercise(step.exercise)
    except ModelError:
        return {}
    try:
        answer = eval(step.answer or "None", names)
    except NameError:
        return {}
    status, message = _examine(exercise, answer)
    return {"judged": step.exercise, "status": status, "message": message}


def limit_memory() -> None:
    """Let an array that is too large raise MemoryError, where the system can see to that."""
    if sys.platform != "win32":
        import resource

        most = int(os.environ["RUSTGPT_LAB_MEMORY"])
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def main() -> None:
    limit_memory()
    with suppress(AttributeError, OSError):  # who signals all of their group shall meet nobody else
        os.setsid()
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)

    def tell(news: dict[str, Any]) -> None:
        if news:
            pipe.write(json.dumps(news) + "\n")
            pipe.flush()

    try:
        run(Path(sys.argv[1]), set(map(int, sys.argv[2:])), tell)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, SyntaxError) as problem:
        tell({"unreadable": f"{type(problem).__name__}: {problem}"[:200]})
    pipe.close()
    os._exit(0)  # threads and exit handlers of a learner's have no say


if __name__ == "__main__":
    main()
