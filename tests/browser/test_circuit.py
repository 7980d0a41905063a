"""The birth of a circuit in a real JupyterLab: a recording, and a run that is started there."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import views\nfrom rustgpt_lab.course import induction"


def drive(lab: Lab, view: Locator) -> None:
    says = view.locator(".rl-readout")
    assert "has half of it at step 300" in lab.says(view)
    assert view.get_by_role("button", name="Start").count() == 0, "it is over"
    lab.reach(view, "To the moment it appears")
    lab.press("Enter")
    assert "Step 300: loss" in lab.says(view)
    lab.reach(view, "Moment")
    lab.press("Home")
    assert "Step 0: loss 4.1" in lab.says(view)
    lab.reach(view, "Go to it")
    lab.press("Enter")
    expect(view).to_contain_text("at step 0, reading words that come twice")
    expect(says).to_contain_text("Step 0: a loss of 4.1")
    lab.reach(view, "Moment")
    lab.press("End")
    lab.reach(view, "Go to it")
    lab.press("Enter")
    expect(view).to_contain_text("at step 500, reading words that come twice")
    lab.reach(view, "Attention of the strongest head")
    lab.press("Home", "PageUp")
    assert "gives “bo” about 1 of its attention" in lab.says(view)


def test_circuit(lab: Lab) -> None:
    check_view(
        lab, "circuit", SETUP, "views.circuit(induction.recorded())", drive, "input[aria-label=Moment]"
    )


def test_a_run_is_started_and_rewound(lab: Lab) -> None:
    with lab.notebook("circuit_live", SETUP, "run = induction.grow(steps=40)\nviews.circuit(run)"):
        view = lab.views.first
        expect(view.locator(".rl-readout")).to_contain_text("press Start")
        lab.reach(view, "Start")
        lab.press("Enter")
        expect(view).to_contain_text("40 of 40 steps, finished")
        lab.reach(view, "Moment")
        lab.press("Home", "ArrowRight")
        lab.reach(view, "Rewind to it")
        lab.press("Enter")
        expect(view).to_contain_text("20 of 40 steps, paused")
        lab.check_quiet()
