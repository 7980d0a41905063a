"""Runs side by side, and the table of a sweep as a picture."""

from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import views
from rustgpt_lab.errors import FileError, ModelError
from rustgpt_lab.experiments import Results, Run, run, sweep
from rustgpt_lab.views.packing import pack

TEXTS = ["a b c </s>", "b a c </s>"]
SMALL = {"embedding_dim": 4, "hidden_dim": 4, "blocks": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs")
    rates, epochs = (0.01, 0.1, 1000.0), (5, 3, 5)
    return [
        run(folder / f"{i}", TEXTS, {**SMALL, "learning_rate": rate, "epochs": n, "optimizer": "descent"})
        for i, (rate, n) in enumerate(zip(rates, epochs, strict=True))
    ]


def test_what_differs_is_told_and_what_does_not_apart(made: list[Run]) -> None:
    data = views.runs(made).data
    assert data.settings == {"learning_rate": ("0.01", "0.1", "1000.0"), "epochs": ("5", "3", "5")}
    assert data.names == (
        "learning_rate 0.01, epochs 5",
        "learning_rate 0.1, epochs 3",
        "learning_rate 1000.0, epochs 5",
    )
    assert (
        data.same["blocks"] == "1"
        and data.same["seed"] == "0"
        and not data.same.keys() & data.settings.keys()
    )
    for row, each in zip(data.losses, made, strict=True):
        own = each.history["loss"]
        np.testing.assert_array_equal(row[: len(own)], own)
        assert np.isnan(row[len(own) :]).all()
    assert data.losses.shape == data.averages.shape == (3, 10)
    first, second = made[0].history["loss"][:2]
    assert data.averages[0, :2].tolist() == pytest.approx([first, (0.8 * first + second) / 1.8])


def test_folders_and_names_of_ones_own(made: list[Run]) -> None:
    view = views.runs({"slow": str(made[0].folder), "fast": made[1]})
    assert view.data.names == ("slow", "fast")
    ends = [each.record["measured"]["loss"] for each in made]
    best = ("slow", "fast")[int(np.argmin(ends[:2]))]
    assert view.sentence == (
        f"2 runs, which differ in learning_rate, epochs. The lowest loss at the end, {min(ends[:2]):.3g}, has “{best}”."
    )


def test_table_state_and_twin(made: list[Run]) -> None:
    view = views.runs(made)
    assert view.table().headings == ("run", "learning_rate", "epochs", "outcome", "loss")
    assert [row[-2] for row in view.table().rows] == [each.record["outcome"] for each in made]
    assert pack(view.state())["losses"] and view.twin() == view.twin()
    assert views.runs(made[:1]).data.names == ("run 1",)


def test_what_cannot_be_compared_is_refused(made: list[Run], tmp_path: Path) -> None:
    for wrong in ([], made * 4):
        with pytest.raises(ModelError, match="cannot be compared"):
            views.runs(wrong)
    with pytest.raises(FileError, match="no run in this folder"):
        views.runs([tmp_path])


# ---- sweeps ---------------------------------------------------------------------------------------------------------


def row(rate: float, kind: str, seed: int, loss: float) -> dict[str, object]:
    outcome = "finished" if np.isfinite(loss) else "diverged"
    return {"rate": rate, "kind": kind, "seed": seed, "outcome": outcome, "loss": loss}


TABLE = Results(
    [row(0.1, "a", 0, 1.0), row(0.1, "a", 1, 3.0), row(0.1, "b", 0, 2.0), row(0.1, "b", 1, np.inf)],
    ["rate", "kind"],
)


def test_means_intervals_and_what_diverged() -> None:
    view = views.sweep(TABLE, x="rate", by="kind")
    assert view.sentence == (
        "4 runs: means of loss with 95 % intervals over the seeds. 1 of them diverged (×)."
    )
    assert view.table().headings == ("rate", "kind", "runs", "diverged", "mean loss", "low", "high")
    first, second = view.table().rows
    assert first[:5] == (0.1, "a", 2, 0, 2.0) and second[:5] == (0.1, "b", 2, 1, 2.0)
    assert first[5] == pytest.approx(2 - 12.71) and np.isnan(second[5])
    assert view.twin() == view.twin()
    texts = [text.get_text() for ax in view.figure().axes for text in ax.texts]
    assert texts == ["1"], "the picture says how many diverged"


def test_what_else_was_varied_gets_a_picture_of_its_own() -> None:
    assert [*views.sweep(TABLE).data.panels] == ["kind a", "kind b"]
    assert len(views.sweep(TABLE).figure().axes) == 2


def test_all_diverged_and_a_real_sweep() -> None:
    lost = Results([row(1.0, "a", 0, np.inf), row(1.0, "a", 1, np.inf)], ["rate"])
    assert "2 of them diverged" in views.sweep(lost).sentence and views.sweep(lost).twin()
    made = sweep({"learning_rate": [0.1]}, range(2), TEXTS, jobs=1, progress=False, epochs=2, **SMALL)
    assert views.sweep(made).table().rows[0][1] == 2


@pytest.mark.parametrize("wrong", [{"x": "seed"}, {"by": "colour"}, {"y": "colour"}])
def test_a_column_that_is_not_there(wrong: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="no such column"):
        views.sweep(TABLE, **wrong)


def test_a_table_comes_back_from_its_file(tmp_path: Path) -> None:
    TABLE.to_csv(tmp_path / "t.csv")
    again = Results.from_csv(tmp_path / "t.csv")
    assert (again.rows, again.varied) == (TABLE.rows, TABLE.varied)
    for wrong in ("", "a,b\n1,2\n", "seed,outcome\n1,finished,3\n", "\0"):
        (tmp_path / "t.csv").write_text(wrong)
        with pytest.raises(FileError):
            Results.from_csv(tmp_path / "t.csv")
    with pytest.raises(FileError):
        Results.from_csv(tmp_path / "none.csv")
