"""The schedule designer: what the browser draws and writes is what Python does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import views
from rustgpt_lab.errors import TrainingError
from rustgpt_lab.optim.schedule import WarmupCosine

Computed = Callable[..., list[Any]]
CHOSEN = [
    WarmupCosine(warmup, steps, floor)
    for warmup, steps in ((0, 1), (0, 20), (1, 20), (7, 8), (10, 90), (89, 90))
    for floor in (0.0, 0.1, 0.37, 1.0)
]


def test_the_browsers_curve_and_code_are_pythons(computed: Computed) -> None:
    questions = [{"ask": "schedule", "schedule": vars(s), "last": 100} for s in CHOSEN]
    for schedule, (code, shares) in zip(CHOSEN, computed(*questions), strict=True):
        np.testing.assert_allclose(shares, schedule.rates(100), rtol=1e-12, atol=1e-15)
        assert eval(code, {"WarmupCosine": WarmupCosine}) == schedule
        data = views.schedule(100, warmup=schedule.warmup, decay=schedule.steps, floor=schedule.floor).data
        assert data.code == code and data.schedule == schedule


def test_whatever_is_dragged_is_a_schedule(computed: Computed) -> None:
    rng = np.random.default_rng(0)
    dragged = [
        {"warmup": float(a), "steps": float(b), "floor": float(c)}
        for a, b, c in rng.uniform((-20, -20, -0.5), (130, 130, 1.5), (200, 3))
    ]
    for chosen in computed(*({"ask": "possible", "schedule": s, "last": 100} for s in dragged)):
        schedule = WarmupCosine(**chosen)  # refuses what is none
        assert 1 <= schedule.steps <= 100 and round(schedule.floor, 2) == schedule.floor


def test_sentence_table_and_twin() -> None:
    view = views.schedule(90, 0.01, warmup=10, decay=80, floor=0.1)
    assert view.sentence == "The rate climbs to 0.01 at step 10, falls to 0.001 at step 80, and stays there."
    assert views.schedule(9, warmup=0).sentence.startswith("The rate begins at 0.001, ")
    expected = [(1, 0.001), (10, 0.01), (45, 0.0055), (80, 0.001), (90, 0.001)]
    np.testing.assert_allclose(view.table().rows, expected)
    assert view.twin() == view.twin() and "schedule" in view.state()
    assert view.data.rates.tolist() == WarmupCosine(10, 80, 0.1).rates(90, 0.01).tolist()


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 1},
        {"learning_rate": 0},
        {"learning_rate": np.inf},
        {"warmup": -1},
        {"warmup": 100},
        {"decay": 101},
        {"decay": 0},
        {"floor": 1.5},
    ],
)
def test_what_cannot_be_used_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TrainingError):
        views.schedule(**wrong)
