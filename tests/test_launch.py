"""Laying the course without ever losing a learner's work, and opening Lab on it."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from playwright.sync_api import Browser

from rustgpt_lab import launch
from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.errors import AccessError
from rustgpt_lab.launch import MANIFEST, lay_course

from .lab import TOKEN, running_lab

LESSON = "00_start_here.ipynb"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packaged course of two files, and what Jupyter may have left there."""
    source = tmp_path / "packaged"
    (source / "pictures").mkdir(parents=True)
    (source / ".ipynb_checkpoints").mkdir()
    (source / ".ipynb_checkpoints" / LESSON).write_text("old")
    (source / LESSON).write_text("version 1")
    (source / "pictures" / "map.svg").write_text("<svg/>")
    monkeypatch.setattr(launch, "packaged_course", lambda: source)
    return source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def files(folder: Path) -> dict[str, str]:
    """Path -> text of all that a learner sees."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def how(folder: Path) -> list[tuple[str, str]]:
    """Lay the course, and say what became of each lesson."""
    return [(laid.path.name, laid.how) for laid in lay_course(folder) if laid.path.suffix == ".ipynb"]


def test_a_new_folder_gets_the_whole_course(course: Path, folder: Path) -> None:
    assert how(folder) == [(LESSON, "new")]
    assert files(folder) == {LESSON: "version 1", "pictures/map.svg": "<svg/>"}
    digest = hashlib.sha256(b"version 1").hexdigest()
    assert json.loads((folder / MANIFEST).read_text())[LESSON] == digest


def test_laying_again_changes_nothing(course: Path, folder: Path) -> None:
    lay_course(folder)
    assert how(folder) == [(LESSON, "kept")]
    assert len(files(folder)) == 2


def test_a_file_that_nobody_changed_is_updated(course: Path, folder: Path) -> None:
    lay_course(folder)
    (course / LESSON).write_text("version 2")
    assert how(folder) == [(LESSON, "updated")]
    assert files(folder)[LESSON] == "version 2"


def test_a_changed_file_is_kept_and_the_new_version_laid_beside_it_once(course: Path, folder: Path) -> None:
    lay_course(folder)
    (folder / LESSON).write_text("my answers")
    assert how(folder) == [(LESSON, "kept")]
    (course / LESSON).write_text("version 2")
    assert how(folder) == [("00_start_here.new.ipynb", "beside")]
    assert files(folder)[LESSON] == "my answers"
    assert files(folder)["00_start_here.new.ipynb"] == "version 2"
    (folder / "00_start_here.new.ipynb").unlink()
    assert how(folder) == [("00_start_here.new.ipynb", "kept")]
    assert "00_start_here.new.ipynb" not in files(folder)


def test_a_changed_new_version_is_kept_too(course: Path, folder: Path) -> None:
    lay_course(folder)
    (folder / LESSON).write_text("my answers")
    (course / LESSON).write_text("version 2")
    lay_course(folder)
    (folder / "00_start_here.new.ipynb").write_text("my other answers")
    (course / LESSON).write_text("version 3")
    assert how(folder) == [("00_start_here.new2.ipynb", "beside")]
    assert files(folder) | {"pictures/map.svg": "-"} == {
        LESSON: "my answers",
        "00_start_here.new.ipynb": "my other answers",
        "00_start_here.new2.ipynb": "version 3",
        "pictures/map.svg": "-",
    }


def test_an_unchanged_new_version_is_replaced_by_a_newer_one(course: Path, folder: Path) -> None:
    lay_course(folder)
    (folder / LESSON).write_text("my answers")
    for version in ("version 2", "version 3"):
        (course / LESSON).write_text(version)
        assert how(folder) == [("00_start_here.new.ipynb", "beside")]
    assert files(folder)["00_start_here.new.ipynb"] == "version 3"


def test_a_deleted_lesson_comes_back(course: Path, folder: Path) -> None:
    lay_course(folder)
    (folder / LESSON).unlink()
    assert how(folder) == [(LESSON, "new")]


@pytest.mark.parametrize("manifest", [None, "{", "[1]"])
def test_files_of_which_nothing_is_known_count_as_the_learner_s(
    course: Path, folder: Path, manifest: str | None
) -> None:
    folder.mkdir()
    (folder / LESSON).write_text("something else of that name")
    if manifest is not None:
        (folder / MANIFEST).write_text(manifest)
    assert how(folder) == [("00_start_here.new.ipynb", "beside")]
    assert files(folder)[LESSON] == "something else of that name"


def test_a_write_that_fails_leaves_the_old_file_whole(
    course: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_course(folder)
    (course / LESSON).write_text("version 2")

    def disk_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(AccessError, match="No space left on device"):
        lay_course(folder)
    assert (folder / LESSON).read_text() == "version 1"


def test_a_file_in_the_place_of_the_folder_is_said_clearly(course: Path, folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(AccessError, match="the course cannot be laid into this folder; found File exists"):
        lay_course(folder)


def test_a_clone_is_worked_on_in_place(course: Path) -> None:
    assert lay_course(course) == []
    assert not (course / MANIFEST).exists()


def test_the_default_folder_is_one_that_git_ignores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", launch.default_folder() / LESSON], cwd=ROOT, check=False
    )
    assert launch.default_folder() == ROOT / "rustgpt_lab_course"
    assert ignored.returncode == 0
    package = tmp_path / "rustgpt_lab"
    monkeypatch.setattr(launch, "PACKAGE", package)
    (package / "notebooks").mkdir(parents=True)
    assert launch.packaged_course() == package / "notebooks"
    monkeypatch.chdir(tmp_path)
    assert launch.default_folder() == Path("rustgpt_lab_course")
    lay_course(launch.default_folder())
    monkeypatch.chdir("rustgpt_lab_course")
    assert launch.default_folder() == Path(), "no course within the course"


def test_a_new_edition_reaches_a_learner_in_a_clone_and_git_never_sees_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is laid is ignored, what they changed stays, and what they did not is renewed."""

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=clone, check=True, capture_output=True, text=True).stdout

    clone = tmp_path / "clone"
    (clone / "notebooks").mkdir(parents=True)
    shutil.copy(ROOT / ".gitignore", clone)
    for name in ("00_a.ipynb", "01_b.ipynb"):
        (clone / "notebooks" / name).write_text("edition 1")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "edition 1")
    monkeypatch.setattr(launch, "PACKAGE", clone / "rustgpt_lab")
    mine = launch.default_folder()
    lay_course(mine)
    (mine / "00_a.ipynb").write_text("edition 1 with my answers")
    (mine / "my_progress.json").write_text("{}")
    assert git("status", "--porcelain") == ""

    for name in ("00_a.ipynb", "01_b.ipynb"):
        (clone / "notebooks" / name).write_text("edition 2")
    assert how(mine) == [("00_a.new.ipynb", "beside"), ("01_b.ipynb", "updated")]
    assert (mine / "00_a.ipynb").read_text() == "edition 1 with my answers"
    assert (mine / "01_b.ipynb").read_text() == "edition 2"


def test_lab_s_own_path_of_settings_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    monkeypatch.setattr(launch.metadata, "version", lambda _: "4.5.0")
    assert launch._lab_environment()["JUPYTER_CONFIG_PATH"].endswith(f"jupyter{os.pathsep}theirs")
    monkeypatch.setattr(launch.metadata, "version", lambda _: "4.2.7")
    first, older, theirs = map(Path, launch._lab_environment()["JUPYTER_CONFIG_PATH"].split(os.pathsep))
    assert (first.name, older.parent, theirs.name) == ("jupyter", first, "theirs")
    assert (older / "labconfig" / "default_setting_overrides.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_what_a_learner_reads_is_two_lines_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    # The command itself, not `-m rustgpt_lab`, which would first make sure of an environment.
    code = "from rustgpt_lab.cli import main; exit(main(['lab', '--folder', 'mine', '--no-browser']))"
    command = [sys.executable, "-c", code]
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "JUPYTER_TOKEN": TOKEN}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout and process.stderr
            assert process.stdout.readline() == "Opening the course in mine; this takes a few seconds.\n"
            said = process.stdout.readline()
            address = re.fullmatch(r"Your course is open at (\S+); begin with 00; Ctrl-C ends it\.\n", said)
            assert address, said
            with urllib.request.urlopen(address[1]) as page:
                assert "JupyterLab" in page.read().decode()
            log = tmp_path / "mine" / ".jupyter" / "lab.log"
            assert process.stdout.readline() == f"(JupyterLab's own log is {log}.)\n"
            assert "Jupyter Server" in log.read_text()
            os.killpg(process.pid, signal.SIGINT)
            left, errors = process.communicate(timeout=120)
        finally:
            process.kill()  # or a failure above would wait for ever
    assert (process.returncode, left, errors) == (0, "\nThe course is closed. What you saved is kept.\n", "")


def test_a_lab_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        call = f"open_lab({str(tmp_path)!r}, browser=False, port={taken.getsockname()[1]})"
        code = f"from rustgpt_lab.launch import open_lab; exit({call})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("JupyterLab could not go on. Its log, ")
    assert "is not available" in done.stderr


def test_lab_opens_on_the_first_notebook_and_leaves_the_home_alone(
    course: Path, folder: Path, tmp_path: Path, browser: Browser
) -> None:
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Start here")]), course / LESSON)
    lay_course(folder)
    home = tmp_path / "home"
    home.mkdir()
    with running_lab(folder, home) as address:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/?token={TOKEN}")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        assert page.locator(".lm-DockPanel .lm-TabBar-tab.lm-mod-current").inner_text().strip() == LESSON
        page.wait_for_timeout(2_000)  # the toast that must not come would come by then
        assert page.locator(".Toastify__toast").count() == 0
        page.close()
        assert {urlsplit(url).hostname for url in asked if url.startswith(("http", "ws"))} == {"127.0.0.1"}
        settings = f"{address}/lab/api/settings/@jupyterlab/apputils-extension:notification?token={TOKEN}"
        with urllib.request.urlopen(settings) as answer:
            properties = json.load(answer)["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False
    assert not list(home.rglob(".jupyter/**/*"))
