"""The model file view in a real JupyterLab."""

import re

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = """
from rustgpt_lab import LLM, Vocab, views
llm = LLM.build(Vocab(["the", "sun", "</s>"]), embedding_dim=2, hidden_dim=2, blocks=1, max_seq_len=4)
"""
SHOW = "views.model_file(llm, 'the sun')"
SELECTED = "[role=treeitem][aria-selected=true]"
POINTS = """
    async view => {
        const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
        const found = [];
        for (let k = 0; k < 40; k++) {
            const places = view.querySelectorAll(k % 2 ? "[data-byte]" : ".rl-node");
            await frame();
            const start = performance.now();
            places[7 * k % places.length].dispatchEvent(new PointerEvent("pointermove", { bubbles: true }));
            view.getBoundingClientRect();
            await frame();
            found.push(performance.now() - start);
        }
        return found;
    }"""


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Bit 7")
    lab.press("Enter")
    expect(view.locator(".rl-verdict")).to_contain_text("The file loads. After “the sun”")
    expect(view.locator("[aria-label^='Bit 7'][aria-label$='now 1']").first).to_be_focused()
    lab.reach(view, "Bit 6")
    lab.press("Enter")
    expect(view.locator(".rl-bits .rl-turned")).to_have_count(2)
    expect(view.locator("[aria-label^='Bit 6']").first).to_be_focused()
    lab.shot(view, "model_file_turned")
    lab.reach(view, "Put all bits back")
    lab.press("Enter")
    expect(view.locator(".rl-verdict")).to_be_empty()
    lab.reach(view, "Go to byte").fill("0")
    lab.press("Enter")
    expect(view.locator(SELECTED)).to_contain_text("count")
    lab.reach(view, "Bytes of the file")
    lab.press("ArrowRight")
    expect(view.locator(".rl-readout")).to_contain_text("Byte 1 of")
    assert "belongs to vocab › encode › the › key, which says “the”." in lab.says(view)
    walk_the_tree(lab, view)
    lab.reach(view, "Go to byte").fill("0")
    lab.press("Enter")
    expect(view.locator(".rl-readout")).to_contain_text("Byte 0 of")
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


def walk_the_tree(lab: Lab, view: Locator) -> None:
    """From the root to the words by the keys; every row shows its bytes, and Enter goes to them."""
    rows = view.get_by_role("treeitem")
    lab.reach(view, "Tree of the file")
    lab.press("Home", "ArrowLeft")
    expect(rows).to_have_count(1)
    lab.press("ArrowRight", "End", "ArrowLeft", "ArrowLeft", "Home", "ArrowRight", "ArrowLeft", "End")
    expect(rows).to_have_text([re.compile(name) for name in ("model.bin", "vocab", "network")])
    assert lab.says(view).startswith("network: seq 6, bytes 48 to 1065.")
    lab.press("ArrowUp", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown")
    assert lab.says(view).startswith("vocab › decode: map 3, bytes 17 to 33.")
    assert pointed(view) == list(range(17, 34))
    lab.shot(view, "model_file_tree")
    lab.press("Enter")
    expect(view.locator(SELECTED)).to_contain_text("decode")
    assert lab.says(view).startswith("Byte 17 of 1066 in the binary file begins vocab › decode.")


def pointed(view: Locator) -> list[int]:
    """The bytes that are marked as pointed at."""
    return view.evaluate(
        "view => [...new Set([...view.querySelectorAll('.rl-hex .rl-pointed')].map(c => +c.dataset.byte))]"
    )


def test_pointing_at_either_side_shows_the_other(lab: Lab) -> None:
    with lab.notebook("model_file_hover", SETUP, SHOW):
        view = lab.views.first
        row = view.locator(".rl-node.rl-pointed")
        view.locator(".rl-hex [data-byte='59']").first.hover()
        expect(row).to_contain_text("numbers")
        assert pointed(view) == [58, 59, 60, 61]
        assert re.match(
            r"network › \[0\] › Embeddings › token_embeddings › data › numbers, number 2 of 6: f32 [−0-9.e]+, "
            r"bytes 58 to 61\.$",
            lab.says(view),
        )
        lab.shot(view, "model_file_pointed")
        view.get_by_role("treeitem").filter(has_text="positional_embeddings").hover()
        expect(row).to_contain_text("positional_embeddings")
        assert pointed(view) == list(range(78, 114))
        assert "positional_embeddings: Array2<f32> 4 × 2, bytes 78 to 113." in lab.says(view)
        view.get_by_role("treeitem").filter(has_text="vocab").hover()
        assert pointed(view) == list(range(48))
        view.locator(".rl-title").hover()
        expect(row).to_have_count(0)
        assert lab.says(view).startswith("Byte 54 of 1066 in the binary file belongs to network")
        lab.check_median("pointing", lambda: view.evaluate(POINTS), 50)
        lab.check_quiet()


def test_a_large_file_has_a_whole_tree(lab: Lab) -> None:
    with lab.notebook(
        "model_file_large", "from rustgpt_lab import LLM, views", "views.model_file(LLM.packaged(), 'sun')"
    ):
        view = lab.views.first
        lab.reach(view, "Tree of the file")
        lab.press("Home", "ArrowRight", "ArrowRight", "ArrowRight", "End", "ArrowUp")
        assert view.get_by_role("treeitem").count() < 40, "rows that cannot be seen need no elements"
        lab.check_median("pointing", lambda: view.evaluate(POINTS), 50)
        lab.reach(view, "binary")
        lab.press("ArrowRight")
        expect(view.locator(SELECTED)).to_contain_text("model.json")
        lab.check_quiet()


def test_model_file(lab: Lab) -> None:
    check_view(lab, "model_file", SETUP, SHOW, drive)


def test_an_answer_leaves_the_focus_where_it_went(lab: Lab) -> None:
    with lab.notebook("model_file_focus", SETUP, SHOW):
        view = lab.views.first
        place = view.get_by_label("Go to byte")
        bit = view.locator("[aria-label^='Bit 6']").first
        bit.evaluate("(bit, place) => { bit.focus(); bit.click(); place.focus(); }", place.element_handle())
        expect(view.locator(".rl-bits .rl-turned")).to_have_count(1)
        expect(place).to_be_focused()
        lab.check_quiet()


def test_a_byte_is_shown_quickly(lab: Lab) -> None:
    with lab.notebook("model_file_ask", SETUP, SHOW):
        expect(lab.views).to_have_count(1)
        lab.check_answers(lab.views.first, ["40", "700"] * 8)
