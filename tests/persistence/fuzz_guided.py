"""The fuzz target under atheris (which one installs by hand): mutations guided by what code they reach.

python -m tests.persistence.fuzz_guided FOLDER -runs=100000

FOLDER gets the seeds, and then every input that reached something new; a finding is written as `crash-…`.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["rustgpt_lab.persistence"]):
    from .fuzz import KINDS, SEEDS, one_input

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for i, kind in enumerate(KINDS):
        for j, seed in enumerate(SEEDS[kind]):
            (folder / f"seed-{i}-{j}").write_bytes(bytes([i]) + seed)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
