"""The history: exact while it is short, evenly thinned when it is long."""

import copy
import csv
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rustgpt_lab.errors import DivergenceError, ModelError
from rustgpt_lab.optim.clipping import Clipping, L2GradientClipping
from rustgpt_lab.training.history import (
    LIMIT,
    NORM_COLUMNS,
    SMOOTHINGS,
    STEP_COLUMNS,
    History,
    Rows,
    averaged,
)
from tests.training.small import TEXTS, small_llm

AVERAGES = [0.5] * len(SMOOTHINGS)


def filled(count: int, limit: int) -> Rows:
    table = Rows(["i"], limit)
    for i in range(count):
        table.append([i])
    return table


@given(st.integers(0, 500), st.sampled_from([2, 4, 6, 64]))
def test_a_table_keeps_every_nth_row_and_never_more_than_its_limit(count: int, limit: int) -> None:
    table = filled(count, limit)
    kept = table.values[:, 0].tolist()
    assert kept == list(range(0, count, table.stride))
    assert len(kept) == len(table) <= limit
    assert count <= limit or len(kept) >= limit // 2, "thinner than it need be"


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([2, 8]))
def test_a_table_that_was_cut_and_filled_again_is_the_same(count: int, cut: int, limit: int) -> None:
    table = filled(count, limit)
    cut = min(cut, count)
    table.cut(cut)
    assert table.values[:, 0].tolist() == list(range(0, cut, table.stride))
    for i in range(cut, count):
        table.append([i])
    assert table.values.tolist() == filled(count, limit).values.tolist()


@given(st.integers(0, 300), st.sampled_from([2, 8, 64]))
def test_a_table_s_state_is_all_of_it(count: int, limit: int) -> None:
    table = Rows.from_state(filled(count, limit).state())
    for i in range(count, count + 20):
        table.append([i])
    assert table.values.tolist() == filled(count + 20, limit).values.tolist()


def test_a_long_run_takes_little_memory() -> None:
    history = History()
    for step in range(1, 20 * LIMIT):
        history.add_step((step, 1, 0.5, 0.1, step, 0.0), AVERAGES, None)
    assert LIMIT // 2 <= len(history.loss) <= LIMIT
    assert len(history) == 20 * LIMIT - 1
    assert history._steps._rows.nbytes <= LIMIT * len(STEP_COLUMNS) * 8
    assert len(set(np.diff(history.step))) == 1


@pytest.mark.parametrize("beta", SMOOTHINGS)
def test_an_average_is_pandas_own_over_every_step_recorded_or_not(beta: float) -> None:
    pandas = pytest.importorskip("pandas")
    losses = np.random.default_rng(0).gamma(2, size=2 * LIMIT + 100)
    history, averages = History(), ()
    for step, loss in enumerate(losses, 1):
        averages = averaged(averages, loss, step)
        history.add_step((step, 1, loss, 0.1, step, 0.0), averages, None)
    columns = history.columns(averages=True)
    assert len(columns["step"]) < len(losses)
    truth = pandas.Series(losses).ewm(alpha=1 - beta, adjust=True).mean().to_numpy()
    np.testing.assert_allclose(columns[str(beta)], truth[columns["step"].astype(int) - 1], rtol=1e-9)
    assert str(beta) not in history.columns()


def test_a_history_of_the_first_edition_has_averages_of_what_it_kept() -> None:
    history = small_llm().train(TEXTS, 2, 0.01)
    old = history.state()
    del old["_averages"]
    found = History.from_state(old).columns(averages=True)
    for name, column in history.columns(averages=True).items():
        np.testing.assert_array_equal(found[name], column)


def test_norms_are_measured_only_for_rows_that_are_kept() -> None:
    history, asked = History(["w"]), 0
    report = Clipping().clip({"w": np.ones(2)}, {"w": np.ones(2)})
    for step in range(2 * LIMIT):
        wanted = history.wants_norms()
        asked += wanted
        history.add_step((step,) * 6, AVERAGES, report if wanted else None)
    assert asked == LIMIT + LIMIT // 2


def test_csv_and_pandas_hold_the_whole_table(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    history = small_llm().train(TEXTS, 2, 0.01, norms=True, clipping=L2GradientClipping(1.0))
    history.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[: len(STEP_COLUMNS)] == list(STEP_COLUMNS)
    assert header[len(STEP_COLUMNS) :] == [f"{name}.{c}" for name in history.names for c in NORM_COLUMNS]
    np.testing.assert_array_equal(np.array(rows, float), np.column_stack(list(history.columns().values())))
    frame = history.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    np.testing.assert_array_equal(frame["1.w_q.before"], history.before["1.w_q"])
    assert frame.index.tolist() == history.step.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_it_can_be_read_while_it_is_written() -> None:
    history, ragged = History(), []

    def read() -> None:
        while history.outcome == "":
            columns = history.columns()
            if not (columns["step"] == columns["tokens"]).all():
                ragged.append(columns)

    reader = threading.Thread(target=read)
    reader.start()
    for step in range(1, 3 * LIMIT):
        history.add_step((step, 1, 0.0, 0.0, step, 0.0), AVERAGES, None)
    history.outcome = "finished"
    reader.join()
    assert not ragged


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda h: pickle.loads(pickle.dumps(h))])
def test_it_can_be_copied_and_pickled_and_then_goes_its_own_way(copied: Callable[[History], History]) -> None:
    history = small_llm().train(TEXTS, 2, 0.01, norms=True)
    twin = copied(history)
    assert repr(twin) == repr(history)
    for name, column in history.columns().items():
        np.testing.assert_array_equal(twin.columns()[name], column)
    twin.add_epoch(1.0)
    twin.cut(3, 3)
    assert (len(history), len(history.epoch_loss), len(twin), len(twin.epoch_loss)) == (14, 2, 3, 3)


def train(loss_limit: float) -> History:
    return small_llm().train(TEXTS, 2, 0.01, loss_limit=loss_limit)


def test_it_comes_back_from_another_process_and_so_does_a_divergence() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        history = pool.submit(train, 1e9).result()
        error = pool.submit(train, 0.1).exception()
    assert history.loss.tolist() == train(1e9).loss.tolist()
    assert history.outcome == "finished"
    assert isinstance(error, DivergenceError)
    assert (error.what, error.history.outcome) == ("the loss is above its limit of 0.1", "diverged")
    assert str(error).startswith(
        "step 1, epoch 1, texts 0: the loss is above its limit of 0.1; found a loss of"
    )


def kinds(root: type) -> Iterator[type]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("kind", sorted({*kinds(ModelError)}, key=lambda kind: kind.__name__))
def test_every_error_comes_back_as_itself(kind: type[ModelError]) -> None:
    error = kind("what was wrong", where="there", expected=1, got="two", remedy="Do that.")
    error.add_note("And then …")
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is kind
    assert (str(twin), vars(twin)) == (str(error), vars(error))


def test_its_words() -> None:
    history = small_llm().train(TEXTS, 2, 0.01)
    first, last = history.epoch_loss
    assert (
        repr(history)
        == f"History(14 steps, loss {first:.3f} in the first epoch, {last:.3f} in the last, finished)"
    )
    assert repr(History()) == "History(0 steps)"
    with pytest.raises(AttributeError, match="a History has no 'losses'"):
        history.losses  # noqa: B018
