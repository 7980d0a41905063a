"""Words of any script: no text upon another, each box as wide as its word, and pieces in the order one reads them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from ..views.every import IN_SCRIPT, RIGHT_TO_LEFT, WORDS, WRITTEN
from .harness import Lab
from .test_every_card import overlaps, texts

TOO_NARROW = """
    view => [...view.querySelectorAll(".rl-token, .rl-piece, .rl-said, .rl-spoken, .rl-button, .rl-token span")]
        .filter(box => box.checkVisibility()).filter(box => {
            const range = document.createRange();
            range.selectNodeContents(box);
            const [inner, outer] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
            return inner.left < outer.left - 1 || inner.right > outer.right + 1;
        }).map(box => box.textContent)"""
LEFTS = "boxes => boxes.map(box => box.getBoundingClientRect()).map(box => [Math.round(box.top), box.left])"


@pytest.fixture(params=WRITTEN)
def cards(lab: Lab, request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, Locator]]]:
    setup = IN_SCRIPT.format(text=WRITTEN[request.param])
    with lab.notebook(request.param, setup, *WORDS.values()):
        expect(lab.views.locator(".rl-card")).to_have_count(len(WORDS))
        yield request.param, {name: lab.views.nth(i) for i, name in enumerate(WORDS)}


def test_words_of_any_script_have_room(lab: Lab, cards: tuple[str, dict[str, Locator]]) -> None:
    script, views = cards
    lab.shot(views["tokens"], f"tokens_{script}")
    views["attention"].get_by_role("radio", name="Lines").check()
    for pixels in (1600, 600):
        lab.width(pixels)
        for name, view in views.items():
            found = texts(lab, view)
            lab.shot(view, f"{script}_{name}_{pixels}")
            assert overlaps(found) == [], f"{name}, {pixels} px"
            assert view.evaluate(TOO_NARROW) == [], f"{name}, {pixels} px: a box is too narrow for its word"
            halves = [t["text"] for t in found if re.search("[\ud800-\udfff\ufffd]|\u200d…", t["text"])]
            assert halves == [], f"{name}: half a character"
    lab.width(1600)
    places = views["tokens"].locator(".rl-token").evaluate_all(LEFTS)
    first_line = [left for top, left in places if top == places[0][0]]
    assert len(first_line) > 3
    assert first_line == sorted(first_line, reverse=script in RIGHT_TO_LEFT), (
        "the words stand in the wrong order"
    )
