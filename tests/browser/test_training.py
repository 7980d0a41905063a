"""The training view in a real JupyterLab."""

import re
from time import perf_counter

from playwright.sync_api import Locator, expect

from .harness import Lab, check_view

SETUP = """from rustgpt_lab import LLM, Dataset, Vocab, views
from rustgpt_lab.training import TrainingSession
texts = Dataset.packaged().chat[:40]
sessions = []
def fresh(epochs=2000):
    llm = LLM.build(Vocab.from_texts(texts), embedding_dim=32, hidden_dim=64, blocks=1)
    sessions.append(TrainingSession(llm, texts, epochs, 2e-3, batch_size=4))
    sessions[-1].step(60)
    return sessions[-1]"""
SHOW = "views.training(fresh(), 'User: What does the sun give? Assistant:')"


def place(view: Locator) -> int:
    found = re.search(r"([\d,]+) of 20,000", view.locator(".rl-tiles").inner_text())
    assert found
    return int(found[1].replace(",", ""))


def drive(lab: Lab, view: Locator) -> None:
    assert place(view) == 60
    lab.reach(view, "One step")
    lab.press("Enter")
    expect(view.locator(".rl-tiles")).to_contain_text("61 of 20,000")
    lab.reach(view, "Start")
    lab.press("Enter")
    expect(view.get_by_role("button", name="Pause")).to_be_visible()
    expect(view.locator(".rl-tiles")).to_contain_text(re.compile(r"[1-9]\d\d of 20,000"))
    expect(view.locator("li").nth(2)).to_be_visible()  # a sample answer, taken while it runs
    lab.shot(view, "training_running")
    lab.reach(view, "Learning rate")
    lab.press("ArrowLeft")
    lab.reach(view, "Pause")
    lab.press("Enter")
    expect(view.locator(".rl-tiles")).to_contain_text("paused")
    expect(view.locator(".rl-tiles")).to_contain_text("0.001")
    expect(view.locator("[aria-busy]")).to_have_count(0)
    lab.reach(view, "Moment")
    lab.press("Home", "ArrowRight")
    assert re.match(
        r"Step 2: a loss of \d\.\d+ \(smoothed \d\.\d+\) at a learning rate of 0.002", lab.says(view)
    )
    lab.reach(view, "Rewind to it")
    lab.press("Enter")
    expect(view.locator(".rl-tiles")).to_contain_text("Step2 of 20,000")
    lab.reach(view, "Clipping").select_option("agc")
    expect(view.locator(".rl-tiles")).to_contain_text("AGC, 0.01")
    lab.reach(view, "Start")
    lab.press("Enter")
    lab.page.wait_for_timeout(1500)
    lab.reach(view, "Stop")
    lab.press("Enter")
    expect(view.locator(".rl-tiles")).to_contain_text("stopped")
    lab.reach(view, "Start")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("this session is stopped")


def test_other_cells_run_meanwhile(lab: Lab) -> None:
    with lab.notebook("training_meanwhile", SETUP, SHOW, "print('steps', len(sessions[0].history))"):
        view = lab.views.first
        view.get_by_role("button", name="Start").click()
        expect(view.get_by_role("button", name="Pause")).to_be_visible()
        before = place(view)
        start = perf_counter()
        lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
        lab.command("notebook:run-cell")
        took = perf_counter() - start
        print(f"another cell took {1000 * took:.0f} ms while the session ran")
        assert took < 10
        printed = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output pre").last
        assert int(printed.inner_text().split()[-1]) > 0
        lab.page.wait_for_timeout(600)
        assert place(view) > before
        view.get_by_role("button", name="Pause").click()
        expect(view.locator(".rl-tiles")).to_contain_text("paused")
        seen = place(view)  # a reload asks the kernel for what the page has missed
        lab.check_quiet()
        lab.save()
        lab.close()
        lab.open("training_meanwhile")
        expect(lab.views).to_have_count(1)
        expect(lab.views.first.locator(".rl-tiles")).to_contain_text(f"{seen:,} of 20,000")


def test_training(lab: Lab) -> None:
    check_view(lab, "training", SETUP, SHOW, drive, "[aria-label=Smoothing]")
