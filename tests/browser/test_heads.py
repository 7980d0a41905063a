"""The heads side by side in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = (
    "from rustgpt_lab import views\nfrom rustgpt_lab.course import induction\nllm = induction.recorded().llm"
)
SHOW = "views.heads(llm, induction.TEXT.rsplit(' ', 1)[0])"
LARGE = """
from rustgpt_lab import LLM, views
llm = LLM.build(LLM.packaged().vocab, embedding_dim=72, blocks=30, architecture="llama", heads=9, kv_heads=3)
"""


def drive(lab: Lab, view: Locator) -> None:
    says = view.locator(".rl-readout")
    assert "With every head, “nz” comes next with 0.755" in lab.says(view)
    lab.reach(view, "All heads, a small map for each")
    lab.press("Home", "PageUp")
    assert "Layer 1, head 1: the last word, “ne”, looks most at" in lab.says(view)
    lab.press("ArrowDown")
    assert "Layer 2, head 1: the last word, “ne”, looks most at “nz”" in lab.says(view)
    lab.press("Enter")
    expect(says).to_contain_text("Without head 1 of layer 2, “nz” still comes first")
    lab.press("Enter")
    expect(says).to_contain_text("With every head")
    lab.reach(view, "Silence its layer")
    lab.press("Enter")
    expect(says).to_contain_text("Without any head of layer 2, “nz” falls from 0.755 to 0.002")
    lab.reach(view, "All heads again")
    lab.press("Enter")
    expect(says).to_contain_text("With every head")
    lab.reach(view, "Text").fill("bo de bo")
    lab.press("Enter")
    expect(says).to_contain_text("With every head, “")
    lab.reach(view, "Attention of the chosen head")
    lab.press("Home", "PageUp")
    assert "gives “bo” about 1 of its attention" in lab.says(view)
    lab.reach(view, "Text").fill("never heard")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this text is in the vocabulary")


def test_heads(lab: Lab) -> None:
    check_view(lab, "heads", SETUP, SHOW, drive)


def test_thirty_layers_of_nine_heads(lab: Lab) -> None:
    text = "User: What does the sun give? Assistant: The sun gives light"
    with lab.notebook("heads_large", LARGE, f"views.heads(llm, {text!r})"):
        view = lab.views.first
        lab.check_look(view, "heads_large")
        overview = view.locator(".rl-grid").first
        lab.reach(view, "All heads, a small map for each")
        lab.press("End", "PageDown")
        assert "Layer 30, head 9: " in lab.says(view)
        box = overview.bounding_box()
        overview.click(position={"x": box["width"] - 8, "y": box["height"] - 8})  # the one that is chosen
        expect(view.locator(".rl-readout")).to_contain_text("Without head 9 of layer 30")
        assert "share keys and values" in view.inner_text()
        lab.check_quiet()
