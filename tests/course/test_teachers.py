"""The teachers' page gives the answers that the notebooks reveal, and links to what exists."""

import re

from rustgpt_lab.bootstrap import ROOT

from .notebooks import PATHS, code_cells, mark, read

PAGE = (ROOT / "notebooks" / "teachers.md").read_text()


def revealed() -> dict[str, str]:
    """Question -> the letter that its notebook computed."""
    letters = {}
    for path in PATHS:
        for cell in code_cells(read(path)):
            role, id = mark(cell)
            if role == "reveal":
                [letters[id]] = set(re.findall(r"The answer is (\w):", str(cell.outputs)))
    return letters


def test_the_answers_are_those_of_the_notebooks() -> None:
    answers = dict(re.findall(r"^\| (\d\d\.q\d) \| (\w) \|", PAGE, re.MULTILINE))
    assert answers.items() <= revealed().items()


def test_it_links_to_what_exists() -> None:
    assert set(re.findall(r"\]\((\d\d_\w+\.ipynb)\)", PAGE)) <= {path.name for path in PATHS}
