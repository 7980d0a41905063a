"""What every card can do: fill the page, save its picture, copy its numbers, move or keep still."""

import io
from collections.abc import Iterator

import pytest
from matplotlib import pyplot
from playwright.sync_api import Locator, expect

from .harness import Lab

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()\ntext = 'User: What does the sun give?'"
SHOW = "views.what_if(llm, text, 'score', layer=1, row=6, column=5)"
SMALLEST = """
    view => Math.min(...[...view.querySelectorAll(".rl-card *")]
        .filter(node => node.checkVisibility() && [...node.childNodes].some(child => child.nodeType === 3))
        .map(node => parseFloat(getComputedStyle(node).fontSize)))"""


@pytest.fixture(scope="module")
def view(lab: Lab) -> Iterator[Locator]:
    with lab.notebook("card", SETUP, SHOW):
        expect(lab.views).to_have_count(1)
        yield lab.views.first


@pytest.mark.parametrize("opened_by", ["button", "key"])
def test_a_projector_shows_the_card_alone_and_larger(lab: Lab, view: Locator, opened_by: str) -> None:
    card = view.locator(".rl-card")
    before = card.bounding_box()
    if opened_by == "button":
        lab.reach(view, "Projector")
        lab.press("Enter")
    else:
        view.locator(".rl-title").click()
        lab.press("p")
    lab.page.wait_for_timeout(400)
    size = lab.page.viewport_size
    assert card.bounding_box() == pytest.approx({"x": 0, "y": 0, **size}, abs=1)
    drawn = view.locator(".rl-grid").first.locator("text").first
    assert drawn.evaluate("text => text.getBoundingClientRect().height") > 22
    lab.shot(card, "projector")
    cells = view.locator(".rl-grid canvas").last
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    lab.page.mouse.move(box["x"] + 2, box["y"] + box["height"] - 4)
    assert "“?” looking at “User”" in lab.says(view), "the pointer is not where the cells are"
    lab.page.mouse.move(1, 1)
    for _ in range(25):
        lab.press("Tab")
        assert view.locator(":focus").count() == 1, "the focus left the card, and cannot be seen"
    lab.press("Escape")
    lab.settle()
    lab.page.wait_for_timeout(400)
    now = card.bounding_box()
    assert [now[side] for side in ("x", "y", "width")] == [before[side] for side in ("x", "y", "width")]
    assert card.get_attribute("popover") is None


def test_letters_typed_into_a_text_are_only_letters(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Text")
    lab.press("End")
    lab.page.keyboard.type("p")
    assert view.locator(".rl-card").get_attribute("popover") is None
    lab.press("Backspace")


def test_nothing_is_too_small_to_read(lab: Lab, view: Locator) -> None:
    assert view.evaluate(SMALLEST) >= 14


def test_the_picture_is_saved_as_it_is_seen(lab: Lab, view: Locator) -> None:
    with lab.page.expect_download() as download:
        view.get_by_role("button", name="Save picture").click()
    assert download.value.suggested_filename == "What if.png"
    pixels = pyplot.imread(io.BytesIO(download.value.path().read_bytes()))
    box = view.locator(".rl-card").bounding_box()
    assert pixels.shape[:2] == (2 * round(box["height"]), 2 * round(box["width"]))
    blue = (pixels[..., 2] - pixels[..., 0] > 0.4) & (pixels[..., 3] == 1)
    assert blue.sum() > 2000, "neither bars nor cells are in it"


def test_the_numbers_are_copied_exactly(lab: Lab, view: Locator) -> None:
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view.get_by_role("button", name="Copy numbers").click()
    expect(view.get_by_role("button", name="Copied")).to_be_visible()
    bars, before, after = lab.page.evaluate("navigator.clipboard.readText()").split("\n\n")
    head, *rows = [line.split("\t") for line in bars.split("\n")]
    assert head == ["", "before", "after"]
    assert 0.9 < sum(float(row[1]) for row in rows) <= 1
    assert len(before.split("\n")) == len(after.split("\n")) == 9
    assert sum(map(float, filter(None, before.split("\n")[-1].split("\t")[1:]))) == pytest.approx(1, abs=1e-5)


def test_a_score_can_be_dragged(lab: Lab, view: Locator) -> None:
    said = view.locator(".rl-readout")
    box = view.locator(".rl-grid canvas").last.bounding_box()
    cell = box["width"] / 8
    lab.page.mouse.move(box["x"] + 2.5 * cell, box["y"] + 7.5 * cell)
    lab.page.mouse.down()
    expect(said).to_contain_text("the score of “?” for “What” as it is")
    lab.page.mouse.move(box["x"] + 5.5 * cell, box["y"] + 7.5 * cell - 400, steps=10)
    lab.page.mouse.up()
    expect(said).to_contain_text("the score of “?” for “What” set to 10 in layer 1")


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_bars_slide_unless_the_system_asks_for_stillness(lab: Lab, view: Locator, motion: str) -> None:
    lab.page.emulate_media(reduced_motion=motion)
    lab.reach(view, "Change").select_option("mask")
    expect(view.locator(".rl-readout")).to_contain_text("Without the causal mask")
    lab.page.wait_for_timeout(500)
    lab.reach(view, "Change").select_option("attention")
    expect(view.locator(".rl-readout")).to_contain_text("Without attention")
    running = view.evaluate("view => view.getAnimations({ subtree: true }).length")
    assert (running > 0) == (motion == "no-preference")
    lab.page.emulate_media(reduced_motion="no-preference")
