"""The two commands of the README, on a machine where nothing is set up yet."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rustgpt_lab import bootstrap
from rustgpt_lab.bootstrap import SetupError


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A fresh clone, in which commands are only noted down; but making an environment leaves a Python."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv/stamp")
    noted: list[list[str]] = []

    def call(command: list[str]) -> int:
        noted.append(command[1:])
        if "venv" in command:
            bootstrap.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            bootstrap.PYTHON.touch()
        return 0

    monkeypatch.setattr(subprocess, "call", call)
    return noted


def test_a_fresh_clone_gets_an_environment_once(commands: list[list[str]], tmp_path: Path) -> None:
    bootstrap.prepare()
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable"]
    assert commands == [["-m", "venv", str(tmp_path / ".venv")], [*pip, str(tmp_path)]]
    bootstrap.prepare()
    assert len(commands) == 2


def test_tests_bring_their_own_requirements_and_leave_the_rest_current(commands: list[list[str]]) -> None:
    bootstrap.prepare()
    bootstrap.prepare("test")
    assert commands[2:] == [[*commands[1][:-1], commands[1][-1] + "[test]"]]
    bootstrap.prepare()
    bootstrap.prepare("test")
    assert len(commands) == 3


def test_extras_add_up(commands: list[list[str]]) -> None:
    """The tests and the site, in turn, each find what they need; no network is asked again."""
    bootstrap.prepare("test")
    bootstrap.prepare("site")
    assert commands[2:] == [[*commands[1][:-1], commands[1][-1].replace("[test]", "[site,test]")]]
    bootstrap.prepare("test")
    bootstrap.prepare("site")
    assert len(commands) == 3


def test_a_changed_pyproject_is_installed_again_into_the_same_environment(commands: list[list[str]]) -> None:
    bootstrap.prepare()
    (bootstrap.ROOT / "pyproject.toml").write_text("[project]\ndependencies = []\n")
    bootstrap.prepare()
    assert commands[2:] == commands[1:2]


def test_a_vanished_python_is_replaced(commands: list[list[str]]) -> None:
    bootstrap.prepare()
    bootstrap.PYTHON.unlink()
    bootstrap.prepare()
    assert commands[2:] == commands[:2]


def test_a_failed_installation_is_tried_again(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    works = subprocess.call
    monkeypatch.setattr(subprocess, "call", lambda command: works(command) or int("pip" in command))
    assert bootstrap.run("rustgpt_lab", []) == 2
    assert "failed with exit code 1" in capsys.readouterr().err
    monkeypatch.setattr(subprocess, "call", works)
    bootstrap.prepare()
    assert commands[2:] == commands[:2]


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_debian_s_python_without_venv_is_told_what_to_install(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    there = bootstrap.importlib.util.find_spec
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: name != missing and there(name))
    with pytest.raises(SetupError, match="sudo apt install python3-venv"):
        bootstrap.prepare()
    assert not commands


def test_an_environment_that_has_all_requirements_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "VENV", Path("elsewhere"))
    requires = ["numpy>=2", "pytest>=8; extra == 'test'", 'no-such-package>=1 ; extra == "bench"']
    monkeypatch.setattr(bootstrap.metadata, "requires", lambda _: requires)
    assert bootstrap.ready()
    assert bootstrap.ready("test")
    assert not bootstrap.ready("bench")


def test_a_module_gets_its_arguments_and_gives_its_exit_code(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "become", lambda command: commands.append(command) or 7)
    assert bootstrap.run("rustgpt_lab", ["train", "--epochs", "2"]) == 7
    assert commands[-1] == [str(bootstrap.PYTHON), "-m", "rustgpt_lab", "train", "--epochs", "2"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no exec")
def test_a_command_takes_the_place_of_the_process_that_becomes_it() -> None:
    inner = "import os; print(os.getpid()); raise SystemExit(5)"
    outer = f"from rustgpt_lab.bootstrap import become; import sys; become([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen([sys.executable, "-c", outer], text=True, stdout=subprocess.PIPE) as process:
        assert int(process.stdout.read()) == process.pid
    assert process.returncode == 5


def test_help_needs_nothing_but_python(tmp_path: Path) -> None:
    """In a clone without an environment, by a Python that knows no package."""
    shutil.copytree(
        bootstrap.ROOT / "rustgpt_lab", tmp_path / "rustgpt_lab", ignore=shutil.ignore_patterns("*.bin")
    )
    (tmp_path / "pyproject.toml").touch()
    for arguments in (["--help"], ["train", "--help"], ["--version"]):
        command = [sys.executable, "-S", "-m", "rustgpt_lab", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert "rustgpt-lab" in done.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for Python")
def test_every_module_of_the_tests_sets_itself_up(tmp_path: Path) -> None:
    """In a clone without an environment, by a Python that knows no package."""
    for name in (
        "rustgpt_lab/__init__.py",
        "rustgpt_lab/bootstrap.py",
        "tests/__init__.py",
        "tests/no_network.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(bootstrap.ROOT / name, tmp_path / name)
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / ".venv" / bootstrap.PYTHON.relative_to(bootstrap.VENV)
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / "rustgpt_lab.stamp").touch()
    for module, extras in (("no_network", "test"), ("hub", "hub,test"), ("site", "hub,site,test")):
        command = [sys.executable, "-S", "-m", f"tests.{module}", "a b"]
        done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        *_, installed, ran = done.stdout.splitlines()
        assert installed.endswith(f" --editable {tmp_path}[{extras}]")
        assert ran == f"-m tests.{module} a b"
