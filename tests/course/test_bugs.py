"""A mistake, live: every one that can be trained with is, and what the comparison says is true of the runs."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from rustgpt_lab.batch import Batch
from rustgpt_lab.course import bug, check
from rustgpt_lab.course.bugs import (
    TRAINABLE,
    gradients_of,
    offered,
    run_with,
    seen,
    side_by_side,
    small_model,
)
from rustgpt_lab.course.checking import Verdict
from rustgpt_lab.course.diagnosis import Diagnosis
from rustgpt_lab.course.exercise import Mistake, find_exercise
from rustgpt_lab.course.exercises import nb03, nb04
from rustgpt_lab.errors import ModelError
from rustgpt_lab.training import Training, TrainingConfig
from rustgpt_lab.views.versus import AGREE, VersusCard

MISTAKES = [(id, mistake) for id in TRAINABLE for mistake in find_exercise(id).mistakes]
OF_A_SHAPE = {"02.1": 2, "02.4": 1, "03.1": 1, "06.2": 1, "08.2": 1}
"""Exercise -> how many of its mistakes give something of another shape, with which nothing can be trained."""
UNSEEN = "a score that is 0 by itself is not hidden"  # and no score of this run is 0 by itself


@pytest.mark.parametrize(("id", "mistake"), MISTAKES, ids=[f"{id}-{i}" for i, (id, _) in enumerate(MISTAKES)])
def test_every_mistake_that_can_be_trained_with_makes_a_difference_that_is_stated(
    id: str, mistake: Mistake
) -> None:
    if (
        offered(id, mistake.wrong) is None or "from 1 to -1" in mistake.message
    ):  # a rate below 0, but not at first
        with pytest.raises(ModelError, match="no model can be trained with this function"):
            side_by_side(id, mistake.wrong)
        return
    data = side_by_side(id, mistake.wrong)
    sentence, (wrong, right) = data.sentence, data.losses
    assert data.ends[1] == ""
    assert np.isfinite(right).all()
    assert len(right) == 60
    assert (data.errors[:, 1] < AGREE).all(), "ours passes the check"
    last = right[-3:].mean()
    if data.ends[0]:
        assert len(wrong) < 60
        assert sentence.startswith(
            f"With the mistake {data.ends[0]}; without it the loss is {last:.3g} after 60"
        )
    elif mistake.message.startswith(UNSEEN):
        assert "the mistake does nothing" in sentence
        assert np.array_equal(wrong, right)
    else:
        assert f"{last:.3g}" in sentence
        assert f"{wrong[-3:].mean():.3g}" in sentence
        assert not np.array_equal(wrong, right)
        lower = np.isfinite(wrong).all() and wrong[-3:].mean() < 0.8 * last
        lower = lower and "reports a loss" not in sentence  # there the weights are the same
        assert ("does not make it right" in sentence) == lower
    refused = [name for name, error in zip(data.names, data.errors[:, 0], strict=True) if not error < AGREE]
    assert ("gradient check refuses" in sentence) == bool(refused)
    if id in ("06.2", "06.3", "06.4", "02.4"):
        assert refused, "a wrong way back is found by nudging"
    if id[:3] in ("07.", "08."):
        assert not refused, "the gradients are right: it is the step that is not"


def test_only_what_gives_another_shape_cannot_be_trained_with() -> None:
    refused: dict[str, int] = {}
    for id, mistake in MISTAKES:
        if offered(id, mistake.wrong) is None:
            refused[id] = refused.get(id, 0) + 1
    assert refused == OF_A_SHAPE


@pytest.mark.parametrize("id", TRAINABLE)
def test_the_right_function_does_what_the_library_does(id: str) -> None:
    data = side_by_side(id, find_exercise(id).solution)
    assert "the mistake does nothing" in data.sentence
    llm, facts = small_model(epsilon=0.1 if id == "04.4" else 1e-5)
    if not id.startswith(("07.4", "08.")):
        ours = Training(llm, facts, TrainingConfig(20, 0.01, 4))
        ours.run()
        np.testing.assert_allclose(data.losses[0], ours.history.loss, rtol=1e-6)


def test_the_gradient_check_of_a_model_finds_what_is_wrong_where_it_is() -> None:
    llm, facts = small_model()
    right = gradients_of(llm, facts[:3])
    assert max(right.values()) < AGREE
    assert set(right) == set(llm.parameters)
    before = llm.parameters.flat.copy()
    [halved] = [m for m in find_exercise("06.2").mistakes if "means over the positions" in m.message]
    run = run_with("06.2", halved.wrong, llm, facts)
    found = gradients_of(run.llm, facts[:3])
    assert {name for name, error in found.items() if error > AGREE} == {"3.b1", "3.b2"}
    assert (llm.parameters.flat == before).all()


def test_what_the_attention_of_a_stranger_s_function_sees_is_found_from_outside() -> None:
    llm, _ = small_model()
    text = "Mars is a rocky planet"
    truth = llm.trace(text)["1.weights"].reshape(5, 5)
    np.testing.assert_allclose(seen(llm, text), truth, atol=1e-9)
    unmasked = run_with("03.3", lambda *a: nb03.attention(*a, mask=lambda s: s), llm, ["Mars is a </s>"] * 4)
    found = seen(unmasked.llm, text)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)
    assert found[0, 1:].min() > 0
    x, _ = llm.network[0].forward(np.array(llm.tokenize(text)), Batch([llm.tokenize(text)]))
    q, k = x @ llm.parameters["1.w_q"], x @ llm.parameters["1.w_k"]
    e = np.exp(q @ k.T / 4)
    np.testing.assert_allclose(found, e / e.sum(axis=1, keepdims=True), atol=1e-9)


# ---- where it is met


def no_relu(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return x + (x @ w1 + b1) @ w2 + b2


def test_a_named_mistake_has_a_button_and_a_verdict_without_one_is_plain() -> None:
    verdict = check("04.1", no_relu)
    assert isinstance(verdict, Diagnosis)
    assert not verdict
    assert verdict.status == "wrong"
    assert isinstance(verdict.live, VersusCard)
    assert verdict.live.state() == {"done": False}
    verdict.live.data = verdict.live.answer({})
    assert verdict.live.state()["done"]
    for answer in (..., nb04.feed_forward, lambda *a: 17):
        assert type(check("04.1", answer)) is Verdict
    assert type(check("04.3", find_exercise("04.3").mistakes[0].wrong)) is Verdict


def test_what_a_mistake_lets_a_word_see_is_not_drawn_as_hidden() -> None:
    [unmasked] = [
        m.wrong for m in find_exercise("03.3").mistakes if m.message.startswith("the mask is missing")
    ]
    assert side_by_side("03.3", unmasked).comparison.state()["hides"] == [False, True]
    assert side_by_side("04.1", no_relu).comparison.state()["hides"] == [True, True]


def test_a_call_does_the_same_and_has_its_twin() -> None:
    card = bug("04.1", no_relu)
    twin = card.twin()
    assert twin["text/plain"] == card.data.sentence == side_by_side("04.1", no_relu).sentence
    assert "gradient of 3.w1" in twin["text/html"]
    assert "agrees" in twin["text/html"]


def test_what_cannot_be_trained_with_says_so() -> None:
    with pytest.raises(ModelError, match="id: no model can be trained with this exercise"):
        bug("01.1", str.split)
    with pytest.raises(
        ModelError,
        match=r"self_attention: no model can be trained with this function.*shape \(.*it gives one of shape",
    ):
        bug("03.3", lambda x, w_q, w_k, w_v: x[:1])
    assert offered("03.3", lambda *a: 1 / 0) is None


def test_both_models_begin_alike() -> None:
    llm, facts = small_model()
    runs = [run_with(id, find_exercise(id).solution, llm, facts).llm for id in TRAINABLE]
    assert all((a.parameters.flat == b.parameters.flat).all() for a, b in combinations(runs, 2))
