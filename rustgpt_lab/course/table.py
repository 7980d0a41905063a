"""How the learner's progress shows itself."""

import base64
from html import escape
from typing import NamedTuple


class Table(NamedTuple):
    """The progress: a row for every notebook (its number, exercises, questions), and a sentence below."""

    rows: list[tuple[str, str, str]]
    summary: str

    def __repr__(self) -> str:
        return "\n".join([*("  ".join(row) for row in self.rows), self.summary])

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p>{escape(self.summary)}</p>"
        head = "".join(
            f'<th scope="col" style="text-align: left">{name}</th>'
            for name in ("notebook", "exercises", "predictions")
        )
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align: left">{escape(cell)}</td>' for cell in row) + "</tr>"
            for row in self.rows
        )
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(self.summary)}</p>"
        )


class DownloadLink(NamedTuple):
    """A link that holds the whole file, so that it works wherever the page is shown."""

    name: str
    content: bytes

    def __repr__(self) -> str:
        return f"{self.name}: {len(self.content)} bytes"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.content).decode()
        name = escape(self.name)
        return f'<a download="{name}" href="data:application/json;base64,{data}">Save {name}</a>'
