"""The largest picture that is promised: 3 layers, 8 heads, 80 tokens, 100 moments."""

from playwright.sync_api import expect

from .harness import SLACK, VIEW, Lab

SETUP = """
import sys, time
sys.path.insert(0, ROOT)
import rustgpt_lab.views.canvas
from tests.views.large import large_attention
view = large_attention()
"""
SHOW = "print(f'{time.time() * 1000:.0f}')\nview.widget"
WATCH = f"""
    window.up = undefined;
    new MutationObserver((_, watch) => {{
        if (!document.querySelector({VIEW + " text"!r})) return;
        window.up = Date.now();
        watch.disconnect();
    }}).observe(document.body, {{ subtree: true, childList: true }})"""


def test_the_largest_picture_is_up_within_a_second(lab: Lab, pytestconfig) -> None:
    setup = f"ROOT = {str(pytestconfig.rootpath)!r}{SETUP}"
    for attempt in range(3):  # a busy neighbour is not a slow view: one good round is enough
        lab.page.evaluate(WATCH)
        with lab.notebook(f"large_{attempt}", setup, SHOW):
            view = lab.views.first
            expect(view.locator("text").first).to_be_attached()
            sent = lab.page.locator(
                ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output pre"
            ).inner_text()
            took = lab.page.evaluate("window.up") - int(sent)
            print(f"up: {took} ms")
            if took > SLACK * 1000:
                continue
            lab.reach(view, "Moment")
            lab.press("Home", "ArrowRight")
            assert "epoch 1\n" in view.inner_text()
            lab.check_redraw(view, "input[aria-label=Moment]")
            for pixels in (600, 1600):
                lab.width(pixels)
                lab.settle()
                lab.shot(view, f"large_{pixels}")
            lab.check_quiet()
            return
    raise AssertionError(f"the largest picture took {took} ms, three times over {SLACK} x 1000 ms")
