"""What the course says to a learner: a few lines of text, with a coloured edge."""

from html import escape
from typing import ClassVar, Literal

Tone = Literal["good", "open", "bad"]


class Card:
    """A message that shows itself at the end of a cell: as HTML in a notebook, as plain text elsewhere.

    Args:
        title: one line.
        lines: what follows it.
        tone: "good" (green edge), "open" (grey) or "bad" (orange). The title says the same in words.
    """

    # Okabe and Ito's palette, which colour-blind people can tell apart. The text keeps the page's colour.
    EDGES: ClassVar[dict[Tone, str]] = {"good": "#009E73", "open": "#999999", "bad": "#D55E00"}

    def __init__(self, title: str, lines: list[str], tone: Tone):
        self.title, self.lines, self.tone = title, lines, tone

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"    {line}" for line in self.lines)])

    def _repr_html_(self) -> str:
        style = f"border-left: 4px solid {self.EDGES[self.tone]}; padding: 0.3em 0.9em; line-height: 1.5"
        return f'<div role="status" style="{style}"><strong>{_code(self.title)}</strong>{self._body_html()}</div>'

    def _body_html(self) -> str:
        return "".join(f"<br>{_code(line)}" for line in self.lines)


def _code(line: str) -> str:
    """Escape a line for HTML; what stands between backticks becomes code."""
    parts = escape(line, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
