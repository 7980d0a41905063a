"""The texts to learn from: statements for pretraining, question and answer for chat."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from importlib import resources
from os import PathLike
from pathlib import Path

from .errors import DataError


@dataclass
class Dataset:
    """A corpus in two parts, as RustGPT learns them one after the other.

    Attributes:
        pretraining: statements of fact, each ending in `</s>`.
        chat: "User: … Assistant: … </s>".
        held_out: other wordings of questions in `chat`, with the same answers, which nobody trains on.
    """

    pretraining: list[str] = field(default_factory=list)
    chat: list[str] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)

    @classmethod
    def load(
        cls, pretraining: str | PathLike[str] | None = None, chat: str | PathLike[str] | None = None
    ) -> Dataset:
        """Read each part from a `.json` file (a list of strings) or a `.csv` file (no header; fields joined by ",").

        Raises:
            DataError: a file is missing, is neither, is not of that form, or holds no text.
        """
        return cls(*([] if path is None else read_texts(Path(path)) for path in (pretraining, chat)))

    @classmethod
    def packaged(cls) -> Dataset:
        """The corpus that comes with this package."""
        folder = Path(str(resources.files("rustgpt_lab") / "data"))
        return cls(*(read_texts(folder / f"{name}.json") for name in ("statements", "chat", "held_out")))

    @property
    def texts(self) -> list[str]:
        """What a vocabulary is made from: both parts that are trained on."""
        return self.pretraining + self.chat


def read_texts(path: Path) -> list[str]:
    """The texts of one file; see `Dataset.load`."""
    try:
        raw = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise DataError(
            f"cannot read this corpus: {reason}", where=path, remedy="Check the path."
        ) from problem
    reader = {".json": _from_json, ".csv": _from_csv}.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            "unknown kind of corpus", where=path, expected=".json or .csv", got=path.suffix or "no extension"
        )
    texts = reader(raw, path)
    if not texts:
        raise DataError("this corpus is empty", where=path, expected="at least one text", got="none")
    for row, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise DataError(
                "a row is not a text", where=f"{path}, row {row}", expected="words", got=repr(text)[:60]
            )
    return texts


def _from_json(raw: str, path: Path) -> list[str]:
    try:
        texts = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise DataError(f"this is not JSON: {problem}", where=path, expected="a list of strings") from problem
    if not isinstance(texts, list):
        raise DataError("wrong form", where=path, expected="a JSON list of strings", got=type(texts).__name__)
    return texts


def _from_csv(raw: str, path: Path) -> list[str]:
    try:
        return [",".join(row) for row in csv.reader(raw.splitlines(), strict=True) if row]
    except csv.Error as problem:
        raise DataError(f"this is not CSV: {problem}", where=path, expected="rows of text") from problem
