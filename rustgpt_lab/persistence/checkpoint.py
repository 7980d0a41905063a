"""Checkpoints: a run that was broken off goes on as if nothing had happened, to the same bits.

A checkpoint is two files. `step-0000000200.bin` is the model with its optimizer's state; RustGPT reads it
(where that has no place for byte pairs, or a length that no layer has, it is `.safetensors`).
`step-0000000200.json` is all else that decides the next step, and the history: {"sha256": …, "state": {…}}.
The sum is that of the state's bytes, and the state holds the sum of the model's file. The sidecar is written
last and removed first, so a checkpoint is there as a whole or not at all. While files come or go there is a third,
`.step-0000000200.part`: if the process is killed, the next run knows by it what was left undone.

A folder belongs to one run, and the run to the newest checkpoint in it. If a session goes back, the checkpoints
beyond that step are renamed, `aside-0000000200.bin`: nobody resumes them unless they get their names back.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import Any

import orjson

from ..errors import FileError, ModelError, TrainingError
from ..files import access_error, atomic_write
from ..folder_lock import FolderLock
from ..tokenizers import LongText, Texts, Vocab
from ..training import Callback, Training
from .convert import Parts, length_of
from .model_file import load, save
from .run_state import rebuilt, sha256, state_of

SIDECAR = b'{"sha256": "%b", "state": %b}\n'
STEP, ASIDE = "step-", "aside-"
"""How the names of checkpoints begin: of those that count, and of those that a session gave up."""
NUMBER = "[0-9]" * 10
MODELS = ".bin", ".safetensors"
"""The model's file has one of these extensions: the second if the first has no place for it."""
TEMPORARIES = ".rustgpt_lab-*.tmp"
"""What a killed process may leave behind; see `files.atomic_write`."""


class DamagedCheckpointWarning(UserWarning):
    """A newer checkpoint is not whole, so an older one is used."""


class Checkpoints(Callback):
    """A callback for `train` that keeps the newest checkpoints of a run in a folder of their own.

    One is written at the end of the run, too, and after an interrupt. `resume` goes on from the newest. Of the
    folder's files only those are ever removed that this run has made; the run has it for itself meanwhile.

    Args:
        folder: is made if it is not there.
        every_steps: steps between two checkpoints, 1 or more; give this or `every_seconds`, or both.
        every_seconds: seconds between two checkpoints, above 0.
        keep: how many stay, 1 or more.

    Raises:
        TrainingError: an argument is out of range. And when the run starts: the folder holds another run's
            checkpoints or other models of such names, or another run is at work in it; the model is float64, or
            has a momentum without Adam, for which RustGPT's file has no room; the clipping or schedule is none
            of this library's.
        AccessError: the operating system refuses to write.

    >>> from tempfile import TemporaryDirectory
    >>> from rustgpt_lab import LLM, Vocab
    >>> texts = ["a cat </s>", "a hat </s>"]
    >>> llm = LLM.build(Vocab.from_texts(texts), embedding_dim=2, hidden_dim=3, blocks=1)
    >>> with TemporaryDirectory() as folder:
    ...     _ = llm.train(texts, 3, 0.01, callbacks=[Checkpoints(folder, every_steps=2, keep=2)])
    ...     sorted(path.name for path in Path(folder).glob("*.bin"))
    ...     LLM.resume(folder, texts).state.steps
    ['step-0000000004.bin', 'step-0000000006.bin']
    6
    """

    _lock: FolderLock  # from the start of a run to its end

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
        numbers = [number for number in (every_steps, every_seconds) if number is not None]
        if not numbers or not all(number > 0 for number in (*numbers, keep)):
            expected = "every_steps or every_seconds or both, and keep, all above 0"
            got = f"every_steps={every_steps}, every_seconds={every_seconds}, keep={keep}"
            raise TrainingError("Checkpoints cannot tell when to write", expected=expected, got=got)

    def on_start(self, training: Training) -> None:
        state_of(training)  # if it cannot be kept, say so before the first step
        self._saved, self._time = training.state.steps, monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self.folder)
        except OSError as error:
            raise access_error("this folder cannot take checkpoints", self.folder, error) from error
        self._sweep()
        self._refuse_strangers(training)
        self.on_rewind(training)

    def on_step(self, training: Training) -> None:
        steps = training.state.steps
        if steps - self._saved >= self.every_steps or monotonic() - self._time >= self.every_seconds:
            self._save(training)

    def on_rewind(self, training: Training) -> None:
        steps = training.state.steps
        if any(_steps(sidecar) > steps for sidecar in _numbered(self.folder, ".json")):
            self._save(training)  # the present step first, so that there is always one to resume
        self._saved, self._time = steps, monotonic()

    def on_end(self, training: Training) -> None:
        if not hasattr(self, "_lock"):  # it could not even start
            return
        try:
            if training.state.steps != self._saved and training.history.outcome != "diverged":
                self._save(training)
        finally:
            self._lock.release()
            del self._lock

    def _refuse_strangers(self, training: Training) -> None:
        """Only a run's own checkpoints may lie where it writes and removes some."""
        own = {training.id, None if training.state.steps else training.id}  # None: damaged, or of 0.1.0
        sidecars, models = _numbered(self.folder, ".json"), _numbered(self.folder, *MODELS)
        strangers = [sidecar.name for sidecar in sidecars if _run_of(sidecar) not in own]
        strangers += [model.name for model in models if model.with_suffix(".json") not in sidecars]
        if strangers:
            raise TrainingError(
                "this folder holds the checkpoints of another run, or models of such names",
                where=self.folder,
                got=_listed(strangers),
                remedy="Name another folder, or move them; or go on with that run: LLM.resume(folder, texts).run().",
            )

    def _save(self, training: Training) -> None:
        """Write the present step, set aside what lies beyond it, and remove what is too old."""
        here = training.state.steps
        sidecar = self.folder / f"{STEP}{here:010}.json"
        try:
            _read(sidecar)  # a run that comes back here has the same bits
        except (OSError, KeyError, ValueError):
            with _at_work(sidecar):
                write(training, sidecar)
        self._saved, self._time = here, monotonic()
        for sidecar in _numbered(self.folder, ".json"):  # the newest first, and of each the sidecar
            if _steps(sidecar) > here:
                with _at_work(sidecar):
                    for path in filter(Path.exists, _files_of(sidecar)):
                        path.replace(path.with_name(path.name.replace(STEP, ASIDE)))
        for prefix in (STEP, ASIDE):
            for sidecar in _numbered(self.folder, ".json", prefix=prefix)[self.keep :]:
                with _at_work(sidecar):
                    for path in _files_of(sidecar):
                        path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a run of this folder that was killed had left undone: a model without its sidecar."""
        for mark in self.folder.glob(f".*-{NUMBER}.part"):
            sidecar, *models = _files_of(mark.with_name(f"{mark.stem[1:]}.json"))
            undone = [] if sidecar.exists() else models
            for path in (*undone, *self.folder.glob(TEMPORARIES), mark):
                path.unlink(missing_ok=True)


@contextmanager
def _at_work(sidecar: Path) -> Iterator[None]:
    """The block makes or moves the files of a checkpoint; if it fails, the mark stays."""
    mark = sidecar.with_name(f".{sidecar.stem}.part")
    mark.touch()
    yield
    mark.unlink()


def write(training: Training, sidecar: Path) -> None:
    """Write one checkpoint: first the model, then the sidecar that makes it count."""
    state, parts = state_of(training), Parts(training.llm.vocab, training.network, training.llm.adam)
    binary = isinstance(parts.vocab, Vocab) and length_of(parts.network) is None
    model = sidecar.with_suffix(MODELS[not binary])
    save(parts, model)
    data = orjson.dumps({**state, "model": sha256(model.read_bytes())}, option=orjson.OPT_SERIALIZE_NUMPY)
    with atomic_write(sidecar) as file:
        file.write(SIDECAR % (sha256(data).encode(), data))


def resume(folder: str | PathLike[str], texts: Texts, assemble: Callable[[Parts], Any]) -> Training:
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
    texts, folder = texts if isinstance(texts, LongText) else list(texts), Path(folder)
    reasons = []
    for sidecar in _numbered(folder, ".json"):
        try:
            state = _read(sidecar)
            llm = assemble(load(_model_of(sidecar)))
            training = rebuilt(state, llm, texts)
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
    remedy = "Begin anew, in an empty folder."
    if models := sorted(path.name for path in folder.glob("*") if path.suffix in MODELS):
        reasons.append(f"models without the rest of a run: {_listed(models)}")
        remedy = "A model alone can be trained further: LLM.load(path).train(...)."
    raise FileError(what, where=str(folder), got="; ".join(reasons), remedy=remedy)


def _read(sidecar: Path) -> dict[str, Any]:
    """The state in a sidecar whose own sum and whose model's sum are right."""
    data = sidecar.read_bytes()
    body = data[len(SIDECAR % (b"0" * 64, b"")) - 2 : -2]
    if data != SIDECAR % (sha256(body).encode(), body):
        raise ValueError("the sidecar is torn or was changed")
    state: dict[str, Any] = orjson.loads(body)
    if sha256(_model_of(sidecar).read_bytes()) != state["model"]:
        raise ValueError("the model's file is not the one that the sidecar was written for")
    if state["version"] == 1:
        state["config"], state["state"] = state.pop("recipe"), state.pop("place")
    elif state["version"] != 2:
        raise ValueError(f"it is of version {state['version']}, which only a later rustgpt_lab can read")
    return state


def _run_of(sidecar: Path) -> str | None:
    """The id of the run that wrote a checkpoint, None if that cannot be known."""
    try:
        return orjson.loads(sidecar.read_bytes())["state"].get("run")
    except (OSError, LookupError, TypeError, ValueError, AttributeError):
        return None


def _steps(sidecar: Path) -> int:
    """The number in a checkpoint's name."""
    return int(sidecar.stem.rpartition("-")[2])


def _files_of(sidecar: Path) -> list[Path]:
    """A checkpoint's files, there or not: the sidecar first."""
    return [sidecar, *map(sidecar.with_suffix, MODELS)]


def _model_of(sidecar: Path) -> Path:
    """The model's file beside a sidecar."""
    _, bin, safetensors = _files_of(sidecar)
    return safetensors if safetensors.exists() else bin


def _numbered(folder: Path, *suffixes: str, prefix: str = STEP) -> list[Path]:
    """The files of checkpoints with one of these suffixes, the newest first."""
    found = (path for suffix in suffixes for path in folder.glob(f"{prefix}{NUMBER}{suffix}"))
    return sorted(found, reverse=True)


def _listed(names: list[str], most: int = 3) -> str:
    """Names in a row, not too many of them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
