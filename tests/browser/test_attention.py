"""The attention view in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = """
from rustgpt_lab import LLM, Dataset, Vocab, views
texts = Dataset.packaged().texts
llm = LLM.build(Vocab.from_texts(texts))
"""
TEXT = "User : What does the sun give ?"


def drive(lab: Lab, view: Locator) -> None:
    assert "the last word, “?”, gives “" in lab.says(view)
    assert "Where “?” looks" in view.inner_text()
    lab.reach(view, "Layer")
    lab.press("Home", "ArrowRight", "ArrowRight")
    assert "3 of 3" in view.inner_text()
    lab.reach(view, "Attention weights")
    lab.press("Home", "PageUp", "ArrowDown", "ArrowRight", "ArrowRight")
    assert "“:” cannot look at “What”" in lab.says(view)
    lab.press("ArrowDown")
    assert "“What” gives “What”" in lab.says(view)
    assert "q·k / √d" in lab.says(view)
    assert "Where “What” looks" in view.inner_text()
    lab.reach(view, "Map")
    lab.press("ArrowRight")
    lab.reach(view, "Attention as lines")
    lab.press("Home")
    assert "“What” gives “User”" in lab.says(view)
    lab.shot(view, "attention_lines")
    lab.reach(view, "Text").fill("zyxx")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("What is Mercury ?")
    lab.press("Enter")
    expect(view.locator(".rl-grid svg:visible")).to_contain_text("Mercury")
    expect(view.get_by_role("alert")).to_be_hidden()
    lab.reach(view, "Lines")
    lab.press("ArrowLeft")
    assert view.get_by_role("application").all()[0].is_visible()


def test_attention(lab: Lab) -> None:
    check_view(
        lab, "attention", SETUP, f"views.attention(llm, {TEXT!r})", drive, "input[type=range][max='2']"
    )


def test_an_own_text_is_answered_quickly(lab: Lab) -> None:
    with lab.notebook("attention_ask", SETUP, f"views.attention(llm, {TEXT!r})"):
        expect(lab.views).to_have_count(1)
        view = lab.views.first
        lab.check_answers(view, ["What is Mercury ?", "What is the sun ?"] * 8)
        lab.restart()
        expect(view.locator(".rl-note")).to_have_text(
            "The kernel has stopped or was restarted. What you see keeps working."
        )
        lab.reach(view, "Text").fill("What is Mercury ?")
        lab.press("Enter")
        expect(view.locator(".rl-grid svg:visible")).to_contain_text("Mercury")


def test_who_needs_the_kernel_says_so_when_it_is_gone(lab: Lab) -> None:
    setup = f"{SETUP}llm = LLM.build(llm.vocab, 8, 8, 1, architecture='gpt2', heads=2)"
    with lab.notebook("attention_kernel", setup, f"views.attention(llm, {TEXT!r})"):
        expect(lab.views).to_have_count(1)
        view = lab.views.first
        lab.restart()
        expect(view.locator(".rl-note")).to_contain_text(
            "To ask it something new, run the cells from the top"
        )
        lab.reach(view, "Text")
        lab.press("Enter")
        assert view.locator("[aria-busy]").count() == 0
