"""What is made of a notebook for others to read: pages, decks and PDF, whole and readable by all (WCAG 2.1, AA)."""

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter, LatexExporter
from playwright.sync_api import Browser, Page

from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.course.deck import deck

from .test_export import offline

EACH = pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
TEMPLATE = {
    "template_name": "rustgpt_lab",
    "extra_template_basedirs": [str(ROOT / "rustgpt_lab" / "jupyter" / "nbconvert")],
}
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}


def problems(page: Page, *without: str) -> list[str]:
    rules = {rule: {"enabled": False} for rule in without}
    found = Axe().run(page, options=WCAG | {"rules": rules})
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]]


def pictures(path: Path) -> int:
    cells = nbformat.read(path, as_version=4).cells
    return sum("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))


@EACH
def test_a_page_is_readable_by_all_and_so_is_its_pdf(path: Path, browser: Browser, tmp_path: Path) -> None:
    html, _ = HTMLExporter(**TEMPLATE).from_filename(path)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page = offline(browser)
    page.goto((tmp_path / "page.html").as_uri())
    assert page.locator(".jp-InputPrompt").count() > 3
    assert problems(page) == []
    printed = page.pdf()
    seen = page.locator("img:visible").count()  # the others are in answers, folded, or beside them live
    assert len(re.findall(rb"/Subtype\s*/Image", printed)) >= (seen > 0)
    page.close()


@EACH
def test_a_deck_is_readable_by_all(path: Path, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "deck.html").write_text(deck(path), encoding="utf-8")
    page = offline(browser)
    page.goto((tmp_path / "deck.html").as_uri() + "?print-pdf")  # all slides at once
    page.locator(".pdf-page").first.wait_for(state="attached")
    assert page.locator(".reveal section").count() > 1
    # In this view all slides but one are marked as hidden, though they are shown.
    assert problems(page, "aria-hidden-focus") == []
    page.close()


@EACH
def test_latex_has_every_picture(path: Path) -> None:
    if not shutil.which("pandoc"):
        (pytest.fail if "CI" in os.environ else pytest.skip)("nbconvert needs pandoc for LaTeX")
    latex, resources = LatexExporter().from_filename(path)
    pngs = {name for name, data in resources["outputs"].items() if data.startswith(b"\x89PNG")}
    assert len(pngs) == pictures(path)
    assert all(f"{{{name}}}" in latex for name in pngs)
