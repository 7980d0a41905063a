"""`python -m tests.course.fold` marks in the notebooks what Lab opens folded; run it after each change of them.

What gives an answer away has the role "answer" and the id of its question, or is its reveal. Of all of these the code
is folded, which Lab keeps through runs. Their outputs fold themselves, until the question is answered: a reveal does
so, and `fold("03.q1")` in a cell's first line; only where an output does not yet, Lab is told to open it folded.
"""

import json
import re
from typing import Any

from .notebooks import PATHS, mark_of

IMPORT = re.compile(r"^from rustgpt_lab\.course import (?P<names>.*\breveal\b.*)$", re.MULTILINE)
FOLDED = '<details class="rl-answer-'


def fold(notebook: dict[str, Any]) -> None:
    """Fold the answers of a notebook, as it is read from its JSON."""
    for cell in notebook["cells"]:
        role, id = mark_of(cell["metadata"])
        if role not in ("answer", "reveal"):
            continue
        folds_itself = all(FOLDED in str(output) for output in cell["outputs"])
        cell["metadata"]["jupyter"] = {"source_hidden": True} | (
            {} if folds_itself else {"outputs_hidden": True}
        )
        if role == "answer" and cell["outputs"]:
            _begin(cell, f'fold("{id}")\n')
    folds = any(line.startswith("fold(") for cell in notebook["cells"] for line in cell["source"][:1])
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if folds and cell["cell_type"] == "code" and IMPORT.search(source):
            cell["source"] = IMPORT.sub(_with_fold, source).splitlines(keepends=True)


def _begin(cell: dict[str, Any], line: str) -> None:
    if cell["source"][0] != line:
        cell["source"].insert(0, line)


def _with_fold(line: re.Match[str]) -> str:
    names = sorted({*line["names"].split(", "), "fold"})
    return f"from rustgpt_lab.course import {', '.join(names)}"


if __name__ == "__main__":
    for path in PATHS:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        fold(notebook)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
