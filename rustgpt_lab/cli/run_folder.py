"""The folder of a training that may be broken off: what training it is, and the checkpoints of its parts."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from tqdm.auto import tqdm

from ..errors import FileError, TrainingError
from ..files import access_error
from ..folder_lock import FolderLock
from ..llm import LLM
from ..persistence import Checkpoints
from ..training import Training

IDENTITY = "run.json"
OURS = [f"{kind}-*{suffix}" for kind in ("step", "aside") for suffix in (".json", ".bin", ".safetensors")]
"""The names of checkpoints in a part's folder."""


class RunFolder:
    """A folder with `run.json`, and one folder of checkpoints for each part.

    Args:
        folder: need not be there yet.
        identity: all that makes a training what it is, option -> value.
        parts: the names of its parts, in their order.
        every: seconds between two checkpoints.
    """

    def __init__(self, folder: Path, identity: dict[str, Any], parts: Sequence[str], every: float):
        self.folder, self.identity, self.parts, self.every = folder, identity, parts, every

    def begin(self, force: bool) -> None:
        """Be the folder of a new training, which has it for itself.

        Args:
            force: whether to remove another run first.

        Raises:
            TrainingError: another run is here, under way or, without `force`, broken off.
            AccessError: the operating system refuses.
        """
        if force:
            for folder in filter(Path.is_dir, (self.folder / part for part in self.parts)):
                FolderLock(folder).release()  # what is under way is not swept away
            self.clear()
        if not (self.folder / IDENTITY).exists() and (strangers := self._models()):
            what = "models that are no checkpoints of a run lie here"
            raise TrainingError(what, where=strangers[0].parent, remedy="Name other --checkpoints.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self.folder / IDENTITY, "x", encoding="utf-8") as file:
                json.dump(self.identity, file, indent=1)
        except FileExistsError as problem:
            remedy = "Go on with it by --resume, begin anew by --force, or name other --checkpoints."
            what = "another run has its checkpoints here"
            raise TrainingError(what, where=self.folder, remedy=remedy) from problem
        except OSError as problem:
            raise access_error("no checkpoints could be kept here", self.folder, problem) from problem

    def resume(self, texts: Sequence[Sequence[str]]) -> tuple[int, Training | None]:
        """The number of the part that was under way, and its run; 0 and None if it had not come to a checkpoint.

        Args:
            texts: those of each part.

        Raises:
            TrainingError: there is no run here, or it is another one.
            FileError: no checkpoint is whole.
        """
        try:
            found = dict(json.loads((self.folder / IDENTITY).read_bytes()))
        except (OSError, ValueError, TypeError) as problem:
            what = "there is no run here that could go on"
            raise TrainingError(what, where=self.folder, remedy="Begin one, without --resume.") from problem
        for name, value in self.identity.items():
            if found.get(name) != value:
                raise TrainingError(
                    "the run that was broken off was another one",
                    where=name,
                    expected=found.get(name),
                    got=value,
                    remedy="Repeat its command with --resume; or begin anew, without.",
                )
        begun = [i for i, part in enumerate(self.parts) if any((self.folder / part).glob("step-*.json"))]
        if not begun:
            return 0, None
        number = begun[-1]
        with warnings.catch_warnings(record=True) as damaged:
            warnings.simplefilter("always")
            training = LLM.resume(self.folder / self.parts[number], texts[number])
        for warning in damaged:
            print(f"warning: {warning.message}", file=sys.stderr)
        return number, training

    def checkpoints(self, part: str) -> Checkpoints:
        """The callback that writes them."""
        return SteadyCheckpoints(self.folder / part, every_seconds=self.every, keep=2)

    def clear(self) -> None:
        """Remove what a run has left here, and nothing else."""
        if not (self.folder / IDENTITY).exists():  # none has; models of such names are somebody's
            return
        for path in [*self._models(), self.folder / IDENTITY]:
            with suppress(OSError):
                path.unlink()
        for folder in [*(self.folder / part for part in self.parts), self.folder]:
            with suppress(OSError):  # somebody else's file is in it
                folder.rmdir()

    def _models(self) -> list[Path]:
        """The checkpoints of all parts, and what is called as they are."""
        return [path for part in self.parts for name in OURS for path in (self.folder / part).glob(name)]


class SteadyCheckpoints(Checkpoints):
    """Checkpoints whose failing, on a full disk, does not end the run: it is told, and tried again later."""

    _not_before = 0.0

    def on_step(self, training: Training) -> None:
        if monotonic() >= self._not_before:
            try:
                super().on_step(training)
            except FileError as problem:
                self._not_before = monotonic() + self.every_seconds
                _warn(training, problem)

    def on_end(self, training: Training) -> None:
        try:
            super().on_end(training)
        except FileError as problem:
            _warn(training, problem)


def _warn(training: Training, problem: FileError) -> None:
    tqdm.write(f"warning: no checkpoint after step {training.state.steps}: {problem}", file=sys.stderr)
