"""How a notebook of the course is made, as rules: each takes a notebook and gives what breaks it.

A cell's metadata says what it is: `{"rustgpt_lab": {"role": "stub", "id": "03.1"}}`. The roles are
opening, ending; of an exercise task, stub, hints, solution, check; of a question question, predict, answer (any
number of cells that give it away), reveal; of something to draw sketch.
"""

import ast
import copy
import html
import json
import linecache
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.course.exercise import (
    Exercise,
    Question,
    find_question,
    find_sketch,
    notebooks,
    of_notebook,
    sketches_of,
)

PATHS = sorted((ROOT / "notebooks").glob("[0-9][0-9]*_*.ipynb"))
SLIDES = ("slide", "subslide", "fragment", "skip", "notes", "-")
BINDER = "https://mybinder.org/v2/gh/rustgpt-lab/rustgpt_lab/HEAD?urlpath=lab/tree/notebooks/"
IGNORED = "NBVAL_IGNORE_OUTPUT"
Notebook = Any
Problems = Iterator[str]


def number_of(path: Path) -> str:
    """What a notebook's name begins with: "03", "06a"."""
    return path.name.partition("_")[0]


def read(path: Path) -> Notebook:
    """The notebook; raises if it is not valid."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: Notebook) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def mark(cell: Any) -> tuple[str, str]:
    """The cell's role and the id of its exercise or question, "" where it has none."""
    return mark_of(cell.metadata)


def mark_of(metadata: Mapping[str, Any]) -> tuple[str, str]:
    ours = metadata.get("rustgpt_lab", {})
    return ours.get("role", ""), ours.get("id", "")


def find(notebook: Notebook, role: str, id: str = "") -> Any:
    """The one cell with this mark; None if there is none or several."""
    cells = [cell for cell in notebook.cells if mark(cell) == (role, id)]
    return cells[0] if len(cells) == 1 else None


def first_lines(cell: Any) -> str:
    return f"{cell.source[:50]!r}"


def solved(notebook: Notebook) -> list[str]:
    """The sources of all code cells, with the folded solutions in place of the stubs."""
    sources = []
    for cell in code_cells(notebook):
        role, id = mark(cell)
        solution = find(notebook, "solution", id).source if role == "stub" else None
        sources.append(fenced(solution) if solution else cell.source)
    return sources


def fenced(markdown: str) -> str:
    """The Python code in a Markdown cell."""
    return "\n".join(re.findall(r"```python\n(.*?)```", markdown, re.DOTALL))


def run(sources: list[str]) -> list[Any]:
    """Execute code cells in one new namespace; the value of each cell's last expression, as it was shown."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    values = []
    for number, source in enumerate(sources):
        linecache.cache[f"cell {number}"] = len(source), None, source.splitlines(True), f"cell {number}"
        *body, last = ast.parse(source).body or [ast.Pass()]
        if not isinstance(last, ast.Expr):
            body.append(last)
        exec(compile(ast.Module(body, []), f"cell {number}", "exec"), namespace)
        is_shown = isinstance(last, ast.Expr)
        values.append(
            eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), namespace)
            if is_shown
            else None
        )
    return values


# ---- the rules --------------------------------------------------------------------------------------------


def was_executed_in_order(notebook: Notebook) -> Problems:
    """nbval compares nothing in a notebook without execution counts."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}; run all cells of a fresh kernel and save"
    for cell in code_cells(notebook):
        if any(output.output_type == "error" for output in cell.outputs):
            yield f"the cell {first_lines(cell)} ended in an error"


def says_what_runs_it(notebook: Notebook) -> Problems:
    """VS Code and Colab ask the file for its kernel and its language."""
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "its kernel is not python3"
    if notebook.metadata.get("language_info", {}).get("name") != "python":
        yield "its language is not python"


def has_short_cells(notebook: Notebook) -> Problems:
    """Median at most five lines of code, none over twelve; blank lines are not counted."""
    lengths = {
        first_lines(c): sum(map(bool, map(str.strip, c.source.splitlines()))) for c in code_cells(notebook)
    }
    if statistics.median(lengths.values()) > 5:
        yield f"the median code cell has {statistics.median(lengths.values())} lines"
    yield from (f"the cell {cell} has {length} lines" for cell, length in lengths.items() if length > 12)


def fits_into_an_hour(notebook: Notebook) -> Problems:
    """At most 90 cells that a learner meets, and 30 to 60 minutes as the opening says, the exercises' among them.

    An exercise below the ending is one for who likes it, and not counted.
    """
    met = [c for c in notebook.cells if mark(c)[0] or not c.metadata.get("jupyter", {}).get("source_hidden")]
    if len(met) > 90:
        yield f"there are {len(met)} cells"
    said = re.search(
        r"\*\*Time:\*\* about (\d+) minutes, (\d+) of them for the exercises", notebook.cells[0].source
    )
    if not said:
        yield "the opening does not say '**Time:** about N minutes, M of them for the exercises'"
        return
    whole, practice = map(int, said.groups())
    counted = notebook.cells[: notebook.cells.index(find(notebook, "ending"))]
    titles = "\n".join(cell.source for cell in counted if cell.cell_type == "markdown")
    declared = sum(map(int, re.findall(r"^###.*\(\w+, (\d+) minutes\)$", titles, re.MULTILINE)))
    if practice != declared or not 30 <= whole <= 60:
        yield f"the opening says {whole} minutes, {practice} of them for exercises; these say {declared}"


def fits_on_a_slide(notebook: Notebook) -> Problems:
    """A slide of nbconvert's shows 72 columns of code."""
    for cell in code_cells(notebook):
        long = [line for line in cell.source.splitlines() if len(line) > 72]
        if long and cell.metadata.get("slideshow", {}).get("slide_type") != "skip":
            yield f"a line is longer than 72 columns: {long[0]!r}"


def is_a_slide_deck(notebook: Notebook) -> Problems:
    """Every cell says where it stands in the deck, and exercises stand outside."""
    outside = {"task", "stub", "hints", "solution", "check", "predict", "sketch", "ending"}
    for cell in notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind not in SLIDES:
            yield f"the cell {first_lines(cell)} has the slide type {kind!r}"
        elif mark(cell)[0] in outside and kind != "skip":
            yield f"the cell {first_lines(cell)} is a {mark(cell)[0]} and belongs outside of the deck (skip)"


def opens_and_ends_well(notebook: Notebook, path: Path) -> Problems:
    """What you will do, learn, need, minutes, neighbours, Binder; a recap of three lines, on your own, the next."""
    opening, ending = find(notebook, "opening"), find(notebook, "ending")
    if notebook.cells[0] is not opening or ending is None:
        yield "the first cell must be the opening, and there must be one ending"
        return
    below = notebook.cells[notebook.cells.index(ending) + 1 :]
    if any(mark(cell)[0] not in ("task", "stub", "hints", "solution", "check") for cell in below):
        yield "below the ending there is something else than exercises for who likes them"
    for part in (
        "# ",
        "What you will do",
        "What you will learn",
        "What you will need",
        "minutes",
        BINDER + path.name,
    ):
        if part not in opening.source:
            yield f"the opening has no {part!r}"
    for neighbour in neighbours(path):
        if f"]({neighbour.name})" not in opening.source:
            yield f"the opening has no link to {neighbour.name}"
    recap = ending.source.partition("## Recap")[2].partition("## On your own")[0]
    if len(re.findall(r"^- ", recap, re.MULTILINE)) != 3:
        yield "the ending needs a recap of three lines, each beginning with '- '"
    if not ending.source.partition("## On your own")[2].strip():
        yield "the ending has no '## On your own'"
    for neighbour in neighbours(path):
        if neighbour.name > path.name and f"]({neighbour.name})" not in ending.source:
            yield f"the ending does not lead on to {neighbour.name}"


def neighbours(path: Path) -> list[Path]:
    place = PATHS.index(path)
    return [*PATHS[max(place - 1, 0) : place], *PATHS[place + 1 : place + 2]]


def links_to_what_exists(notebook: Notebook, path: Path) -> Problems:
    for cell in notebook.cells:
        for target in re.findall(r"\]\(([^)#:\s]+)\)", cell.source if cell.cell_type == "markdown" else ""):
            if not (path.parent / target).exists():
                yield f"there is no {target}, to which {first_lines(cell)} links"


def describes_its_pictures(notebook: Notebook) -> Problems:
    """Every picture has alternative text, in outputs and in the prose."""
    for cell in notebook.cells:
        texts = [cell.source] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            data, metadata = output.get("data", {}), output.get("metadata", {})
            texts.append("".join(data.get("text/html", "")))
            bare = (k for k in data if k.startswith("image/") and not metadata.get(k, {}).get("alt"))
            if "text/html" not in data:
                yield from (f"{kind} below {first_lines(cell)} has no alternative text" for kind in bare)
        for text in texts:
            for tag in re.findall(r"<img[^>]*>", text):
                if not re.search(r'alt="[^"]{10,}"', tag):
                    yield f"an image at {first_lines(cell)} has no alternative text"
            if re.search(r"!\[\s*\]\(", text):
                yield f"an image at {first_lines(cell)} has no alternative text"


def draws_in_the_course_s_look(notebook: Notebook) -> Problems:
    """Figures drawn by hand come after `style.use()`, and set no colours or sizes of their own."""
    used = False
    for cell in code_cells(notebook):
        used = used or "style.use()" in cell.source
        if "plt." in cell.source and not used:
            yield f"{first_lines(cell)} draws before style.use()"
        if found := re.search(
            r"""fontsize=\d|["']#[0-9A-Fa-f]{6}["']|cmap="(?!sequential|diverging)""", cell.source
        ):
            yield f"{first_lines(cell)} has {found[0]}"


def asserts_after_what_it_ignores(notebook: Notebook) -> Problems:
    """An output that nbval does not compare is followed by a cell that asserts what matters in it."""
    cells = code_cells(notebook)
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if IGNORED in cell.source and (following is None or "assert " not in following.source):
            yield f"the cell after {first_lines(cell)} must assert what its ignored output shows"


def has_its_exercises(notebook: Notebook, number: str) -> Problems:
    """Two to four exercises, at least one question, each whole, in order, and as the course's data say."""
    exercises, questions = of_notebook(number) if number in notebooks() else ([], [])
    if not 2 <= len(exercises) <= 4:
        yield f"there are {len(exercises)} exercises"
    if not questions and number != "00":
        yield "there is no question to predict"
    expected = [(role, e.id) for e in exercises for role in ("task", "stub", "hints", "solution", "check")]
    found = [mark(cell) for cell in notebook.cells]
    if [m for m in found if m[0] in {role for role, _ in expected}] != expected:
        yield "the cells of the exercises are not task, stub, hints, solution, check of each in turn"
        return
    for exercise in exercises:
        yield from shows_the_exercise(notebook, exercise)
    for question in questions:
        yield from asks_the_question(notebook, question)
    for sketch in sketches_of(number) if number in notebooks() else []:
        cell = find(notebook, "sketch", sketch.id)
        if not cell or f'sketch("{sketch.id}", ' not in cell.source:
            yield f"there is not one cell with sketch({sketch.id!r}, ...)"


def comes_back(notebook: Notebook, number: str) -> Problems:
    """Near its start it asks again what was missed with confidence two notebooks before."""
    asks = [cell for cell in code_cells(notebook)[:3] if cell.source.endswith(f'again("{number}")')]
    if "02" <= number <= "13" and len(asks) != 1:
        yield f"one of the first three code cells must be again({number!r})"


def shows_the_exercise(notebook: Notebook, exercise: Exercise) -> Problems:
    task, stub, hints, solution, check = (
        find(notebook, role, exercise.id).source for role in ("task", "stub", "hints", "solution", "check")
    )
    head = f"### Exercise {exercise.id}: {exercise.title} ({exercise.difficulty}, {exercise.minutes} minutes)"
    if not task.startswith(head + "\n"):
        yield f"the task does not begin with {head!r}"
    if "TODO" not in stub or exercise.name not in stub:
        yield f"the stub of {exercise.id} needs a TODO and the name {exercise.name}"
    if hints.count("<details>") != len(exercise.hints) or not all(hint in hints for hint in exercise.hints):
        yield f"the hints of {exercise.id} differ from the course's data"
    if "<details>" not in solution or fenced(solution).strip() != exercise.code:
        yield f"the solution of {exercise.id} differs from the course's data"
    if check != f'check("{exercise.id}", {exercise.name})':
        yield f"the check of {exercise.id} is {check!r}"


def asks_the_question(notebook: Notebook, question: Question) -> Problems:
    marks = [mark(cell) for cell in notebook.cells]
    places = [
        marks.index((role, question.id))
        for role in ("question", "predict", "reveal")
        if (role, question.id) in marks
    ]
    if len(places) != 3 or places != sorted(places):
        yield f"{question.id} must be asked, predicted and revealed, in this order"
        return
    asked, predicted, revealed = (notebook.cells[place] for place in places)
    if question.text not in asked.source or not all(
        f"**{a}** {text}" in asked.source for a, text in question.choices.items()
    ):
        yield f"the words of {question.id} differ from the course's data"
    if predicted.source != f'predict("{question.id}", choice=..., confidence=...)':
        yield f"the prediction of {question.id} is {predicted.source!r}; it must be left open"
    if f'reveal("{question.id}", ' not in revealed.source:
        yield f"the revealing cell of {question.id} has no reveal(...)"


def folds_its_answers(path: Path) -> Problems:
    """What `python -m tests.course.fold` would still change."""
    from .fold import fold

    raw = json.loads(path.read_text(encoding="utf-8"))
    folded = copy.deepcopy(raw)
    fold(folded)
    for before, after in zip(raw["cells"], folded["cells"], strict=True):
        if before != after:
            yield f"{''.join(after['source'])[:50]!r} is not folded; run python -m tests.course.fold"


def shows_no_answer(notebook: Notebook) -> Problems:
    """Opened for the first time, it shows nothing of what its answers' cells print, nor what a reveal says."""
    seen = "\n".join(map(first_seen, notebook.cells))
    for cell in code_cells(notebook):
        role, id = mark(cell)
        told = spoken(cell) if role == "answer" else []
        if role == "reveal":
            question = find_question(id)
            told = ["The answer is", *question.because.values()]
        if role == "sketch":
            told = [find_sketch(id).because]
        yield from (f"{id} is given away by {line!r}" for line in told if line in seen)


def first_seen(cell: Any) -> str:
    """What a learner sees of a cell in a notebook that was just opened."""
    folded = cell.metadata.get("jupyter", {})
    source = "" if folded.get("source_hidden") else cell.source
    source = re.sub(r"<details.*?</details>", "", source, flags=re.DOTALL)
    outputs = [] if folded.get("outputs_hidden") else cell.get("outputs", [])
    return "\n".join([source, *map(shown_text, outputs)])


def shown_text(output: Any) -> str:
    """An output as a page shows it, without what is folded."""
    data = output.get("data", {})
    rich = data.get("text/html") or html.escape(output.get("text") or data.get("text/plain", ""))
    return html.unescape(re.sub(r"<details.*?</details>", "", rich, flags=re.DOTALL))


def spoken(cell: Any) -> list[str]:
    """The lines that a cell prints or shows as text, those that are more than a word or two."""
    plain = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return [line.strip() for text in plain for line in text.splitlines() if len(line.split()) > 2]


RULES: list[Callable[..., Problems]] = [
    was_executed_in_order,
    says_what_runs_it,
    has_short_cells,
    fits_into_an_hour,
    is_a_slide_deck,
    fits_on_a_slide,
    opens_and_ends_well,
    links_to_what_exists,
    describes_its_pictures,
    draws_in_the_course_s_look,
    asserts_after_what_it_ignores,
    has_its_exercises,
    comes_back,
    folds_its_answers,
    shows_no_answer,
]


def problems(path: Path, rule: Callable[..., Problems]) -> list[str]:
    """What breaks one rule in one notebook."""
    known = {"path": path, "number": number_of(path), "notebook": read(path)}
    return list(rule(**{name: known[name] for name in rule.__annotations__ if name in known}))
