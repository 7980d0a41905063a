"""The chart to be drawn in, still: empty before, the truth over the drawing after."""

from dataclasses import replace

import numpy as np
import pytest

from rustgpt_lab.views.sketch import SketchCard, SketchData

CURVE = SketchData(
    id="07.s9",
    text="Draw it.",
    kind="curve",
    axes=("epoch", "loss"),
    places=("0", "5", "10"),
    high=8.0,
    drawn=None,
    truth=None,
    confidence=50,
    why="",
    sentence="Near is near.",
    because="",
)
DRAWN, TRUTH = np.array([5.0, 3.0, 1.0]), np.array([5.0, 4.0, 4.5])
SHARES = replace(CURVE, kind="shares", axes=("next word", "probability"), places=("a", "a", "</s>"), high=1.0)


def card(data: SketchData) -> SketchCard:
    return SketchCard(data, lambda question: data)


def test_the_curve_is_empty_and_then_has_the_truth_over_the_drawing() -> None:
    [ax] = card(CURVE).figure().axes
    assert all(np.isnan(line.get_ydata()).all() for line in ax.lines)
    assert ax.get_ylim() == (0, 8) and ax.get_legend() is None
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "5", "10"]
    [ax] = card(replace(CURVE, drawn=DRAWN, truth=TRUTH)).figure().axes
    assert {line.get_label(): line.get_ydata().tolist() for line in ax.lines} == {
        "drawn": DRAWN.tolist(),
        "truth": TRUTH.tolist(),
    }
    assert ax.lines[1].get_zorder() >= ax.lines[0].get_zorder()


def test_so_are_the_bars() -> None:
    [ax] = card(SHARES).figure().axes
    assert all(bar.get_width() == 0 for bar in ax.patches) and not ax.get_legend().get_visible()
    p, q = DRAWN / DRAWN.sum(), TRUTH / TRUTH.sum()
    [ax] = card(replace(SHARES, drawn=p, truth=q)).figure().axes
    assert np.allclose([bar.get_width() for bar in ax.patches], [*p, *q])


@pytest.mark.parametrize("data", [CURVE, SHARES], ids=["curve", "shares"])
def test_the_still_form_says_how_to_draw_and_afterwards_what_came(data: SketchData) -> None:
    before, table = card(data).twin(), card(data).table()
    assert (
        "Run this cell to draw it" in before["text/plain"]
        and "Run this cell to draw it" in before["text/html"]
    )
    assert table.headings == (data.axes[0],) and [row[0] for row in table.rows] == list(data.places)
    shown = card(replace(data, drawn=DRAWN, truth=TRUTH, because="Since <it> is so."))
    after = shown.twin()
    assert "Run this cell" not in after["text/plain"] and "Since &lt;it&gt; is so." in after["text/html"]
    assert shown.table().rows[1] == (data.places[1], 3.0, 4.0)
    assert after == card(shown.data).twin(), "the same for the same data"


def test_the_browser_gets_lists_and_no_truth_before_there_is_one() -> None:
    assert (card(CURVE).state()["drawn"], card(CURVE).state()["truth"]) == ([], [])
    state = card(replace(CURVE, drawn=DRAWN, truth=TRUTH)).state()
    assert (state["drawn"], state["truth"]) == (DRAWN.tolist(), TRUTH.tolist())
