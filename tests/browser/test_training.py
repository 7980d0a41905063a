"""The training view in a real JupyterLab."""

import re
from itertools import combinations
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
WATCH = """() => {
    window.travelled = 0;
    const animate = Element.prototype.animate;
    Element.prototype.animate = function (...given) { window.travelled += 1; return animate.apply(this, given); };
}"""
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
    lab.press("Home", "ArrowRight", "ArrowRight")
    lab.press("Tab")  # which leaves the slider, as a release of the pointer would
    expect(view.locator("li[aria-current]")).to_have_text(re.compile(r"step 2[^\s…]"))
    expect(view.locator("[aria-busy]")).to_have_count(0)
    lab.reach(view, "Moment")
    lab.press("ArrowLeft", "ArrowRight")  # both are known by now: no answer says something else
    said = r"Step 2: a loss of \d\.\d+ \(smoothed \d\.\d+\) at a learning rate of 0.002"
    assert re.match(said, lab.says(view))
    lab.page.evaluate(WATCH)
    lab.reach(view, "Rewind to it")
    lab.press("Enter")
    expect(view.locator(".rl-tiles")).to_contain_text("Step2 of 20,000")
    assert view.get_by_label("Moment").get_attribute("aria-valuetext") == "after step 2"
    assert lab.page.evaluate("window.travelled") > 0, "the points travel"
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
    expect(view).to_contain_text(
        "This run is stopped. Choose a moment and rewind to it: it goes on from there."
    )
    lab.reach(view, "Log steps")
    lab.press("Space")
    expect(view.locator("svg").first).to_contain_text("step, log scale")


def test_a_pace_that_can_be_watched_and_a_finished_run_that_goes_on(lab: Lab) -> None:
    show = "views.training(fresh(12), 'User: What does the sun give? Assistant:')"
    with lab.notebook("training_pace", SETUP, show):
        view = lab.views.first
        view.get_by_label("Pace").fill("3")  # 10 steps a second
        expect(view.locator("[aria-busy]")).to_have_count(0)
        start = perf_counter()
        view.get_by_role("button", name="Start").click()
        expect(view.locator(".rl-tiles")).to_contain_text(re.compile(r"6\d of 120"))
        lab.page.wait_for_timeout(1000)
        view.get_by_role("button", name="Pause").click()
        expect(view.locator(".rl-tiles")).to_contain_text("paused")
        taken = int(re.search(r"(\d+) of 120", view.locator(".rl-tiles").inner_text())[1]) - 60
        assert 5 <= taken <= 10 * (perf_counter() - start) + 1
        view.get_by_label("Pace").fill("8")
        expect(view.locator("[aria-busy]")).to_have_count(0)
        view.get_by_role("button", name="Start").click()
        expect(view).to_contain_text("This run is finished. Choose a moment and rewind to it")
        expect(view.locator(".rl-tiles")).to_contain_text("120 of 120")
        view.get_by_label("Moment").fill("70")
        view.get_by_role("button", name="Rewind to it").click()
        expect(view.locator(".rl-tiles")).to_contain_text("70 of 120")
        view.get_by_role("button", name="One step").click()
        expect(view.locator(".rl-tiles")).to_contain_text("71 of 120")
        expect(view.get_by_text("This run is finished")).to_be_hidden()
        lab.check_quiet()


def test_a_run_is_forked_and_laid_beside_the_first(lab: Lab) -> None:
    with lab.notebook("training_branches", SETUP, SHOW, "sessions[0].fork(30, seed=1).step(10)"):
        view = lab.views.first
        expect(view.get_by_label("Run")).to_be_visible()  # the branch of the other cell
        view.get_by_label("Moment").fill("40")
        view.get_by_role("button", name="Fork there").click()
        expect(view.locator(".rl-tiles")).to_contain_text("40 of 20,000")
        expect(view.get_by_label("Run", exact=True).locator("option")).to_have_count(3)
        assert (
            view.get_by_label("Run", exact=True).evaluate("menu => menu.selectedOptions[0].text") == "from 40"
        )
        view.get_by_label("Learning rate", exact=True).fill("16")
        expect(view.locator(".rl-tiles")).to_contain_text("0.2")
        for taken in range(41, 46):
            view.get_by_role("button", name="One step").click()
            expect(view.locator(".rl-tiles")).to_contain_text(f"{taken} of 20,000")
        upper = view.locator("svg[aria-label='The loss over the steps']")
        names = upper.locator("text.rl-word").all_text_contents()
        assert sorted(names) == ["first run", "from 30: seed 1", "from 40: rate 0.2"]
        heights = [float(label.get_attribute("y")) for label in upper.locator("text.rl-word").all()]
        assert min(abs(a - b) for a, b in combinations(heights, 2)) >= 17
        view.get_by_label("Compare with").select_option("0")
        expect(view.locator("table")).to_contain_text("difference")
        expect(view.locator("[aria-busy]")).to_have_count(0)
        assert lab.says(view).startswith("After step 45: “from 40: rate 0.2” and “first run” answer")
        lab.check_look(view, "training_branches")
        lab.check_quiet()


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
