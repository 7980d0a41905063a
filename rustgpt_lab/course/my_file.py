"""`my_gpt.py` as text: its head, and a section for each exercise that is a part of a model. Nothing of it is run."""

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileError
from ..files import atomic_write
from .sources import NotTaken

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
HEAD = (
    '"""My GPT: what I wrote in the course, as it passed its checks. Mine to read, to change, to import."""\n'
)
SECTION = re.compile(r"^# ==== (\S+)(.*?) ====\n", re.MULTILINE)
IMPORT = re.compile("^(import|from) ", re.MULTILINE)
OURS = " (by the course)"
GLUE = "glue"


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
            for name, form in forms_of(text).items()
        }


def forms_of(text: str) -> dict[str, str]:
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
