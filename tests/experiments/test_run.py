"""A run is one folder: what it holds, that it is not made twice, and that it goes on where it was broken off."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab.errors import FileError, TrainingError
from rustgpt_lab.experiments import Run, run
from rustgpt_lab.optim.clipping import AGC
from rustgpt_lab.training import Callback

TEXTS = ["a b c </s>", "c b a </s>", "b a c </s>"]
SMALL = {"embedding_dim": 8, "hidden_dim": 8, "blocks": 1, "learning_rate": 1e-2}


def test_what_a_folder_holds(tmp_path: Path) -> None:
    made = run(
        tmp_path / "r", TEXTS, {**SMALL, "epochs": 4, "clipping": AGC(0.01)}, seed=3, held_out=["a c </s>"]
    )
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == [
        "history.csv",
        "model.safetensors",
        "run.json",
    ]
    again = Run.open(tmp_path / "r")
    assert again == made and again.record["seed"] == 3 and again.record["versions"]["numpy"] == np.__version__
    assert again.row["clipping"].startswith("AGC(") and again.row["steps"] == 12
    assert len(again.history["loss"]) == 12
    model = again.model()
    assert again.row["held_out_loss"] == pytest.approx(model.loss(["a c </s>"]), rel=1e-5)
    assert again.row["perplexity"] == pytest.approx(np.exp(again.row["held_out_loss"]))


def test_it_is_not_made_twice_nor_mixed_with_another(tmp_path: Path) -> None:
    class Never(Callback):
        def on_start(self, training: object) -> None:
            raise AssertionError("made again")

    first = run(tmp_path, TEXTS, {**SMALL, "epochs": 2})
    assert run(tmp_path, TEXTS, {**SMALL, "epochs": 2}, callbacks=[Never()]) == first
    for other in (
        {"settings": {**SMALL, "epochs": 3}},
        {"seed": 1},
        {"texts": TEXTS[:2]},
        {"held_out": TEXTS},
    ):
        arguments = {"texts": TEXTS, "settings": {**SMALL, "epochs": 2}, **other}
        with pytest.raises(TrainingError, match="another run is in this folder"):
            run(tmp_path, **arguments)


def test_a_divergence_is_an_outcome(tmp_path: Path) -> None:
    made = run(tmp_path, TEXTS, {**SMALL, "epochs": 9, "learning_rate": 1e30}, held_out=TEXTS)
    assert (made.row["outcome"], made.row["loss"], made.row["perplexity"]) == ("diverged", np.inf, np.inf)
    assert made.model()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ephocs": 1}, "ephocs"),
        ({"epochs": -1}, "epochs"),
        ({"epochs": 1, "schedule": lambda step: 1}, "label"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    settings: dict[str, object], told: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=told):
        run(tmp_path, TEXTS, {"learning_rate": 1e-2, **settings})
    assert not list(tmp_path.iterdir())


def test_no_folder_of_a_run_is_a_clear_error(tmp_path: Path) -> None:
    for content in (None, b"{", b"[]", b"{}"):
        if content is not None:
            (tmp_path / "run.json").write_bytes(content)
        with pytest.raises(FileError, match="no run in this folder"):
            Run.open(tmp_path)


def test_killed_it_goes_on_and_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    settings = {**SMALL, "epochs": 3000}
    whole = run(tmp_path / "whole", TEXTS, settings)
    code = (
        "import sys, json; from rustgpt_lab.experiments import run; texts, settings = json.loads(sys.argv[1])\n"
        f"run({str(tmp_path / 'cut')!r}, texts, settings, checkpoint_every=0.05)"
    )
    command = [sys.executable, "-c", code, json.dumps([TEXTS, settings])]
    cut = subprocess.Popen(command)
    while not list((tmp_path / "cut" / "checkpoints").glob("step-*.json")):
        assert cut.poll() is None
        time.sleep(0.01)
    cut.send_signal(signal.SIGTERM)
    cut.wait()
    assert Run.open(tmp_path / "cut").record["outcome"] == ""
    done = run(tmp_path / "cut", TEXTS, settings)
    assert done.record["outcome"] == "finished" and len(done.history["step"]) == len(whole.history["step"])
    assert np.array_equal(done.model().parameters.flat, whole.model().parameters.flat)
