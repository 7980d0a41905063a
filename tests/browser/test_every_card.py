"""What every card must be: its text large enough and clear of other text, its hint there, its tools at work."""

import io
import re
from collections.abc import Iterator

import pytest
from matplotlib import pyplot
from playwright.sync_api import Locator, expect

from ..views.every import SETUP, SHOWS
from .harness import Lab
from .test_theme import names

TEXTS = """
    view => {
        const card = view.querySelector(".rl-card"), found = [];
        const zoom = card.getBoundingClientRect().width / card.offsetWidth;
        const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
        const seen = { opacityProperty: true, visibilityProperty: true };
        while (walker.nextNode()) {
            const node = walker.currentNode, parent = node.parentElement;
            if (!node.data.trim() || parent.closest("title, option") || !parent.checkVisibility(seen)) continue;
            const range = document.createRange();
            range.selectNodeContents(node);
            for (const box of range.getClientRects()) {
                let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
                for (let up = parent; up !== card; up = up.parentElement) { // what a scroll hides
                    if (getComputedStyle(up).overflowY === "visible" || up.matches("svg")) continue;
                    const window = up.getBoundingClientRect();
                    [left, right] = [Math.max(left, window.left), Math.min(right, window.right)];
                    [top, bottom] = [Math.max(top, window.top), Math.min(bottom, window.bottom)];
                }
                if (right - left < 1 || bottom - top < 1) continue;
                found.push({ text: node.data, box: [left, top, right, bottom], zoom,
                    tick: Boolean(parent.closest(".rl-tick")), size: parseFloat(getComputedStyle(parent).fontSize) });
            }
        }
        return found;
    }"""
LISTEN = """
    () => {
        const { fillText } = CanvasRenderingContext2D.prototype;
        window.rlFonts = new Set();
        CanvasRenderingContext2D.prototype.fillText = function (...told) {
            window.rlFonts.add(this.font);
            return fillText.apply(this, told);
        };
    }"""
CLOSE = 0.3
"""Of a text's size: so far the boxes of two may meet, as a line's box is higher than its letters."""


@pytest.fixture(scope="module")
def cards(lab: Lab) -> Iterator[dict[str, Locator]]:
    lab.page.evaluate(LISTEN)
    with lab.notebook("every_card", SETUP, *SHOWS.values()):
        expect(lab.views.locator(".rl-card")).to_have_count(len(SHOWS) + 1)
        yield {name: lab.views.locator(f"nth={i}") for i, name in enumerate(names(lab))}


def texts(lab: Lab, view: Locator) -> list[dict]:
    view.scroll_into_view_if_needed()
    lab.settle()
    lab.page.wait_for_timeout(400)  # what slides has come to rest
    return view.evaluate(TEXTS)


def overlaps(found: list[dict]) -> list[tuple[str, str]]:
    def meet(text: dict, another: dict) -> bool:
        one, other = text["box"], another["box"]
        across = min(one[2], other[2]) - max(one[0], other[0])
        down = min(one[3], other[3]) - max(one[1], other[1])
        return min(across, down) > CLOSE * text["size"] * text["zoom"]

    return [
        (one["text"], other["text"]) for k, one in enumerate(found) for other in found[:k] if meet(one, other)
    ]


@pytest.mark.parametrize("pixels", [1600, 600])
def test_text_is_large_enough_and_alone_in_its_place(
    lab: Lab, cards: dict[str, Locator], pixels: int
) -> None:
    lab.width(pixels)
    problems = {}
    for name, view in cards.items():
        found = texts(lab, view)
        small = {
            (text["text"], text["size"]) for text in found if text["size"] < (12 if text["tick"] else 14)
        }
        if bad := [*sorted(small), *overlaps(found)]:
            problems[name] = bad
    lab.width(1600)
    assert problems == {}
    fonts = lab.page.evaluate("() => [...window.rlFonts]")
    assert all(float(re.search(r"([\d.]+)px", font)[1]) >= 14 for font in fonts), fonts


def test_no_label_is_cut_where_there_is_room(lab: Lab, cards: dict[str, Locator]) -> None:
    cut = {
        name: {t["text"] for t in texts(lab, view) if re.search(r"\w…$", t["text"])}
        for name, view in cards.items()
    }
    assert {name: found for name, found in cut.items() if found} == {}


def test_a_projector_shows_no_text_upon_another(lab: Lab, cards: dict[str, Locator]) -> None:
    problems = {}
    for name, view in cards.items():
        view.get_by_role("button", name="Projector").first.click()
        if found := overlaps(texts(lab, view)):
            problems[name] = found
        lab.press("Escape")
    assert problems == {}


def test_every_card_says_how_to_use_it(cards: dict[str, Locator]) -> None:
    for name, view in cards.items():
        assert len(view.locator(".rl-hint").first.text_content().split()) > 5, name


DRAGGED = {"four_words", "rotation", "schedule", "sketch", "valley"}
"""Whose pictures have something to drag; it draws the eye until it was."""


def test_what_can_be_dragged_draws_the_eye(cards: dict[str, Locator]) -> None:
    assert {name for name, view in cards.items() if view.locator(".rl-untried .rl-cursor").count()} == DRAGGED


def test_every_card_saves_its_picture(lab: Lab, cards: dict[str, Locator]) -> None:
    for name, view in cards.items():
        card = view.locator(".rl-card").first
        with lab.page.expect_download() as download:
            view.get_by_role("button", name="Save picture").first.click()
        pixels = pyplot.imread(io.BytesIO(download.value.path().read_bytes()))
        box = card.bounding_box()
        assert pixels.shape[:2] == (2 * round(box["height"]), 2 * round(box["width"])), name
        assert pixels[..., :3].std() > 0.02, f"{name}: nothing is in it"


WORDS_ONLY = {"network", "tokens", "model_file", "cache", "byte_pairs"}
"""What has words rather than rows: they are copied as they stand."""


def test_every_card_copies_its_numbers(lab: Lab, cards: dict[str, Locator]) -> None:
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name, view in cards.items():
        lab.page.evaluate("navigator.clipboard.writeText('')")
        view.get_by_role("button", name="Copy numbers").first.click()
        lab.page.wait_for_function("navigator.clipboard.readText()")
        copied = lab.page.evaluate("navigator.clipboard.readText()")
        assert len(re.findall(r"\d", copied)) > 5, name
        rows = [line.split("\t") for line in copied.split("\n\n")[0].split("\n")]
        assert name in WORDS_ONLY or (
            len(rows) > 1 and {len(row) for row in rows} == {len(rows[0])} != {1}
        ), name


CODE_IN_SIGHT = """
    const code = view.closest(".jp-Cell").querySelector(".jp-InputArea");
    const [box, panel] = [code, code.closest(".jp-WindowedPanel-outer")].map(node => node.getBoundingClientRect());
    return box.height > 0 && box.top >= panel.top - 1 && box.bottom <= panel.bottom + 1
        && document.activeElement.closest(".jp-Cell") === code.closest(".jp-Cell")
        && !view.contains(document.activeElement);"""


def test_every_card_leads_to_its_code(lab: Lab, cards: dict[str, Locator]) -> None:
    lab.page.emulate_media(reduced_motion="reduce")
    for name, view in cards.items():
        view.get_by_role("button", name="Code").first.click()
        lab.settle()
        code = view.evaluate("view => view.closest('.jp-Cell').querySelector('.jp-InputArea').innerText")
        assert SHOWS.get(name, "chat")[:12] in code
        assert view.evaluate("view => { " + CODE_IN_SIGHT + " }"), name
    lab.page.emulate_media(reduced_motion="no-preference")


SWELLS = """
    async view => {
        const layer = view.querySelector("input[type=range][aria-label=Layer]");
        const lines = [...view.querySelectorAll(".rl-grid canvas")].find(canvas => canvas.checkVisibility());
        layer.value = Number(layer.value) ? 0 : 1;
        layer.dispatchEvent(new Event("input", { bubbles: true }));
        const first = lines.toDataURL();
        await new Promise(done => setTimeout(done, 600));
        return first !== lines.toDataURL();
    }"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_lines_swell_unless_the_system_asks_for_stillness(
    lab: Lab, cards: dict[str, Locator], motion: str
) -> None:
    view = cards["attention"]
    lab.page.emulate_media(reduced_motion=motion)
    view.get_by_role("radio", name="Lines").check()
    lab.page.wait_for_timeout(600)
    assert view.evaluate(SWELLS) == (motion == "no-preference")
    lab.page.emulate_media(reduced_motion="no-preference")
