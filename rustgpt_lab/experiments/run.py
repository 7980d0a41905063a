"""A run is one folder: what was to be done, what came of it, and, while it goes on, its checkpoints.

run.json            settings, seed, versions, the sum of the texts; at the end the outcome and what was measured
history.csv         the loss of every step, see `History`
model.safetensors   the model as it ended
checkpoints/        only until the end
"""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from math import exp, inf
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import DivergenceError, FileError, TrainingError
from ..files import atomic_write
from ..llm import LLM
from ..numerics import Array
from ..persistence import Checkpoints
from ..tokenizers import Vocab
from ..training import Callback, Training, TrainingConfig

RECORD, HISTORY, MODEL, CHECKPOINTS = "run.json", "history.csv", "model.safetensors", "checkpoints"
BUILD = tuple(inspect.signature(LLM.build).parameters)[1:]
"""The settings that decide the model; all others decide its training."""
Measure = Callable[[LLM], Mapping[str, float]]


@dataclass(frozen=True)
class Run:
    """A run that was made.

    Attributes:
        folder: where it is kept.
        record: what `run.json` says: `settings`, `seed`, `versions`, `texts` (their sum), `outcome` ("finished",
            "diverged" or "" while it is under way), and `measured`, name -> number.
    """

    folder: Path
    record: Mapping[str, Any]

    @classmethod
    def open(cls, folder: str | PathLike[str]) -> Run:
        """Read a run's folder.

        Raises:
            FileError: there is no run in it.
        """
        folder = Path(folder)
        try:
            record = json.loads((folder / RECORD).read_bytes())
            assert record.keys() >= {"settings", "seed", "outcome", "measured"}
        except (OSError, ValueError, AttributeError, AssertionError) as problem:
            raise FileError("there is no run in this folder", where=str(folder), expected=RECORD) from problem
        return cls(folder, record)

    @property
    def history(self) -> dict[str, Array]:
        """The columns of the history, name -> (steps,)."""
        with open(self.folder / HISTORY, encoding="utf-8") as file:
            names = file.readline().strip().split(",")
            values = np.loadtxt(file, delimiter=",", ndmin=2).reshape(-1, len(names))
        return dict(zip(names, values.T, strict=True))

    def model(self) -> LLM:
        """The model as the run ended."""
        return LLM.load(self.folder / MODEL, allow_nonfinite=True)

    @property
    def row(self) -> dict[str, Any]:
        """The run as a row of a table: its settings, its seed, its outcome, and what was measured."""
        record = self.record
        return {
            **record["settings"],
            "seed": record["seed"],
            "outcome": record["outcome"],
            **record["measured"],
        }


def run(
    folder: str | PathLike[str],
    texts: Sequence[str],
    settings: Mapping[str, Any],
    *,
    labels: Mapping[str, Any] | None = None,
    seed: int = 0,
    held_out: Sequence[str] = (),
    measure: Measure | None = None,
    checkpoint_every: float = 60.0,
    callbacks: Sequence[Callback] = (),
) -> Run:
    """Train a new model and keep all of it in a folder; a run that is there is finished, not made again.

    Args:
        folder: of this run alone; made if it is not there.
        texts: what to learn from; the vocabulary is made from them.
        settings: options of `LLM.build` (`embedding_dim`, ...) and of `LLM.train` (`epochs`, `learning_rate`, ...).
        labels: how the settings are written down, where they are no numbers and no texts; by default their `repr`.
        seed: of the first weights and of the order.
        held_out: texts that are not learned from; their loss and perplexity are measured.
        measure: what else to measure of the trained model.
        checkpoint_every: seconds between two checkpoints.
        callbacks: who looks on; see `training.Callback`.

    Raises:
        TrainingError: another run, with other settings or texts, is in the folder; a setting is unknown or cannot be
            used. (A run that diverges is no error: it is what came of it.)
        AccessError: the operating system refuses to write.

    >>> import tempfile
    >>> settings = dict(embedding_dim=16, hidden_dim=16, blocks=1, epochs=100, learning_rate=0.01)
    >>> made = run(tempfile.mkdtemp(), ["a b c </s>"], settings)
    >>> made.record["outcome"], made.model().predict("a")
    ('finished', 'b c </s>')
    """
    folder, texts = Path(folder), list(texts)
    plan = {
        "settings": {name: _label(name, (labels or settings)[name]) for name in settings},
        "seed": int(seed),
        "texts": _sum(texts),
        "held_out": _sum(list(held_out)),
    }
    if (folder / RECORD).exists():
        before = Run.open(folder)
        if other := [name for name in plan if before.record.get(name) != plan[name]]:
            expected, got = before.record.get(other[0]), plan[other[0]]
            what = "another run is in this folder"
            remedy = "Name another folder."
            raise TrainingError(
                what, where=f"{folder}, {other[0]}", expected=expected, got=got, remedy=remedy
            )
        if before.record["outcome"]:
            return before
    record = {**plan, "versions": versions(), "outcome": "", "measured": {}}
    folder.mkdir(parents=True, exist_ok=True)
    training = _training(folder, texts, settings, seed)
    _write(folder, record)

    started = time.process_time()
    keep = Checkpoints(folder / CHECKPOINTS, every_seconds=checkpoint_every, keep=2)
    with suppress(DivergenceError):
        training.run([keep, *callbacks])
    outcome = training.history.outcome
    if outcome not in ("finished", "diverged"):  # interrupted: the checkpoints stay, and it can go on
        return Run(folder, record)
    training.history.to_csv(folder / HISTORY)
    training.llm.save(folder / MODEL)
    measured = _measured(training, held_out, outcome) | {"seconds": time.process_time() - started}
    if measure is not None and outcome == "finished":
        measured |= measure(training.llm)
    record |= {"outcome": outcome, "measured": {name: float(value) for name, value in measured.items()}}
    _write(folder, record)
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    return Run(folder, record)


def versions() -> dict[str, str]:
    """What a run depends on besides its settings."""
    return {
        "rustgpt_lab": __version__,
        "numpy": metadata.version("numpy"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _training(folder: Path, texts: list[str], settings: Mapping[str, Any], seed: int) -> Training:
    """The run where its newest checkpoint left it, or from its beginning."""
    with suppress(FileError):  # there is none
        return LLM.resume(folder / CHECKPOINTS, texts)
    build = {name: value for name, value in settings.items() if name in BUILD}
    options = {name: value for name, value in settings.items() if name not in BUILD}
    try:
        config = TrainingConfig(**{"seed": seed, **options})
        llm = LLM.build(Vocab.from_texts(texts), **{"seed": seed, **build})
    except TypeError as problem:
        known = sorted({*BUILD, *inspect.signature(TrainingConfig).parameters} - {"vocab"})
        raise TrainingError(
            f"a setting cannot be used ({problem})", where="settings", expected=f"some of {', '.join(known)}"
        ) from problem
    return Training(llm, texts, config)


def _measured(training: Training, held_out: Sequence[str], outcome: str) -> dict[str, float]:
    """The losses at the end; infinite for a run that diverged."""
    good = outcome == "finished"
    losses = training.history.epoch_loss
    measured = {"steps": len(training.history), "loss": float(losses[-1]) if good and len(losses) else inf}
    if held_out:
        loss = training.llm.loss(held_out) if good else inf
        measured |= {"held_out_loss": loss, "perplexity": exp(loss) if loss < 700 else inf}
    return measured


def _label(name: str, value: Any) -> Any:
    """A setting as a table shows it."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    said = repr(value)
    if " at 0x" in said:
        remedy = "Give it a label: {'name': {'label': value}}."
        raise TrainingError("this setting has no name of its own", where=name, got=said, remedy=remedy)
    return said


def _sum(texts: list[str]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _write(folder: Path, record: Mapping[str, Any]) -> None:
    with atomic_write(folder / RECORD) as file:
        file.write(json.dumps(record, indent=1).encode() + b"\n")
