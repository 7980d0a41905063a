"""The model file view in a real JupyterLab."""

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = """
from rustgpt_lab import LLM, Vocab, views
llm = LLM.build(Vocab(["the", "sun", "</s>"]), embedding_dim=2, hidden_dim=2, blocks=1, max_seq_len=4)
"""
SHOW = "views.model_file(llm, 'the sun')"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Bit 7")
    lab.press("Enter")
    expect(view.locator(".rl-verdict")).to_contain_text("The file loads. After “the sun”")
    expect(view.locator("[aria-label^='Bit 7'][aria-label$='now 1']").first).to_be_focused()
    lab.reach(view, "Bit 6")
    lab.press("Enter")
    expect(view.locator(".rl-hex .rl-turned")).to_have_count(2)
    lab.shot(view, "model_file_turned")
    lab.reach(view, "Put all bits back")
    lab.press("Enter")
    expect(view.locator(".rl-verdict")).to_be_empty()
    lab.reach(view, "Go to byte").fill("0")
    lab.press("Enter")
    expect(view.locator("[aria-current]")).to_contain_text("count")
    lab.reach(view, "Bytes of the file")
    lab.press("ArrowRight")
    expect(view.locator(".rl-readout")).to_contain_text("Byte 1 of")
    lab.reach(view, "Bit 7")
    lab.press("Enter")
    expect(view.locator(".rl-verdict")).to_contain_text("Error: ")
    lab.shot(view, "model_file_spoilt")
    lab.reach(view, "binary")
    lab.press("ArrowRight")
    expect(view.locator(".rl-readout")).to_contain_text("in the JSON file")
    lab.shot(view, "model_file_json")
    lab.reach(view, "Go to byte").fill("999999")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("there is no such byte")


def test_model_file(lab: Lab) -> None:
    check_view(lab, "model_file", SETUP, SHOW, drive)


def test_a_byte_is_shown_quickly(lab: Lab) -> None:
    with lab.notebook("model_file_ask", SETUP, SHOW):
        expect(lab.views).to_have_count(1)
        lab.check_answers(lab.views.first, ["40", "700"] * 8)
