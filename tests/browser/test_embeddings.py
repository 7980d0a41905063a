"""The embeddings view in a real JupyterLab."""

import re

from playwright.sync_api import Locator

from .harness import Lab, check_view

SETUP = """
from rustgpt_lab import LLM, views
llm = LLM.packaged()
moments = {"untrained": LLM.build(llm.vocab), "trained": llm}
"""
SHOW = "views.embeddings(moments, 'sun moon planets stars rain rivers trees birds')"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Map of words")
    lab.press("ArrowRight")
    assert re.search(r"Nearest: “.+” and “.+” have a cosine of 0\.\d", lab.says(view))
    word = re.search(r"Nearest: “(.+?)”", lab.says(view))[1]
    lab.press("Enter")
    assert lab.reach(view, "Compare").input_value().endswith(f"birds {word}")
    lab.press("End")
    lab.page.keyboard.type(" zyxx")
    assert lab.says(view) == "Not in the vocabulary: “zyxx”."
    lab.reach(view, "Find").fill("moon")
    assert "Nearest to “moon”" in view.inner_text()
    lab.reach(view, "Similarity of the words compared")
    lab.press("ArrowRight")
    assert "“sun” and “moon” have a cosine of" in lab.says(view)
    lab.reach(view, "Moment")
    lab.press("ArrowLeft")
    assert "untrained" in view.inner_text()
    lab.shot(view, "embeddings_untrained")
    lab.press("ArrowRight")


def test_embeddings(lab: Lab) -> None:
    check_view(lab, "embeddings", SETUP, SHOW, drive, "input[type=range]")
