"""`rustgpt-lab grade`: run a class's work, each in a process of its own, into one table and one page.

Grading runs what learners wrote. On Linux, where `unshare` may, each runs without a network, sees no process but its
own and not the folder of the others; elsewhere only time and memory are limited, and the command says so. A learner who
wants to forge a pass can: the check runs beside their code.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from ..course.exercise import notebooks, of_notebook, sketches_of
from ..course.record import FILE as PROGRESS, _decode
from ..errors import DataError
from ..files import atomic_write
from .class_page import page

RESTARTS = 5
"""How often a submission is started again without the step at which it hung or died."""
ISOLATED = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
HIDE = 'mount -t tmpfs none "$0" && exec "$@"'
RANK = {"": 0, "not yet": 1, "wrong": 2, "hangs": 3, "dies": 3, "passed": 4}
"""Of two results of one exercise, in two files of a learner's, the higher counts."""


@dataclass
class Grades:
    """What one learner has done.

    Attributes:
        results: id of an exercise -> what became of it, and the mistake.
        predictions: id of a question -> choice, confidence and, where the truth was met, truth.
        problems: files that could not be read or run to their end, each in one sentence.
    """

    learner: str
    results: dict[str, tuple[str, str]] = field(default_factory=dict)
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def judge(self, id: str, status: str, message: str = "") -> None:
        if RANK[status] >= RANK[self.results.get(id, ("", ""))[0]]:
            self.results[id] = status, message

    @property
    def passed(self) -> int:
        return sum(status == "passed" for status, _ in self.results.values())


def grade(options: Namespace) -> int:
    """Grade a folder: every folder in it is a learner's, and so is every notebook or module that lies there itself.

    Raises:
        DataError: there is nothing to grade.
        AccessError: the table or the page cannot be written.
    """
    submissions = dict(_submissions(options.folder))
    if not submissions:
        expected = "a folder for each learner, or their notebooks (.ipynb) and modules (.py)"
        raise DataError("there is nothing to grade", where=options.folder, expected=expected)
    if not _isolation():
        told = (
            "submissions cannot be kept from the network and from your files here, only from time and memory"
        )
        print(f"warning: {told}", file=sys.stderr)
    with ThreadPoolExecutor(options.jobs) as pool:
        graded = []
        for grades in pool.map(partial(_grade, options), submissions.items()):
            graded.append(grades)
            stuck = f"; {'; '.join(grades.problems)}" if grades.problems else ""
            print(f"{grades.learner}: {grades.passed} passed{stuck}", flush=True)
    _write(options.out, table(graded, *_items()))
    _write(options.page, page(graded, *_items()).encode())
    print(f"{len(graded)} learners: the table is {options.out}, the page {options.page}")
    return 0


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path) as file:
        file.write(content)


def _submissions(folder: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Learner -> their files, read before any is run: what one does to the folder harms no other."""
    if not folder.is_dir():
        raise DataError("this is no folder", where=folder, expected="one with the submissions of a class")
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_dir():
            paths = [path for path in sorted(entry.rglob("*")) if ".ipynb_checkpoints" not in path.parts]
            files = {path.relative_to(entry).as_posix(): path for path in paths}
            yield entry.name, {name: path.read_bytes() for name, path in files.items() if _is_work(path)}
        elif _is_work(entry):
            yield entry.stem, {entry.name: entry.read_bytes()}


def _is_work(path: Path) -> bool:
    return path.is_file() and (path.suffix in (".ipynb", ".py") or path.name == PROGRESS)


def _grade(options: Namespace, submission: tuple[str, dict[str, bytes]]) -> Grades:
    learner, files = submission
    grades = Grades(learner)
    for name, content in files.items():
        if Path(name).name == PROGRESS:
            try:
                predictions = _decode(content)["predictions"]
            except ValueError as problem:
                grades.problems.append(f"{name} is damaged ({problem})")
            else:
                grades.predictions |= predictions
        else:
            _grade_file(options, grades, name, content)
    return grades


def _grade_file(options: Namespace, grades: Grades, name: str, content: bytes) -> None:
    """Run a file, again and again without the steps at which it hangs or dies."""
    skipped: list[int] = []
    while len(skipped) <= RESTARTS:
        with tempfile.TemporaryDirectory(prefix="rustgpt_lab_", ignore_cleanup_errors=True) as scratch:
            path = Path(scratch) / Path(name).name
            path.write_bytes(content)
            at, how = _run(options, path, skipped, grades, name)
        if how == "ended":
            return
        if at["step"] < 0:
            grades.problems.append(f"{name} could not be started")
            return
        step = f"its step {at['step'] + 1}"
        grades.problems.append(f"{name} {how} at {at['exercise'] or step}")
        if at["exercise"]:
            grades.judge(at["exercise"], how)
        skipped.append(at["step"])
    grades.problems.append(f"{name} was given up after {RESTARTS} restarts")


def _run(
    options: Namespace, path: Path, skipped: list[int], grades: Grades, name: str
) -> tuple[dict[str, Any], str]:
    """Run a file once; returns the last step that it began, and whether it "ended", "hangs" or "dies"."""
    module = [sys.executable, "-m", "rustgpt_lab.cli.submission", str(path), *map(str, skipped)]
    hidden = ["sh", "-c", HIDE, str(options.folder.resolve())]
    environment = {key: value for key, value in os.environ.items() if key not in SECRETS} | {
        "RUSTGPT_LAB_PROGRESS": str(path.parent / PROGRESS),
        "RUSTGPT_LAB_MEMORY": str(options.memory),
        "MPLBACKEND": "agg",
        "HOME": str(path.parent),
        "IPYTHONDIR": str(path.parent),
    }
    process = subprocess.Popen(
        [*ISOLATED, *hidden, *module] if _isolation() else module,
        cwd=path.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    at: dict[str, Any] = {"step": -1, "exercise": ""}
    how = "dies"
    lines: Queue[bytes] = Queue()
    threading.Thread(target=_forward, args=(process.stdout, lines.put), daemon=True).start()
    try:
        while line := lines.get(timeout=options.seconds):
            with suppress(ValueError, TypeError, KeyError, AttributeError):  # a learner's code wrote it
                news = json.loads(line)
                if "step" in news:
                    at = {"step": int(news["step"]), "exercise": str(news["exercise"])}
                elif "judged" in news:
                    grades.judge(news["judged"], news["status"], str(news["message"]))
                elif "unreadable" in news:
                    grades.problems.append(f"{name} cannot be read: {news['unreadable']}")
                    how = "ended"
                else:
                    grades.predictions |= news["predictions"]
                    how = "ended"
    except Empty:
        how = "hangs"
    _end(process)
    return at, how


SECRETS = {
    name for name in os.environ if any(word in name for word in ("TOKEN", "SECRET", "PASSWORD", "KEY"))
}


def _forward(stream: Any, put: Callable[[bytes], None]) -> None:
    """Every line at once; b"" at the end. A line that is too long is cut."""
    with stream:
        while line := stream.readline(1 << 20):
            put(line)
    put(b"")


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@cache
def _isolation() -> bool:
    """Whether the system lets us cut a process off."""
    if not shutil.which(ISOLATED[0]):
        return False
    with tempfile.TemporaryDirectory() as folder:
        trial = [*ISOLATED, "sh", "-c", HIDE, folder, "true"]
        return subprocess.run(trial, capture_output=True).returncode == 0


def table(graded: list[Grades], exercises: list[str], questions: list[str]) -> bytes:
    """The table as CSV, UTF-8: a row for each learner, a column for each exercise and question.

    An exercise says "passed", or what is wrong; a question the choice, whether it was right, and the confidence.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["learner", "passed", "of", *exercises, *questions, "problems"])
    for grades in graded:
        told = [_told(*grades.results.get(id, ("", ""))) for id in exercises]
        said = [_said(grades.predictions.get(id, {})) for id in questions]
        row = [grades.learner, grades.passed, len(exercises), *told, *said, "; ".join(grades.problems)]
        writer.writerow([_harmless(value) for value in row])
    return out.getvalue().encode("utf-8-sig")


def _items() -> tuple[list[str], list[str]]:
    """The ids of all exercises, and of all questions and sketches of the course."""
    exercises, asked = [], []
    for number in notebooks():
        of_this, questions = of_notebook(number)
        exercises += [exercise.id for exercise in of_this]
        asked += [question.id for question in questions] + [sketch.id for sketch in sketches_of(number)]
    return exercises, asked


def _told(status: str, message: str) -> str:
    return f"{status}: {message.splitlines()[0]}" if status == "wrong" else status


def _said(kept: dict[str, Any]) -> str:
    if "choice" not in kept:
        return ""
    right = {True: " right", False: " wrong"}[kept["truth"] == kept["choice"]] if "truth" in kept else ""
    late = ", after the truth was opened" if "opened" in kept else ""
    return f"{kept['choice']}{right}, {kept['confidence']:.0f} % sure{late}"


def _harmless(value: Any) -> Any:
    """A spreadsheet takes a text that begins with one of these for a formula."""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )
