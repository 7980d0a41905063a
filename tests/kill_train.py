"""End `rustgpt-lab train` at random moments, by every signal, and look at what is left.

`python -m tests.kill_train 30` prints one line for each signal. Whenever a step was taken there must be a model that
loads or a checkpoint that goes on, and the exit code must be true. `test_train.py` does the same a few times.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rustgpt_lab import LLM

FACTS = ["A dog barks </s>", "A bird sings </s>", "A cat sleeps </s>", "A fish swims </s>"]
CHAT = [
    "User: Who barks? Assistant: A dog barks </s>",
    "User: Who sings? Assistant: A bird sings </s>",
    "User: Who sleeps? Assistant: A cat sleeps </s>",
]
COMMAND = [sys.executable, "-m", "rustgpt_lab.cli"]
TRAIN = ["train", "--pretraining", "facts.json", "--chat", "chat.json", "--batch-size", "2"]
ENDING = 0.1
"""Seconds that Python needs to end: of no interest here."""
LONG = 100_000
"""Epochs that no test waits for."""


def write_corpora(folder: Path) -> None:
    (folder / "facts.json").write_text(json.dumps(FACTS))
    (folder / "chat.json").write_text(json.dumps(CHAT))


def start_training(folder: Path, *options: object, **settings: Any) -> subprocess.Popen[str]:
    """Start a training; returns when the bar is up, so steps are being taken."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if os.name != "nt":
        pipes["preexec_fn"] = hear_signals
    command = [*COMMAND, *TRAIN, *map(str, options)]
    process = subprocess.Popen(command, cwd=folder, text=True, **{**pipes, **settings})
    if process.stderr:
        assert process.stderr.read(1), process.communicate()
    return process


def hear_signals() -> None:
    """Ignore no signal, though a shell's background or nohup taught this process to, and it would hand that on."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def loads(folder: Path) -> bool:
    """Whether the model is there and can be loaded; raises what is wrong if it is there and cannot."""
    path = folder / "model.bin"
    return path.exists() and LLM.load(path).adam.settings["1.w_q"].timestep > 0


def goes_on(folder: Path) -> bool:
    """Whether there is a checkpoint that can be resumed."""
    for name, texts in (("chat", CHAT), ("pretraining", FACTS)):
        part = folder / "model.bin.checkpoints" / name
        if any(part.glob("step-*.json")):
            return LLM.resume(part, texts).state.steps > 0
    return False


def main(count: int, number: int, seed: int = 0) -> Counter[str]:
    """Returns what happened how often; raises AssertionError if anything is wrong."""
    rng, seen, longest, missed = random.Random(seed), Counter[str](), 0.0, 0
    while seen.total() < count:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_corpora(folder)
            process = start_training(folder, "--epochs", 60, "--checkpoint-every", 0.05)
            start = time.monotonic()
            if longest:  # the first one is left alone: how long does it take?
                time.sleep(rng.uniform(0, longest))
                process.send_signal(number)
            out, err = process.communicate(timeout=60)
            longest = longest or time.monotonic() - start - ENDING
            code, model, checkpoint = process.returncode, loads(folder), goes_on(folder)
            what = f"{code}: model {model}, checkpoint {checkpoint}\n{out}\n{err}"
            assert "Traceback" not in err, what
            if number == getattr(signal, "SIGKILL", 0):
                assert code in (0, -number), what
            else:
                assert code in (0, 128 + number, -number), (
                    what
                )  # -number: after the command's end, in Python's own
                assert model or code != 0, what
            taken = "ended before the first step" not in out
            if number != getattr(signal, "SIGKILL", 0):
                assert model or checkpoint or not taken, what
            if code == 0:  # it had ended before
                missed += 1
                continue
            part = "chat" if "\nchat: " in out else "pretraining"
            seen[f"exit {code} in {part}, {'model' * model} {'checkpoint' * checkpoint}"] += 1
    print(f"{missed} had ended before their signal came", file=sys.stderr)
    return seen


if __name__ == "__main__":
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"):
        if hasattr(signal, name) and os.name != "nt":
            print(name, dict(main(int(sys.argv[1]), getattr(signal, name))))
