"""The gradient on its way back in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()"
SHOW = "views.gradient_flow(llm, 'The sun gives light and heat to the planets </s>')"
BARS = "bars => bars.numbers().slice(1).map(row => row[0])"


def drive(lab: Lab, view: Locator) -> None:
    bars = view.locator("svg[aria-label^='The norms']")
    assert "0.token_embeddings" in bars.evaluate(BARS)
    lab.reach(view, "Step")
    lab.press("Home")
    assert lab.says(view) == "9 tokens are about to enter."
    lab.reach(view, "Next")
    lab.press("Enter")
    assert lab.says(view).startswith("Forward: layer 0, Embeddings, computes")
    for _ in range(14):
        lab.press("Enter")
    assert lab.says(view).startswith("The loss is ")
    assert bars.evaluate(BARS) == []
    lab.press("Enter")
    assert lab.says(view).startswith("Back: a gradient of ")
    assert "arrives at layer 13, OutputProjection. It hands on " in lab.says(view)
    assert bars.evaluate(BARS) == ["13.w_out", "13.b_out"]
    lab.press("Enter", "Enter")
    assert "layer 11, FeedForward. Around the layer it passes whole; the way through adds " in lab.says(view)
    lab.shot(view, "gradient_flow_half_way")
    lab.reach(view, "Play")
    lab.press("Enter")
    expect(view.locator(".rl-readout")).to_contain_text(
        "Nothing lies before it: here it ends.", timeout=15_000
    )


def test_gradient_flow(lab: Lab) -> None:
    check_view(lab, "gradient_flow", SETUP, SHOW, drive, "[aria-label=Step]")


def test_a_click_on_a_layer_shows_what_it_hands_back(lab: Lab) -> None:
    with lab.notebook("gradient_flow_click", SETUP, SHOW):
        view = lab.views.first
        view.locator("svg text", has_text="7 FeedForward").click()
        assert "arrives at layer 7, FeedForward." in lab.says(view)
