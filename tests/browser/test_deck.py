"""A deck, opened from the disk without a network, as a lecturer has it: nothing is cut off, nothing too small."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from rustgpt_lab.course.deck import deck
from rustgpt_lab.errors import FileError
from tests.course.notebooks import PATHS

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


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("[1]", encoding="utf-8")
    for name in ("x.ipynb", "none.ipynb"):
        with pytest.raises(FileError, match=name):
            deck(tmp_path / name)
