"""The training view against the session's own history, and what travels to the browser while it runs."""

import gc
from time import perf_counter

import numpy as np
import pytest

from rustgpt_lab import LLM, Dataset, Vocab, views
from rustgpt_lab.errors import TextError, TrainingError
from rustgpt_lab.optim.clipping import AGC, AdaptiveGradientClipping, L2GradientClipping
from rustgpt_lab.training import History, TrainingSession
from rustgpt_lab.training.history import Rows
from rustgpt_lab.views.clippers import described
from rustgpt_lab.views.compared import beginning
from rustgpt_lab.views.gallery.training import TrainingView
from rustgpt_lab.views.wheel import SAMPLES

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
        view.widget.show = self.show
        self.show()

    def show(self) -> None:
        first = self.view.state()["runs"][0]
        self.steps, self.place, self.runs = (
            first["rows"][:, 0].tolist(),
            first["place"],
            self.view.state()["runs"],
        )

    def receive(self, content: dict, buffers: list[bytes]) -> None:
        if content["run"]:  # another branch
            return
        self.sizes.append(len(buffers[0]) + len(repr(content)))
        self.times.append(perf_counter())
        self.missed += content["since"] > self.place
        rows = np.frombuffer(buffers[0], np.float32).reshape(-1, 9)
        self.steps = [s for s in self.steps if s <= content["since"]] + rows[:, 0].tolist()
        self.place, self.status = content["status"]["place"], content["status"]


def test_the_browser_hears_every_step_once_in_few_small_messages(view: TrainingView) -> None:
    browser = Browser(view)
    view._wheels[0].session.start()
    view._wheels[0].session.wait(1.2)
    view._wheels[0].session.pause()
    assert browser.steps == sorted(set(browser.steps))
    assert set(view._wheels[0].session.history.step) <= set(
        browser.steps
    )  # a long history keeps every second step
    assert browser.missed == 0
    assert browser.place == view._wheels[0].session.training.state.steps > 20
    assert browser.status["state"] == "paused"
    apart = np.diff(browser.times[1:-1])  # the first and the last one tell of start and pause
    assert len(apart) and apart.min() > 0.2
    assert max(browser.sizes) < 36 * 3000 * 0.5 + 2000  # 36 bytes a step


def test_after_going_back_the_browser_forgets_too(view: TrainingView) -> None:
    browser = Browser(view)
    view._wheels[0].session.step(12)
    view._wheels[0].session.rewind(5)
    assert browser.steps == [1, 2, 3, 4, 5]
    assert [s.step for s in view._wheels[0].samples] == [0, 5]
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
    assert ask({"do": "step"}).run.clipping == "AGC, 0.05"
    assert ask({"do": "clip", "method": "none"}).run.clipping == "none"
    ask({"do": "start"})
    assert session.state == "running"
    ask({"do": "pause"})
    assert ask({"do": "rewind", "step": 0}).run.place == 0
    assert ask({"do": "stop"}).run.state == "stopped"
    with pytest.raises(TrainingError, match="this session is stopped"):
        ask({"do": "start"})


def test_a_sample_is_what_the_model_says_then(view: TrainingView) -> None:
    view._wheels[0].session.step(30)
    step, answer = vars(view._wheels[0].samples[-1]).values()
    assert step == 30
    assert view._wheels[0].session.training.llm.predict(PROMPT).startswith(answer.removesuffix(" …"))
    for _ in range(2 * SAMPLES):
        view._wheels[0].session.step()
    assert len(view._wheels[0].samples) <= SAMPLES
    assert view._wheels[0].samples[0].step == 0


def test_the_numbers(view: TrainingView) -> None:
    session = view.session
    assert view.sentence == "Step 0 of 300,000, ready: nothing has been learned yet."
    session.step(40)
    data = view._now().run
    history = session.history
    np.testing.assert_array_equal(data.loss, history.loss)
    assert (data.place, data.total, data.epoch, data.epochs) == (40, 300_000, 7, 50_000)
    pandas = pytest.importorskip("pandas")
    smooth = pandas.Series(history.loss).ewm(alpha=0.1, adjust=True).mean()
    np.testing.assert_allclose(data.smoothed, smooth, rtol=1e-9)
    assert data.speed == pytest.approx(history.tokens[-1] / history.seconds[-1])
    assert data.left == pytest.approx(299_960 * history.seconds[-1] / 40)


def test_the_twin_tells_of_now_and_never_of_the_clock(view: TrainingView) -> None:
    view._wheels[0].session.step(3)
    twin = view.twin()
    assert twin == view.twin()
    assert twin["text/plain"].startswith("Step 3 of 300,000, paused: the smoothed loss is")
    assert twin["text/html"].count("<tr>") == 1 + len(view.data.run.samples)


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
    view._wheels[0].session.wait()
    assert browser.status["state"] == "failed"
    assert "the loss is above its limit of 0.1" in browser.status["error"]
    assert view.answer({"do": "rewind", "step": 0}).run.error == ""


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
    assert len(session._listeners) == 0


# ---- going back, and branches


def test_after_going_back_in_a_long_run_everything_stands_at_the_very_step(session: TrainingSession) -> None:
    """A history that keeps every second step has none of the step to which one goes back."""
    history = session.training.history = History()
    for name in ("_steps", "_averages"):
        setattr(history, name, Rows(getattr(history, name).columns, 16))
    view = views.training(session, PROMPT)
    browser = Browser(view)
    session.step(30)
    view.answer({"do": "rewind", "step": 22})
    run = view._now().run
    assert (run.place, session.training.state.steps, browser.place) == (22, 22, 22)
    assert 22 not in run.step  # and yet
    view.answer({"do": "look", "step": 22})
    assert view._wheels[0].samples[-1].step == 22


def test_the_smoothed_curve_is_the_same_before_and_after_going_back(view: TrainingView) -> None:
    view._wheels[0].session.step(40)
    before = view._now().run.averages
    view._wheels[0].session.rewind(21)
    view._wheels[0].session.step(19)
    np.testing.assert_array_equal(view._now().run.averages, before)


def test_the_answer_of_a_moment_is_that_of_the_model_at_that_moment(view: TrainingView) -> None:
    session = view._wheels[0].session
    said = {}
    for _ in range(30):
        session.step()
        said[session.training.state.steps] = session.training.llm.predict(PROMPT)
    view._wheels[0].samples.clear()
    for step in (3, 17, 30):
        data = view.answer({"do": "look", "step": step})
        [sample] = [sample for sample in data.run.samples if sample.step == step]
        assert said[step].startswith(sample.answer.removesuffix(" …"))
    assert session.training.state.steps == 30


def test_the_pace_is_the_session_s(view: TrainingView) -> None:
    assert view.answer({"do": "pace", "pace": 20}).run.pace == 20
    assert view._wheels[0].session.pace == 20
    assert view.answer({"do": "pace", "pace": None}).run.pace is None
    assert view._wheels[0].session.pace == np.inf


def test_a_fork_is_driven_alone_and_laid_beside_the_first_run(view: TrainingView) -> None:
    session = view._wheels[0].session
    session.step(20)
    data = view.answer({"do": "fork", "run": 0, "step": 8})
    assert (data.chosen, [run.label for run in data.runs]) == (1, ["first run", "from 8"])
    view.answer({"do": "rate", "run": 1, "rate": 0.05})
    view.answer({"do": "clip", "run": 1, "method": "l2", "threshold": 2.0})
    for _ in range(12):
        view.answer({"do": "step", "run": 1})
    data = view._now()
    assert data.runs[1].label == "from 8: rate 0.05, clipping L2 norm up to 2"
    assert [run.place for run in data.runs] == [20, 20]
    assert data.runs[1].step[data.runs[1].own].tolist() == list(range(9, 21))
    assert session.config.learning_rate == 0.01
    view.data = view.answer({"do": "look", "run": 1, "step": 15, "with": 0})
    found = view.data.comparison
    assert view.data.compared_at == 15
    one, other = (run.model_at(15) for run in (session.branches[1], session))
    assert found.labels == (data.runs[1].label, "first run")
    assert found.answers == tuple(beginning(llm.predict(PROMPT)) for llm in (one, other))
    for name, row in zip(found.names, found.norms, strict=True):
        a, b = one.parameters[name], other.parameters[name]
        np.testing.assert_allclose(
            row, [np.linalg.norm(a), np.linalg.norm(b), np.linalg.norm(b - a)], rtol=1e-6
        )
    np.testing.assert_allclose(found.weights[0], one.trace(PROMPT)["1.weights"].reshape(3, 3), rtol=1e-6)
    assert view.sentence.startswith(
        "After step 15: “from 8: rate 0.05, clipping L2 norm up to 2” and “first run” ans"
    )
    assert view.state()["comparison"]["at"] == 15
    assert view.answer({"do": "look", "run": 1, "step": 15, "with": None}).comparison is None


def test_branches_with_nothing_changed_are_said_to_be_the_same(view: TrainingView) -> None:
    session = view._wheels[0].session
    session.step(20)
    view.answer({"do": "fork", "run": 0, "step": 20})
    data = view.answer({"do": "look", "run": 1, "step": 20, "with": 0})
    assert data.comparison.sentence == "“from 20” and “first run” have the same weights, to the last bit."


def test_a_branch_that_another_cell_makes_shows_at_once(view: TrainingView) -> None:
    session, browser = view._wheels[0].session, Browser(view)
    session.step(10)
    branch = session.fork(5, learning_rate=0.1)
    assert [run["label"] for run in browser.runs] == ["first run", "from 5: rate 0.1"]
    branch.step(5)
    assert view._now().runs[1].place == 10
    table = view.twin()["text/html"]
    assert "from 5: rate 0.1" in table
    for _ in range(4):
        view.answer({"do": "fork", "run": 0, "step": 3})
    with pytest.raises(TrainingError, match="this picture is full; expected 6 branches at most"):
        view.answer({"do": "fork", "run": 0, "step": 3})
