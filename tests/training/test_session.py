"""The session: it goes where it is told, and back, to the same bits."""

import gc
import signal
import threading
from math import inf
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, TrainingSession
from rustgpt_lab.errors import DivergenceError, TrainingError
from rustgpt_lab.optim.clipping import AdaptiveGradientClipping, L2GradientClipping
from rustgpt_lab.optim.schedule import WarmupCosine
from rustgpt_lab.training import Callback, SessionState, Training
from tests.training.small import TEXTS, At, Bad, small_llm

STATE = 3 * 4 * small_llm().parameters.flat.size
"""Bytes of a snapshot."""


def session_of(llm: LLM | None = None, epochs: int = 100, **options: Any) -> TrainingSession:
    options = {"batch_size": 2, "shuffle": True, "memory": 8 * STATE} | options
    return TrainingSession(llm or small_llm(), TEXTS, epochs, 0.01, **options)


def test_it_trains_as_train_does() -> None:
    llm, twin = small_llm(), small_llm()
    session = session_of(llm, epochs=10, norms=True, clipping=L2GradientClipping(1.0))
    assert session.state == "ready"
    session.start()
    session.wait(timeout=60)
    assert session.state == session.history.outcome == "finished"
    options = {"batch_size": 2, "shuffle": True, "norms": True, "clipping": L2GradientClipping(1.0)}
    history = twin.train(TEXTS, 10, 0.01, **options)
    assert (llm.parameters.flat == twin.parameters.flat).all()
    ours, theirs = session.history.columns(), history.columns()
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours if name != "seconds")


@pytest.mark.parametrize("clipping", [None, L2GradientClipping(0.5), AdaptiveGradientClipping()])
def test_pause_rewind_by_50_steps_and_replay_gives_the_same_losses(clipping: Any) -> None:
    session = session_of(clipping=clipping, schedule=WarmupCosine(30, 400), norms=True)
    session.step(173)
    losses, weights = session.history.loss, session.training.llm.parameters.flat.copy()
    moments = session.training.llm.adam.v.flat.copy()
    session.rewind(123)
    assert (session.state, session.training.state.steps, len(session.history.loss)) == ("paused", 123, 123)
    assert not (session.training.llm.parameters.flat == weights).all()
    session.step(50)
    assert (session.history.loss == losses).all()
    assert (session.training.llm.parameters.flat == weights).all()
    assert (session.training.llm.adam.v.flat == moments).all()
    assert len(session.history.before["1.w_q"]) == 173


def test_what_is_dropped_is_dropped_again_after_a_rewind() -> None:
    session = session_of(small_llm(architecture="gpt2", heads=2, dropout=0.3), shuffle=True)
    session.step(60)
    losses, weights = session.history.loss, session.training.llm.parameters.flat.copy()
    session.rewind(23)
    session.step(37)
    assert (session.history.loss == losses).all()
    assert (session.training.llm.parameters.flat == weights).all()


@pytest.mark.parametrize("step", [0, 1, 37, 40, 99, 100])
def test_rewind_reaches_any_step_whatever_was_changed_on_the_way(step: int) -> None:
    llm = small_llm()
    session, seen = session_of(llm), [llm.parameters.flat.copy()]
    for i in range(100):
        if i == 35:
            session.set(learning_rate=0.02, clipping=L2GradientClipping(0.1))
        if i == 38:
            session.set(batch_size=3)
        session.step()
        seen.append(llm.parameters.flat.copy())
    session.rewind(step)
    assert (llm.parameters.flat == seen[step]).all()
    config = session.config
    assert (config.learning_rate, config.batch_size) == (0.01 if step < 35 else 0.02, 2 if step < 38 else 3)
    assert config.clipping == (None if step < 35 else L2GradientClipping(0.1))


def test_its_snapshots_stay_within_their_memory() -> None:
    session = session_of(epochs=300, memory=5 * STATE)
    most = 0
    while not session.training.finished:
        session.step(25)
        most = max(most, sum(s.buffers.nbytes for s in session.snapshots.values()))
    assert 3 * STATE <= most <= 5 * STATE
    assert 0 in session.snapshots
    session.rewind(1)
    assert session.training.state.steps == 1


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(
        TrainingError, match=f"memory: too little memory to rewind; expected at least {2 * STATE:,}"
    ):
        session_of(memory=STATE)


def test_start_and_pause_while_the_caller_goes_on() -> None:
    session = session_of(epochs=100_000)
    session.start()
    assert session.state == "running"
    while len(session.history) < 20:
        assert len(session.history.columns()["loss"]) <= len(session.history)
    session.pause()
    assert session.state == "paused"
    steps = session.training.state.steps
    threads = [thread for thread in threading.enumerate() if thread.name == "training"]
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "there is a thread only while it runs"
    session.start()
    session.set(learning_rate=0.005)
    with session.hold() as llm:
        assert np.isfinite(llm.loss(TEXTS))
        held = session.training.state.steps
        assert session.training.state.steps == held
    assert session.state == "running", "set and hold go on afterwards"
    session.stop()
    assert session.state == session.history.outcome == "stopped"
    assert session.training.state.steps >= steps
    assert session.config.learning_rate == 0.005


def test_when_it_is_over_only_rewind_takes_it_up_again() -> None:
    session = session_of()
    session.step(5)
    session.stop()
    for go_on in (session.start, session.step):
        with pytest.raises(TrainingError, match=r"this session is stopped\. Rewind it, or make a new one\."):
            go_on()
    session.rewind(3)
    session.step()
    assert (session.state, session.training.state.steps, session.history.outcome) == ("paused", 4, "")


@pytest.mark.parametrize("step", [-1, 6])
def test_a_moment_that_never_was_cannot_be_gone_back_to(step: int) -> None:
    session = session_of()
    session.step(5)
    with pytest.raises(
        TrainingError, match=f"step: there is no such moment to go back to; expected 0 to 5, found {step}"
    ):
        session.rewind(step)
    assert session.training.state.steps == 5


def test_divergence_in_the_thread_is_kept_and_can_be_rewound() -> None:
    session = session_of(loss_limit=100.0)
    session.step(20)
    session.set(learning_rate=1e9)
    session.start()
    session.wait(timeout=60)
    assert session.state == "failed"
    assert isinstance(session.error, DivergenceError)
    assert session.error.history is session.history
    session.rewind(20)
    session.set(learning_rate=0.01)
    session.step(10)
    assert (session.state, session.error, len(session.history)) == ("paused", None, 30)


def test_divergence_in_a_step_is_raised() -> None:
    session = session_of(loss_limit=1e-9)
    with pytest.raises(DivergenceError):
        session.step()
    assert session.state == "failed"


def test_listeners_hear_of_every_change_and_may_pause() -> None:
    session, heard = session_of(epochs=100_000), []

    def listen(session: TrainingSession) -> None:
        heard.append(session.state)
        if session.state == "running" and session.training.state.steps > 10:
            session.pause()

    session.on_change(listen)
    session.start()
    session.wait(timeout=60)
    assert session.state == "paused"
    assert heard[-1] == "paused"
    assert "running" in heard
    session.rewind(0)
    assert heard[-1] == "ready"


def test_callbacks_hear_of_new_steps_only() -> None:
    told: list[Any] = []

    class Log(Callback):
        def on_start(self, training: Training) -> None:
            told.append("start")

        def on_step(self, training: Training) -> None:
            told.append(training.state.steps)

        def on_end(self, training: Training) -> None:
            told.append("end")

    session = session_of(epochs=1, callbacks=[Log()])
    session.step(2)
    session.rewind(1)
    session.step(9)
    assert told == ["start", 1, 2, 2, 3, 4, "end"]


def test_what_set_cannot_use_changes_nothing() -> None:
    session = session_of()
    with pytest.raises(TrainingError, match="batch_size"):
        session.set(batch_size=0)
    assert session.config.batch_size == 2


def test_its_words() -> None:
    session = session_of(epochs=1)
    session.step()
    assert repr(session) == f"TrainingSession(paused, step 1 of 4, loss {session.history.loss[0]:.3f})"


# ---- one state


def test_its_state_is_one_of_six_words() -> None:
    session = session_of(epochs=1)
    assert session.state is SessionState.READY
    assert session.state == "ready"
    assert f"{session.state}" == "ready"
    assert [state.value for state in SessionState if state.over] == ["finished", "stopped", "failed"]


@pytest.mark.parametrize("method", ["set", "hold"])
def test_a_pause_is_not_lost_while_another_thread_is_in_set_or_hold(method: str) -> None:
    """A callback asks for it in the step that the other thread waits for."""
    asked = threading.Event()

    def pause(training: Training) -> None:
        asked.set()
        while len(session._lock._queue) < 2:  # until the other one waits
            pass
        session.pause()

    session = session_of(epochs=100_000, callbacks=[At(20, pause)])
    session.start()
    assert asked.wait(timeout=60)
    if method == "set":
        session.set(learning_rate=0.02)
    else:
        with session.hold():
            pass
    session.wait(timeout=1)
    assert (session.state, session.training.state.steps) == ("paused", 20)


def test_a_pause_in_a_hold_is_not_lost_either() -> None:
    session = session_of(epochs=100_000)
    session.start()
    with session.hold():
        session.pause()
        steps = session.training.state.steps
    session.wait(timeout=0.05)
    assert (session.state, session.training.state.steps) == ("paused", steps)


def test_who_is_in_the_trainer_s_thread_never_waits_for_itself() -> None:
    """Callback and listener use every method; a session that waited for itself would hang here."""
    done: list[Any] = []

    def everything(training: Training) -> None:
        with session.hold() as llm:
            done.append(len(llm.gradients(TEXTS)))
        session.set(learning_rate=0.02)
        session.wait()
        session.pause()
        session.start()
        done.append(session.state)

    session = session_of(epochs=100, callbacks=[At(7, everything)])
    session.on_change(lambda s: s.set(batch_size=2))
    session.start()
    session.wait(timeout=60)
    assert (session.state, session.training.state.steps) == ("finished", 400)
    assert done[1] == "running"


def test_wait_in_a_hold_returns() -> None:
    session = session_of(epochs=100_000)
    session.start()
    with session.hold():
        session.wait()
        assert session.state == "running"
    session.stop()


def test_pause_and_start_at_once_leave_one_thread_at_work() -> None:
    """The first one finds itself replaced: it had no chance to see the pause."""
    session = session_of(epochs=100_000)
    with session.hold():
        for _ in range(5):
            session.start()
            session.pause()
        session.start()
    *late, _ = [thread for thread in threading.enumerate() if thread.name == "training"]
    for thread in late:
        thread.join(timeout=5)
    assert [thread.is_alive() for thread in late] == [False] * len(late)
    assert session.state == "running"
    session.stop()


def test_a_callback_can_end_it_as_it_ends_a_run() -> None:
    told: list[str] = []

    class Ends(Callback):
        def on_step(self, training: Training) -> None:
            told.append("step")

        def on_end(self, training: Training) -> None:
            told.append("end")

    session = session_of(callbacks=[At(4, Training.stop), Ends()])
    session.step(10)
    assert (session.state, session.training.state.steps, session.history.outcome) == ("stopped", 4, "stopped")
    assert told == ["step"] * 4 + ["end"]
    session = session_of(callbacks=[At(4, lambda t: session.stop()), Ends()])
    told.clear()
    session.step(10)
    assert (session.state, told) == ("stopped", ["step"] * 3 + ["end"])


def test_ctrl_c_pauses_the_steps_after_the_one_under_way() -> None:
    session = session_of(callbacks=[At(3, lambda _: signal.raise_signal(signal.SIGINT))])
    session.step(10)
    assert (session.state, session.training.state.steps) == ("paused", 3)
    session.step(2)
    assert session.training.state.steps == 5


def test_a_second_ctrl_c_ends_it_at_once() -> None:
    def twice(training: Training) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    session = session_of(callbacks=[At(3, twice)])
    with pytest.raises(KeyboardInterrupt):
        session.step(10)
    assert session.state == "failed"
    session.rewind(3)
    assert session.state == "paused"


def test_going_back_revives_a_finished_run_and_its_callbacks_hear_of_a_start() -> None:
    told: list[Any] = []

    class Log(Callback):
        def on_start(self, training: Training) -> None:
            told.append("start")

        def on_rewind(self, training: Training) -> None:
            told.append(f"back to {training.state.steps}")

        def on_end(self, training: Training) -> None:
            told.append("end")

    session = session_of(epochs=1, callbacks=[Log()])
    session.step(4)
    session.rewind(3)
    assert (session.state, session.history.outcome) == ("paused", "")
    session.rewind(2)
    session.step(2)
    assert session.state == "finished"
    assert told == ["start", "end", "start", "back to 2", "end"]


def test_more_epochs_revive_a_finished_run_and_fewer_end_it() -> None:
    session = session_of(epochs=1)
    session.step(4)
    session.set(epochs=2)
    assert session.state == "paused"
    session.step(2)
    session.set(epochs=1)
    assert session.state == session.history.outcome == "finished"


@pytest.mark.parametrize("change", [{"optimizer": "descent"}, {"momentum": 0.9}])
def test_the_optimizer_of_a_run_stays(change: dict) -> None:
    session = session_of()
    session.step()
    with pytest.raises(TrainingError, match=f"{next(iter(change))}: a run keeps its optimizer.*Make a new"):
        session.set(**change)
    assert session.config.optimizer == "adam"


# ---- callbacks that raise


def test_whoever_was_told_of_the_start_of_a_session_is_told_of_its_end() -> None:
    callbacks = [Bad("a"), Bad("b", "end"), Bad("c", "start"), Bad("d")]
    session = session_of(callbacks=callbacks)
    with pytest.raises(LookupError, match="c at the start") as caught:
        session.step()
    assert [callback.ended for callback in callbacks] == [1, 1, 1, 0]
    assert caught.value.__notes__ == ["Then Bad.on_end raised LookupError('b at the end')."]
    assert (session.state, session.error) == ("failed", caught.value)


def test_an_error_at_the_end_of_a_session_does_not_hide_the_first_one() -> None:
    session = session_of(loss_limit=1e-9, callbacks=[Bad("a", "end"), Bad("b", "end")])
    session.start()
    session.wait(timeout=60)
    assert isinstance(session.error, DivergenceError)
    assert [note.split("'")[1] for note in session.error.__notes__] == ["b at the end", "a at the end"]


def test_an_error_at_the_end_alone_is_the_session_s() -> None:
    session = session_of(callbacks=[Bad("a", "end")])
    session.step()
    with pytest.raises(LookupError, match="a at the end"):
        session.stop()
    assert session.state == "failed"


# ---- listeners


class Onlooker:
    def __init__(self, session: TrainingSession):
        self.heard: list[str] = []
        session.on_change(self.hear)

    def hear(self, session: TrainingSession) -> None:
        self.heard.append(session.state)


def test_a_listener_leaves_with_its_object() -> None:
    session = session_of()
    onlookers = [Onlooker(session) for _ in range(5)]
    session.step()
    assert [onlooker.heard for onlooker in onlookers] == [["paused"]] * 5
    onlookers.clear()
    gc.collect()
    session.step()
    assert len(session._listeners) == 0


def test_a_function_stays_until_it_is_taken_off() -> None:
    session, heard = session_of(), []
    off = session.on_change(lambda s: heard.append(s.state))
    gc.collect()
    session.step()
    off()
    off()
    session.step()
    assert heard == ["paused"]


def test_a_listener_that_raises_is_told_no_more_and_the_session_goes_on() -> None:
    session, heard = session_of(epochs=100_000), []
    session.on_change(lambda s: 1 / 0)
    session.on_change(lambda s: heard.append(s.state))
    with pytest.warns(UserWarning, match=r"a listener of .* raised ZeroDivisionError.*, and is told no more"):
        session.step()
    session.step()
    assert heard == ["paused", "paused"]


# ---- pace


def test_it_keeps_its_pace_and_ends_at_once_however_slow_that_is() -> None:
    session = session_of(epochs=100_000)
    session.pace = 50
    session.start()
    session.wait(timeout=0.5)
    assert 2 <= session.training.state.steps <= 26
    session.pace = 0.001
    begun = perf_counter()
    session.pause()
    session.step(3)  # who asks for steps need not wait
    assert perf_counter() - begun < 5
    assert session.state == "paused"
    with pytest.raises(TrainingError, match="pace: this is no pace; expected steps a second, above 0"):
        session.pace = 0


def test_a_faster_pace_counts_from_now_on() -> None:
    session = session_of(epochs=10)
    session.pace = 0.001
    session.start()
    session.wait(timeout=0.05)
    session.pace = inf
    session.wait(timeout=60)
    assert session.state == "finished"
