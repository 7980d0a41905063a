"""Do the notebooks notice a mistake in the library? `python3 -m tests.course.mutations`

Each mutation changes one line of a copy of the library, and nbval runs one notebook against that copy: the notebook
must go red. First the notebooks run against the copy as it is, and must be green, or a red one would prove nothing.
It takes some minutes, so it is no part of the test suite; `test_mutations.py` only holds the table to the source.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rustgpt_lab.bootstrap import ROOT

SANITIZE = "tests/nbval_sanitize.cfg"


@dataclass(frozen=True)
class Mutation:
    """A mistake of one line.

    Attributes:
        name: what is wrong then.
        notebook: the number of the one that must notice.
        file: in the library.
        right, wrong: the text that stands there once, and what stands there instead.
    """

    name: str
    notebook: str
    file: str
    right: str
    wrong: str

    def apply(self, root: Path) -> str:
        """Make the mistake in a tree; returns the file's text as it was.

        Raises:
            LookupError: the source does not hold the text exactly once, so this table is out of date.
        """
        path = root / "rustgpt_lab" / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.right) != 1 or self.right == self.wrong:
            raise LookupError(f"{self.name}: {self.file} holds {self.right!r} {text.count(self.right)} times")
        path.write_text(text.replace(self.right, self.wrong), encoding="utf-8")
        return text


# fmt: off
# ruff: noqa: E501
MUTATIONS = [
    Mutation("answers are cut short", "00", "generation/saying.py", "min(see - len(ids), ", "min(see - len(ids) - 69, "),
    Mutation("punctuation sticks to words", "01", "tokenizers/words.py", "{_MARK}]+", r"{_MARK}]+\W?"),
    Mutation("the words are not sorted", "01", "tokenizers/words.py", "cls(sorted({END}.union(", "cls(list({END}.union("),
    Mutation("no positions", "02", "layers/embeddings.py", "return token + position, ", "return token, "),
    Mutation("attention without 1 / sqrt(d)", "03", "layers/self_attention.py", "scores *= self.scale\n        return", "return"),
    Mutation("the mask shows one word of the future", "03", "numerics.py", "dtype), k=1)", "dtype), k=2)"),
    Mutation("softmax's rows do not sum to 1", "03", "numerics.py", "p /= np.add.reduce(", "p /= np.maximum.reduce("),
    Mutation("attention without residual", "03", "layers/self_attention.py", "return x + batch", "return batch"),
    Mutation("no ReLU", "04", "layers/feed_forward.py", "np.maximum(hidden, 0)\n", "hidden\n"),
    Mutation("the variance of a sample", "04", "layers/layer_norm.py", "x_hat) / self.d)[:", "x_hat) / (self.d - 1))[:"),
    Mutation("the loss is a sum over positions", "05", "batch.py", "np.repeat(1 / (batch.lengths * batch.size)", "np.repeat(1.0 / batch.size + 0 * batch.lengths"),
    Mutation("the cache forgets the newest word", "05", "cache.py", "room[1, ..., start:end, :] = k, v", "room[1, ..., start:end, :] = k, 0"),
    Mutation("the gradient ignores ReLU", "06a", "layers/feed_forward.py", "dhidden *= c.hidden > 0", "dhidden *= 1.0"),
    Mutation("dq, dk without 1 / sqrt(d)", "06b", "layers/self_attention.py", "dscores *= self.scale", "dscores *= 1.0"),
    Mutation("a repeated word counts once", "06a", "layers/embeddings.py", "np.add.reduceat(dy[order], starts)", "dy[order][starts]"),
    Mutation("no correction of Adam's v", "07", "optim/adam.py", "(1 - s.beta2**s.timestep) ** 0.5", "1.0"),
    Mutation("the rate falls to a tenth only", "07", "optim/schedule.py", "floor: float = 0.0", "floor: float = 0.1"),
    Mutation("a rewound Adam keeps its count", "07", "training/snapshot.py", "settings.timestep = timestep", "pass"),
    Mutation("AGC's units are rows", "08", "parameters.py", "random_weight, unit_axis=0)", "random_weight, unit_axis=1)"),
    Mutation("L2 allows twice as much", "08", "optim/clipping.py", "array *= self.threshold / length", "array *= 2 * self.threshold / length"),
    Mutation("a varint of 251 in one byte", "09", "persistence/bincode.py", "value < 251:", "value < 252:"),
    Mutation("JSON keeps six decimals", "09", "persistence/json_numbers.py", "(of_type=\"d\")), text)", "(of_type=\"d\")).round(6), text)"),
    Mutation("Adam's m is loaded from v", "09", "persistence/convert.py", '{key}", value[key]))', '{key}", value["v"]))'),
    Mutation("top-p leaves out the word that reaches it", "10", "generation/sampling.py", "p[p.cumsum(axis=-1) - p >= self.top_p] = 0", "p[p.cumsum(axis=-1) >= self.top_p] = 0"),
    Mutation("a beam forgets the words before", "10", "generation/beam.py", "totals = logs[rows] + np.array(", "totals = logs[rows] + 0 * np.array("),
    Mutation("the length penalty is not used", "10", "generation/beam.py", "len(logs) ** self.length_penalty", "len(logs)"),
    Mutation("pairs are turned the other way round", "11", "layers/rotary.py", "a * cos - b * sin, a * sin + b * cos", "a * cos + b * sin, b * cos - a * sin"),
    Mutation("keys are turned as if all stood at 0", "11", "layers/rotary.py", "return cos[positions, None], sin", "return cos[0 * positions, None], sin"),
    Mutation("the gate is always open", "11", "layers/swiglu.py", "lambda gate, up: silu(gate) * up, gate", "lambda gate, up: gate * up, gate"),
    Mutation("RMSNorm without its epsilon", "11", "layers/rms_norm.py", "self.d + self.epsilon)[", "self.d)["),
    Mutation("a silenced head is another one", "11", "course/circuits.py", "w_o[[*heads]] = 0", "w_o[[h - 1 for h in heads]] = 0"),
    Mutation("bytes of Q8_0 without a sign", "12", "persistence/numbers.py", "blocks[:, 2:].view(np.int8)", "blocks[:, 2:].view(np.uint8)"),
    Mutation("neighbours of a GGUF file read as halves", "12", "persistence/gguf.py", '"rope": "adjacent"', '"rope": "halves"'),
    Mutation("a resumed run begins anew", "13", "persistence/run_state.py", 'TrainState(**state["state"])', "TrainState()"),
    Mutation("an order depends on where it is drawn", "13", "training/run.py", "rng([seed, epoch])", "rng([seed, epoch, self.state.steps])"),
    Mutation("nothing in a sweep counts as diverged", "13", "experiments/results.py", '== "diverged" for', '== "lost" for'),
    Mutation("one scale for a whole matrix", "14", "quantized.py", "max(axis=unit_axis, keepdims", "max(axis=None, keepdims"),
    Mutation("128 steps of INT8", "14", "quantized.py", "MOST = 127", "MOST = 120"),
    Mutation("a stream without its end", "14", "serve/app.py", "[DONE]", "[OVER]"),
    Mutation("an unknown word is not told", "01", "tokenizers/words.py", "if word not in self.ids]", "if word in self.ids]"),
    Mutation("layer norm forgets beta", "04", "layers/layer_norm.py", "        y += self.p.beta\n", "        y += 0 * self.p.beta\n"),
    Mutation("feed forward without residual", "05", "layers/feed_forward.py", "        y += x\n", "        y += 0 * x\n"),
    Mutation("the gradient skips the residual", "06a", "layers/feed_forward.py", "        dx += dy\n", "        dx += 0 * dy\n"),
    Mutation("a norm's gradient moves the mean", "06b", "layers/layer_norm.py", "dx -= dx @ averaging(", "dx -= 0 * dx @ averaging("),
    Mutation("softmax's gradient is one term short", "06b", "layers/self_attention.py", "(dweights - np.vecdot(dweights, c.weights)[..., None])", "dweights"),
    Mutation("the warm-up is half as long", "07", "optim/schedule.py", "if step <= self.warmup:", "if step <= self.warmup // 2:"),
    Mutation("L2's norm is its own square", "08", "optim/clipping.py", "length = hypot(*map(norm, arrays))", "length = hypot(*map(norm, arrays)) ** 2"),
    Mutation("a row loses its mean", "08", "optim/clipping.py", "gradient.mean(axis=axis,", "gradient.mean(axis=1 - axis,"),
]
# fmt: on


def run(root: Path, notebook: str) -> str:
    """The first cell of the tree's notebook that nbval finds other than it was saved; "" if there is none."""
    [path] = (root / "notebooks").glob(f"{notebook}_*.ipynb")
    command = [sys.executable, "-m", "pytest", str(path), "-x", "-q", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    command += [f"--nbval-sanitize-with={root / SANITIZE}"]
    ours = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}  # before the library that is installed
    ours["RUSTGPT_LAB_PROGRESS"] = str(root / f"progress_{notebook}.json")
    done = subprocess.run(command, cwd=root, env=os.environ | ours, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    found = re.search(r"::(Cell \d+)", done.stdout)
    return "" if done.returncode == 0 else found[1] if found else "?"


def copy_to(root: Path) -> None:
    for folder in ("rustgpt_lab", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for file in ("pyproject.toml", SANITIZE):
        (root / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, root / file)


def main() -> int:
    """The number of mutations that no notebook notices, and of notebooks that are red without any."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_to(root)
        notebooks = sorted({mutation.notebook for mutation in MUTATIONS})
        red = {notebook: cell for notebook in notebooks if (cell := run(root, notebook))}
        print(f"| {'mistake':38} | notebook | noticed at |\n| --- | --- | --- |")
        print(f"| {'none':38} | all      | {red or 'nowhere'!s:10} |", flush=True)
        missed = 0
        for mutation in MUTATIONS:
            kept = mutation.apply(root)
            cell = run(root, mutation.notebook)
            (root / "rustgpt_lab" / mutation.file).write_text(kept, encoding="utf-8")
            print(f"| {mutation.name:38} | {mutation.notebook:8} | {cell or 'NOWHERE':10} |", flush=True)
            missed += not cell
    print(f"{len(MUTATIONS) - missed} of {len(MUTATIONS)} mistakes are noticed.")
    return missed + len(red)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
