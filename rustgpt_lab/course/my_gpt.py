"""What passes its check is kept in `my_gpt.py`, a learner's own file, as they wrote it.

It lies beside the progress file. Nothing here runs it but `import_my_gpt`, which is asked for by name.
"""

import ast
import linecache
import re
from collections.abc import Callable, Collection
from contextlib import redirect_stdout
from functools import partial
from types import ModuleType
from typing import Any

from ..errors import ModelError
from .exercise import Exercise, find_exercise
from .guard import SECONDS, Few, TimeUp, within
from .my_file import FILE, GLUE, KEPT, File, Section, forms_of, path, read, write
from .sources import NotTaken, Source, definition, names, take

TWINS = {"01.1": "tokenize", "09.2": "varint"}
"""Exercise -> the notebooks' name for the function of ours that does the same."""
_latest: dict[str, Callable[..., Any]] = {}  # what passed last in this kernel


def passed(exercise: Exercise, function: Any) -> str:
    """Write a function that passed into the file, if none is there; what to tell of it, "" if nothing."""
    if exercise.id not in KEPT:
        return ""
    _latest[exercise.id] = function
    try:
        file, source = read(), _source(exercise, function)
        old = file.sections.get(exercise.id)
        if old and old.theirs:
            if forms_of(old.body).get(exercise.name) == forms_of(source.text).get(exercise.name):
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
        if name in there and there[name][1] != forms_of(text).get(name):
            raise NotTaken(
                f"it uses your `{name}`, and {there[name][0]} of the file has another `{name}`: "
                "give one of them another name"
            )
        if name not in there:
            body.append(text)
    for name in forms_of(source.text).keys() & there.keys():
        raise NotTaken(f"{there[name][0]} of the file has a `{name}` already: rename that one")
    body.append(source.text)
    if exercise.id in file.sections:
        body[:0] = _still_needed(file, exercise, forms_of("\n".join(body)).keys())
    file.require(source.imports)
    fill(file, Section(exercise.id, f" {exercise.title}", "\n\n\n".join(body)))
    write(file)


def fill(file: File, section: Section) -> None:
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
        if (forms_of(ast.unparse(node)).keys() & used) - {*new}
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
