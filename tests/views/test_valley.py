"""The valley's paths against Kingma and Ba's formulas, finite differences, and what the browser computes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import views
from rustgpt_lab.errors import TrainingError
from rustgpt_lab.gradcheck import numerical_gradient
from rustgpt_lab.views.gallery.valley import LANDSCAPES, OPTIMIZERS, STEPS, rolled

EACH = pytest.mark.parametrize("ground", LANDSCAPES)
Computed = Callable[..., list[Any]]


@EACH
def test_the_gradients_are_those_of_the_losses_here_and_in_the_browser(
    ground: str, computed: Computed
) -> None:
    land = LANDSCAPES[ground]
    points = np.random.default_rng(0).uniform(-2, 2, (40, 2))
    there = computed(*({"ask": "landscape", "ground": ground, "w": w.tolist()} for w in points))
    for w, (loss, *gradient) in zip(points, there, strict=True):
        nudged = numerical_gradient(lambda w=w: float(land.loss(w)), w)
        np.testing.assert_allclose(land.gradient(w), nudged, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(gradient, land.gradient(w), rtol=1e-12, atol=1e-12)
        assert loss == pytest.approx(land.loss(w), rel=1e-12)
    for lowest in land.lowest:
        assert land.loss(np.array(lowest, float)) == 0


@EACH
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.9), (0.99, 0.0)])
def test_the_browsers_optimizers_are_the_librarys(
    ground: str, name: str, betas: tuple[float, float], computed: Computed
) -> None:
    """From its own rate down; the same numbers but for the last digits."""
    land = LANDSCAPES[ground]
    rate, (beta1, beta2) = land.rates[name] / 4, betas
    path = rolled(land.gradient, land.start, name, rate, beta1, beta2)
    question = {"ask": "roll", "ground": ground, "start": land.start, "name": name, "rate": rate}
    [there] = computed({**question, "beta1": beta1, "beta2": beta2, "count": STEPS})
    assert np.ptp(path, axis=0).max() > 0.05, "it has moved"
    np.testing.assert_allclose(there, path, rtol=1e-5, atol=1e-8)


def test_the_paths_are_those_of_the_papers() -> None:
    data = views.valley("bowl").data
    w, m, v = np.array([5.0, 1.0]), 0, 0
    u, plain, heavy = 0, w, w
    for t in range(1, STEPS + 1):
        g = np.array([w[0], 25 * w[1]])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - 0.3 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        plain = plain - 0.07 * np.array([plain[0], 25 * plain[1]])
        u = 0.9 * u + np.array([heavy[0], 25 * heavy[1]])
        heavy = heavy - 0.02 * u
        for name, expected in (("adam", w), ("plain", plain), ("momentum", heavy)):
            np.testing.assert_allclose(data.paths[name][t], expected, rtol=1e-9, err_msg=name)


def test_a_rate_that_blows_up_is_shown_as_that() -> None:
    view = views.valley(plain=0.09)  # each step multiplies w1 by 1 - 0.09 * 25
    grows = 12.5 * (1 - 0.09 * 25) ** (2 * np.arange(STEPS + 1))
    lost = int((grows > 25e6).argmax())
    assert view.data.lost("plain") == lost
    assert f"plain descent has blown up (at step {lost});" in view.sentence
    assert view.data.lost("adam") is None
    assert views.valley(plain=0.08).data.lost("plain") is None
    worst = views.valley("ravine", plain=9, momentum=9, adam=9)
    assert worst.data.lost("plain") is not None
    assert worst.twin() == worst.twin()


def test_a_rate_of_0_rests() -> None:
    view = views.valley("saddle", (1, 0.5), plain=0, momentum=0, adam=0)
    assert "plain descent rests; momentum rests; Adam rests." in view.sentence
    for path in view.data.paths.values():
        np.testing.assert_array_equal(path, np.tile([1, 0.5], (STEPS + 1, 1)))


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"ground": "hill"}, "ground"),
        ({"plain": -1}, "plain"),
        ({"adam": np.nan}, "adam"),
        ({"beta1": 1}, "beta1"),
        ({"start": (1, 2, 3)}, "start"),
        ({"start": (np.inf, 0)}, "start"),
    ],
)
def test_what_cannot_be_used_is_refused(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(TrainingError, match=where):
        views.valley(**wrong)


def test_table_and_twin() -> None:
    view = views.valley()
    html = view.twin()["text/html"]
    assert html.count("<tr>") == 9
    assert view.table().rows[-1][0] == STEPS
    assert repr(view) == view.sentence
