"""Schedules against optax, and at their corners."""

import json

import numpy as np
import pytest

from rustgpt_lab.errors import TrainingError
from rustgpt_lab.optim.schedule import Constant, StepDecay, WarmupCosine
from tests.optim.reference import COSINE, FILE


def test_warmup_and_cosine_are_optax_s() -> None:
    theirs = json.loads(FILE.read_text(encoding="utf-8"))["warmup and cosine"]
    np.testing.assert_allclose(
        WarmupCosine(**COSINE).rates(len(theirs), 5e-4), 5e-4 * np.array(theirs), rtol=1e-6
    )


def test_corners_of_warmup_and_cosine() -> None:
    schedule = WarmupCosine(warmup=4, steps=12, floor=0.2)
    assert [schedule(step) for step in (1, 4, 12, 99)] == pytest.approx([0.25, 1.0, 0.2, 0.2])
    assert schedule(8) == pytest.approx(0.6)  # half way down
    assert WarmupCosine(warmup=0, steps=10)(1) < 1


def test_step_decay_by_hand() -> None:
    assert StepDecay(every=2, factor=0.5).rates(5, 8.0).tolist() == [8, 8, 4, 4, 2]


def test_constant() -> None:
    assert Constant().rates(3, 0.1).tolist() == [0.1, 0.1, 0.1]


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: WarmupCosine(-1, 10), "warmup"),
        (lambda: WarmupCosine(10, 10), "steps"),
        (lambda: WarmupCosine(1, 10, floor=2), "floor"),
        (lambda: StepDecay(0), "every"),
        (lambda: StepDecay(1, factor=0), "factor"),
        (lambda: Constant(-1), "share"),
    ],
)
def test_a_number_out_of_range_is_named(make, where: str) -> None:
    with pytest.raises(TrainingError, match=f"^{where}: a number of a schedule is out of range; expected"):
        make()
