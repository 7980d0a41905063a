"""The gradient check in a real JupyterLab."""

from playwright.sync_api import Locator

from .harness import Lab, check_view

SETUP = """from rustgpt_lab import SelfAttention, views
from rustgpt_lab.course.rustgpt import RustGPTLayerNorm, RustGPTOutputProjection, RustGPTSelfAttention
layers = {
    "SelfAttention": SelfAttention(8), "RustGPT's SelfAttention": RustGPTSelfAttention(8),
    "RustGPT's LayerNorm": RustGPTLayerNorm(8), "RustGPT's OutputProjection": RustGPTOutputProjection(8, 6),
}"""
SHOW = "views.gradient_check(layers)"


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "Layer").select_option("RustGPT's SelfAttention")
    lab.reach(view, "Gradient of").select_option("w_q")
    assert "The backward pass says 2.828 times the truth." in lab.says(view)  # sqrt(8)
    lab.reach(view, "What nudging finds")
    lab.press("PageUp", "Home", "ArrowRight")
    assert lab.says(view).startswith("w_q[0, 1]: ")
    lab.reach(view, "Worst entry")
    lab.press("Enter")
    assert not lab.says(view).startswith("w_q[0, 1]: ")
    lab.shot(view, "gradient_check_w_q")
    lab.reach(view, "Layer").select_option("SelfAttention")
    assert "They agree." in lab.says(view)
    lab.reach(view, "Layer").select_option("RustGPT's OutputProjection")
    assert lab.says(view).startswith("b_out[")


TIMED = """async view => {
    const select = view.querySelector("select"), found = [];
    for (let k = 0; k < 20; k++) {
        const start = performance.now();
        select.selectedIndex = k % 4;
        select.dispatchEvent(new Event("input", { bubbles: true }));
        view.getBoundingClientRect();
        await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
        found.push(performance.now() - start);
    }
    return found.sort((a, b) => a - b)[10];
}"""


def test_gradient_check(lab: Lab) -> None:
    check_view(lab, "gradient_check", SETUP, SHOW, drive)


def test_another_layer_is_drawn_quickly(lab: Lab) -> None:
    with lab.notebook("gradient_check_redraw", SETUP, SHOW):
        view = lab.views.first
        medians = [view.evaluate(TIMED) for _ in range(3)]
        print(f"redraw: medians {medians} ms")
        assert min(medians) <= 50
