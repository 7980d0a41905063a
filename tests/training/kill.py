"""Kill a run at random moments while it writes checkpoints, again and again, and look at what is left.

`python -m tests.training.kill 200 checkpoints` prints one line. Each child goes on from what the last one left;
every checkpoint that loads must hold the very weights that an undisturbed run has after that step.

`python -m tests.training.kill 200 session` kills sessions that start, pause, and go back to try another learning
rate. A child says so before and after it goes back; what is resumed must be of the line that it was on, and after
a few more steps in the same folder nothing but whole checkpoints may be left.
"""

import hashlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rustgpt_lab import LLM
from rustgpt_lab.errors import FileError
from rustgpt_lab.persistence.checkpoint import Checkpoints, DamagedCheckpointWarning
from rustgpt_lab.training import Training, TrainingConfig, TrainingSession
from rustgpt_lab.training.snapshot import Snapshot
from tests.training.small import TEXTS, small_llm

CONFIG = TrainingConfig(epochs=100_000, learning_rate=1e-3, batch_size=2, shuffle=True)
LONGEST = 0.2
"""Seconds that a child lives at most: several checkpoints."""


def weights_sum(training: Training) -> str:
    adam = training.llm.adam
    arrays = (training.llm.parameters.flat, adam.m.flat, adam.v.flat)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


class Left:
    """What the killed children left in their folders."""

    def __init__(self) -> None:
        self.temporaries = self.in_the_middle = self.damaged = self.at_work = 0

    def look(self, folder: Path) -> Training | None:
        """The run that is resumed there, if there is a checkpoint."""
        left = len(list(folder.glob(".rustgpt_lab-*.tmp")))
        self.temporaries += left
        self.at_work += bool(list(folder.glob(".*.part")))
        models, sidecars = (len(list(folder.glob(f"*-*{suffix}"))) for suffix in (".bin", ".json"))
        self.in_the_middle += bool(left) or models != sidecars
        if not list(folder.glob("step-*.json")):
            return None  # killed before the first checkpoint
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DamagedCheckpointWarning)
            training = LLM.resume(folder, TEXTS)
        self.damaged += len(caught)
        return training

    def __str__(self) -> str:
        middle = f"{self.in_the_middle} between two files of a checkpoint, {self.at_work} at work at one"
        return f"{middle} ({self.temporaries} temporary files left); {self.damaged} damaged, passed over; none torn"


def killed(child: Callable[[], None], seconds: float) -> None:
    """Run a function in a process that is killed after so many seconds."""
    pid = os.fork()
    if pid == 0:
        try:
            child()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), "the run ended before it was killed"


def go_on(training: Training, folder: Path) -> None:
    """A little further in the same folder; then all is in order."""
    training.config = replace(training.config, epochs=training.state.epoch + 1)
    training.run([Checkpoints(folder, every_steps=1, keep=2)])
    assert LLM.resume(folder, TEXTS).state.steps == training.state.steps
    names = sorted(path.name for path in folder.iterdir())
    assert not [name for name in names if name.startswith(".")], f"something stale was left: {names}"
    counted = [name for name in names if name.startswith("step-")]
    assert len(counted) == 4, f"two checkpoints are two pairs of files: {names}"


# ---- while a run writes checkpoints


def run_on(folder: Path) -> None:
    """Go on from the newest checkpoint, writing one after every step, until killed."""
    try:
        training = LLM.resume(folder, TEXTS)
    except FileError:
        training = Training(small_llm(), TEXTS, CONFIG)
    training.run([Checkpoints(folder, every_steps=1, keep=2)])


def checkpoints(kills: int) -> str:
    """Returns what happened, in a sentence; raises AssertionError if anything is wrong."""
    reference, sums, left = Training(small_llm(), TEXTS, CONFIG), {}, Left()
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(kills):
            killed(lambda: run_on(folder), rng.uniform(0, LONGEST))
            training = left.look(folder)
            if training is None:
                continue
            while reference.state.steps < training.state.steps:
                reference.step()
                sums[reference.state.steps] = weights_sum(reference)
            assert weights_sum(training) == sums[training.state.steps], "a torn checkpoint was loaded"
        assert training is not None
        go_on(training, folder)
    return f"{kills} kills, {left}; {max(sums)} steps"


# ---- while a session goes back and starts again


def rate_of(line: int) -> float:
    return CONFIG.learning_rate * (1 + line / 100)


def drive(folder: Path, log: Path, seed: int) -> None:
    """Start, pause, go back, try another learning rate, and so on, until killed."""
    rng = random.Random(seed)
    session = TrainingSession(
        small_llm(), TEXTS, CONFIG.epochs, CONFIG.learning_rate, batch_size=CONFIG.batch_size,
        shuffle=CONFIG.shuffle, callbacks=[Checkpoints(folder, every_steps=1, keep=2)],
    )  # fmt: skip
    with open(log, "w", buffering=1) as told:  # every line is the system's at once
        for line in range(1, 1_000_000):
            for _ in range(rng.randint(1, 2)):
                session.start()
                session.wait(rng.uniform(0, 0.01))
                session.pause()
            back = rng.randint(0, session.training.state.steps)
            told.write(f"going {line} {back}\n")
            session.rewind(back)
            session.set(learning_rate=rate_of(line))
            told.write(f"gone {line} {back}\n")


class Lines:
    """The weights after every step of every line that a session was on, worked out without files."""

    def __init__(self) -> None:
        self.training = Training(small_llm(), TEXTS, CONFIG)
        self.trail = [Snapshot.take(self.training.network, self.training.optimizer, self.training.state)]

    def back(self, line: int, step: int) -> None:
        self.sum_after(step)
        self.training.restore(self.trail[step])
        del self.trail[step + 1 :]
        self.training.config = replace(CONFIG, learning_rate=rate_of(line))

    def sum_after(self, step: int) -> str:
        training = self.training
        training.restore(self.trail[-1])
        while training.state.steps < step:
            training.step()
            self.trail.append(Snapshot.take(training.network, training.optimizer, training.state))
        training.restore(self.trail[step])
        return weights_sum(training)


def session(kills: int) -> str:
    """Returns what happened, in a sentence; raises AssertionError if anything is wrong."""
    left, rewinds, while_going, rng = Left(), 0, 0, random.Random(0)
    for seed in range(kills):
        with tempfile.TemporaryDirectory() as name:
            folder, log = Path(name) / "checkpoints", Path(name) / "log"
            folder.mkdir()
            killed(lambda: drive(folder, log, seed), rng.uniform(0.02, 2 * LONGEST))  # noqa: B023
            training = left.look(folder)
            if training is None:
                continue
            words = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
            lines, steps = Lines(), training.state.steps
            last = words.pop() if words and words[-1][0] == "going" else None
            for word, line, step in words:
                if word == "gone":
                    lines.back(int(line), int(step))
                    rewinds += 1
            good = [lines.sum_after(steps)]
            if last is not None:  # killed while it went back: it is either still there or already here
                while_going += 1
                lines.back(int(last[1]), int(last[2]))
                good.append(lines.sum_after(steps))
            assert weights_sum(training) in good, f"{folder.name} {seed}: of another line, or torn"
            go_on(training, folder)
    return f"{kills} kills, {while_going} of them while it went back, after {rewinds} rewinds in all; {left}"


if __name__ == "__main__":
    print({"checkpoints": checkpoints, "session": session}[sys.argv[2]](int(sys.argv[1])))
