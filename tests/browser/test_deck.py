"""A deck, opened from the disk without a network, as a lecturer has it: nothing is cut off, nothing too small."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, expect

from rustgpt_lab import LLM, views
from rustgpt_lab.course.deck import deck, shown
from rustgpt_lab.errors import FileError
from tests.course.notebooks import PATHS, read

from .test_export import offline

MEASURE = """async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))));
  const leaves = [...document.querySelectorAll(".slides section:not(.stack)")], found = [];
  for (const slide of leaves) {
    const at = Reveal.getIndices(slide);
    Reveal.slide(at.h, at.v);
    if (slide.querySelector(".rl-live")) await drawn();  // a live picture takes its height when it is first seen
    const shown = (element) => element.checkVisibility() && !element.closest("math, style, script");
    const texts = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT), sizes = [];
    while (texts.nextNode()) {
      const { textContent, parentElement } = texts.currentNode;
      if (!textContent.trim() || !shown(parentElement)) continue;
      sizes.push(parseFloat(getComputedStyle(parentElement).fontSize) * (parentElement.currentCSSZoom ?? 1));
    }
    for (const image of [...slide.querySelectorAll("img.rl-figure")].filter(shown)) {
      sizes.push(12 * image.getBoundingClientRect().width / Reveal.getScale() / (image.naturalWidth * 96 / 144));
    }
    const code = [...slide.querySelectorAll(".jp-InputArea-editor")].map((e) => e.textContent.trim().split("\\n"));
    found.push({
      name: slide.innerText.slice(0, 60) || slide.querySelector("img")?.alt,
      width: slide.scrollWidth, height: slide.scrollHeight,
      least: Math.min(...sizes), code: code.flat().length,
    });
  }
  return found;
}"""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_slide_fits_and_can_be_read_from_the_last_row(
    path: Path, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "deck.html"
    file.write_text(deck(path), encoding="utf-8")
    page = offline(browser)
    page.set_viewport_size({"width": 1920, "height": 1080})
    asked, problems = [], []
    page.on("request", lambda request: asked.append(request.url[:80]))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready]")
    slides = page.evaluate(MEASURE)
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert 12 <= len(slides) <= 45, "a slide a minute"
    for slide in slides:
        assert slide["width"] <= 1920 and slide["height"] <= 1080, slide
        assert slide["least"] >= 17.5, slide  # 18 px, rounded
        assert slide["code"] <= 14, slide
    text = page.content()
    assert "not answered yet" not in text and "run the cell to touch it" not in page.inner_text("main")
    page.close()


def test_a_question_stands_before_its_answer_and_the_answer_is_open(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "deck.html"
    file.write_text(deck(PATHS[3]), encoding="utf-8")
    page = offline(browser)
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready]")
    places = page.evaluate(
        """() => ["Predict first", "The answer is a"].map((text) => {
          const slides = [...document.querySelectorAll(".slides section:not(.stack)")];
          return slides.findIndex((slide) => slide.textContent.includes(text));
        })"""
    )
    assert 0 < places[0] < places[1]
    assert page.locator("main details").count() == page.locator("main figure details").count()
    page.close()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_prose_that_waits_for_an_answer_is_open(path: Path) -> None:
    assert not any("<details" in cell.source for cell in shown(read(path).cells))


def test_a_picture_of_the_model_lives_on_its_slide(browser: Browser, tmp_path: Path) -> None:
    """Its weights are there once; keys are its own while it has the focus, but a presenter's turn the slides."""
    llm, text = LLM.packaged(), "User: What does the sun give? Assistant: The sun"
    shown = [views.journey(llm, text), views.attention(llm, text), views.attention(llm, text)]
    outputs: list[dict[str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rustgpt_lab.views.portable._CARRIERS", {})  # no other test's cell has the model
        patch.setattr(
            "IPython.display.display", lambda data, **_: outputs.append(data) if "text/html" in data else None
        )
        for view in shown:
            view._ipython_display_()
    cells = [
        new_code_cell(
            "view",
            outputs=[new_output("display_data", data=data)],
            metadata={"slideshow": {"slide_type": kind}},
        )
        for data, kind in zip(outputs, ("skip", "slide", "slide"), strict=True)
    ]
    words = new_markdown_cell("\n\n".join(["A slide without room for a picture that is live."] * 20))
    notebook, file = tmp_path / "deck.ipynb", tmp_path / "deck.html"
    words.metadata["slideshow"] = {"slide_type": "slide"}
    cells[2].metadata["slideshow"] = {"slide_type": "-"}
    nbformat.write(new_notebook(cells=[*cells[:2], words, cells[2]]), notebook)
    html = deck(notebook)
    assert html.count('<script type="application/json" data-rl-model=') == 1, "which a skipped cell carries"
    file.write_text(html, encoding="utf-8")
    print(f"a deck with a model: {len(html) / 1e6:.1f} MB")
    page = offline(browser)
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready]")
    card = page.locator(".rl-live")
    expect(card).to_have_count(1)
    expect(page.locator(".rl-twin")).to_have_count(1)  # what does not fit stands still
    place = "() => Reveal.getIndices().h"
    assert page.evaluate(place) == 0
    layer = card.get_by_role("slider", name="Layer")
    layer.press("Home")
    layer.press("ArrowRight")
    layer.press("ArrowRight")
    card.get_by_role("application").first.press("ArrowDown")
    assert (layer.input_value(), page.evaluate(place)) == ("2", 0)
    box = card.get_by_role("textbox")
    box.fill("the moon moves around the earth")
    box.press("Enter")
    expect(card.locator(".rl-readout")).to_have_text(
        views.attention(llm, "the moon moves around the earth").sentence
    )
    box.press("PageDown")
    assert page.evaluate(place) == 1
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(place) == 0
    layer.press("Escape")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(place) == 1
    page.close()


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("[1]", encoding="utf-8")
    for name in ("x.ipynb", "none.ipynb"):
        with pytest.raises(FileError, match=name):
            deck(tmp_path / name)
