"""Node.js, which runs the JavaScript of the pictures where it must agree with Python."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from rustgpt_lab.bootstrap import ROOT


@pytest.fixture(scope="session")
def node() -> str:
    path = shutil.which("node")
    if path is None:
        (pytest.fail if "CI" in os.environ else pytest.skip)(
            "no Node.js on this machine: install it to run this test"
        )
    return path


@pytest.fixture(scope="session")
def computed(node: str) -> Callable[..., list[Any]]:
    """What the browser would compute: questions for `tests/js/picture_math.js` -> their answers."""

    def ask(*questions: dict[str, Any]) -> list[Any]:
        done = subprocess.run(
            [node, "picture_math.js"],
            cwd=ROOT / "tests" / "js",
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    return ask
