"""Guards against growing without a reason: a ceiling of lines for every floor, raised only with a decision record."""

from collections import Counter

from tests.test_floors import MODULES, floor

CEILINGS = {
    "errors": 220, "files": 240, "folder_lock": 90, "machine": 50, "numerics": 100, "gradcheck": 50, "parameters": 190,
    "batch": 100, "cache": 90, "texts": 70, "tokenizers": 900, "corpora": 650, "dataset": 130,
    "layers": 1300, "network": 140, "quantized": 220, "optim": 700, "compiled": 160, "generation": 620,
    "training": 1850, "persistence": 3830, "llm": 180, "experiments": 550, "views": 7000, "course": 9350,
    "launch": 250, "cli": 2000, "serve": 960,
}  # fmt: skip
"""Lines of Python, a little above what each floor has."""


def test_no_floor_has_grown_beyond_its_ceiling() -> None:
    lines = Counter()
    for module, path in MODULES.items():
        lines[floor(module)] += len(path.read_text(encoding="utf-8").splitlines())
    grown = {name: count for name, count in lines.items() if count > CEILINGS.get(name, 200)}
    assert not grown, f"lines, and the ceilings: {grown}, { {name: CEILINGS.get(name) for name in grown} }"
