"""`my_gpt.py` made whole: with what is missing put in, marked as the course's, it needs NumPy alone."""

import inspect
import re
import subprocess
import sys

from ..errors import ModelError
from . import glue
from .exercise import find_exercise
from .my_file import FILE, GLUE, OURS, PARTS, File, Section, path, read, write
from .my_gpt import TWINS, fill
from .sources import NotTaken


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
                fill(file, Section(id, f" {exercise.title}{OURS}", source))
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
