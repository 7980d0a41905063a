"""A notebook as a deck of slides: one HTML file that needs no network, for a lecture of 45 minutes."""

from __future__ import annotations

import copy
import re
from os import PathLike
from pathlib import Path
from typing import Any

from ...errors import FileError

FOLDED = re.compile(
    r'(?:<strong>○ [^<]*</strong>)?<details class="rl-answer-.*?<summary>.*?</summary>(?:<br>)?(.*)</details>',
    re.DOTALL,
)
"""What waits for an answer, with its heading "not answered yet"."""
TOLD = re.compile(r"<details>\n<summary>[^<]*\(after you have answered\)</summary>(.*?)</details>", re.DOTALL)
"""Prose that waits for an answer."""
MODEL = re.compile(r'<script type="application/json" data-rl-model="(\w+)">.*?</script>', re.DOTALL)
"""The weights with which pictures live; any cell may carry them, also one that the deck leaves out."""
PICTURES = ("<img", "rl-live")
DATA_OF_WIDGETS = "application/vnd.jupyter.widget-view+json"


def deck(notebook: str | PathLike[str]) -> str:
    """The slides of a notebook as an HTML page, with reveal.js and all pictures inside.

    The cells' slide types say what stands where. A lecture needs no code that only draws, no exercises, and no folds: a
    figure stands without its code, and an answer on a slide of its own, after its question.

    Raises:
        FileError: this is no notebook.
    """
    import nbformat
    from nbconvert import SlidesExporter

    path = Path(notebook)
    try:
        cells = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, nbformat.ValidationError, AttributeError) as problem:
        raise FileError("this is no notebook", where=str(path), got=str(problem)[:80]) from None
    cells = copy.deepcopy(cells)
    cells.metadata.pop("widgets", None)
    models = models_in(cells.cells)
    cells.cells = shown(cells.cells)
    exporter = SlidesExporter(
        template_name="deck", extra_template_basedirs=[str(Path(__file__).parent.parent)]
    )
    html, _ = exporter.from_notebook_node(cells, {"metadata": {"name": path.stem}})
    needed = [script for key, script in models.items() if f'"{key}"' in html]
    return str(html).replace("</main>", f"</main>{''.join(needed)}")


def models_in(cells: list[Any]) -> dict[str, str]:
    """Key -> the script that carries the weights, of every model in the outputs of a notebook."""
    pages = [
        output.get("data", {}).get("text/html", "") for cell in cells for output in cell.get("outputs", [])
    ]
    return {found[1]: found[0] for page in pages for found in MODEL.finditer(page)}


def shown(cells: list[Any]) -> list[Any]:
    """The cells that a deck shows, as it shows them. What is left out hands its place on to the next."""
    kept: list[Any] = []
    due = ""
    for cell in cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind == "skip":
            continue
        role = cell.metadata.get("rustgpt_lab", {}).get("role", "")
        if role in ("answer", "reveal") and kind == "-":
            kind = "fragment"
        if cell.cell_type == "code":
            _simplify(cell)
        cell.source = TOLD.sub(r"\1", cell.source)
        due = _stronger(due, kind)
        if not cell.source and not cell.get("outputs"):
            continue
        cell.metadata = {"slideshow": {"slide_type": due}, "transient": cell.metadata.get("transient", {})}
        kept.append(cell)
        due = ""
    return kept


def _stronger(first: str, second: str) -> str:
    order = ("", "-", "fragment", "subslide", "slide")
    return max(first, second, key=order.index)


def _simplify(cell: Any) -> None:
    """Unfold what a code cell shows, and take its code away if that only draws or is folded."""
    for output in cell.outputs:
        data = output.get("data", {})
        data.pop(DATA_OF_WIDGETS, None)
        if "text/html" in data:
            data["text/html"] = MODEL.sub("", FOLDED.sub(r"\1", data["text/html"]))
    cell.outputs = [o for o in cell.outputs if o.get("data", {"text": ""}) and o.get("name") != "stderr"]
    html = "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
    if cell.metadata.get("jupyter", {}).get("source_hidden") or any(sign in html for sign in PICTURES):
        cell.source, cell.metadata["transient"] = "", {"remove_source": True}
