"""What was measured, as text for the terminal and as Markdown."""

from dataclasses import dataclass, field
from pathlib import Path

START, END = "<!-- benchmark -->", "<!-- /benchmark -->"


@dataclass
class Table:
    title: str
    head: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self, *cells: str) -> None:
        self.rows.append(list(cells))

    def text(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(w) if i else cell.ljust(w)
                for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in (self.head, *self.rows)
        ]
        return "\n".join([f"\n{self.title}", *lines, *self.notes])

    def markdown(self) -> str:
        lines = [self.head, ["---", *["---:"] * (len(self.head) - 1)], *self.rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return "\n\n".join([f"### {self.title}", table, *self.notes])


def rewrite(readme: Path, markdown: str) -> None:
    """Put new figures between the two markers of a page."""
    before, start, rest = readme.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise SystemExit(f"{readme} has no {START} … {END} to put the figures between")
    readme.write_text(f"{before}{START}\n{markdown}\n{END}{after}", encoding="utf-8")
