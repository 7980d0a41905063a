"""The cache that fills up, in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = """
from rustgpt_lab import LLM, views
llm = LLM.build(LLM.packaged().vocab, architecture="llama", heads=8, kv_heads=2)
"""
SHOW = "views.cache(llm, 'User: What does the sun give? Assistant: The sun gives')"


def drive(lab: Lab, view: Locator) -> None:
    assert "2 key heads of 16 numbers in 3 layers keep 9,984 bytes; with 8 it would be 39,936" in lab.says(
        view
    )
    lab.reach(view, "Words read")
    lab.press("Home")
    assert "After 0 words: 0 bytes with 2 of 8" in lab.says(view)
    lab.press("ArrowRight")
    assert "After 1 words: 768 bytes with 2 of 8 heads that have keys, 3,072 bytes with 8" in lab.says(view)
    lab.reach(view, "Compare with").select_option("1")
    expect(view.locator(".rl-readout")).to_contain_text("384 bytes with 1")
    lab.reach(view, "Next")
    lab.press("Enter")
    assert "After 2 words: 1,536 bytes" in lab.says(view)


def test_cache(lab: Lab) -> None:
    check_view(lab, "cache", SETUP, SHOW, drive, "input[aria-label='Words read']")
