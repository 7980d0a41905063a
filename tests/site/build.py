"""Lay out the sources of the site in a folder of their own, and let Sphinx build it."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import rustgpt_lab
from rustgpt_lab.bootstrap import ROOT
from tests.test_floors import FLOORS, MODULES, floor

HERE = Path(__file__).parent
REPOSITORY = "https://github.com/rustgpt-lab/rustgpt_lab/blob/main/"
WIDGET = "application/vnd.jupyter.widget-view+json"
PAGES = {
    "hub": ".github/hub.md",
    "accessibility": ".github/accessibility.md",
    "contributing": ".github/CONTRIBUTING.md",
    "changelog": "CHANGELOG.md",
}
SETTINGS: dict[str, Any] = {
    "project": "rustgpt_lab",
    "author": "rustgpt_lab contributors",
    "copyright": "rustgpt_lab contributors, MIT license",
    "release": rustgpt_lab.__version__,
    "language": "en",
    "extensions": ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "tests.site.mathml"],
    "default_role": "literal",  # what docstrings put between single backticks is code
    "napoleon_use_ivar": True,
    "autodoc_typehints": "none",
    "autodoc_member_order": "bysource",
    "html_theme": "furo",
    "html_title": "rustgpt_lab",
    "html_static_path": [str(HERE / "static")],
    "html_css_files": ["site.css"],
    "html_math_renderer": "mathml",
    "html_show_sphinx": False,
    "html_copy_source": False,
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_dmath_double_inline": True,
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_mime_priority_overrides": [("html", "text/html", 0)],
    # A docstring of a constant that begins with "words: ..." is no mention of any `words`.
    "suppress_warnings": ["ref.python"],
}


def build(out: Path) -> None:
    """Build the site into `out`; a warning ends it."""
    with tempfile.TemporaryDirectory() as folder:
        source, made, doctrees = (Path(folder) / name for name in ("source", "site", "doctrees"))
        lay_out(source)
        app = Sphinx(source, None, made, doctrees, "html", SETTINGS, warningiserror=True, status=None)
        app.connect("autodoc-process-docstring", without_signs, priority=100)  # before napoleon
        app.build()
        if app.statuscode:
            raise SystemExit(app.statuscode)
        shutil.copytree(made, out, dirs_exist_ok=True)  # not made there: MyST-NB leaves a folder beside it
    for left in (".buildinfo", "objects.inv"):
        (out / left).unlink(missing_ok=True)
    for page in out.rglob("*.html"):
        page.write_text(readable_by_all(page.read_text(encoding="utf-8")), encoding="utf-8")


def readable_by_all(html: str) -> str:
    """What Sphinx and its theme leave out: the level of a heading, and a way to scroll code by the keyboard."""
    return html.replace('role="heading">', 'role="heading" aria-level="2">').replace(
        "<pre>", '<pre tabindex="0">'
    )


def without_signs(_app: Any, _what: str, _name: str, _of: Any, _options: Any, lines: list[str]) -> None:
    """In our docstrings only backticks are marks; `*` and `|` are what they are in mathematics."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [re.sub(r"([*|\\])", r"\\\1", part) for part in parts[::2]]
        lines[number] = "`".join(parts)


def lay_out(source: Path) -> None:
    """All pages, in the form that MyST reads."""
    (source / "notebooks").mkdir(parents=True)
    names = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        (source / "notebooks" / path.name).write_text(json.dumps(as_page(notebook)), encoding="utf-8")
        names.append(path.stem)
    shutil.copy(ROOT / "notebooks" / "teachers.md", source / "notebooks")
    lessons = "\n".join(f"notebooks/{name}" for name in names if name != "gallery")
    index = (HERE / "index.md").read_text(encoding="utf-8").replace("NOTEBOOKS", lessons)
    (source / "index.md").write_text(index, encoding="utf-8")
    for name, path in PAGES.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        (source / f"{name}.md").write_text(with_whole_links(text, Path(path).parent), encoding="utf-8")
    lay_out_reference(source / "reference")


def as_page(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook whose answers are folded, as Lab folds them, and whose live views, dead here, are left out."""
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        folded = cell["metadata"].get("jupyter", {})
        tags = {"source_hidden": "hide-input", "outputs_hidden": "hide-output"}
        cell["metadata"]["tags"] = [tag for key, tag in tags.items() if folded.get(key)]
        if cell["cell_type"] == "code":
            cell["outputs"] = [output for output in cell["outputs"] if WIDGET not in output.get("data", {})]
    return notebook


def with_whole_links(markdown: str, folder: Path) -> str:
    """Links to files of the repository lead there; those to other pages of the site stay in it."""
    pages = {path: f"{name}.md" for name, path in PAGES.items()}

    def whole(link: re.Match[str]) -> str:
        target = (ROOT / folder / link[1]).resolve().relative_to(ROOT).as_posix()
        return f"]({pages.get(target, REPOSITORY + target)})"

    return re.sub(r"\]\((?![a-z]+:|#)([^)\s]+)\)", whole, markdown)


def lay_out_reference(folder: Path) -> None:
    """A page for every floor of the house, with all of its modules."""
    folder.mkdir()
    lines = [
        "Reference",
        "=========",
        "",
        "A module imports only from those above it.",
        "",
        ".. toctree::",
        "",
    ]
    for name in FLOORS:
        modules = sorted(module for module in MODULES if floor(module) == name and "__main__" not in module)
        lines.append(f"   {name}")
        page = [name, "=" * len(name)]
        for module in modules:
            whole = f"rustgpt_lab.{module}"
            page += [
                "",
                whole,
                "-" * len(whole),
                "",
                f".. automodule:: {whole}",
                "   :members:",
                "   :ignore-module-all:",
            ]
        (folder / f"{name}.rst").write_text("\n".join(page) + "\n", encoding="utf-8")
    (folder / "index.rst").write_text("\n".join(lines) + "\n", encoding="utf-8")
