"""A named mistake in a real JupyterLab: its button trains two models."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = """from rustgpt_lab.course import check
from rustgpt_lab.course.exercises.nb03 import attention
def unmasked(x, w_q, w_k, w_v):
    return attention(x, w_q, w_k, w_v, mask=lambda scores: scores)"""


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Train a model with it")
    lab.press("Enter")
    chart = view.get_by_role("img", name="The loss of both models")
    expect(chart).to_be_visible()
    assert sorted(chart.locator("text.rl-word").all_text_contents()) == ["with the mistake", "without it"]
    assert lab.says(view).startswith("After 60 steps the loss is")
    assert "reads what it is to predict" in lab.says(view)
    expect(view.get_by_role("cell", name="agrees").first).to_be_visible()
    expect(view.get_by_text("hidden by the mask")).to_have_count(1)  # that with the mistake has no mask
    lab.check_look(view, "versus")


def test_versus(lab: Lab) -> None:
    check_view(lab, "versus_offer", SETUP, "check('03.3', unmasked)", drive)
