"""The tokens view in a real JupyterLab."""

from playwright.sync_api import Locator

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import Vocab, views\nvocab = Vocab.from_texts(['the sun rises . </s>'])"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Text")
    lab.press("Control+a")
    lab.page.keyboard.type("the moon rises. </s>")
    assert view.locator(".rl-token").all_inner_texts() == [
        "the\n4", "moon\nlost", "rises\n2", ".\n0", "</s>\n1",
    ]  # fmt: skip
    assert lab.says(view) == "5 tokens; the model never sees “moon”."


def test_tokens(lab: Lab) -> None:
    check_view(lab, "tokens", SETUP, "views.tokens(vocab, 'the sun sets .')", drive, "input[type=text]")
