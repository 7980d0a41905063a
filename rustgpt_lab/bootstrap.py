"""Make the clone's own environment, `.venv`, and run a module in it.

Standard library only: nothing else is there yet. The package is installed again only when pyproject.toml has
changed or the clone has moved.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"rustgpt_lab needs Python 3.11 or newer, and {sys.executable} is {sys.version_info[0]}."
        f"{sys.version_info[1]}. Run the same command with a newer one, such as python3.13."
    )

import hashlib
import importlib.util
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "rustgpt_lab.stamp"


class SetupError(Exception):
    """The environment cannot be made. The message says why and what to do."""


def ready(extra: str = "") -> bool:
    """Whether the Python that runs this has all that the package and its `extra` ("test") need."""
    if not (ROOT / "pyproject.toml").exists():
        return True  # an installed wheel, not a clone: its requirements came with it
    if Path(sys.prefix).resolve() == VENV.resolve():
        return _is_current(extra)
    try:
        return all(metadata.version(name) for name in _requirements(extra))
    except metadata.PackageNotFoundError:
        return False


def run(module: str, arguments: Sequence[str], extra: str = "") -> int:
    """Run `python -m module` in the clone's environment, made first if need be; return its exit code."""
    try:
        prepare(extra)
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 2
    return become([str(PYTHON), "-m", module, *arguments])


def prepare(extra: str = "") -> None:
    """Make the environment, and install the package with its `extra`, unless both were done before.

    Raises:
        SetupError: Python lacks its `venv` module, or an installation failed.
    """
    if _is_current(extra):
        return
    print(f"Installing rustgpt_lab and what it needs into {VENV}: a minute or two, this once.", flush=True)
    if not (PYTHON.exists() and STAMP.exists()):
        _make_environment()
    extras = sorted({extra, *_stamped()[1:]} - {""})
    what = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    _call([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", what])
    STAMP.write_text(" ".join([_fingerprint(), *extras]), encoding="utf-8")


def become(command: list[str]) -> int:
    """Let `command` take this process's place, so that signals and the exit code are its own.

    Windows cannot do that: there this process waits, leaves Ctrl-C to the command, and returns its exit code.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, lambda *_: None)
    return subprocess.call(command)


def _make_environment() -> None:
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment: its venv or ensurepip module is missing. "
            "On Debian or Ubuntu `sudo apt install python3-venv` brings it. Then run the same command again."
        )
    STAMP.unlink(missing_ok=True)
    _call([sys.executable, "-m", "venv", str(VENV)])


def _call(command: Sequence[str]) -> None:
    code = subprocess.call(command)
    if code:
        raise SetupError(
            f"`{' '.join(command)}` failed with exit code {code}. "
            "What it printed says why; once that is mended, run the same command again."
        )


def _is_current(extra: str) -> bool:
    """Whether the environment is there, made from this pyproject.toml, in this place, with `extra`."""
    fingerprint, *installed = _stamped()
    return PYTHON.exists() and fingerprint == _fingerprint() and extra in ("", *installed)


def _stamped() -> list[str]:
    """From what the environment was made, and the extras it has: none is taken away for another."""
    return STAMP.read_text(encoding="utf-8").split(" ") if STAMP.exists() else [""]


def _fingerprint() -> str:
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()


def _requirements(extra: str) -> Iterator[str]:
    """The names of what the installed package requires, read from its own metadata."""
    for requirement in metadata.requires("rustgpt_lab") or ():
        of_extra = re.search(r"extra == ['\"]([\w-]+)", requirement)
        if of_extra is None or of_extra[1] == extra:
            yield re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
