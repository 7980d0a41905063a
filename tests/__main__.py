"""`python3 -m tests`: all tests, the library's and the notebooks'. In a fresh clone it first makes the
environment.

Arguments are pytest's, and then the library's tests alone are run: `python3 -m tests -k attention`.
"""

from __future__ import annotations

import subprocess
import sys
import time

from rustgpt_lab import bootstrap

SUITES = {
    "library": ["tests"],
    "notebooks": [
        "notebooks",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=120",
        "--nbval-sanitize-with=tests/nbval_sanitize.cfg",
    ],
}


def pytest(arguments: list[str]) -> int:
    return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=bootstrap.ROOT)


def main(arguments: list[str]) -> int:
    if arguments:
        return pytest(arguments)
    summary = []
    codes = []
    for name, suite in SUITES.items():
        start = time.monotonic()
        codes.append(pytest(suite))
        outcome = "passed" if codes[-1] == 0 else f"FAILED (exit code {codes[-1]})"
        summary.append(f"{name:10} {outcome}, {time.monotonic() - start:.0f} s")
    print("", *summary, sep="\n")
    return max(codes)


if __name__ == "__main__":
    if bootstrap.ready("test"):
        sys.exit(main(sys.argv[1:]))
    sys.exit(bootstrap.run("tests", sys.argv[1:], extra="test"))
