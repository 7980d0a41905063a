"""The loop: what it computes, in which order, and how it ends."""

import signal
import threading
from typing import Any

import numpy as np
import pytest

from rustgpt_lab.errors import DataError, DivergenceError, ModelError, TrainingError
from rustgpt_lab.optim.clipping import L2GradientClipping
from rustgpt_lab.optim.schedule import StepDecay, WarmupCosine
from rustgpt_lab.training import Callback, Training, TrainingConfig
from tests.training.small import TEXTS, At, Bad, small_llm


def test_a_run_is_batches_in_file_order_gradient_clipping_and_adam() -> None:
    """The textbook loop, with Kingma and Ba's algorithm as they print it, in float64."""
    llm, twin = small_llm(dtype="float64"), small_llm(dtype="float64")
    schedule = WarmupCosine(2, 9)
    history = llm.train(
        TEXTS, 3, 0.01, batch_size=3, clipping=L2GradientClipping(0.5), schedule=schedule, norms=True
    )

    m, v, step, losses = {}, {}, 0, []
    for _ in range(3):
        for start in (0, 3, 6):
            batch = TEXTS[start : start + 3]
            losses.append(twin.loss(batch))
            gradients = twin.gradients(batch)
            norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
            step += 1
            rate = 0.01 * schedule(step)
            for name, g in gradients.items():
                g = g * min(1, 0.5 / norm)
                if name.endswith("b_out"):
                    twin.parameters[name][...] -= rate * g
                    continue
                m[name] = 0.9 * m.get(name, 0) + 0.1 * g
                v[name] = 0.999 * v.get(name, 0) + 0.001 * g**2
                m_hat, v_hat = m[name] / (1 - 0.9**step), v[name] / (1 - 0.999**step)
                twin.parameters[name][...] -= rate * m_hat / (np.sqrt(v_hat) + 1e-8)

    np.testing.assert_allclose(llm.parameters.flat, twin.parameters.flat, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-9)
    assert history.step.tolist() == list(range(1, 10))
    assert history.epoch.tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    np.testing.assert_allclose(history.rate, [0.01 * schedule(step) for step in range(1, 10)])
    words = [sum(len(llm.tokenize(text)) - 1 for text in TEXTS[a : a + 3]) for a in (0, 3, 6)]
    assert history.tokens.tolist() == np.cumsum(words * 3).tolist()
    weighted = np.array(losses).reshape(3, 3) @ [3, 3, 1] / 7
    np.testing.assert_allclose(history.epoch_loss, weighted)
    assert history.outcome == "finished"
    assert (np.diff(history.seconds) > 0).all()


def test_the_norms_in_the_history_are_those_of_the_gradients() -> None:
    llm = small_llm(dtype="float64")
    gradients = llm.gradients(TEXTS[:2])
    history = llm.train(TEXTS[:2], 1, 0.01, batch_size=2, clipping=L2GradientClipping(0.1), norms=True)
    total = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    for name, gradient in gradients.items():
        assert history.before[name] == pytest.approx([np.linalg.norm(gradient)])
        assert history.after[name] == pytest.approx([np.linalg.norm(gradient) * 0.1 / total])
        axis = llm.parameters.params[name].unit_axis
        units = (gradient != 0).any(axis=axis)  # the words that do not occur have no gradient to shorten
        assert history.clipped[name].tolist() == [units.mean()]
    assert set(history.before) == {*gradients, "logits"}


def test_it_learns() -> None:
    llm = small_llm()
    history = llm.train(TEXTS, 150, 0.01, batch_size=4, schedule=StepDecay(200))
    assert history.epoch_loss[-1] < 0.5 < history.epoch_loss[0]
    assert llm.predict("a bird") == "sings </s>"


def test_no_epoch_is_no_step() -> None:
    llm = small_llm()
    before = llm.parameters.flat.copy()
    history = llm.train(TEXTS, 0, 0.1)
    assert (llm.parameters.flat == before).all()
    assert (len(history), history.outcome, len(history.loss), len(history.epoch_loss)) == (
        0,
        "finished",
        0,
        0,
    )


def test_shuffling_shows_every_text_once_an_epoch_in_an_order_of_its_own() -> None:
    def orders(seed: int) -> list[list[int]]:
        training = Training(small_llm(), TEXTS, TrainingConfig(3, 0.01, 2, shuffle=True, seed=seed))
        seen: list[int] = []
        while not training.finished:
            training.step()
            seen += training._rows
        return np.array(seen).reshape(3, 7).tolist()

    first = orders(0)
    assert all(sorted(order) == list(range(7)) for order in first)
    assert len({tuple(order) for order in first}) == 3
    assert orders(0) == first != orders(1)


def test_callbacks_are_told_of_the_start_every_step_and_the_end() -> None:
    told = []

    class Log(Callback):
        def on_start(self, training: Training) -> None:
            told.append(("start", training.state.steps, training.total_steps))

        def on_step(self, training: Training) -> None:
            told.append((training.state.steps, training.state.loss, training.epoch_ended))

        def on_end(self, training: Training) -> None:
            told.append(("end", training.history.outcome))

    history = small_llm().train(TEXTS, 2, 0.01, batch_size=4, callbacks=[Log(), Callback()])
    a, b, c, d = history.loss
    steps = [(1, a, False), (2, b, True), (3, c, False), (4, d, True)]
    assert told == [("start", 0, 4), *steps, ("end", "finished")]


def test_a_callback_s_error_ends_the_run_and_the_others_hear_of_the_end() -> None:
    ended = []

    class Ends(Callback):
        def on_end(self, training: Training) -> None:
            ended.append(training.state.steps)

    with pytest.raises(ZeroDivisionError):
        small_llm().train(TEXTS, 1, 0.01, callbacks=[At(2, lambda t: 1 / 0), Ends()])
    assert ended == [2]


def test_whoever_was_told_of_the_start_is_told_of_the_end_whatever_any_raises() -> None:
    callbacks = [Bad("a"), Bad("b", "end"), Bad("c", "start"), Bad("d")]
    with pytest.raises(LookupError, match="c at the start") as caught:
        small_llm().train(TEXTS, 1, 0.01, callbacks=callbacks)
    assert [callback.ended for callback in callbacks] == [1, 1, 1, 0]
    assert caught.value.__notes__ == ["Then Bad.on_end raised LookupError('b at the end')."]


def test_an_error_at_the_end_does_not_hide_a_divergence() -> None:
    with pytest.raises(DivergenceError) as caught:
        small_llm().train(TEXTS, 1, 0.01, loss_limit=1e-9, callbacks=[Bad("a", "end"), Bad("b", "end")])
    assert [note.split("'")[1] for note in caught.value.__notes__] == ["b at the end", "a at the end"]


def test_an_error_at_the_end_alone_is_raised() -> None:
    callbacks = [Bad("a", "end"), Bad("b", "end")]
    with pytest.raises(LookupError, match="b at the end") as caught:
        small_llm().train(TEXTS, 1, 0.01, callbacks=callbacks)
    assert len(caught.value.__notes__) == 1
    assert [callback.ended for callback in callbacks] == [1, 1]


# ---- how it ends


def test_an_interrupt_ends_the_run_after_the_step_and_keeps_the_history() -> None:
    llm, before = small_llm(), signal.getsignal(signal.SIGINT)
    interrupt = At(3, lambda _: signal.raise_signal(signal.SIGINT))
    history = llm.train(TEXTS, 5, 0.01, callbacks=[interrupt])
    assert (history.outcome, len(history)) == ("interrupted", 3)
    assert signal.getsignal(signal.SIGINT) is before
    twin = small_llm()
    twin.train(TEXTS[:3], 1, 0.01)
    assert (twin.parameters.flat == llm.parameters.flat).all()


def test_a_second_interrupt_ends_it_at_once() -> None:
    def twice(training: Training) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        small_llm().train(TEXTS, 5, 0.01, callbacks=[At(2, twice)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_runs_in_another_thread_too_where_signals_cannot_be_handled() -> None:
    histories = []
    thread = threading.Thread(target=lambda: histories.append(small_llm().train(TEXTS, 1, 0.01)))
    thread.start()
    thread.join()
    assert len(histories[0]) == 7


def test_a_callback_can_stop_it() -> None:
    history = small_llm().train(TEXTS, 5, 0.01, callbacks=[At(4, Training.stop)])
    assert (history.outcome, len(history)) == ("stopped", 4)


def test_divergence_keeps_good_weights_and_tells_where() -> None:
    llm = small_llm()
    with pytest.raises(DivergenceError) as caught:
        llm.train(TEXTS, 500, 1e12, batch_size=4)
    error = caught.value
    assert np.isfinite(llm.loss(TEXTS))
    assert np.isfinite(llm.parameters.flat).all()
    assert error.history.outcome == "diverged"
    assert len(error.history) >= 1
    assert str(error).startswith(f"step {len(error.history) + 1}, epoch ")
    assert "Lower the learning rate" in str(error)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_a_gradient_that_is_not_finite_does_not_reach_the_weights(
    bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1e30 the square overflows, and Adam squares it."""
    llm = small_llm()
    training = Training(llm, TEXTS, TrainingConfig(5, 0.01))
    for _ in range(3):
        training.step()
    good, moments = llm.parameters.flat.copy(), llm.adam.m.flat.copy()
    true = training.find_gradients

    def planted(*args: Any) -> float:
        loss = true(*args)
        llm.network.gradients["1.w_k"][2, 3] = bad
        return loss

    monkeypatch.setattr(training, "find_gradients", planted)
    training._good = None  # so that not even the copy from before the first step is put back
    with pytest.raises(DivergenceError, match=r"step 4, .*the gradient is not finite"):
        training.step()
    assert (llm.parameters.flat == good).all()
    assert (llm.adam.m.flat == moments).all()


def test_the_weights_after_divergence_are_those_of_the_last_copy() -> None:
    llm, twin = small_llm(), small_llm()
    training = Training(llm, TEXTS, TrainingConfig(100, 0.01))
    for _ in range(150):
        training.step()
    llm.parameters["1.w_q"][0, 0] = np.nan
    with pytest.raises(DivergenceError, match=r"The weights are those after step 100, which were good\."):
        training.step()
    reference = Training(twin, TEXTS, TrainingConfig(100, 0.01))
    for _ in range(100):
        reference.step()
    assert (llm.parameters.flat == twin.parameters.flat).all()
    training.run()  # it can go on from there
    assert (len(training.history), training.history.outcome) == (700, "finished")


def test_a_loss_above_its_limit_is_divergence() -> None:
    with pytest.raises(DivergenceError, match=r"the loss is above its limit of 0\.1; found a loss of "):
        small_llm().train(TEXTS, 1, 0.01, loss_limit=0.1)


# ---- what it refuses


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs: an argument cannot be used; expected a whole number, 0 or more, found -1"),
        ({"epochs": 1.5}, "epochs: .*found 1.5"),
        ({"batch_size": 0}, "batch_size: .*1 or more, found 0"),
        ({"learning_rate": 0}, "learning_rate: .*expected a number above 0, found 0"),
        ({"learning_rate": float("inf")}, "learning_rate: .*found inf"),
        ({"learning_rate": "fast"}, "learning_rate: .*found 'fast'"),
        ({"clipping": 5.0}, r"clipping: .*expected a clipping, as L2GradientClipping\(1\.0\), found 5\.0"),
        ({"schedule": 0.5}, "schedule: .*expected a function of the step, found 0.5"),
        (
            {"schedule": lambda step: -1.0},
            "schedule, step 1: not a learning rate; expected a number, 0 or more",
        ),
        ({"workers": 0}, "workers: .*found 0"),
        ({"loss_limit": 0}, "loss_limit: .*found 0"),
        ({"seed": -1}, "seed: .*found -1"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(options: dict, message: str) -> None:
    arguments = {"epochs": 1, "learning_rate": 0.01} | options
    with pytest.raises(TrainingError, match=message):
        small_llm().train(TEXTS, **arguments)


@pytest.mark.parametrize("texts", [[], "one text", ["the cat", "cat"], ["the unknown words"]])
def test_texts_that_cannot_be_learned_from_change_nothing(texts: Any) -> None:
    llm = small_llm()
    before = llm.parameters.flat.copy()
    with pytest.raises(DataError):
        llm.train(texts, 1, 0.01)
    assert (llm.parameters.flat == before).all()


def test_every_refusal_is_a_model_error() -> None:
    assert issubclass(DivergenceError, TrainingError)
    assert issubclass(TrainingError, ModelError)


def test_the_bar_shows_epoch_loss_and_speed(capsys: pytest.CaptureFixture[str]) -> None:
    history = small_llm().train(TEXTS, 2, 0.01, progress=True)
    shown = capsys.readouterr().err
    assert "epoch 2/2" in shown
    assert "14/14" in shown
    assert f"loss {history.loss[-1]:.3f}" in shown
    assert "tokens/s" in shown
