"""The what-if view in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()"
TEXT = "User: What does the sun give? Assistant: The sun"
SHOW = f"views.what_if(llm, {TEXT!r}, 'hide', layer=1, column=5)"


def drive(lab: Lab, view: Locator) -> None:
    said = view.locator(".rl-readout")
    lab.reach(view, "Change").select_option("norm")
    expect(said).to_contain_text("Without the norm in any layer, “gives” falls")
    expect(view.locator(".rl-grid").first).to_be_hidden()
    lab.reach(view, "Layer")
    lab.press("ArrowRight", "ArrowRight")
    expect(said).to_contain_text("Without the norm in layer 4, ")
    assert "4 LayerNorm" in view.inner_text()
    lab.shot(view, "what_if_norm")
    lab.reach(view, "Change")
    lab.press("End")
    expect(said).to_contain_text("as it is in every layer, nothing changes")
    lab.reach(view, "Layer")
    lab.press("ArrowRight")
    lab.reach(view, "Score")
    lab.press("End")
    expect(said).to_contain_text("set to 10 in layer 1")
    lab.reach(view, "Attention weights")
    lab.press("Home", "PageUp", "ArrowDown", "ArrowDown", "Enter")
    expect(said).to_contain_text("the score of “What” for “User” as it is in layer 1")
    lab.reach(view, "Word looked at")
    lab.press("ArrowRight")
    lab.reach(view, "Score")
    lab.press("Home")
    expect(said).to_contain_text("the score of “What” for “:” set to −10 in layer 1")
    lab.reach(view, "Text").fill("zyxx")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("What is Mercury ?")
    lab.press("Enter")
    expect(view.locator(".rl-grid svg").last).to_contain_text("Mercury")
    expect(view.get_by_role("alert")).to_be_hidden()


def test_what_if(lab: Lab) -> None:
    check_view(lab, "what_if", SETUP, SHOW, drive)


def test_a_change_is_answered_quickly(lab: Lab) -> None:
    with lab.notebook("what_if_ask", SETUP, SHOW):
        expect(lab.views).to_have_count(1)
        lab.check_answers(lab.views.first, ["What is Mercury ?", TEXT] * 8)
