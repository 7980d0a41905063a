"""The tree of a beam in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()"
SHOW = "views.beam(llm, 'User: Can you tell about Mars?')"


def drive(lab: Lab, view: Locator) -> None:
    seen = view.locator(".rl-branch:not(.rl-hidden)")
    whole, dropped = seen.count(), view.locator(".rl-dropped").count()
    assert whole > dropped > 20
    assert "Venus" in view.locator(".rl-found .rl-best").inner_text()
    lab.reach(view, "Turn")
    lab.press("Home")
    assert "Before the first turn there is only the prompt" in lab.says(view)
    assert seen.count() == 0
    for turn in range(1, 4):
        lab.press("ArrowRight")
        assert f"Turn {turn}: 5 texts go on; the likeliest is “Assistant" in lab.says(view)
        assert seen.count() == 5 * turn
    assert view.locator(".rl-dropped").count() == 8, "of the first two turns, all but the first word"
    assert view.locator(".rl-found tbody tr:not(.rl-hidden)").count() == 1, (
        "only greedy's text is there already"
    )
    lab.press("End")
    assert (seen.count(), view.locator(".rl-dropped").count()) == (whole, dropped)
    lab.press("Home")
    lab.reach(view, "Play")
    lab.press("Enter")
    expect(seen).to_have_count(10)
    expect(view.get_by_role("button", name="Pause")).to_be_focused()
    lab.press("Enter")
    expect(view.get_by_role("button", name="Play")).to_be_focused()
    lab.reach(view, "Width")
    lab.press("Home")
    expect(view.locator(".rl-readout")).to_contain_text(
        "The beam and greedy both say “Assistant : Mars is a red rocky"
    )
    expect(view.locator(".rl-found tbody tr")).to_have_count(2)
    lab.reach(view, "Text").fill("zyxx")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")


def test_beam(lab: Lab) -> None:
    check_view(lab, "beam", SETUP, SHOW, drive, "input[aria-label=Turn]")
