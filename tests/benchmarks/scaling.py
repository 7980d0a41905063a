"""How training scales with batch and width, one thread, and how much memory it takes."""

from .measure import Case, Result, measure, speedup
from .tables import Table

LAYOUTS = ("padded", "bucketed", "packed")


def compare(folder: str | None, rounds: int, **options: int) -> dict[str, Result]:
    """Ours, PyTorch's best and the limit."""
    settings = {"folder": folder, **options}
    cases = [Case("ours", "training:ours", settings), Case("limit", "training:limit", settings)]
    cases += [Case(layout, "training:pytorch", {**settings, "layout": layout}) for layout in LAYOUTS]
    results = measure(cases, rounds)
    best = min(LAYOUTS, key=lambda layout: results[layout].seconds())
    return {"ours": results["ours"], "limit": results["limit"], "PyTorch": results[best]}


def tables(folder: str | None, rounds: int, quick: bool) -> list[Table]:
    found = []
    for what, values, rest in (
        ("batch", (1, 4, 16, 64), {"d": 128}),
        ("d", (64, 128, 256, 512), {"batch": 4}),
    ):
        title = "batch, width 128" if what == "batch" else "width, batches of 4"
        table = Table(
            f"Training by {title}, one thread",
            [
                title.partition(",")[0],
                "tokens/s: ours",
                "PyTorch's best",
                "the limit",
                "ours to PyTorch",
                "to the limit",
                "peak MB: ours",
                "PyTorch",
            ],
        )
        for value in values:
            results = compare(folder, rounds, **{what: value}, **rest)
            ours = results["ours"]
            table.row(
                str(value),
                *(f"{results[name].rate():,.0f}" for name in ("ours", "PyTorch", "limit")),
                *(f"{speedup(ours, results[name]):.2f}" for name in ("PyTorch", "limit")),
                *(f"{results[name].peak / 1e6:.0f}" for name in ("ours", "PyTorch")),
            )
        found.append(table)
    return found
