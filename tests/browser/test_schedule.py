"""The schedule designer in a real JupyterLab."""

from playwright.sync_api import Locator

from .harness import Lab, check_view, drag

SETUP = "from rustgpt_lab import views"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "The top, the end of the warm-up")
    lab.press("Shift+ArrowRight")
    assert "at step 15, " in lab.says(view)
    lab.reach(view, "The end of the decay")
    lab.press("ArrowDown", "ArrowLeft")
    assert "falls to 0.0009 at step 99, " in lab.says(view)
    assert view.locator("code").text_content() == "schedule=WarmupCosine(warmup=15, steps=99, floor=0.09)"
    lab.shot(view, "schedule")


def test_schedule(lab: Lab) -> None:
    check_view(lab, "schedule", SETUP, "views.schedule(learning_rate=0.01)", drive)


def test_a_corner_can_be_dragged(lab: Lab) -> None:
    with lab.notebook("schedule_drag", SETUP, "views.schedule()"):
        view = lab.views.first
        drag(lab, view.locator(".rl-handle").first, 200, 0)
        assert "climbs to 0.001 at step 1" not in lab.says(view)
        drag(lab, view.locator(".rl-handle").first, 5000, 0)
        assert "at step 99, falls to " in lab.says(view), "the climb ends before the end"
        lab.check_quiet()
