"""The chat view in a real JupyterLab."""

import re

from playwright.sync_api import Locator, expect

from rustgpt_lab import LLM

from .harness import Lab, check_view

SETUP = "from rustgpt_lab import LLM, views\nllm = LLM.packaged()"
SHOW = "views.chat(llm, 'What does the sun give?')"
SEEN = """
    view => new Promise(done => {
        const seen = [];
        const watch = new MutationObserver(() => {
            const turn = [...view.querySelectorAll(".rl-turn")].at(-1);
            seen.push(turn.querySelector(".rl-answer").textContent.split(" ").length);
            if (turn.querySelector("button")) { watch.disconnect(); done(seen); }
        });
        watch.observe(view.querySelector(".rl-chat"), { childList: true });
        const box = view.querySelector("input[type=text]");
        box.value = "What is Mercury?";
        box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    })"""


def drive(lab: Lab, view: Locator) -> None:
    lab.reach(view, "You")
    lab.page.keyboard.type("What is the zyxx Mercury?")
    lab.press("Enter")
    expect(view.locator(".rl-turn")).to_have_count(2)
    expect(view.get_by_label("Attention of answer 2")).to_be_visible()
    expect(view.locator(".rl-turn").nth(1)).to_contain_text("unknown, and not read: zyxx")
    assert "temperature" not in view.locator(".rl-turn").nth(1).inner_text()
    assert 0 < float(view.locator(".rl-spoken").first.get_attribute("title")) <= 1
    lab.reach(view, "Probabilities")
    lab.press("Space")
    assert re.fullmatch(r"<0\.01|[01]\.\d\d", view.locator(".rl-spoken small").first.inner_text())
    lab.press("Space")
    lab.reach(view, "Temperature")
    lab.press(*["ArrowRight"] * 8)
    lab.reach(view, "Top-k")
    lab.press("Home", "ArrowRight")
    lab.reach(view, "You").fill("What is Mercury?")
    lab.press("Enter")
    expect(view.get_by_label("Attention of answer 3")).to_be_visible()
    expect(view.locator(".rl-turn").nth(2)).to_contain_text("temperature 0.8, top-k 2")
    lab.shot(view, "chat_two")
    lab.reach(view, "Attention of answer 1")
    lab.press("Enter")
    lab.reach(view, "Attention weights")
    lab.press("End", "ArrowDown")
    assert "of its attention" in view.inner_text() or "cannot look at" in view.inner_text()
    lab.shot(view, "chat_attention")
    lab.reach(view, "Text").fill("What is Mercury?")
    lab.press("Enter")
    expect(view.locator(".rl-grid:visible svg")).to_contain_text("Mercury")
    lab.reach(view, "Close the attention")
    lab.press("Enter")
    expect(view.locator(".rl-grid")).to_have_count(0)
    lab.reach(view, "You").fill("zyxx")
    lab.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("no word of this question is in the vocabulary")


SLOW = """
import time
view = views.chat(llm, 'What does the sun give?')
from rustgpt_lab.views.gallery import chat
def slowly(*arguments, say=chat.say):
    for word in say(*arguments):
        time.sleep(0.2)
        yield word
chat.say = slowly
view"""


def test_an_answer_under_way_can_be_stopped(lab: Lab) -> None:
    with lab.notebook("chat_stop", SETUP, SLOW):
        view = lab.views.first
        stop, send = view.get_by_role("button", name="Stop"), view.get_by_role("button", name="Send")
        answers = view.locator(".rl-answer")
        for halt in ("Enter", "Escape"):
            expect(stop).to_be_hidden()
            lab.reach(view, "You").fill("What is Mercury?")
            lab.press("Tab", "Enter")
            expect(stop).to_be_focused()
            expect(send).to_be_hidden()
            expect(answers.last).to_contain_text(re.compile(r"\w+ \w+"))
            lab.shot(view, "chat_writing")
            lab.press(halt)
            expect(view.locator(".rl-turn").last).to_contain_text("stopped by you")
            expect(send).to_be_focused()
            said = answers.last.inner_text().split()
            assert (
                2 <= len(said) < len(LLM.packaged().predict("User: What is Mercury? Assistant:").split()) - 1
            )
            lab.shot(view, "chat_stopped")
        lab.page.wait_for_timeout(500)
        assert answers.last.inner_text().split() == said, "words came after the stop"
        lab.check_quiet()


def test_chat(lab: Lab) -> None:
    check_view(lab, "chat", SETUP, SHOW, drive)


def test_words_appear_one_by_one_and_quickly(lab: Lab) -> None:
    with lab.notebook("chat_words", SETUP, SHOW):
        expect(lab.views).to_have_count(1)
        seen = lab.views.first.evaluate(SEEN)
        print("words seen:", seen)
        assert seen == sorted(seen)
        assert len(set(seen)) > 5
        lab.check_answers(lab.views.first, ["What does the sun give?", "What is Mercury?"] * 6)
