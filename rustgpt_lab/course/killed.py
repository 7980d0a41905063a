"""A training run in a process of its own that dies in the middle, as when the power fails: for notebook 13."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..llm import LLM
from ..persistence import Checkpoints
from ..training import Callback, Training

START = "start.safetensors"


def killed_run(
    llm: LLM, folder: str, texts: Sequence[str], step: int, every_steps: int, **options: Any
) -> int:
    """Train a copy of a model in another process, with checkpoints in a folder, until it dies after a step.

    Args:
        options: as for `LLM.train`; plain numbers and words.

    Returns:
        How the process ended: 0 for one that came to its end.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    llm.save(Path(folder, START))
    job = {"texts": list(texts), "step": step, "every_steps": every_steps, "options": options}
    command = [sys.executable, "-m", __name__, os.fspath(folder)]
    done = subprocess.run(command, input=json.dumps(job), text=True, capture_output=True, check=False)
    return done.returncode


class Death(Callback):
    """Ends the process after a step, without a word to anybody."""

    def __init__(self, step: int):
        self.at = step

    def on_step(self, training: Training) -> None:
        if training.state.steps == self.at:
            os._exit(9)


if __name__ == "__main__":
    folder, job = sys.argv[1], json.load(sys.stdin)
    keep = Checkpoints(Path(folder, "checkpoints"), every_steps=job["every_steps"])
    LLM.load(Path(folder, START)).train(job["texts"], callbacks=[keep, Death(job["step"])], **job["options"])
