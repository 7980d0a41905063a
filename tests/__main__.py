"""`python3 -m tests`: the tests of the library and of the notebooks. Those that need a browser are a command
of their own, `python3 -m tests.browser`.

Arguments are pytest's, and then the library's tests alone are run: `python3 -m tests -k attention`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from rustgpt_lab import bootstrap

SUITES = {
    "library": ["tests", "--ignore=tests/browser"],
    "notebooks": [
        "notebooks",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=120",
        "--nbval-sanitize-with=tests/nbval_sanitize.cfg",
    ],
}


def pytest(arguments: list[str], **variables: str) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.call(command, cwd=bootstrap.ROOT, env=os.environ | variables)


def main(arguments: list[str]) -> int:
    if arguments:
        return pytest(arguments)
    summary = []
    codes = []
    for name, suite in SUITES.items():
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            # a learner's own progress must not change what is compared
            codes.append(pytest(suite, RUSTGPT_LAB_PROGRESS=f"{folder}/progress.json"))
        outcome = "passed" if codes[-1] == 0 else f"FAILED (exit code {codes[-1]})"
        summary.append(f"{name:10} {outcome}, {time.monotonic() - start:.0f} s")
    print("", *summary, sep="\n")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
