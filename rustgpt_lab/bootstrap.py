"""Make the clone's own environment, `.venv`, and run a module in it. Standard library only: nothing else is there yet.

The package is installed into it again only when pyproject.toml changes, or when the clone was moved.
"""

import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "rustgpt_lab.stamp"


class CannotSetUp(Exception):
    """The environment cannot be made; the message says what is missing and what to do."""


def ready(extra=""):
    # type: (str) -> bool
    """Whether this very Python can run the package, with the requirements of `extra` ("" or "test")."""
    if not (ROOT / "pyproject.toml").exists():
        return True  # no clone but an installed wheel, whose requirements came with it
    if Path(sys.prefix).resolve() == VENV.resolve():
        return _is_current(extra)
    try:
        return all(map(_installed, _requirements(extra)))
    except metadata.PackageNotFoundError:
        return False


def run(module, arguments, extra=""):
    """Run `python -m module` in the clone's environment, made first where needed; the exit code is its own."""
    try:
        prepare(extra)
    except CannotSetUp as problem:
        print(problem, file=sys.stderr)
        return 2
    return become([str(PYTHON), "-m", module, *arguments])
