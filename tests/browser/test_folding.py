"""A notebook of the course in a real Lab: nothing is spoiled on opening, nor by Run All, and answering opens it."""

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.course.exercise import find_question

from ..course.notebooks import code_cells, find, read
from .harness import Lab

SOURCE = ROOT / "notebooks" / "01_text_to_tokens.ipynb"
TOLD = [
    *find_question("01.q2").because.values(),
    "'Are owls , bats and bees animals ?'",
    "What do lions never eat? Lions eat",
]
"""What answers the questions: a reveal, and the cells that compute it."""


@pytest.fixture
def notebook(lab: Lab) -> Iterator[Lab]:
    (lab.folder / "my_progress.json").unlink(missing_ok=True)
    shutil.copy(SOURCE, lab.folder / "lesson.ipynb")
    lab.open("lesson")
    yield lab
    lab.shut_down()
    lab.close()


def panel(lab: Lab) -> Locator:
    return lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def cell(lab: Lab, role: str, id: str) -> Locator:
    place = read(SOURCE).cells.index(find(read(SOURCE), role, id))
    return panel(lab).locator(".jp-Notebook .jp-Cell").nth(place)


def seen(lab: Lab) -> list[str]:
    """Which of the answers one can see."""
    found = {told: panel(lab).get_by_text(told).locator("visible=true").count() for told in TOLD}
    return [told for told, count in found.items() if count]


def test_nothing_is_spoiled_and_an_answer_opens_it(notebook: Lab) -> None:
    lab = notebook
    reveal, predict = cell(lab, "reveal", "01.q2"), cell(lab, "predict", "01.q2")
    reveal.locator(".jp-InputPlaceholder").scroll_into_view_if_needed()
    lab.settle()
    reveal.scroll_into_view_if_needed()
    lab.shot(panel(lab), "folding_fresh")
    assert seen(lab) == []
    expect(reveal.locator(".jp-InputPlaceholder")).to_be_visible()

    lab.run_all(len(code_cells(read(SOURCE))))
    reveal.scroll_into_view_if_needed()
    lab.settle()
    lab.shot(panel(lab), "folding_run")
    assert seen(lab) == []
    expect(reveal.get_by_text("01.q2: not answered yet")).to_be_visible()

    cell(lab, "predict", "01.q1").locator(".rl-live").scroll_into_view_if_needed()
    cell(lab, "reveal", "01.q1").locator("summary").click()  # opened before it is answered
    kept = lab.folder / "my_progress.json"
    for _ in range(600):
        lab.page.wait_for_timeout(0 if kept.exists() else 50)
    assert json.loads(kept.read_text())["predictions"] == {"01.q1": {"opened": True}}

    view = predict.locator(".rl-live")
    view.scroll_into_view_if_needed()
    lab.check_look(view, "question")
    choose = view.get_by_role("button", name="Keep my answer")
    expect(choose).to_be_disabled()
    view.get_by_role("radio").first.focus()
    lab.press("ArrowDown", "Tab", "ArrowRight", "Tab")  # b, 51 %
    lab.page.keyboard.type("spaces are lost")
    lab.press("Tab", "Enter")
    expect(view.locator(".rl-readout")).to_contain_text(
        "You said b: the same words and marks in the same order"
    )
    expect(view.locator(".rl-readout")).to_contain_text(
        "(51 % sure). Your reason: “spaces are lost”. It has met its truth, so it stays."
    )
    expect(choose).to_be_disabled()
    expect(reveal.get_by_text("01.q2: you were right")).to_be_visible()
    expect(reveal).to_contain_text("Your reason: “spaces are lost”.")
    expect(reveal.get_by_text(find_question("01.q2").because["b"].split("`")[0])).to_be_visible()
    expect(reveal.locator(".jp-InputPlaceholder")).to_have_count(0)
    lab.settle()
    lab.shot(panel(lab), "folding_answered")
    assert "'Are owls , bats and bees animals ?'" in seen(lab)
    expect(cell(lab, "reveal", "01.q1").get_by_text("01.q1: not answered yet")).to_be_visible()
    assert "What do lions never eat? Lions eat" not in seen(lab), "the other question stays folded"
    lab.check_quiet()
