"""Sweeps: one table, however it was made: one process, several, a Dask cluster, killed workers, a broken sweep."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.errors import ModelError, TrainingError
from rustgpt_lab.experiments import Results, Run, sweep
from rustgpt_lab.optim.clipping import AGC, L2GradientClipping

TEXTS = ["a b c </s>", "c b a </s>", "b a c </s>"]
SMALL = {"embedding_dim": 8, "hidden_dim": 8, "blocks": 1, "epochs": 3, "progress": False}
GRID = {
    "learning_rate": [1e-2, 1e-3, 1e30],
    "clipping": {
        "none": None,
        "AGC": AGC(0.01),
        "L2": L2GradientClipping(1.0),
        "L2 small": L2GradientClipping(0.1),
    },
}


def numbers(table: Results) -> list[dict[str, object]]:
    """The rows without what depends on the clock."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in table.rows]


def answers(llm: LLM) -> dict[str, float]:
    return {"right": float(llm.predict("a b") == "c </s>")}


@pytest.fixture(scope="module")
def expected() -> Results:
    """24 runs in this process, one after the other."""
    return sweep(GRID, range(2), TEXTS, held_out=["a c </s>"], measure=answers, jobs=1, **SMALL)


def test_the_table_holds_what_training_by_hand_gives(expected: Results) -> None:
    assert len(expected) == 24
    row = expected.rows[2]
    assert (row["learning_rate"], row["clipping"], row["seed"]) == (1e-2, "AGC", 0)
    llm = LLM.build(Vocab.from_texts(TEXTS), embedding_dim=8, hidden_dim=8, blocks=1, seed=0)
    history = llm.train(TEXTS, epochs=3, learning_rate=1e-2, clipping=AGC(0.01), seed=0)
    assert row["loss"] == history.epoch_loss[-1]
    assert row["held_out_loss"] == llm.loss(["a c </s>"])
    assert {row["outcome"] for row in expected.rows if row["learning_rate"] == 1e30} == {"diverged"}


def test_processes_give_the_same_table(expected: Results) -> None:
    table = sweep(GRID, range(2), TEXTS, held_out=["a c </s>"], measure=answers, jobs=2, **SMALL)
    assert numbers(table) == numbers(expected)


@pytest.fixture
def cluster() -> Iterator[str]:
    """A scheduler and two workers of their own, on loopback; gives the address."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
        yield made.scheduler_address


@pytest.mark.filterwarnings("default")  # of Dask's own
def test_a_dask_cluster_gives_the_same_table(expected: Results, cluster: str) -> None:
    table = sweep(GRID, range(2), TEXTS, held_out=["a c </s>"], measure=answers, dask=cluster, **SMALL)
    assert numbers(table) == numbers(expected)


def dies_once(mark: Path, llm: LLM) -> dict[str, float]:
    """Kills its own process the first time that it is asked."""
    if not mark.exists():
        mark.touch()
        os._exit(9)
    return answers(llm)


def test_a_killed_worker_costs_nothing(expected: Results, tmp_path: Path) -> None:
    dying = partial(dies_once, tmp_path / "mark")
    table = sweep(GRID, range(2), TEXTS, held_out=["a c </s>"], measure=dying, jobs=2, **SMALL)
    assert (tmp_path / "mark").exists()
    assert numbers(table) == numbers(expected)


def test_a_broken_sweep_goes_on(expected: Results, tmp_path: Path) -> None:
    """Killed whole in the middle; called again, what was finished is not made again."""
    code = (
        "from tests.experiments.test_sweep import *\n"
        "sweep(GRID, range(2), TEXTS, held_out=['a c </s>'], measure=answers, jobs=1, "
        f"folder={str(tmp_path)!r}, **SMALL)"
    )
    cut = subprocess.Popen([sys.executable, "-c", code])
    while sum(is_done(folder) for folder in tmp_path.glob("run-*")) < 5:
        assert cut.poll() is None
        time.sleep(0.005)
    cut.kill()
    cut.wait()
    done = {
        folder: (folder / "run.json").stat().st_mtime_ns
        for folder in tmp_path.glob("run-*")
        if is_done(folder)
    }
    assert 5 <= len(done) < 24
    table = sweep(
        GRID, range(2), TEXTS, held_out=["a c </s>"], measure=answers, jobs=1, folder=tmp_path, **SMALL
    )
    assert numbers(table) == numbers(expected)
    assert all((folder / "run.json").stat().st_mtime_ns == at for folder, at in done.items())
    assert len(list(tmp_path.glob("run-*"))) == 24


def is_done(folder: Path) -> bool:
    return (folder / "run.json").exists() and bool(Run.open(folder).record["outcome"])


def test_several_seeds_together(expected: Results) -> None:
    first, *_, last = expected.summary("loss")
    losses = [row["loss"] for row in expected.rows[:2]]
    assert first["mean"] == pytest.approx(np.mean(losses)) and first["runs"] == 2
    # t of one degree of freedom, times s / sqrt(2), which for two values is half their difference
    assert first["high"] - first["mean"] == pytest.approx(12.71 * abs(losses[0] - losses[1]) / 2)
    assert last["diverged"] == 2 and np.isnan(last["mean"])
    with pytest.raises(ModelError, match="no such column"):
        expected.summary("losss")


def test_the_table_as_a_file_and_in_pandas(expected: Results, tmp_path: Path) -> None:
    expected.to_csv(tmp_path / "t.csv")
    with open(tmp_path / "t.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24 and list(rows[0])[:3] == ["learning_rate", "clipping", "seed"]
    assert expected.to_pandas().shape == (24, len(expected.columns))
    assert json.dumps(expected.rows[0])


def test_a_setting_twice_is_a_mistake() -> None:
    with pytest.raises(TrainingError, match="in the grid and fixed"):
        sweep({"epochs": [1]}, [0], TEXTS, jobs=1, **SMALL)
