"""The wheel: one trainer at a time, and nobody sees half of a step."""

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, TrainingSession
from rustgpt_lab.errors import TrainingError
from rustgpt_lab.training import ModelLock, Training, TrainingConfig
from tests.training.small import TEXTS, At, small_llm


def session_of(llm: LLM, **options: Any) -> TrainingSession:
    return TrainingSession(llm, TEXTS, 100_000, 0.01, batch_size=2, **options)


# ---- the lock


def test_threads_get_it_in_the_order_in_which_they_ask() -> None:
    wheel, order = ModelLock(), []

    def ask(number: int) -> None:
        with wheel:
            order.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    with wheel:
        for i, thread in enumerate(threads):
            thread.start()
            while len(wheel._queue) < i + 2:
                time.sleep(0)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_who_takes_it_again_and_again_lets_others_in_between() -> None:
    wheel, order, over = ModelLock(), [], threading.Event()

    def hog() -> None:
        while not over.is_set():
            with wheel:
                order.append("hog")
                while len(wheel._queue) < 2 and not over.is_set():  # until somebody else asks
                    time.sleep(0)

    thread = threading.Thread(target=hog)
    thread.start()
    for _ in range(50):
        with wheel:
            order.append("other")
    over.set()
    thread.join()
    assert "hog hog" not in " ".join(order[: len(order) - order[::-1].index("other")])


def test_who_has_it_may_take_it_again() -> None:
    wheel = ModelLock()
    with wheel, wheel:
        assert wheel.held
    assert not wheel.held


def test_who_gives_up_waiting_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = ModelLock()

    def interrupted(condition: Callable[[], bool]) -> None:
        raise KeyboardInterrupt

    def ask() -> None:
        with pytest.raises(KeyboardInterrupt), wheel:
            pass

    with wheel, monkeypatch.context() as patch:
        patch.setattr(wheel._condition, "wait_for", interrupted)
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert len(wheel._queue) == 1


# ---- a second trainer


@pytest.mark.parametrize(
    "second",
    [
        lambda llm: llm.train(TEXTS, 1, 0.01),
        lambda llm: Training(llm, TEXTS, TrainingConfig(1, 0.01)).step(),
    ],
    ids=["train", "step"],
)
def test_a_second_trainer_is_told_of_the_first_and_how_to_stop_it(second: Callable[[LLM], Any]) -> None:
    llm = small_llm()
    session = session_of(llm)
    session.start()
    with pytest.raises(
        TrainingError,
        match=r"trained already; found TrainingSession\(running, step \d+ of .*End that first: session\.pause\(\)",
    ):
        second(llm)
    session.pause()
    assert second(llm) is not None


def test_another_session_cannot_start_step_or_rewind_meanwhile() -> None:
    llm = small_llm()
    first, second = session_of(llm), session_of(llm)
    first.start()
    for go in (second.start, second.step, lambda: second.rewind(0)):
        with pytest.raises(TrainingError, match="this model is being trained already"):
            go()
    first.stop()
    assert second.state == "ready"
    second.step()


def test_a_callback_cannot_train_its_own_model() -> None:
    llm = small_llm()
    with pytest.raises(TrainingError, match=r"found Training\(step 2 of 7, .*Ctrl-C for llm\.train"):
        llm.train(TEXTS, 1, 0.01, callbacks=[At(2, lambda t: t.llm.train(TEXTS, 1, 0.01))])
    llm.train(TEXTS, 1, 0.01)  # that run is over


def test_a_cell_that_is_run_again_pauses_the_older_session_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    llm = small_llm()
    older = session_of(llm)
    older.step(3)
    older.start()
    session = session_of(llm)
    assert older.state == "paused"
    steps = older.training.state.steps
    assert capsys.readouterr().out == f"An older session of this model was paused after step {steps}.\n"
    session.start()
    session.pause()
    assert older.training.state.steps == steps
    session_of(llm)
    told = f"An older session of this model stays paused after step {session.training.state.steps}.\n"
    assert capsys.readouterr().out == told
    session.stop()
    session_of(llm)
    assert capsys.readouterr().out == ""


def test_a_paused_session_does_not_go_on_from_another_one_s_weights() -> None:
    llm = small_llm()
    session = session_of(llm)
    session.step(15)
    weights = llm.parameters.flat.copy()
    llm.train(TEXTS, 1, 0.01)
    for go in (session.start, session.step):
        with pytest.raises(TrainingError, match=r"another run has trained .*session\.rewind\(15\) puts"):
            go()
    session.rewind(15)
    assert (llm.parameters.flat == weights).all()
    session.step()


def test_a_session_that_has_not_begun_begins_with_the_weights_of_that_moment() -> None:
    llm = small_llm()
    session = session_of(llm)
    llm.train(TEXTS, 1, 0.01)
    weights = llm.parameters.flat.copy()
    session.step(3)
    session.rewind(0)
    assert (llm.parameters.flat == weights).all()


def test_a_model_does_not_keep_its_trainer_alive() -> None:
    llm = small_llm()
    session = session_of(llm)
    session.step()
    assert llm.lock.trainer is session
    del session
    gc.collect()
    assert llm.lock.trainer is None


# ---- reading while it trains


def test_gradients_beside_a_session_are_of_whole_weights_and_spoil_none_of_its_steps() -> None:
    """300 of them; the session then is where its undisturbed twin is, which meets the same gradients."""
    llm, twin, sums = small_llm(), small_llm(), []
    session, reference = session_of(llm), session_of(twin)
    session.start()
    for _ in range(300):
        sums.append(sum(float(np.abs(gradient).sum()) for gradient in llm.gradients(TEXTS).values()))
    session.pause()
    true = set()
    for step in range(session.training.state.steps + 1):
        reference.step(step - reference.training.state.steps)
        true.add(sum(float(np.abs(gradient).sum()) for gradient in twin.gradients(TEXTS).values()))
    assert (llm.parameters.flat == twin.parameters.flat).all()
    assert len([found for found in sums if found not in true]) == 0


def test_a_model_is_saved_and_copied_between_two_steps(tmp_path: Path) -> None:
    """Adam's timestep is raised at the start of a step, and is the number of the step then."""
    llm = small_llm()
    session, seen = session_of(llm), {}
    session.start()
    for _ in range(30):
        copy = llm.copy()
        seen[copy.adam.settings["1.w_q"].timestep] = copy.parameters.flat
        llm.save(tmp_path / "model.bin")
        saved = LLM.load(tmp_path / "model.bin")
        seen[saved.adam.settings["1.w_q"].timestep] = saved.parameters.flat
    session.pause()
    twin = small_llm()
    reference = session_of(twin)
    for steps in sorted(seen):
        reference.step(steps - reference.training.state.steps)
        assert (twin.parameters.flat == seen[steps]).all()
