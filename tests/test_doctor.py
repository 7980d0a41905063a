"""`rustgpt-lab doctor`: all is well here; and whatever is wrong is said in words, with what to do."""

import json
import os
import socket
import subprocess
import sys
import webbrowser
from argparse import Namespace
from importlib import metadata
from pathlib import Path

import jupyter_core.paths
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from rustgpt_lab.cli import doctor, main
from rustgpt_lab.launch import lay_course


def run(capsys: pytest.CaptureFixture[str], folder: Path) -> tuple[int, str]:
    return main(["doctor", "--folder", str(folder)]), capsys.readouterr().out


def test_all_is_well_here(tmp_path: Path) -> None:
    lay_course(tmp_path)
    command = [sys.executable, "-m", "rustgpt_lab.cli", "doctor", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nNothing is wrong.\n")
    for said in ("ok  Python 3.", "packages: none", "anywidget is there", "00_start_here.ipynb has"):
        assert said in done.stdout


def no_package(name: str) -> str:
    if name == "anywidget":
        raise metadata.PackageNotFoundError(name)
    return "0.1" if name == "numpy" else "999"


WRONG = {
    "a missing package": (metadata, "version", no_package, "missing packages: anywidget"),
    "an old package": (metadata, "version", no_package, "numpy 0.1 (at least 2.0)"),
    "blank widgets": (jupyter_core.paths, "jupyter_path", lambda *_: [], "Lab's part of anywidget is missing"),
    "another Python": (
        KernelSpecManager, "get_kernel_spec", lambda *_: Namespace(argv=["/elsewhere/python"]),
        "notebooks run in /elsewhere/python",
    ),
    "little memory": (doctor, "_allowed_memory", lambda: 10**9, "1.0 GB of memory"),
    "a full disk": (doctor.shutil, "disk_usage", lambda _: Namespace(free=10**8), "0.1 GB are free"),
    "a look that fails": (doctor, "_installed_memory", lambda: 1 / 0, "could not look at memory: ZeroDivisionError"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place, name, wrong, told = WRONG[case]
    monkeypatch.setattr(place, name, wrong)
    code, said = run(capsys, tmp_path)
    [line] = [line for line in said.splitlines() if told in line]
    assert line.startswith("!!  ") and code == 1
    assert "to mend, marked !!." in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    code, said = run(capsys, tmp_path / "course")
    assert code == 1 and f"!!  {tmp_path / 'course'} cannot be written" in said


def test_a_file_in_the_place_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "course").touch()
    code, said = run(capsys, tmp_path / "course")
    assert code == 1 and f"!!  {tmp_path / 'course'} cannot be written" in said


def test_a_damaged_course(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "00_start_here.ipynb").write_text(json.dumps(["cells"]))
    code, said = run(capsys, tmp_path)
    assert code == 1 and "is damaged" in said


def test_what_is_only_worth_knowing_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(*_: object) -> None:
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", none)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "PORT", taken.getsockname()[1])
        code, said = run(capsys, tmp_path)
    assert code == 0 and "--  no browser was found here" in said and "is taken" in said
