"""What decides the next step of a run besides the model's file: as plain values and arrays, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from math import inf, isinf
from typing import Any

import numpy as np
import orjson

from ..errors import TrainingError
from ..optim import clipping, rustgpt, schedule
from ..optim.adam import Settings
from ..tokenizers import LongText, Texts
from ..training import History, Training, TrainingConfig
from ..training.snapshot import TrainState

RULES: dict[str, Any] = {
    name: kind
    for module in (clipping, rustgpt, schedule)
    for name, kind in vars(module).items()
    if is_dataclass(kind) and kind.__module__ == module.__name__
}
"""The clippings and schedules that a checkpoint can keep."""
OLD_NAMES = {"UnitwiseClipping": "AGC"}
"""Of version 1, that of rustgpt_lab 0.1.0."""


def state_of(training: Training) -> dict[str, Any]:
    """All that decides the next step but the weights and Adam's moments.

    Raises:
        TrainingError: a checkpoint would not keep the run exactly.
    """
    dtype, momentum = training.llm.parameters.flat.dtype.name, training.config.momentum
    if dtype != "float32":
        raise TrainingError(
            "a checkpoint would not keep this model exactly",
            expected="a float32 model, as in RustGPT's files",
            got=dtype,
            remedy='Build the model with dtype="float32".',
        )
    if training.config.optimizer != "adam" and momentum:
        what = "a checkpoint would not keep the velocity of this optimizer"
        expected = "Adam, whose moments RustGPT's files hold, or plain descent without momentum"
        raise TrainingError(what, expected=expected, got=f"momentum={momentum}")
    config = {field.name: _plain(getattr(training.config, field.name)) for field in fields(TrainingConfig)}
    return {
        "version": 2,
        "run": training.id,
        "config": config,
        "state": asdict(training.state),
        "adam": {name: asdict(settings) for name, settings in training.llm.adam.settings.items()},
        "texts": _sum_of(training.sequences),
        "history": training.history.state(),
    }


def rebuilt(state: dict[str, Any], llm: Any, texts: Texts) -> Training:
    """The run that a state describes.

    Raises:
        TrainingError: the texts are not those of the run.
    """
    config = TrainingConfig(**{name: _live(value) for name, value in state["config"].items()})
    training = Training(llm, texts, config)
    if _sum_of(training.sequences) != state["texts"]:
        raise TrainingError(
            "these are not the texts that the run learned from",
            where="texts",
            remedy="Give the same texts in the same order; or train the loaded model on the new ones.",
        )
    training.state = TrainState(**state["state"])
    training.id = state.get("run", training.id)
    training.history = History.from_state(state["history"])
    for name, settings in state["adam"].items():  # the model's file has room for float32 only
        llm.adam.settings[name] = Settings(**settings)
    return training


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
    if RULES.get(name) is not type(value):
        expected = f"a clipping or a schedule of this library: {', '.join(RULES)}"
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
    kind = RULES[OLD_NAMES.get(name) or name]
    return kind(**{field: _live(part) for field, part in parts.items()})


def _sum_of(sequences: Sequence[Sequence[int]]) -> str:
    if isinstance(sequences, LongText):
        return sequences.sha256
    return sha256(orjson.dumps(sequences))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
