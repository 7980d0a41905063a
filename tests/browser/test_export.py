"""A notebook as a page of its own: no kernel, no network."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import Browser, Locator, Page, Route, expect

from rustgpt_lab import views
from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.course.deck import deck

ALIVE = (
    *("byte_pairs", "four_words", "gradient_flow", "valley", "embeddings", "tokens"),
    *("attention", "chat", "journey", "network", "what_if"),
)
"""Views that need no kernel, at least those of RustGPT's own model."""


def offline(browser: Browser) -> Page:
    """A page that reaches no other host."""

    def only_here(route: Route) -> None:
        route.continue_() if route.request.url.startswith(("file:", "data:")) else route.abort()

    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.route("**/*", only_here)
    return page


def test_the_exported_gallery_reads_whole_without_kernel_and_network(
    browser: Browser, tmp_path: Path
) -> None:
    page_file = tmp_path / "gallery.html"
    html, _ = HTMLExporter().from_filename(ROOT / "notebooks" / "gallery.ipynb")
    page_file.write_text(html, encoding="utf-8")
    page = offline(browser)
    page.goto(page_file.as_uri())
    twins, live = page.locator(".rl-twin"), page.locator(".rl-live")
    assert twins.count() + live.count() >= len(views.__all__)
    assert live.count() >= len(ALIVE)
    assert twins.filter(has=page.locator("img")).count() == twins.count()
    for twin in twins.all():
        expect(twin).to_be_visible()
    check_stills(page)
    page.close()


def check_stills(page: Page) -> None:
    """Every still has its picture and its sentence."""
    twins = page.locator(".rl-twin")
    for twin in twins.all():
        assert len((twin.text_content() or "").split()) > 3, "a sentence says what the picture shows"
    widths = twins.locator("img").evaluate_all("images => images.map(img => img.naturalWidth)")
    assert min(widths, default=100) > 99, "a picture that was not loaded has no width"


@pytest.mark.parametrize("form", ["page", "deck"])
def test_what_needs_no_kernel_lives_in_an_exported_page(form: str, browser: Browser, tmp_path: Path) -> None:
    shown = [views.valley(), views.four_words(), views.byte_pairs("the thin thief")]
    cells = [
        new_code_cell("view", outputs=[new_output("display_data", data=view.twin())], execution_count=1)
        for view in shown
    ]
    for cell in cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    notebook, file = tmp_path / "page.ipynb", tmp_path / "page.html"
    nbformat.write(new_notebook(cells=cells), notebook)
    html = deck(notebook) if form == "deck" else HTMLExporter().from_filename(notebook)[0]
    file.write_text(html, encoding="utf-8")
    page = offline(browser)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file.as_uri())
    if form == "deck":
        page.wait_for_selector("body[data-ready]")

    def turn_to(slide: int) -> None:
        page.evaluate("slide => globalThis.Reveal?.slide(slide)", slide)

    valley, words, pairs = (page.locator(".rl-live").nth(i) for i in range(3))
    expect(page.locator(".rl-twin")).to_have_count(0)
    for view, still in zip((valley, words, pairs), shown, strict=True):
        expect(view.locator(".rl-readout")).to_have_text(still.sentence)
    valley.get_by_role("slider", name="The start").press("ArrowLeft")
    expect(valley.locator(".rl-readout")).to_contain_text("from (4.9, 1): ")
    turn_to(1)
    words.get_by_role("slider", name="The key of “red”").press("ArrowUp")
    expect(words.locator(".rl-readout")).to_contain_text("q · k = 0.5 × 0.4 + 2.4 × 2 = ")
    turn_to(2)
    pairs.get_by_role("button", name="Next").click()
    expect(pairs.locator(".rl-readout")).to_contain_text("1 merge, 9 pieces for 12 letters")
    if form == "page":  # a lecture leaves out the code that only draws, and the tools
        valley.get_by_role("button", name="Code").click()
        assert page.evaluate("document.activeElement.innerText").strip().endswith("view")
    assert problems == []
    page.close()


LOOK = """card => JSON.stringify([...card.querySelectorAll(".rl-picture, .rl-readout, .rl-problem")].map((part) =>
    [part.innerHTML, ...[...part.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL())]))"""
"""All that can be seen of a card but its controls."""
ARROWS = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"]
LATER = re.compile("Temperature|Top-k|Top-p|Repetition")
"""What they set shows in the next answer alone."""


def check_every_control(card: Locator) -> None:
    """Whatever can be moved on a card changes its picture."""

    def check(name: str, *moves: Callable[[], None]) -> None:
        before = card.evaluate(LOOK)
        for move in moves:  # one of them may lead to where it stands
            move()
            for _ in range(20):  # an answer may come word by word
                if card.evaluate(LOOK) != before:
                    return
                card.page.wait_for_timeout(50)
        raise AssertionError(f"{card.get_attribute('aria-label')}: nothing changes with {name}")

    def check_keys(node: Locator, *keys: str) -> None:
        check(node.get_attribute("aria-label") or "", *(partial(node.press, key) for key in keys))

    for slider in card.get_by_role("slider").all():
        name = slider.get_attribute("aria-label") or ""
        if slider.is_visible() and slider.is_enabled() and not LATER.search(name):
            check_keys(slider, "End", "Home", "ArrowUp")
    for menu in card.get_by_role("combobox").all():
        for value in menu.evaluate("node => [...node.options].filter(o => !o.selected).map(o => o.value)"):
            check(value, partial(menu.select_option, value))
    for radio in card.get_by_role("radio").all():
        if not radio.is_checked():
            check("a choice", partial(radio.check, force=True))
    for box in card.get_by_role("checkbox").all():
        check("a box", partial(box.set_checked, not box.is_checked()))
    for grid in card.get_by_role("application").all():
        if grid.is_visible():
            check_keys(grid, "End", "Home", "PageUp", *ARROWS)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")))
def test_a_notebooks_page_is_alive(name: str, browser: Browser, tmp_path: Path) -> None:
    """Whatever a notebook shows of RustGPT's own model answers on its page, and so does all that needs no model.

    What asks the kernel, such as the pictures of a real model, is there as a picture and a sentence.
    """
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    file = tmp_path / "page.html"
    file.write_text(html, encoding="utf-8")
    print(f"{name}: {file.stat().st_size / 1e6:.1f} MB")
    page = offline(browser)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file.as_uri())
    assert page.locator(".rl-live").count() == html.count('<script class="rl-script">')
    check_stills(page)
    for card in page.locator(".rl-live:has(.rl-text button)").all():
        box, readout = card.get_by_role("textbox").first, card.locator(".rl-readout")
        before, text = readout.inner_text(), box.input_value()
        box.fill("zyxx")
        box.press("Enter")
        expect(card.get_by_role("alert").first).to_contain_text("in the vocabulary")
        expect(readout).to_have_text(before)
        box.fill(text)
        box.press("Enter")
    for card in page.locator(".jp-OutputArea-output > .rl-live > .rl-card").all():
        check_every_control(card)
    assert problems == []
    page.close()
