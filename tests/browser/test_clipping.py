"""The clipping view in a real JupyterLab."""

import pytest
from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = """from rustgpt_lab import LLM, Dataset, Vocab, views
texts = Dataset.packaged().chat
llm = LLM.build(Vocab.from_texts(texts), embedding_dim=64, hidden_dim=128, blocks=2)"""
SHOW = "views.clipping(llm, texts, steps=20)"


def drive(lab: Lab, view: Locator) -> None:
    busy = view.locator("[aria-busy]")
    lab.reach(view, "Method").select_option("adaptive")
    expect(view.locator(".rl-readout")).to_contain_text("AGC, 0.01, centralized: it fired in 20 of 20 steps")
    lab.reach(view, "The gradient of every parameter")
    lab.press("ArrowUp", "ArrowUp")
    assert lab.says(view).startswith("9.b_out, in 20 steps (medians): a norm of ")
    lab.reach(view, "Show")
    lab.press("ArrowRight", "ArrowRight")
    assert "step 2" in view.inner_text()
    lab.shot(view, "clipping_step")
    lab.reach(view, "Method").select_option("l2")
    expect(busy).to_have_count(0)
    lab.reach(view, "parameters")
    lab.press("ArrowRight")
    expect(view.locator(".rl-readout")).to_contain_text(
        "on the logits: this clipper has never fired in 20 steps"
    )
    lab.reach(view, "Threshold")
    for _ in range(6):
        lab.press("ArrowLeft")
    expect(view.locator(".rl-readout")).to_contain_text(
        "L2 norm up to 0.01, on the logits: it fired in 20 of 20"
    )


def test_clipping(lab: Lab) -> None:
    check_view(lab, "clipping", SETUP, SHOW, drive, "[aria-label=Show]")


@pytest.mark.parametrize("method", ["l2", "agc", "adaptive"])
def test_another_threshold_is_answered_quickly(lab: Lab, method: str) -> None:
    show = f"views.clipping(LLM.packaged(), texts, {method!r}, 0.5)"
    with lab.notebook(f"clipping_ask_{method}", SETUP, show):
        expect(lab.views).to_have_count(1)
        lab.check_answers(lab.views.first, [str(i) for i in range(16)], "[aria-label=Threshold]")
