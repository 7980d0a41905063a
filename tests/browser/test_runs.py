"""Runs side by side in a real JupyterLab."""

from playwright.sync_api import Locator

from .harness import Lab, check_view

SETUP = """
import tempfile
from rustgpt_lab import views
from rustgpt_lab.experiments import run
small, folder = dict(embedding_dim=4, hidden_dim=4, blocks=1), tempfile.mkdtemp()
runs = {f"rate {rate}": run(f"{folder}/{rate}", ["a b c </s>"], small | dict(learning_rate=rate, epochs=epochs))
        for rate, epochs in ((0.01, 30), (0.1, 20))}
"""


def drive(lab: Lab, view: Locator) -> None:
    assert lab.says(view).startswith("2 runs, which differ in learning_rate, epochs. ")
    lab.reach(view, "Step")
    lab.press("ArrowLeft")
    assert lab.says(view).startswith("Step 29, smoothed. rate 0.01: ")
    assert lab.says(view).endswith("rate 0.1: it has ended.")
    lab.press("Home")
    assert lab.says(view).startswith("Step 1, smoothed. ")
    lab.reach(view, "Smoothed")
    lab.press("Space")
    assert lab.says(view).startswith("Step 1. ")
    assert [text for text in view.locator("th").all_text_contents()][:2] == ["run", "learning_rate"]
    names = view.locator(".rl-picture svg text.rl-word")
    assert sorted(names.all_text_contents()) == ["rate 0.01", "rate 0.1"], "each line has its name at its end"
    lab.shot(view, "runs")


def test_runs(lab: Lab) -> None:
    check_view(lab, "runs", SETUP, "views.runs(runs)", drive, "[aria-label=Step]")
