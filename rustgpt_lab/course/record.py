"""The learner's progress: one small file beside the notebooks, which can be downloaded and brought back."""

import itertools
import json
import os
import warnings
from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import FileError, ModelError
from ..files import atomic_write
from . import my_file, my_gpt
from .exercise import Question, Sketch, notebooks, of_notebook, sketches_of
from .sources import NotTaken
from .table import DownloadLink, Table

FILE = "my_progress.json"
"""In the working directory, a notebook's own folder; the variable RUSTGPT_LAB_PROGRESS names another file."""

Record = dict[str, Any]


class ProgressWarning(UserWarning):
    """The progress file could not be read or written; the lesson goes on."""


class Progress:
    """What was passed and predicted so far. Call it, `progress()`, for a table.

    The file is read anew each time, since several notebooks share it, and written whole or not at all.
    """

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(os.environ.get("RUSTGPT_LAB_PROGRESS") or FILE)

    def __call__(self) -> Table:
        """A table of all exercises and predictions, and how good the predictions were."""
        record = self._read()
        if not record["passed"] and not record["predictions"]:
            return Table([], "Nothing yet. A passed check or a prediction will appear here.")
        return Table([_row(number, record) for number in notebooks()], _calibration(record))

    def passed(self, id: str) -> None:
        """Remember that the exercise was passed."""
        record = self._read()
        record["passed"] = sorted({*record["passed"], id})
        self._write(record)

    def predicted(self, id: str, choice: str, confidence: float, **more: Any) -> Record:
        """Remember an answer, unless one met its truth already; returns the one that stays.

        Args:
            more: `why`, the learner's reason; `drawn`, the numbers of a sketch.
        """
        record = self._read()
        kept: Record = record["predictions"].get(id, {})
        if "truth" not in kept:
            late = {"opened": True} if "opened" in kept else {}
            kept = {"choice": choice, "confidence": confidence} | more | late
            record["predictions"][id] = kept
            self._write(record)
        return kept

    def opened(self, id: str) -> None:
        """Remember that the truth was opened before there was an answer: one that comes now is no prediction."""
        record = self._read()
        if id not in record["predictions"]:
            record["predictions"][id] = {"opened": True}
            self._write(record)

    def answer(self, id: str) -> Record:
        """An answer and how sure it was, with its truth if it has met that; empty if there is none."""
        kept: Record = self._read()["predictions"].get(id, {})
        return kept if "choice" in kept else {}

    def revealed(self, id: str, truth: str) -> Record:
        """Remember that an answer has met its truth; returns both, or nothing if there is no answer."""
        record = self._read()
        kept: Record = record["predictions"].get(id, {})
        if "choice" not in kept:
            return {}
        if kept.get("truth") != truth:
            kept["truth"] = truth
            self._write(record)
        return kept

    def download(self) -> DownloadLink:
        """A link that saves the file, with your `my_gpt.py` in it, to your own computer; `restore` brings it back."""
        record = self._read()
        if my_file.path().exists():
            record["my_gpt"] = my_file.path().read_text(encoding="utf-8")
        return DownloadLink(self.path.name, _encode(record))

    def restore(self, path: str | os.PathLike[str]) -> Table:
        """Bring back a downloaded file. What was passed stays passed; of two answers the one from here stays.

        So it is with the functions in `my_gpt.py`, too. None of them is run.

        Raises:
            ModelError: the file cannot be read, or is not a progress file.
        """
        try:
            raw = Path(path).read_bytes()
            other, code = _decode(raw), json.loads(raw).get("my_gpt", "")
            if code:
                my_gpt.merge(code)
        except (OSError, ValueError, NotTaken) as problem:
            raise ModelError(
                "this is not a progress file",
                where=path,
                expected=f"a {FILE} that progress.download() gave",
                got=problem,
                remedy="Upload it beside the notebook first.",
            ) from problem
        record = self._read()
        passed = sorted({*record["passed"], *other["passed"]})
        here = {id: kept for id, kept in record["predictions"].items() if "choice" in kept}
        predictions = record["predictions"] | other["predictions"] | here
        self._write({"passed": passed, "predictions": predictions})
        return self()

    def _read(self) -> Record:
        try:
            return _decode(self.path.read_bytes())
        except FileNotFoundError:
            pass
        except OSError as problem:
            _warn(f"{self.path} cannot be read ({problem.strerror}), so this counts as a fresh start.")
        except ValueError as problem:
            _warn(f"{self.path} is damaged ({problem}). {self._set_aside()}")
        return {"passed": [], "predictions": {}}

    def _set_aside(self) -> str:
        """Rename a damaged file, so that nothing in it is lost; says where it is now."""
        names = (self.path.with_suffix(f".damaged{n}.json") for n in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        try:
            self.path.rename(aside)
        except OSError as problem:
            return f"It stays where it is ({problem.strerror})."
        return f"It is kept as {aside}, and a new one is begun."

    def _write(self, record: Record) -> None:
        try:
            with atomic_write(self.path) as file:
                file.write(_encode(record))
        except FileError as problem:
            _warn(f"{self.path} cannot be written ({problem.got}), so this will be forgotten.")


progress = Progress()


def _encode(record: Record) -> bytes:
    return json.dumps(record, indent=1, sort_keys=True).encode() + b"\n"


def _decode(raw: bytes) -> Record:
    """Read and validate a record; ids that the course does not know (a newer course's) are kept.

    Raises:
        ValueError: it is not JSON, or not of the right form.
    """
    try:
        record = json.loads(raw)
    except RecursionError as problem:
        raise ValueError("it is nested too deeply") from problem
    if not isinstance(record, dict) or {*record} - {"my_gpt"} != {"passed", "predictions"}:
        raise ValueError("it has not the two parts `passed` and `predictions`")
    passed, predictions = record["passed"], record["predictions"]
    if not isinstance(record.get("my_gpt", ""), str):
        raise ValueError("`my_gpt` is not a text")
    if not isinstance(passed, list) or not all(isinstance(id, str) for id in passed):
        raise ValueError("`passed` is not a list of ids")
    if not isinstance(predictions, dict) or not all(map(_is_prediction, predictions.values())):
        raise ValueError("`predictions` is not a mapping of ids to answers")
    # Running all cells revealed all truths in the first edition, whether somebody looked or not: what it wrote of
    # that, a truth without an answer, and `late` for an answer that came after it, says nothing.
    answers = {id: kept for id, kept in predictions.items() if set(kept) != {"truth"}}
    for kept in answers.values():
        kept.pop("late", None)
    return {"passed": passed, "predictions": answers}


def _is_prediction(kept: Any) -> bool:
    """An answer and its truth, one of them, or that the truth was opened first; why, and what was drawn."""
    if (
        not isinstance(kept, dict)
        or set(kept) - {*_BESIDE} not in _PARTS
        or kept.get("opened", True) is not True
    ):
        return False
    if ("choice" not in kept and _BESIDE & set(kept)) or not isinstance(kept.get("why", ""), str):
        return False
    if not isinstance(kept.get("drawn", []), list) or not all(map(_is_number, kept.get("drawn", []))):
        return False
    letters = isinstance(kept.get("choice", ""), str) and isinstance(kept.get("truth", ""), str)
    confidence = kept.get("confidence", 0)
    return letters and isinstance(confidence, int | float) and 0 <= confidence <= 100


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)


_BESIDE = {"why", "drawn"}
_ANSWER = {"choice", "confidence"}
_MET = {*_ANSWER, "truth"}
_PARTS = (_ANSWER, _MET, {*_ANSWER, "opened"}, {*_MET, "opened"}, {"opened"}, {*_MET, "late"}, {"truth"})


def _row(number: str, record: Record) -> tuple[str, str, str]:
    exercises, questions = of_notebook(number)
    done = " ".join(f"{'✓' if e.id in record['passed'] else '○'} {e.id}" for e in exercises)
    asked: list[Question | Sketch] = [*questions, *sketches_of(number)]
    answers = " ".join(f"{_mark(record['predictions'].get(q.id))} {q.id}" for q in asked)
    return number, done, answers


def _mark(kept: Record | None) -> str:
    if kept is None or "choice" not in kept:
        return "○"
    return "…" if "truth" not in kept else "✓" if kept["truth"] == kept["choice"] else "✗"


def _calibration(record: Record) -> str:
    """How often the predictions were right, beside how sure the learner was."""
    answers = [kept for kept in record["predictions"].values() if "truth" in kept]
    met = [kept for kept in answers if "opened" not in kept]
    late = len(answers) - len(met)
    beside = f" Not counted: {late} given after the truth was opened." if late else ""
    if not met:
        return f"No prediction has met its truth yet.{beside}"
    right = sum(kept["choice"] == kept["truth"] for kept in met)
    sure = sum(kept["confidence"] for kept in met) / len(met)
    share = 100 * right / len(met)
    return f"Predictions: {right} of {len(met)} right, {share:.0f} %; you were {sure:.0f} % sure on average.{beside}"


def _warn(message: str) -> None:
    warnings.warn(message, ProgressWarning, stacklevel=4)
