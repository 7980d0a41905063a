"""The valley in a real JupyterLab."""

from playwright.sync_api import Locator

from .harness import Lab, check_view, drag

SETUP = "from rustgpt_lab import views"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Rate of plain descent")
    for _ in range(2):
        lab.press("ArrowRight")
    assert "plain descent has blown up (at step 33)" in lab.says(view)
    assert "plain descent: blown up" in view.locator(".rl-plane").text_content()
    lab.shot(view, "valley_blown_up")
    lab.reach(view, "Rate of Adam")
    lab.press("Home")
    assert "Adam rests." in lab.says(view), "at a rate of 0"
    lab.reach(view, "The start")
    lab.press("ArrowLeft", "Shift+ArrowDown")
    assert "from (4.9, 0.5): " in lab.says(view)
    lab.reach(view, "Back")
    lab.press("Enter", "Enter")
    assert lab.says(view).startswith("After 58 steps")
    lab.reach(view, "Play")
    lab.press("Enter")
    lab.page.wait_for_timeout(1500)
    assert lab.says(view).startswith("After 60 steps")
    lab.reach(view, "long bowl")
    lab.press("ArrowRight")
    assert lab.says(view).startswith("After 60 steps from (0.01, 1): plain descent has a loss of 0.00118; ")


def test_valley(lab: Lab) -> None:
    check_view(lab, "valley", SETUP, "views.valley()", drive, "[aria-label=Step]")


def test_the_start_can_be_dragged(lab: Lab) -> None:
    with lab.notebook("valley_drag", SETUP, "views.valley()"):
        view = lab.views.first
        start = view.locator(".rl-handle")
        assert view.locator(".rl-untried").count() == 1, "what can be dragged draws the eye"
        drag(lab, start, -200, 100)
        assert view.locator(".rl-untried").count() == 0
        width, height = (float(view.locator(".rl-plane").get_attribute(name)) for name in ("width", "height"))
        x, y = 5 - 200 / width * 12, 1 - 100 / height * 3.6
        shown = [float(part) for part in start.get_attribute("aria-valuetext").replace("−", "-").split(", ")]
        assert [round(part, 1) for part in shown] == [round(x, 1), round(y, 1)]
        drag(lab, start, 5000, 0)
        assert start.get_attribute("aria-valuetext").startswith("6, "), "it stays in the picture"
        lab.check_quiet()
