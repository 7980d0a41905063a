"""A switch of Lab's theme leaves every picture as it was, wherever its card is at that moment.

While Lab switches, nothing on its page has a width; what is drawn then must be drawn again.
"""

import itertools
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from ..views.every import SETUP, SHOWS
from .harness import VIEW, Lab

LOOK = """
    view => {
        const picture = view.querySelector(".rl-picture");
        const places = ["x", "y", "width", "height", "cx", "cy", "d", "points"];
        const shapes = [picture, ...picture.querySelectorAll("*")].map(node =>
            [node.tagName, node.clientWidth, node.clientHeight, ...places.map(name => node.getAttribute(name))]);
        const colours = [...picture.querySelectorAll("canvas")].map(canvas => {
            const small = new OffscreenCanvas(8, 8).getContext("2d");
            small.imageSmoothingQuality = "high";
            small.drawImage(canvas, 0, 0, 8, 8);
            return [...small.getImageData(0, 0, 8, 8).data];
        });
        return { shapes, colours, words: [picture.outerHTML] };
    }"""
NEARLY = 20
"""Of 255: the edges of letters on a canvas are not the same each time."""


@pytest.fixture(scope="module")
def cards(lab: Lab) -> Iterator[dict[str, Locator]]:
    with lab.notebook("theme", SETUP, *SHOWS.values()):
        expect(lab.views.locator(".rl-card")).to_have_count(
            len(SHOWS) + 1
        )  # the chat's attention has its own
        yield {name: lab.views.locator(f"nth={i}") for i, name in enumerate(names(lab))}


def names(lab: Lab) -> list[str]:
    """Of the views from top to bottom; the attention inside the chat is one, too."""
    at = [*SHOWS].index("chat")
    return [*[*SHOWS][: at + 1], "attention in the chat", *[*SHOWS][at + 1 :]]


def looked_at(lab: Lab, view: Locator) -> dict[str, list]:
    view.scroll_into_view_if_needed()
    lab.settle()
    return view.evaluate(LOOK)


def changed(before: list, after: list) -> list[str]:
    """Some of what is not as it was, cut to what can be read."""

    def same(was: list | str, now: list | str) -> bool:
        pixels = isinstance(was, list) and isinstance(was[0], int) and len(was) == len(now)
        return max(abs(x - y) for x, y in zip(was, now, strict=True)) < NEARLY if pixels else was == now

    pairs = itertools.zip_longest(before, after)
    return [f"{str(was)[-150:]} is now {str(now)[-150:]}" for was, now in pairs if not same(was, now)][:3]


def in_sight(lab: Lab, view: Locator) -> Callable[[], None]:
    view.scroll_into_view_if_needed()
    return lambda: None


def scrolled_away(lab: Lab, view: Locator) -> Callable[[], None]:
    view.scroll_into_view_if_needed()
    first = view.evaluate("(view, all) => view === document.querySelector(all)", VIEW)
    (lab.views.last if first else lab.views.first).scroll_into_view_if_needed()
    return lambda: None


def output_hidden(lab: Lab, view: Locator) -> Callable[[], None]:
    lab.command("notebook:hide-all-cell-outputs")
    return lambda: lab.command("notebook:show-all-cell-outputs")


def behind_another_tab(lab: Lab, view: Locator) -> Callable[[], None]:
    lab.page.evaluate("window.theme = window.jupyterapp.shell.currentWidget.id")
    lab.command("launcher:create")
    return lambda: lab.page.evaluate("window.jupyterapp.shell.activateById(window.theme)")


@pytest.mark.parametrize("place", [in_sight, scrolled_away, output_hidden, behind_another_tab])
def test_the_theme_switched_twice_leaves_the_pictures_as_they_were(
    lab: Lab, cards: dict[str, Locator], place: Callable[[Lab, Locator], Callable[[], None]]
) -> None:
    before = {name: looked_at(lab, view) for name, view in cards.items()}
    each = cards if place in (in_sight, scrolled_away) else {"all": next(iter(cards.values()))}
    for name, view in each.items():
        back = place(lab, view)
        for k, theme in enumerate(("dark", "light")):
            lab.theme(theme)
            lab.settle()
            back()
            for other in cards if name == "all" else [name]:
                now = looked_at(lab, cards[other])
                for what in ("shapes", "colours", "words") if theme == "light" else ("shapes",):
                    wrong = changed(before[other][what], now[what])
                    assert wrong == [], f"{other}: {what} in the {theme} theme"
            if k == 0:
                back = place(lab, view)
    lab.check_quiet()
