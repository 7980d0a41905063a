"""The still pictures of all views: their text is large enough, lies upon no other text, and not outside."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rustgpt_lab.views.style import DPI, TEXT, TICK, look

from .every import SETUP, SHOWS

CLOSE = 3
"""CSS pixels by which the boxes of two texts may meet."""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(SETUP, names)
    return names


def written(figure: Figure) -> Iterator[tuple[Text, Bbox]]:
    """The texts that are seen, and where, in CSS pixels."""
    figure.set_dpi(96)
    canvas = FigureCanvasAgg(figure)
    with look():
        canvas.draw()
        for text in figure.findobj(Text):
            if text.get_visible() and text.get_text().strip() and all(map(Text.get_visible, [text])):
                box = text.get_window_extent(canvas.get_renderer())
                if box.width and box.height:
                    yield text, box


@pytest.mark.parametrize("name", SHOWS)
def test_text_is_large_enough_and_alone_in_its_place(made: dict[str, Any], name: str) -> None:
    figure = eval(SHOWS[name], made).figure()
    found = list(written(figure))
    assert found or name == "tokens"
    small = {text.get_text(): text.get_size() for text, _ in found if text.get_size() < TICK - 0.01}
    assert small == {}
    meet = [
        (a.get_text(), b.get_text())
        for (a, one), (b, other) in itertools.combinations(found, 2)
        if min(min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)) > CLOSE
    ]
    assert meet == []
    page = figure.bbox
    outside = [t.get_text() for t, b in found if b.x0 < -CLOSE or b.y0 < -CLOSE or b.x1 > page.x1 + CLOSE or b.y1 > page.y1 + CLOSE]
    assert outside == []
