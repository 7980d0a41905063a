"""The rotation of pairs in a real JupyterLab."""

import re

from playwright.sync_api import Locator

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import views"
SHOW = "views.rotation([1, .3, .8, .2, .5, .9, 1, 0], [.9, .1, .7, .5, .6, .6, 1, .2])"


def score(lab: Lab, view: Locator) -> str:
    return re.search(r"score (\S+)\.$", lab.says(view))[1]


def drive(lab: Lab, view: Locator) -> None:
    first = score(lab, view)
    lab.reach(view, "Both, at the same distance")
    for keys in (["ArrowRight"] * 5, ["End"], ["Home"]):
        lab.press(*keys)
        assert score(lab, view) == first and "distance 4" in lab.says(view)
    assert "Query at 4, key at 0" in lab.says(view)
    lab.reach(view, "Query at")
    lab.press("ArrowRight")
    assert "Query at 5, key at 0: distance 5" in lab.says(view) and score(lab, view) != first
    lab.reach(view, "Key at")
    lab.press("End")
    assert "Query at 63, key at 63: distance 0" in lab.says(view), "no query sees a later key"
    lane = view.locator("svg[aria-label^='The line of positions']")
    box = lane.bounding_box()
    lane.hover(position={"x": box["width"] - 24, "y": 30})
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30, steps=4)
    lab.page.mouse.up()
    assert re.match(r"Query at 3[0-3], key at 3[0-3]: distance 0", lab.says(view)), "it takes the key along"


def test_rotation(lab: Lab) -> None:
    check_view(lab, "rotation", SETUP, SHOW, drive, "input[aria-label='Query at']")
