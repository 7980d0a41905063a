"""Charts to be drawn in, in a real JupyterLab: by keyboard and by pointer, then the truth over the drawing."""

import json

import pytest
from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab.course import again, sketch"
SHARES = "sketch('05.s1', lambda: [0.7, 0.1, 0.1, 0.1, 0])"
CURVE = "sketch('07.s1', lambda: [5, 4, 3, 3, 4, 4, 5, 5, 5, 5, 5])"


@pytest.fixture(autouse=True)
def fresh(lab: Lab) -> None:
    (lab.folder / "my_progress.json").unlink(missing_ok=True)


def kept(lab: Lab) -> dict:
    path = lab.folder / "my_progress.json"
    for _ in range(600):
        lab.page.wait_for_timeout(0 if path.exists() else 50)
    return json.loads(path.read_text())["predictions"]


def drive(lab: Lab, view: Locator) -> None:
    show = view.get_by_role("button", name="Show the truth over it")
    expect(show).to_be_disabled()
    assert lab.reach(view, "do").get_attribute("aria-valuetext") == "not drawn yet"
    lab.press("End")
    lab.reach(view, "is")
    lab.press("Shift+ArrowRight", "Shift+ArrowRight", "ArrowLeft", "ArrowRight")
    assert view.get_by_role("slider", name="is", exact=True).get_attribute("aria-valuetext") == "20 %"
    assert view.get_by_role("slider", name="do", exact=True).get_attribute("aria-valuetext") == "80 %"
    lab.reach(view, "How sure are you")
    lab.press("End")
    lab.reach(view, "Why?")
    lab.page.keyboard.type("children ask so")
    lab.shot(view, "sketch_shares_drawn")
    lab.reach(view, "Show the truth over it")
    lab.press("Enter")
    expect(view.locator(".rl-readout")).to_contain_text(
        "✓ Near: 80% of the probability lies where you drew it"
    )
    expect(view.locator(".rl-readout")).to_contain_text(
        "You were 100 % sure that it is near. Your reason: “chil"
    )
    expect(view).to_contain_text("22 of the questions")
    expect(show).to_be_hidden()
    expect(view.locator(".rl-card")).to_be_focused()
    assert view.get_by_role("slider").locator("visible=true").count() == 0
    expect(view.locator("g", has_text="do: drawn 0.8, truth 0.7")).to_have_count(1)
    assert kept(lab)["05.s1"]["drawn"] == [0.8, 0, 0.2, 0, 0]


def test_shares(lab: Lab) -> None:
    check_view(lab, "sketch_shares", SETUP, SHARES, drive)


def test_a_curve_is_drawn_in_one_stroke_and_comes_back(lab: Lab) -> None:
    later = "again('09')"
    with lab.notebook("sketch_curve", SETUP, CURVE, later):
        view = lab.views.first
        lab.check_look(view, "sketch_curve")
        pad = view.locator(".rl-pad svg").nth(1)
        pad.scroll_into_view_if_needed()
        lab.settle()
        box = pad.bounding_box()
        left, right = (view.get_by_role("slider", name=at, exact=True).bounding_box() for at in ("0", "30"))
        lab.page.mouse.move(left["x"] + 14, box["y"] + 40)
        lab.page.mouse.down()
        lab.page.mouse.move(right["x"] + 14, box["y"] + box["height"] - 80, steps=4)
        lab.page.mouse.up()
        sliders = view.get_by_role("slider").locator("visible=true").all()[:11]
        drawn = [float(one.get_attribute("aria-valuenow")) for one in sliders]
        assert drawn == sorted(set(drawn), reverse=True), "a stroke leaves no place out"
        view.get_by_label("How sure are you").fill("90")
        lab.shot(view, "sketch_curve_drawn")
        view.get_by_role("button", name="Show the truth over it").click()
        expect(view.locator(".rl-readout")).to_contain_text("✗ Not near: on average, your curve is")
        expect(view.locator(".rl-readout")).to_contain_text("it comes back two notebooks later")
        lab.check_look(view, "sketch_curve_truth")
        assert kept(lab)["07.s1"]["truth"] == "far"

        lab.command("notebook:run-all-cells")
        asked = lab.views.nth(1)
        expect(asked).to_contain_text("07.s1 comes back")
        lab.check_look(asked, "again")
        asked.get_by_label("kept back: stop where").check(force=True)
        asked.get_by_role("button", name="Keep my answer").click()
        expect(asked.locator(".rl-readout")).to_contain_text("✓ 07.s1, asked again: right this time")
        lab.shot(asked, "again_answered")
        lab.check_quiet()


def test_the_truth_can_be_had_without_a_drawing_and_a_drawing_after_that_is_late(lab: Lab) -> None:
    with lab.notebook("sketch_late", SETUP, CURVE, CURVE):
        first, second = lab.views.nth(0), lab.views.nth(1)
        first.get_by_role("button", name="Only show me").click()
        expect(first.locator(".rl-readout")).to_contain_text("You have drawn nothing")
        lab.shot(first, "sketch_only")
        assert kept(lab)["07.s1"] == {"opened": True}
        second.get_by_role("slider", name="30", exact=True).focus()
        lab.press("ArrowUp")
        second.get_by_role("button", name="Show the truth over it").click()
        expect(second.locator(".rl-readout")).to_contain_text("You had opened the answer before.")
        lab.check_quiet()
