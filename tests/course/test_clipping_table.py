"""Notebook 08's table is what its command measures, and nobody in it is favoured."""

from itertools import product

import numpy as np
import pytest

from rustgpt_lab.course.clipping import Cell, ClippingTable, interval

from .clipping_table import CLIPPERS, RATES, SEEDS, TUNING, loss_after, markdown

TABLE = ClippingTable.packaged()


def test_it_has_every_clipper_at_every_rate() -> None:
    assert TABLE.clippers == list(CLIPPERS)
    assert {optimizer: tuple(TABLE.rates(optimizer)) for optimizer in RATES} == RATES
    assert len(TABLE.cells) == len(CLIPPERS) * sum(map(len, RATES.values()))
    assert all(len(cell.losses) == len(SEEDS) >= 5 for cell in TABLE.cells)


def test_each_threshold_was_the_best_of_as_many_on_other_seeds() -> None:
    assert not set(SEEDS) & set(TUNING)
    assert len({len(candidates) for _, candidates in CLIPPERS.values() if candidates}) == 1
    for cell in TABLE.cells:
        assert tuple(cell.tuning) == CLIPPERS[cell.clipper][1]
        assert cell.threshold == min(cell.tuning, key=cell.tuning.__getitem__, default=None)


@pytest.mark.parametrize(
    ("optimizer", "rate", "clipper"),
    [("descent", 0.3, "AGC"), ("descent", 0.1, "none"), ("adam", 0.001, "L2")],
)
def test_the_command_would_measure_the_same_again(optimizer: str, rate: float, clipper: str) -> None:
    cell = TABLE.cell(optimizer, rate, clipper)
    again = [loss_after((optimizer, rate, clipper, cell.threshold, seed)) for seed in SEEDS[:2]]
    assert again == pytest.approx(cell.losses[:2], rel=1e-3)


def test_a_run_without_numbers_is_infinitely_bad() -> None:
    assert not loss_after(("descent", 1e300, "none", None, 0)) < np.inf


def test_the_interval_is_that_of_the_logarithms() -> None:
    mean, low, high = interval(np.exp([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]))
    half = 2.365 * np.std([0, 0, 1, 1, 1, 1, 2, 2], ddof=1) / np.sqrt(8)
    assert np.log([mean, low, high]) == pytest.approx([1, 1 - half, 1 + half])


def test_a_cell_says_what_was_measured() -> None:
    losses = np.full(8, 0.5)
    assert TABLE.told(Cell("adam", 1, "L2", 0.3, losses, {})) == "0.50 (0.50 to 0.50) @0.3"
    losses[0] = np.inf
    assert TABLE.told(Cell("adam", 1, "none", None, losses, {})) == "failed: 1 of 8"


def test_it_is_printed_as_markdown() -> None:
    first, second, *_ = markdown(TABLE).splitlines()
    assert first == "| descent | rate 0.1 | rate 0.3 | rate 1 | rate 3 | rate 10 |"
    assert second == "| --- | --- | --- | --- | --- | --- |"
    assert repr(TABLE.table("adam")).splitlines()[0].split() == [
        "adam",
        *(word for rate in RATES["adam"] for word in ("rate", f"{rate:g}")),
    ]


def ratio(optimizer: str, rate: float, a: str, b: str) -> tuple[float, float, float]:
    return interval(TABLE.losses(optimizer, rate, a) / TABLE.losses(optimizer, rate, b))


def differs(optimizer: str, rate: float, a: str, b: str) -> bool:
    _, low, high = ratio(optimizer, rate, a, b)
    return not low <= 1 <= high


def test_what_the_notebook_says_of_plain_descent() -> None:
    for rate in (3, 10):
        assert all(
            TABLE.failed(TABLE.cell("descent", rate, name)) == 8 for name in ("none", "centralization")
        )
    shortening = [name for name in TABLE.clippers if name not in ("none", "centralization")]
    for rate, name in product(RATES["descent"], shortening):
        assert TABLE.failed(TABLE.cell("descent", rate, name)) == 0
    assert all(ratio("descent", rate, "AGC", "L2")[2] < 1 for rate in (0.3, 1, 3))
    assert not any(differs("descent", rate, "AGC", "L2") for rate in (0.1, 10))
    best = {
        name: min(interval(TABLE.losses("descent", r, name))[0] for r in (0.1, 0.3, 1)) for name in CLIPPERS
    }
    assert best["AGC"] < best["L2"] < best["none"]
    assert not any(differs("descent", rate, "centralization", "none") for rate in (0.1, 0.3, 1))
    for rate in (0.3, 1, 3, 10):
        assert all(ratio("descent", rate, "RustGPT's, at the logits", name)[1] > 1 for name in ("L2", "AGC"))
    centralized = {rate: ratio("descent", rate, "AGC, centralized", "AGC") for rate in RATES["descent"]}
    assert centralized[0.1][0] == pytest.approx(1.04, abs=0.005)
    assert [rate for rate, (_, low, high) in centralized.items() if not low <= 1 <= high] == [0.1]
    for name in ("L2", "AGC"):
        products = [rate * (TABLE.cell("descent", rate, name).threshold or 0) for rate in RATES["descent"]]
        assert max(products) < 4 * min(products)


def test_what_the_notebook_says_of_adam() -> None:
    assert not any(TABLE.failed(cell) for cell in TABLE.cells if cell.optimizer == "adam")
    assert ratio("adam", 0.001, "L2", "none")[0] == pytest.approx(0.87, abs=0.005)
    assert ratio("adam", 0.001, "AGC", "none")[0] == pytest.approx(0.92, abs=0.005)
    assert ratio("adam", 0.01, "L2", "none") == pytest.approx((0.83, 0.74, 0.95), abs=0.01)
    assert not any(differs("adam", rate, name, "none") for rate in (0.03, 0.1) for name in CLIPPERS)
    assert ratio("adam", 0.001, "centralization", "none")[1] > 1
    assert not any(differs("adam", rate, "centralization", "none") for rate in (0.01, 0.03, 0.1))
