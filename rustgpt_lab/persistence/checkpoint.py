"""Checkpoints: a run that was broken off goes on as if nothing had happened, to the same bits.

A checkpoint is two files. `step-0000000200.bin` is the model with its optimizer's state; RustGPT reads it.
`step-0000000200.json` is all else that decides the next step, and the history: {"sha256": …, "state": {…}}.
The sum is that of the state's bytes, and the state holds the sum of the model's file. The sidecar is written
last, so a checkpoint is there as a whole or not at all.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from math import inf, isinf
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import orjson

from ..errors import FileError, ModelError, TrainingError
from ..optim import clipping, rustgpt, schedule
from ..optim.adam import Settings
from ..training import Callback, History, Training, TrainingConfig
from ..training.snapshot import TrainState
from .files import access_error, atomic_write
from .model_file import load, save
from .parts import Parts

HEAD, MIDDLE, TAIL = b'{"sha256": "', b'", "state": ', b"}\n"
DIGITS = 64
"""What a sidecar is made of: HEAD, so many hexadecimal digits, MIDDLE, the state, TAIL."""

TEMPORARIES = ".rustgpt_lab-*.tmp"
"""What a killed process may leave behind; see `files.atomic_write`."""

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        clipping.AGC,
        clipping.AdaptiveClippingConfig,
        clipping.AdaptiveGradientClipping,
        clipping.Centralization,
        clipping.Chain,
        clipping.L2GradientClipping,
        rustgpt.RustGPTLogitClipping,
        schedule.Constant,
        schedule.StepDecay,
        schedule.WarmupCosine,
    )
}
"""The clippings and schedules that a checkpoint can keep."""


class DamagedCheckpointWarning(UserWarning):
    """A newer checkpoint is not whole, so an older one is used."""


class Checkpoints(Callback):
    """A callback for `train` that keeps the newest checkpoints of a run in a folder of their own.

    One is written at the end of the run, too, and after an interrupt. `resume` goes on from the newest.

    Args:
        folder: is made if it is not there.
        every_steps: steps between two checkpoints, 1 or more; give this or `every_seconds`, or both.
        every_seconds: seconds between two checkpoints, above 0.
        keep: how many stay, 1 or more.

    Raises:
        TrainingError: an argument is out of range. And when the run starts: the folder holds another run's
            checkpoints; the model is float64, for which RustGPT's file has no room; the clipping or schedule
            is none of this library's.
        AccessError: the operating system refuses to write.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        every_steps: int | None = None,
        every_seconds: float | None = None,
        keep: int = 3,
    ):
        self.folder, self.keep = Path(folder), keep
        self.every_steps = inf if every_steps is None else every_steps
        self.every_seconds = inf if every_seconds is None else every_seconds
        if not (self.every_steps >= 1 and self.every_seconds > 0 and keep >= 1):
            got = f"every_steps={every_steps}, every_seconds={every_seconds}, keep={keep}"
            raise TrainingError(
                "an argument of Checkpoints is out of range", expected="numbers above 0", got=got
            )
        if every_steps is every_seconds is None:
            raise TrainingError(
                "nothing says when to write", where="Checkpoints", remedy="Give every_steps=100."
            )

    def on_start(self, training: Training) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise access_error("the folder cannot be made", self.folder, error) from error
        if training.state.steps == 0 and (found := _numbered(self.folder, ".json")):
            raise TrainingError(
                "this folder holds the checkpoints of another run",
                where=self.folder,
                got=found[0].name,
                remedy="Name another folder; or go on with that run: LLM.resume(folder, texts).run().",
            )
        describe(training)  # if it cannot be kept, say so before the first step
        self._sweep()
        self._saved, self._time = training.state.steps, monotonic()

    def on_step(self, training: Training) -> None:
        steps = training.state.steps
        if steps - self._saved >= self.every_steps or monotonic() - self._time >= self.every_seconds:
            self._save(training)

    def on_end(self, training: Training) -> None:
        if training.state.steps != self._saved and training.history.outcome != "diverged":
            self._save(training)

    def _save(self, training: Training) -> None:
        write(training, self.folder)
        self._saved = training.state.steps
        sidecars = _numbered(self.folder, ".json")
        here = sidecars.index(self.folder / _name(self._saved, ".json"))
        for sidecar in sidecars[:here] + sidecars[here + self.keep :]:  # a run that went back left newer ones
            sidecar.unlink(missing_ok=True)
        self._sweep()
        self._time = monotonic()

    def _sweep(self) -> None:
        """Remove what a killed process left behind: temporary files, and models without a sidecar."""
        models = _numbered(self.folder, ".bin")
        orphans = [model for model in models if not model.with_suffix(".json").exists()]
        for path in [*self.folder.glob(TEMPORARIES), *orphans]:
            path.unlink(missing_ok=True)


def write(training: Training, folder: Path) -> None:
    """Write one checkpoint: first the model, then the sidecar that makes it count."""
    state = describe(training)
    model = folder / _name(training.state.steps, ".bin")
    model.with_suffix(".json").unlink(missing_ok=True)  # an older one would contradict the new model
    save(Parts(training.llm.vocab, training.network, training.llm.adam), model)
    data = orjson.dumps({**state, "model": _sha256(model.read_bytes())}, option=orjson.OPT_SERIALIZE_NUMPY)
    with atomic_write(model.with_suffix(".json")) as file:
        file.write(HEAD + _sha256(data).encode() + MIDDLE + data + TAIL)


def resume(folder: str | PathLike[str], texts: Iterable[str], assemble: Callable[[Parts], Any]) -> Training:
    """The run that the newest sound checkpoint describes, ready to go on: `LLM.resume(folder, texts).run()`.

    Its model is `.llm`. Give `run` its callbacks anew, a `Checkpoints` of the same folder among them.

    Args:
        folder: the folder of `Checkpoints`.
        texts: the same texts in the same order as before; a checkpoint keeps only their sum.

    Warns:
        DamagedCheckpointWarning: for every newer checkpoint that is not whole.

    Raises:
        FileError: there is no checkpoint, or none that is whole.
        TrainingError: the texts are not those of the run.
    """
    texts, folder = list(texts), Path(folder)
    reasons = []
    for sidecar in _numbered(folder, ".json"):
        try:
            state = _read(sidecar)
            llm = assemble(load(sidecar.with_suffix(".bin")))
            training = _rebuild(state, llm, texts)
        except TrainingError:
            raise
        except (ModelError, OSError, KeyError, TypeError, ValueError) as error:
            reasons.append(f"{sidecar.name}: {error}")
            continue
        for reason in reasons:
            message = f"a damaged checkpoint is passed over, {reason}. Step {training.state.steps} is used."
            warnings.warn(message, DamagedCheckpointWarning, stacklevel=2)
        return training
    what = "none of the checkpoints is whole" if reasons else "there is no checkpoint here"
    raise FileError(what, where=str(folder), got="; ".join(reasons), remedy="Begin anew, in an empty folder.")


def describe(training: Training) -> dict[str, Any]:
    """All that decides the next step but the weights and Adam's moments, as plain values and arrays."""
    if training.llm.parameters.flat.dtype != "float32":
        raise TrainingError(
            "a checkpoint would not keep this model exactly",
            expected="a float32 model, as in RustGPT's files",
            got=training.llm.parameters.flat.dtype.name,
            remedy='Build the model with dtype="float32".',
        )
    config = {field.name: _plain(getattr(training.config, field.name)) for field in fields(TrainingConfig)}
    return {
        "version": 1,
        "config": config,
        "place": asdict(training.state),
        "adam": {name: asdict(settings) for name, settings in training.llm.adam.settings.items()},
        "texts": _sum_of(training.sequences),
        "history": training.history.state(),
    }


def _rebuild(state: dict[str, Any], llm: Any, texts: list[str]) -> Training:
    """The run that a sidecar's state describes."""
    config = TrainingConfig(**{name: _live(value) for name, value in state["config"].items()})
    training = Training(llm, texts, config)
    if _sum_of(training.sequences) != state["texts"]:
        raise TrainingError(
            "these are not the texts that the run learned from",
            where="texts",
            remedy="Give the same texts in the same order; or train the loaded model on the new ones.",
        )
    training.state = TrainState(**state["place"])
    training.history = History.from_state(state["history"])
    for name, settings in state["adam"].items():  # the model's file has room for float32 only
        llm.adam.settings[name] = Settings(**settings)
    return training


def _read(sidecar: Path) -> dict[str, Any]:
    """The state in a sidecar whose own sum and whose model's sum are right."""
    data = sidecar.read_bytes()
    start = len(HEAD) + DIGITS + len(MIDDLE)
    body = data[start : -len(TAIL)]
    if data[:start] != HEAD + _sha256(body).encode() + MIDDLE or not data.endswith(TAIL):
        raise ValueError("the sidecar is torn or was changed")
    state: dict[str, Any] = orjson.loads(body)
    if _sha256(sidecar.with_suffix(".bin").read_bytes()) != state["model"]:
        raise ValueError("the model's file is not the one that the sidecar was written for")
    return state


def _name(steps: int, suffix: str) -> str:
    return f"step-{steps:010}{suffix}"


def _numbered(folder: Path, suffix: str) -> list[Path]:
    """The files of checkpoints with a suffix, the newest first."""
    return sorted(folder.glob(f"step-{'[0-9]' * 10}{suffix}"), reverse=True)


def _plain(value: Any) -> Any:
    """A value of a config as JSON can hold it; `_live` is the way back."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and isinf(value):
        return "inf"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    name = type(value).__name__
    if KINDS.get(name) is not type(value):
        expected = f"a clipping or a schedule of this library: {', '.join(KINDS)}"
        raise TrainingError("this cannot be kept in a checkpoint", expected=expected, got=repr(value))
    return {name: {field.name: _plain(getattr(value, field.name)) for field in fields(value)}}


def _live(value: Any) -> Any:
    if value == "inf":
        return inf
    if not isinstance(value, dict):
        return value
    ((name, parts),) = value.items()
    if name == "Chain":
        return clipping.Chain(*map(_live, parts["parts"]))
    return KINDS[name](**{field: _live(part) for field, part in parts.items()})


def _sum_of(sequences: Sequence[Sequence[int]]) -> str:
    return _sha256(orjson.dumps(sequences))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
