"""The network view in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()"
TEXT = "User: What does the sun give?"
SHOW = f"views.network(llm, {TEXT!r})"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "0 Embeddings")
    assert "the largest, layer 0 (Embeddings)" in lab.says(view)
    lab.press("ArrowDown", "ArrowDown", "ArrowDown")
    assert "Layer 3, FeedForward: 65,920 parameters, 13% of all." in lab.says(view)
    assert "(128, 256)" in view.inner_text()
    lab.shot(view, "network_feed_forward")
    lab.press("ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")
    assert "Layer 13, OutputProjection: 73,014 parameters" in lab.says(view)
    lab.press("ArrowDown", "ArrowDown")
    assert "(8, 8)" in view.inner_text()
    assert "28 hidden" in view.inner_text()
    lab.reach(view, "Text").fill("zyxx")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("What is Mercury ?")
    lab.press("Enter")
    expect(view).to_contain_text("(4, 4)")
    expect(view.get_by_role("alert")).to_be_hidden()


def test_network(lab: Lab) -> None:
    check_view(lab, "network", SETUP, SHOW, drive, "input[type=radio]")


def test_an_own_text_is_answered_quickly(lab: Lab) -> None:
    with lab.notebook("network_ask", SETUP, SHOW):
        expect(lab.views).to_have_count(1)
        lab.check_answers(lab.views.first, ["What is Mercury ?", TEXT] * 8)
