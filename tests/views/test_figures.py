"""The still pictures of all views: their text is large enough, lies upon no other text, and not outside."""

import itertools
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rustgpt_lab.views.style import TEXT, TICK, look

from .every import IN_SCRIPT, SETUP, SHOWS, WORDS, WRITTEN

DEEP = {"deep journey": "views.journey(LLM.build(llm.vocab, 4, 4, blocks=30), text)"}
CLOSE = 3
"""CSS pixels by which the boxes of two texts may meet."""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(SETUP, names)
    return names


def written(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Text, Bbox]]:
    """The texts that are drawn, and where, in CSS pixels; an axis has more than that."""
    drawn: list[Text] = []
    draw = Text.draw
    monkeypatch.setattr(Text, "draw", lambda self, *told: (drawn.append(self), draw(self, *told)))
    figure.set_dpi(96)
    canvas = FigureCanvasAgg(figure)
    with look():
        canvas.draw()
        seen = [text for text in dict.fromkeys(drawn) if text.get_visible() and text.get_text().strip()]
        return [(text, text.get_window_extent(canvas.get_renderer())) for text in seen]


@pytest.mark.parametrize("name", SHOWS | DEEP)
def test_text_is_large_enough_and_alone_in_its_place(
    made: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = eval((SHOWS | DEEP)[name], made).figure()
    found = written(figure, monkeypatch)
    assert found or name == "tokens"
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    ticks = {
        label for axis in axes for t in (*axis.majorTicks, *axis.minorTicks) for label in (t.label1, t.label2)
    }
    small = {
        text.get_text(): text.get_size()
        for text, _ in found
        if text.get_size() < (TICK if text in ticks else TEXT) - 0.01
    }
    assert small == {}
    meet = [
        (a.get_text(), b.get_text())
        for (a, one), (b, other) in itertools.combinations(found, 2)
        if min(min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0))
        > CLOSE
    ]
    assert meet == []
    page = figure.bbox
    outside = [
        t.get_text()
        for t, b in found
        if b.x0 < -CLOSE or b.y0 < -CLOSE or b.x1 > page.x1 + CLOSE or b.y1 > page.y1 + CLOSE
    ]
    assert outside == []


@pytest.mark.parametrize("script", WRITTEN)
def test_words_of_every_script_are_drawn_without_a_warning(
    script: str, caplog: pytest.LogCaptureFixture
) -> None:
    names: dict[str, Any] = {}
    exec(IN_SCRIPT.format(text=WRITTEN[script]), names)
    for name, show in WORDS.items():
        twin = eval(show, names).twin()  # a warning is an error here
        assert twin["image/png"], name
    assert caplog.records == []
