"""The reading path: what a student reads in an afternoon, in order; printed by `python3 -m tests.reading`.

It is the list below, and every module of ours that one of these imports; errors aside, and what is imported for the
type checker alone. A package that only names its parts counts as the file that is read.
"""

from __future__ import annotations

PATH = [
    "numerics",
    "parameters",
    "batch",
    "cache",
    "layers.base",
    "layers.embeddings",
    "layers.self_attention",
    "layers.feed_forward",
    "layers.layer_norm",
    "layers.output_projection",
    "network",
    "optim.adam",
    "training.step",
    "training.loop",
    "llm",
]
MOST = 1200


def whole() -> dict[str, int]:
    """Module -> lines, the path first, then what it imports besides."""
    from tests.test_floors import MODULES, own

    beside = {name for module in PATH for name, _ in own(MODULES[module])} - {"errors", *PATH}
    return {
        name: len(MODULES[name].read_text(encoding="utf-8").splitlines()) for name in [*PATH, *sorted(beside)]
    }


def main() -> None:
    lines = whole()
    for name, count in lines.items():
        print(f"{count:5}  {name}")
    print(f"{sum(lines.values()):5}  lines in all, at most {MOST}")


if __name__ == "__main__":
    main()
