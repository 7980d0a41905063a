"""The teachers' page gives the answers that the notebooks reveal, cites their numbers, and links to them all."""

import re
from pathlib import Path

import pytest

from rustgpt_lab.bootstrap import ROOT

from .notebooks import PATHS, code_cells, mark, number_of, read

PAGE = (ROOT / "notebooks" / "teachers.md").read_text()
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[+-]\d+)?")


def revealed() -> dict[str, str]:
    """Question -> the letter that its notebook computed."""
    letters = {}
    for path in PATHS:
        for cell in code_cells(read(path)):
            role, id = mark(cell)
            if role == "reveal":
                [letters[id]] = set(re.findall(r"The answer is (\w):", str(cell.outputs)))
    return letters


def test_it_answers_every_question_as_its_notebook_does() -> None:
    answers = dict(re.findall(r"^\| (\d\d\.q\d) \| (\w) \|", PAGE, re.MULTILINE))
    assert answers == revealed()


def shown(path: Path) -> str:
    """All that a notebook says, in its cells and below them."""
    cells = read(path).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    said = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join([*(cell.source for cell in cells), *said])


def section(path: Path) -> str:
    """What the page says of a notebook."""
    return re.split(rf"^### {number_of(path)} .*$", PAGE, flags=re.MULTILINE)[1].partition("\n##")[0]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_it_says_of_a_notebook_has_the_numbers_of_that_notebook(path: Path) -> None:
    said = section(path)
    assert "- Say: " in said and "- Show: " in said and "- They think: " in said
    assert set(NUMBER.findall(said)) <= set(NUMBER.findall(shown(path)))


def test_it_links_to_every_notebook() -> None:
    assert set(re.findall(r"\]\((\d\d\w+\.ipynb)\)", PAGE)) == {path.name for path in PATHS}
