"""Kill a run at random moments while it writes checkpoints, again and again, and look at what is left.

`python -m tests.training.kill 200` prints one line. Each child goes on from what the last one left; every
checkpoint that loads must hold the very weights that an undisturbed run has after that step.
"""

import hashlib
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

from rustgpt_lab import LLM
from rustgpt_lab.errors import FileError
from rustgpt_lab.persistence.checkpoint import Checkpoints, DamagedCheckpointWarning
from rustgpt_lab.training import Training, TrainingConfig
from tests.training.small import TEXTS, small_llm

CONFIG = TrainingConfig(epochs=100_000, learning_rate=1e-3, batch_size=2, shuffle=True)
LONGEST = 0.2
"""Seconds that a child lives at most: several checkpoints."""


def weights_sum(training: Training) -> str:
    adam = training.llm.adam
    arrays = (training.llm.parameters.flat, adam.m.flat, adam.v.flat)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def child(folder: Path) -> None:
    """Go on from the newest checkpoint, writing one after every step, until killed."""
    try:
        training = LLM.resume(folder, TEXTS)
    except FileError:
        training = Training(small_llm(), TEXTS, CONFIG)
    training.run([Checkpoints(folder, every_steps=1, keep=2)])


def main(kills: int) -> str:
    """Returns what happened, in a sentence; raises AssertionError if anything is wrong."""
    reference, sums, damaged, temporaries, in_the_middle = Training(small_llm(), TEXTS, CONFIG), {}, 0, 0, 0
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(kills):
            pid = os.fork()
            if pid == 0:
                try:
                    child(folder)
                finally:
                    os._exit(1)
            time.sleep(rng.uniform(0, LONGEST))
            os.kill(pid, signal.SIGKILL)
            assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), "the run ended before it was killed"
            left = len(list(folder.glob(".rustgpt_lab-*.tmp")))
            temporaries += left
            models, sidecars = (len(list(folder.glob(f"step-*{suffix}"))) for suffix in (".bin", ".json"))
            in_the_middle += bool(left) or models != sidecars
            if not sidecars:
                continue  # killed before the first checkpoint
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", DamagedCheckpointWarning)
                training = LLM.resume(folder, TEXTS)
            damaged += len(caught)
            while reference.state.steps < training.state.steps:
                reference.step()
                sums[reference.state.steps] = weights_sum(reference)
            assert weights_sum(training) == sums[training.state.steps], "a torn checkpoint was loaded"
        training.config = TrainingConfig(epochs=training.state.epoch + 1, learning_rate=1e-3)
        training.run([Checkpoints(folder, every_steps=1, keep=2)])
        assert not list(folder.glob(".rustgpt_lab-*.tmp")), "a stale temporary file was left"
        assert len(list(folder.iterdir())) == 4, "two checkpoints are two pairs of files"
    middle = f"{in_the_middle} in the middle of a checkpoint ({temporaries} temporary files left)"
    return f"{kills} kills, {middle}; {damaged} damaged, passed over; none torn; {max(sums)} steps"


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
