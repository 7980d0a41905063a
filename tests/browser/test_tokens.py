"""The tokens view in a real JupyterLab."""

import re

from playwright.sync_api import Locator, expect

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


PAIRS = """from rustgpt_lab import BytePairs, views
pairs = BytePairs.train(['the sun rises the sun rises . </s>'], 270)"""


def type_byte_pairs(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Text")
    lab.press("Control+a")
    lab.page.keyboard.type("the sun é</s>")
    expect(view.locator(".rl-token")).to_have_text(
        [re.compile(text) for text in ("the", "␣sun", "␣", "<0xC3>", "<0xA9>", "</s>")]
    )
    assert lab.says(view) == "6 tokens; none is lost."


def test_the_kernel_cuts_byte_pairs_while_one_types(lab: Lab) -> None:
    check_view(
        lab, "byte_pairs", PAIRS, "views.tokens(pairs, 'the sun')", type_byte_pairs, "input[type=text]"
    )
