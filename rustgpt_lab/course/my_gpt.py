"""`my_gpt.py`: the functions that a learner wrote for the exercises, as they passed, in a file of their own.

It lies beside the progress file. Nothing here runs it but `import_my_gpt`, which is asked for by name.
"""

import ast
import inspect
import linecache
import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import FileError, ModelError
from ..files import atomic_write
from . import glue
from .exercise import Exercise, find_exercise
from .guard import SECONDS, Few, TimeUp, within
from .sources import NotTaken, Source, definition, names, take

FILE = "my_gpt.py"
PARTS = {
    "01.1": "cuts a text into words",
    "01.2": "numbers the words",
    "01.3": "turns a text into ids",
    "02.1": "embeddings, forward",
    "02.4": "embeddings, backward",
    "03.3": "attention, forward",
    "06.3": "attention, backward",
    "04.1": "feed-forward, forward",
    "06.2": "feed-forward, backward",
    "04.4": "norm, forward",
    "06.4": "norm, backward",
    "05.1": "the loss",
    "05.4": "answers",
    "07.2": "the optimizer",
    "07.3": "batches",
    "07.4": "the learning rate's schedule",
    "08.1": "clipping",
    "09.2": "whole numbers in a file",
    "09.3": "arrays in a file",
}
"""Exercise -> what its function is in a model, in the order of the file. What else was written is no part of a GPT."""
MODERN = {
    "11.1": "norm by the root mean square",
    "11.2": "rotary positions",
    "11.3": "attention of heads that share keys",
    "11.4": "feed-forward with a gate",
}
"""What a model like Llama has in their place: kept in the file, too, but no part of the model that it is alone."""
KEPT = PARTS | MODERN
TWINS = {"01.1": "tokenize", "09.2": "varint"}
"""Exercise -> the notebooks' name for the function of ours that does the same."""
HEAD = (
    '"""My GPT: what I wrote in the course, as it passed its checks. Mine to read, to change, to import."""\n'
)
SECTION = re.compile(r"^# ==== (\S+)(.*?) ====\n", re.MULTILINE)
IMPORT = re.compile("^(import|from) ", re.MULTILINE)
OURS = " (by the course)"
GLUE = "glue"
_latest: dict[str, Callable[..., Any]] = {}  # what passed last in this kernel


# ---- the file as text -----------------------------------------------------------------------------------------------


@dataclass
class Section:
    """A part of the file: the exercise's id, the rest of its heading, and its lines."""

    id: str
    title: str
    body: str

    @property
    def theirs(self) -> bool:
        return self.id in KEPT and not self.title.endswith(OURS)

    def __str__(self) -> str:
        return f"# ==== {self.id}{self.title} ====\n{self.body.strip()}\n"


@dataclass
class File:
    """The file, cut at its headings. What stands before the first one is its head: a docstring and imports."""

    head: str
    sections: dict[str, Section]

    @classmethod
    def parse(cls, text: str) -> "File":
        head, *rest = SECTION.split(text)
        file = cls(head, {})
        for id, title, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            first = file.sections.setdefault(id, Section(id, title, ""))
            first.body += body  # a heading that stands twice: nothing is lost
        return file

    def put(self, section: Section) -> None:
        """Put a section into its place, in the order of `KEPT`; sections of other names stay at the end."""
        every = {**self.sections, section.id: section}
        order = [*KEPT, *(id for id in every if id not in KEPT)]
        self.sections = {id: every[id] for id in order if id in every}

    def require(self, lines: list[str]) -> None:
        """Have these imports in the head."""
        missing = [line for line in lines if line not in self.head.splitlines()]
        gap = "\n" if IMPORT.search(self.head) else "\n\n"
        self.head = self.head.rstrip() + gap * bool(missing) + "\n".join(missing)

    def __str__(self) -> str:
        return "\n\n".join([f"{self.head.rstrip()}\n", *map(str, self.sections.values())])

    def definitions(self, but: str) -> dict[str, tuple[str, str]]:
        """Name -> where, and its source without comments, of all that the head and other sections define."""
        parts = {
            f"section {id}": section.body for id, section in self.sections.items() if id not in (but, GLUE)
        }
        return {
            name: (place, form)
            for place, text in {"the head": self.head, **parts}.items()
            for name, form in _forms(text).items()
        }


def _forms(text: str) -> dict[str, str]:
    """Name -> what a text defines at its top, without comments and docstrings."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            if ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
            found[node.name] = ast.dump(node)
        elif isinstance(node, ast.Assign):
            found |= {
                target.id: ast.dump(node.value) for target in node.targets if isinstance(target, ast.Name)
            }
    return found


def path() -> Path:
    """Where the file is: beside the progress."""
    return Path(os.environ.get("RUSTGPT_LAB_PROGRESS") or FILE).with_name(FILE)


def read() -> File:
    """The file as it is on the disk; an empty one if there is none.

    Raises:
        NotTaken: it cannot be read, or is not Python at the moment.
    """
    try:
        text = path().read_text(encoding="utf-8")
        ast.parse(text)
    except FileNotFoundError:
        return File(HEAD, {})
    except SyntaxError as problem:
        raise NotTaken(
            f"line {problem.lineno} of {FILE} is not Python ({problem.msg}): mend it first"
        ) from problem
    except (OSError, ValueError) as problem:
        raise NotTaken(f"{FILE} cannot be read ({problem})") from problem
    return File.parse(text)


def write(file: File) -> None:
    """Put the file on the disk, whole or not at all.

    Raises:
        NotTaken: the system refuses.
    """
    try:
        with atomic_write(path()) as stream:
            stream.write(str(file).encode())
    except FileError as problem:
        raise NotTaken(f"{FILE} cannot be written ({problem.got})") from problem


# ---- what passes is kept --------------------------------------------------------------------------------------------


def passed(exercise: Exercise, function: Any) -> str:
    """Write a function that passed into the file, if none is there; what to tell of it, "" if nothing."""
    if exercise.id not in KEPT:
        return ""
    _latest[exercise.id] = function
    try:
        file, source = read(), _source(exercise, function)
        old = file.sections.get(exercise.id)
        if old and old.theirs:
            if _forms(old.body).get(exercise.name) == _forms(source.text).get(exercise.name):
                return ""
            instead = f'`course.keep("{exercise.id}")` puts this one in its place'
            return f"{FILE} keeps the one that passed before; {instead}."
        _put(file, exercise, source)
    except NotTaken as problem:
        return f"It is not written into {FILE}: {problem}."
    return f"Your `{exercise.name}` is now in {FILE}."


def keep(id: str) -> str:
    """Put the function that passed last for an exercise into `my_gpt.py`, in place of the one that is there.

    Raises:
        ModelError: none has passed since this notebook was started; or it cannot be written.
    """
    exercise = find_exercise(id)
    if id not in _latest:
        remedy = f'Run check("{id}", {exercise.name}) first.'
        raise ModelError("nothing has passed here yet", where=f"keep({id!r})", remedy=remedy)
    try:
        _put(read(), exercise, _source(exercise, _latest[id]))
    except NotTaken as problem:
        raise ModelError(f"it is not written into {FILE}: {problem}", where=f"keep({id!r})") from problem
    return f"Your `{exercise.name}` is now in {FILE}."


def _source(exercise: Exercise, function: Any) -> Source:
    there, scope = read().definitions(exercise.id), getattr(function, "__globals__", {})
    twins = [name for name in TWINS.values() if name in there and _is_ours(scope.get(name))]
    return take(function, exercise.name, twins)


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith("rustgpt_lab.")


def _put(file: File, exercise: Exercise, source: Source) -> None:
    there = file.definitions(exercise.id)
    body = []
    for name, text in source.helpers.items():
        if name in there and there[name][1] != _forms(text).get(name):
            raise NotTaken(
                f"it uses your `{name}`, and {there[name][0]} of the file has another `{name}`: "
                "give one of them another name"
            )
        if name not in there:
            body.append(text)
    for name in _forms(source.text).keys() & there.keys():
        raise NotTaken(f"{there[name][0]} of the file has a `{name}` already: rename that one")
    body.append(source.text)
    if exercise.id in file.sections:
        body[:0] = _still_needed(file, exercise, _forms("\n".join(body)).keys())
    file.require(source.imports)
    _fill(file, Section(exercise.id, f" {exercise.title}", "\n\n\n".join(body)))
    write(file)


def _fill(file: File, section: Section) -> None:
    """Put a section in; where it does what a function of ours does, it takes its name, too."""
    if name := TWINS.get(section.id):
        section.body += f"\n\n\n{name} = {find_exercise(section.id).name}\n"
        file.head = re.sub(
            rf"^from rustgpt_lab\S* import {name}\n", "", f"{file.head.rstrip()}\n", flags=re.M
        )
    file.put(section)


def _still_needed(file: File, exercise: Exercise, new: Collection[str]) -> list[str]:
    """The helpers of a section that is to be replaced, if other sections use them and the new one has none such."""
    old = file.sections[exercise.id].body
    used = {name for s in file.sections.values() if s.id not in (exercise.id, GLUE) for name in names(s.body)}
    return [
        definition(old.splitlines(keepends=True), node)
        for node in ast.parse(old).body
        if (_forms(ast.unparse(node)).keys() & used) - {*new}
    ]


def merge(text: str) -> None:
    """Take over from another file the sections that are missing here; nothing of it is run.

    Raises:
        NotTaken: one of the two files is not Python, or the system refuses.
    """
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as problem:
        raise NotTaken(f"the {FILE} that was downloaded is not Python ({problem})") from problem
    here, other = read(), File.parse(text)
    if not path().exists():
        write(other)
        return
    new = [
        s
        for s in other.sections.values()
        if s.theirs and not getattr(here.sections.get(s.id), "theirs", False)
    ]
    for section in new:
        here.put(section)
    if new:
        here.require([line for line in other.head.splitlines() if line.startswith(("import ", "from "))])
        write(here)


# ---- the file as a module -------------------------------------------------------------------------------------------


def import_my_gpt() -> ModuleType:
    """Import your `my_gpt.py`, as it is now: this **runs** the file. An empty module if there is none yet.

    Raises:
        ModelError: it cannot be read, or running it raises, or does not end.
    """
    where, module = path(), ModuleType("my_gpt")
    module.__file__ = str(where)
    try:
        text = where.read_text(encoding="utf-8") if where.exists() else ""
        linecache.checkcache(str(where))
        few = Few()  # of all that its functions print, too, now and later
        vars(module)["print"] = partial(print, file=few)
        with redirect_stdout(few):
            within(SECONDS, exec, compile(text, str(where), "exec"), vars(module))
    except (Exception, SystemExit, TimeUp) as problem:
        what = f"{type(problem).__name__}: {problem}".rstrip(": ")
        raise ModelError(
            f"{FILE} cannot be imported", where=where, got=what, remedy="Mend it there."
        ) from problem
    return module


def functions_of(mine: Any) -> dict[str, Callable[..., Any]]:
    """Exercise -> function, of a module, or of a mapping from ids (or names) to functions; those of ours left out."""
    if isinstance(mine, ModuleType):
        file = getattr(mine, "__file__", None)
        text = "".join(linecache.getlines(file)) if file else ""
        ours = {s.id for s in File.parse(text).sections.values() if not s.theirs}
        names = {id: find_exercise(id).name for id in KEPT if id not in ours}
        return {id: vars(mine)[name] for id, name in names.items() if callable(vars(mine).get(name))}
    unknown = [id for id in mine if id not in KEPT]
    if unknown:
        raise ModelError("no part of a model", where="mine", expected=", ".join(KEPT), got=unknown[0])
    return {id: mine[id] for id in KEPT if id in mine}


# ---- the file stands alone ------------------------------------------------------------------------------------------


def stand_alone() -> str:
    """Write all that is missing into `my_gpt.py`, marked as the course's: `python my_gpt.py` then needs NumPy alone.

    What you have not passed yet is our solution; a later pass takes its place. If nothing is yours, nothing is written.

    Raises:
        ModelError: a function takes something from `rustgpt_lab` that the file cannot have; or the system refuses.
    """
    try:
        file = read()
        theirs = sum(section.theirs for section in file.sections.values() if section.id in PARTS)
        if not theirs:
            return f"No function of yours is in {FILE} yet: it begins with the first check that passes."
        for id in PARTS:
            exercise = find_exercise(id)
            if id not in file.sections:
                source = inspect.getsource(exercise.solution)
                _fill(file, Section(id, f" {exercise.title}{OURS}", source))
        file.sections.pop(GLUE, None)
        _close(file)
        write(file)
    except NotTaken as problem:
        raise ModelError(f"{FILE} cannot stand alone: {problem}", where="stand_alone()") from problem
    lines = len(str(file).splitlines())
    return f"{FILE} stands alone: {lines} lines, {theirs} of {len(PARTS)} functions are yours. Run: python {FILE}"


def run_my_gpt() -> str:
    """What `python my_gpt.py` prints, in a process of its own that does not see this library.

    Raises:
        ModelError: it fails, or takes longer than two minutes.
    """
    if not path().exists():
        return f"There is no {FILE} yet."
    command = [sys.executable, "-I", str(path())]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True
        )
    except subprocess.SubprocessError as problem:
        said = (getattr(problem, "stderr", None) or str(problem)).strip().splitlines()[-1]
        raise ModelError(f"{FILE} does not run", where=path(), got=said, remedy="Mend it there.") from problem
    return run.stdout


def _close(file: File) -> None:
    """Put the glue in, and what it and our solutions import; take out what is imported from the library."""
    imports, _, text = inspect.getsource(glue).partition("# ---- mark ----\n")
    aliases, kept = [], []
    for line in file.head.splitlines():
        found = re.fullmatch(r"from rustgpt_lab\S* import (\w+)(?: as (\w+))?", line)
        if found and found[1] not in ("softmax", *TWINS.values()):
            raise NotTaken(f"it takes `{found[1]}` from rustgpt_lab; write that yourself, and check again")
        if found and found[2]:
            aliases.append(f"{found[2]} = {found[1]}\n")
        if not found:
            kept.append(line)
    own = ("import ", "from pathlib", "from string")
    needs = [line for line in imports.splitlines() if line.startswith(own)]
    file.head = "\n".join(kept)
    file.require(sorted({*needs, "from string import punctuation"}))
    text = (
        text.replace("\n\n\n", "\n\n").replace("\n\n    def", "\n    def").strip()
    )  # close together: it is ours
    if "softmax" in file.definitions(GLUE):
        text = text[text.index("def attention_back") :]
    file.sections[GLUE] = Section(GLUE, OURS, f"{text}\n{''.join(aliases)}")
