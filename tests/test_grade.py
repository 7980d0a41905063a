"""`rustgpt-lab grade`: thirty submissions, right, wrong, hanging, hostile, unreadable; none harms another."""

import csv
import json
import socket
import subprocess
import sys
from collections import Counter
from html import escape
from pathlib import Path

import pytest

from rustgpt_lab.cli import main
from rustgpt_lab.cli.grade import _isolation
from rustgpt_lab.course.exercise import find_exercise

HEAD = """import numpy as np
from rustgpt_lab.course import check, predict, reveal
from rustgpt_lab.numerics import softmax"""
RIGHT = {id: find_exercise(id).code for id in ("03.1", "03.2", "03.4")}
NAMES = {"03.1": "look", "03.2": "hide_future", "03.4": "score_for"}
WRONG = {
    "def look(q, k, v):\n    return softmax(k @ q) @ v": "Close: this is the result without the division by √d.",
    "def look(q, k, v):\n    return softmax(k @ q / len(q)) @ v": "Close: the scores are divided by d; it",
    "def look(q, k, v):\n    return k @ q / np.sqrt(len(q)) @ v": "Close: the softmax is missing",
    "def look(q, k, v):\n    return 1 / 0": "Not right yet: line 2 of the cell, `return 1 / 0`, raises Zero",
    "def look(q, k, v):\n    pass": "",
    "look = 5": "A function is expected here, `look` itself; got 5.",
}
ENDLESS = ("wrong: Not right yet: it does not end", "hangs")  # where the check cannot end it, the grader does
HOSTILE = {
    "hangs at a check": ("def look(q, k, v):\n    while True: pass", ENDLESS),
    "swallows": (
        "def look(q, k, v):\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass",
        ENDLESS,
    ),
    "dies": ("import os\ndef look(q, k, v):\n    os._exit(0)", "dies"),
    "exits": ("def look(q, k, v):\n    raise SystemExit", "wrong"),
    "eats memory": ("def look(q, k, v):\n    return np.ones(10**11)", "wrong"),
    "prints": ("def look(q, k, v):\n    print('x' * 10**8)\n    return v[0]", "wrong"),
    "kills": (
        "import os, signal\ndef look(q, k, v):\n    os.kill(0, 9)",
        "wrong" if _isolation() else "dies",
    ),
}
CELLS = {
    "kills its parent": "import os\nos.kill(os.getppid(), 9)",
    "hangs in a cell": "while True: pass",
    "deletes the others": "import shutil, os\nshutil.rmtree(FOLDER, ignore_errors=True)",
    "breaks the check": "import rustgpt_lab.course.checking as c\nc._examine = lambda *a: ('passed', '')",
}
UNREADABLE = {
    "no json": b"{",
    "not text": b"\xff\xfe\0",
    "no cells": b"[]",
    "deep": b"[" * 100_000,
    "empty": b"",
}


def notebook(*cells: str) -> bytes:
    made = [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": []} for cell in (HEAD, *cells)]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def checked(id: str, code: str) -> list[str]:
    return [code, f'check("{id}", {NAMES[id]})']


def all_right() -> list[str]:
    return [cell for id, code in RIGHT.items() for cell in checked(id, code)]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Learner -> their row."""
    folder = tmp_path_factory.mktemp("class") / "work"
    places = f"FOLDER = {str(folder)!r}"
    work = {f"right {i}": notebook(*all_right()) for i in range(7)}
    work |= {f"wrong {i}": notebook(*checked("03.1", code), *all_right()[2:]) for i, code in enumerate(WRONG)}
    work |= {name: notebook(*checked("03.1", code), *all_right()[2:]) for name, (code, _) in HOSTILE.items()}
    work |= {name: notebook(places, cell, *all_right()) for name, cell in CELLS.items()}
    work |= UNREADABLE
    work["=1+1"] = notebook(
        'predict("03.q1", "a", 80)', 'reveal("03.q1", "a")', "check('03.9', 1)", "check('03.1', gone)"
    )
    for learner, content in work.items():
        (folder / learner).mkdir(parents=True)
        (folder / learner / "03.ipynb").write_bytes(content)
    drawn = {"choice": "near", "confidence": 30, "drawn": [0.1] * 10, "truth": "near"}
    answered = {"03.q2": {"choice": "b", "confidence": 90, "truth": "c"}, "03.s1": drawn}
    kept = {"passed": ["03.1"], "predictions": answered}
    (folder / "right 0" / "my_progress.json").write_text(json.dumps(kept))
    (folder / "right 1" / "my_progress.json").write_text("{")
    (folder / "alone.py").write_text("\n\n".join([HEAD, *RIGHT.values()]))
    command = [
        sys.executable,
        "-m",
        "rustgpt_lab.cli",
        "grade",
        "work",
        "--seconds",
        "6",
        "--memory",
        str(2 << 30),
    ]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    with open(folder.parent / "grades.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    assert len(rows) == len(work) + 1 >= 30
    rows["the page"] = {"html": (folder.parent / "grades.html").read_text(encoding="utf-8")}
    return rows


def test_what_is_right_passes(graded) -> None:
    for learner in ("right 0", "right 4", "alone", "breaks the check"):
        row = graded[learner]
        assert [row[id] for id in RIGHT] == ["passed"] * 3, learner
        assert (row["passed"], row["00.3"]) == ("3", "")
    assert graded["right 0"]["03.q2"] == "b wrong, 90 % sure"
    assert graded["right 0"]["03.s1"] == "near right, 30 % sure"
    assert "my_progress.json is damaged" in graded["right 1"]["problems"]


def test_what_is_wrong_is_named_and_the_rest_still_counts(graded) -> None:
    for i, told in enumerate(WRONG.values()):
        row = graded[f"wrong {i}"]
        assert row["03.1"].startswith(f"wrong: {told}" if told else "not yet")
        assert (row["03.2"], row["03.4"], row["passed"]) == ("passed", "passed", "2")


def test_what_hangs_or_dies_costs_its_own_exercise_alone(graded) -> None:
    for name, (_, how) in HOSTILE.items():
        row = graded[name]
        assert row["03.1"].startswith(how), name
        assert (row["03.2"], row["03.4"]) == ("passed", "passed"), name
    for name in ("kills its parent", "hangs in a cell", "deletes the others"):
        if name != "kills its parent" or _isolation():
            assert graded[name]["passed"] == "3", name
    assert "03.ipynb hangs at its step 3" in graded["hangs in a cell"]["problems"]


def test_what_cannot_be_read_is_said(graded) -> None:
    for name in UNREADABLE:
        assert graded[name]["passed"] == "0" and "03.ipynb cannot be read: " in graded[name]["problems"]


def test_no_name_is_a_formula_and_predictions_are_kept(graded) -> None:
    assert graded["'=1+1"]["03.q1"] == "a right, 80 % sure"
    assert graded["'=1+1"]["03.1"] == ""


def test_the_page_says_what_is_common(graded) -> None:
    page = graded["the page"]["html"]
    results = [row["03.1"] for learner, row in graded.items() if learner != "the page"]
    tried = [result for result in results if result not in ("", "not yet")]
    assert f"<td>{tried.count('passed')} of {len(tried)}</td>" in page
    [(common, count)] = Counter(r.removeprefix("wrong: ") for r in tried if r != "passed").most_common(1)
    assert f"{count} × {escape(common)}" in page
    assert "03.s1 The packaged model has three attention layers" in page and "1 × near" in page
    assert "<h1>The class</h1>" in page and "=1+1" in page
    assert "Stuck (at most half" in page


@pytest.mark.skipif(not _isolation(), reason="this system cuts nobody off")
def test_there_is_no_network_and_no_other_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each tells by an answer to an exercise what it can reach."""
    (tmp_path / "other").mkdir()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        tries = {
            "network": f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)\n" + RIGHT["03.1"],
            "folder": f"import os\nassert os.listdir({str(tmp_path)!r})\n" + RIGHT["03.1"],
            "neither": RIGHT["03.1"],
        }
        for name, code in tries.items():
            (tmp_path / f"{name}.ipynb").write_bytes(notebook(*checked("03.1", code)))
        out = ["--out", str(tmp_path / "g.csv"), "--page", str(tmp_path / "g.html")]
        assert main(["grade", str(tmp_path), *out]) == 0
    said = capfd.readouterr().out
    assert "network: 0 passed" in said and "folder: 0 passed" in said and "neither: 1 passed" in said


def test_nothing_to_grade_and_no_folder_are_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grade", str(tmp_path)]) == 2 and "there is nothing to grade" in capsys.readouterr().err
    assert main(["grade", str(tmp_path / "none")]) == 2 and "this is no folder" in capsys.readouterr().err
