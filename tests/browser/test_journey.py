"""The journey view in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()"
TEXT = "User: What does the sun give? Assistant: The sun"
SHOW = f"views.journey(llm, {TEXT!r})"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "First choices")
    lab.press("PageDown", "End")
    assert "After block 3, “sun” would be followed by “gives” with 0.977" in lab.says(view)
    assert "Probability of “gives” after “sun”" in view.inner_text()
    lab.press("ArrowUp", "Home")
    assert "Straight from the embeddings, “The” would be followed by" in lab.says(view)
    lab.reach(view, "Every layer")
    lab.press("Space")
    assert "12" in view.locator("text").all_text_contents()
    lab.reach(view, "First choices")
    lab.press("PageDown", "ArrowRight")
    assert "In the middle of a block, after layer 1 (SelfAttention), “sun” would" in lab.says(view)
    lab.shot(view, "journey_layers")
    lab.reach(view, "Text").fill("zyxx")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("What is Mercury ?")
    lab.press("Enter")
    expect(view.locator(".rl-grid svg")).to_contain_text("Mercury")
    expect(view.get_by_role("alert")).to_be_hidden()


def test_journey(lab: Lab) -> None:
    check_view(lab, "journey", SETUP, SHOW, drive, "input[type=checkbox]")


def test_an_own_text_is_answered_quickly(lab: Lab) -> None:
    with lab.notebook("journey_ask", SETUP, SHOW):
        expect(lab.views).to_have_count(1)
        lab.check_answers(lab.views.first, ["What is Mercury ?", TEXT] * 8)


def test_a_text_as_long_as_the_model_can_see_is_redrawn_quickly(lab: Lab) -> None:
    text = " ".join((TEXT.split() * 8)[:60])  # 80 tokens
    with lab.notebook("journey_long", SETUP, f"views.journey(llm, {text!r})"):
        view = lab.views.first
        assert view.locator(".rl-grid text").count() == 80 + 4
        lab.check_redraw(view, "input[type=checkbox]")
        for pixels in (1600, 600):
            lab.width(pixels)
            lab.settle()
            lab.shot(view, f"journey_long_{pixels}")
        lab.width(1600)
        lab.check_quiet()
