"""Every notebook of the course keeps the rules, and runs with the solutions in place of the stubs."""

from pathlib import Path

import pytest

from rustgpt_lab.course.checking import Verdict
from rustgpt_lab.course.exercise import notebooks, of_notebook

from .notebooks import PATHS, RULES, code_cells, mark, number_of, problems, read, run, solved

EACH = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@EACH
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_keeps_the_rule(path: Path, rule) -> None:
    assert problems(path, rule) == []


@EACH
def test_runs_with_the_solutions(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = read(path)
    cells = code_cells(notebook)
    later = [cell for cell in cells if mark(cell)[0] == "reveal"]  # once more, as one does after Run All
    values = run([*solved(notebook), *(cell.source for cell in later)])
    values, again = values[: len(cells)], values[len(cells) :]
    checks = [value for cell, value in zip(cells, values, strict=True) if mark(cell)[0] == "check"]
    assert all(isinstance(value, Verdict) for value in checks)
    assert [f"{value!r}" for value in checks if not value] == []
    truths = [value for cell, value in zip(cells, values, strict=True) if mark(cell)[0] == "reveal"]
    assert list(map(repr, again)) == list(map(repr, truths))


@EACH
def test_says_not_yet_while_the_stubs_are_unfilled(path: Path) -> None:
    for cell in code_cells(read(path)):
        if mark(cell)[0] == "check":
            assert "not yet" in cell.outputs[0].data["text/plain"]


def test_there_is_a_notebook_for_all_exercises() -> None:
    assert set(notebooks()) <= set(map(number_of, PATHS))
    for number in notebooks():
        for item in [*of_notebook(number)[0], *of_notebook(number)[1]]:
            asked_in, _, place = item.id.partition(
                "."
            )  # 06.1 stands in 06a, and so does 02.4, of what 02 began
            assert asked_in <= number and place
