"""The next word's distribution in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()"
SHOW = "views.next_word(llm, 'User: Can you tell about Mars? Assistant:')"


def drive(lab: Lab, view: Locator) -> None:
    assert "8 words can be drawn" in lab.says(view)
    faint = view.locator(".rl-faint")
    assert faint.count() == 4
    lab.reach(view, "Top-p")
    lab.press("End")
    assert "With temperature 0.7, every word can be drawn" in lab.says(view)
    assert faint.count() == 0
    lab.reach(view, "Temperature")
    lab.press("End")
    assert "With temperature 2, every word can be drawn" in lab.says(view)
    lab.reach(view, "Top-k")
    lab.press("Home", "ArrowRight", "ArrowRight")
    assert "With temperature 2, top-k 3, 3 words can be drawn" in lab.says(view)
    assert faint.count() == 9
    lab.reach(view, "Repetition penalty")
    lab.press("End")
    row = view.locator(".rl-slides").filter(has=lab.page.locator("title", has_text="Mars:"))
    height = "node => node.transform.baseVal.consolidate().matrix.f"
    assert row.count() == 0 or row.evaluate(height) > 60, "the word that the question has slid down, or out"
    lab.press("Home")
    lab.reach(view, "Temperature")
    lab.press("Home")
    assert "one word can be drawn" in lab.says(view)
    lab.reach(view, "Draw a word")
    lab.press("Enter")
    expect(view.get_by_label("Text")).to_have_value("User: Can you tell about Mars? Assistant: Mars")
    expect(view.locator(".rl-readout")).to_contain_text(
        "With temperature 0, which is greedy, one word can be drawn; “is”"
    )
    lab.reach(view, "Text").fill("zyxx")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")


def test_next_word(lab: Lab) -> None:
    check_view(lab, "next_word", SETUP, SHOW, drive, "input[type=range]")
