"""The training view against the session's own history, and what travels to the browser while it runs."""

import gc
from time import perf_counter

import numpy as np
import pytest

from rustgpt_lab import LLM, Dataset, Vocab, views
from rustgpt_lab.errors import TextError, TrainingError
from rustgpt_lab.optim.clipping import AGC, AdaptiveGradientClipping, L2GradientClipping
from rustgpt_lab.training import TrainingSession
from rustgpt_lab.views.clippers import described
from rustgpt_lab.views.gallery.training import SAMPLES, TrainingView

TEXTS = Dataset.packaged().chat[:12]
VOCAB = Vocab.from_texts(TEXTS)
PROMPT = "User: What"


@pytest.fixture
def session() -> TrainingSession:
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=1)
    return TrainingSession(llm, TEXTS, 50_000, 1e-2, batch_size=2)


@pytest.fixture
def view(session: TrainingSession) -> TrainingView:
    return views.training(session, PROMPT)


class Browser:
    """What training.js does with the messages: the points that it would draw."""

    def __init__(self, view: TrainingView):
        self.view, self.sizes, self.times, self.missed = view, [], [], 0
        view.widget.send = self.receive
        self.steps = view.state()["rows"][:, 0].tolist()
        self.place = view.data.place

    def receive(self, content: dict, buffers: list[bytes]) -> None:
        self.sizes.append(len(buffers[0]) + len(repr(content)))
        self.times.append(perf_counter())
        self.missed += content["since"] > self.place
        rows = np.frombuffer(buffers[0], np.float32).reshape(-1, 3)
        self.steps = [s for s in self.steps if s <= content["since"]] + rows[:, 0].tolist()
        self.place, self.status = content["status"]["place"], content["status"]


def test_the_browser_hears_every_step_once_in_few_small_messages(view: TrainingView) -> None:
    browser = Browser(view)
    view.session.start()
    view.session.wait(1.2)
    view.session.pause()
    assert browser.steps == sorted(set(browser.steps))
    assert set(view.session.history.step) <= set(browser.steps)  # a long history keeps every second step
    assert browser.missed == 0
    assert browser.place == view.session.training.state.steps > 20
    assert browser.status["state"] == "paused"
    apart = np.diff(browser.times[1:-1])  # the first and the last one tell of start and pause
    assert len(apart) and apart.min() > 0.2
    assert max(browser.sizes) < 12 * 3000 * 0.5 + 2000  # 12 bytes a step


def test_after_going_back_the_browser_forgets_too(view: TrainingView) -> None:
    browser = Browser(view)
    view.session.step(12)
    view.session.rewind(5)
    assert browser.steps == [1, 2, 3, 4, 5]
    assert [s.step for s in view._samples] == [0, 5]
    view.answer({"do": "step"})
    assert browser.steps == [1, 2, 3, 4, 5, 6]


def test_the_controls_do_what_the_session_does(view: TrainingView) -> None:
    session, ask = view.session, view.answer
    ask({"do": "rate", "rate": 0.02})
    ask({"do": "clip", "method": "agc", "threshold": 0.05})
    assert session.config.learning_rate == 0.02
    clipping = session.config.clipping
    assert isinstance(clipping, AdaptiveGradientClipping)
    assert (clipping.config.agc_threshold, clipping.config.use_centralization) == (0.05, False)
    assert ask({"do": "step"}).clipping == "AGC, 0.05"
    assert ask({"do": "clip", "method": "none"}).clipping == "none"
    ask({"do": "start"})
    assert session.state == "running"
    ask({"do": "pause"})
    assert ask({"do": "rewind", "step": 0}).place == 0
    assert ask({"do": "stop"}).state == "stopped"
    with pytest.raises(TrainingError, match="this session is stopped"):
        ask({"do": "start"})


def test_a_sample_is_what_the_model_says_then(view: TrainingView) -> None:
    view.session.step(30)
    step, answer = vars(view._samples[-1]).values()
    assert step == 30
    assert view.session.training.llm.predict(PROMPT).startswith(answer.removesuffix(" …"))
    for _ in range(2 * SAMPLES):
        view.session.step()
    assert len(view._samples) <= SAMPLES
    assert view._samples[0].step == 0


def test_the_numbers(view: TrainingView) -> None:
    session = view.session
    assert view.sentence == "Step 0 of 300,000, ready: nothing has been learned yet."
    session.step(40)
    data = view._now()
    history = session.history
    np.testing.assert_array_equal(data.loss, history.loss)
    assert (data.place, data.total, data.epoch, data.epochs) == (40, 300_000, 7, 50_000)
    pandas = pytest.importorskip("pandas")
    smooth = pandas.Series(history.loss).ewm(alpha=0.1, adjust=True).mean()
    np.testing.assert_allclose(data.smooth(), smooth, rtol=1e-9)
    assert data.speed == pytest.approx(history.tokens[-1] / history.seconds[-1])
    assert data.left == pytest.approx(299_960 * history.seconds[-1] / 40)


def test_the_twin_tells_of_now_and_never_of_the_clock(view: TrainingView) -> None:
    view.session.step(3)
    twin = view.twin()
    assert twin == view.twin()
    assert twin["text/plain"].startswith("Step 3 of 300,000, paused: the smoothed loss is")
    assert twin["text/html"].count("<tr>") == 1 + len(view.data.samples)


def test_a_prompt_that_cannot_be_read(session: TrainingSession) -> None:
    with pytest.raises(TextError):
        views.training(session, "zyxx")
    session.step()


def test_clippings_in_words() -> None:
    assert described(L2GradientClipping(2.0)) == "L2 norm up to 2"
    assert described(AGC(0.01)) == "AGC, 0.01"
    assert described(AdaptiveGradientClipping()) == "AGC, 0.01, centralized"


def test_a_run_that_diverges_says_so() -> None:
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=1)
    view = views.training(TrainingSession(llm, TEXTS, 5, 1e-2, loss_limit=0.1), PROMPT)
    browser = Browser(view)
    view.answer({"do": "start"})
    view.session.wait()
    assert browser.status["state"] == "failed"
    assert "the loss is above its limit of 0.1" in browser.status["error"]
    assert view.answer({"do": "rewind", "step": 0}).error == ""


def test_five_views_of_one_session_leave_it_when_they_are_gone(session: TrainingSession) -> None:
    five = [views.training(session, PROMPT) for _ in range(5)]
    browsers = [Browser(view) for view in five]
    session.step()
    assert [browser.place for browser in browsers] == [1] * 5
    for view in five:
        view.widget.close()
    del five, browsers, view
    gc.collect()
    session.step()
    assert session._listeners == []
