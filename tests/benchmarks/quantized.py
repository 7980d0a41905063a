"""What fewer bits cost and bring: `python -m tests.benchmarks.quantized [--real]`.

Of the packaged model, and with --real of SmolLM2-135M-Instruct (`rustgpt-lab get smollm2`), whose weights came in 4
bits already, so that INT8 has little left to lose there: error per layer, size, speed, exact answers, perplexity.
"""

import argparse
import math
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rustgpt_lab import LLM, Dataset
from rustgpt_lab.parameters import walk
from rustgpt_lab.quantized import KINDS, quantized, rounding

REAL = [
    "The capital of France is",
    "Water boils at a temperature of",
    "Once upon a time there was a little",
    "The opposite of hot is",
]
PROSE = [
    "The sun rises in the east and sets in the west, because the earth turns from west to east.",
    "A recipe is a list of steps; whoever follows them in their order gets the same dish each time.",
    "She put the letter into her pocket, closed the door without a sound, and walked down to the harbour.",
]


def nbytes(llm: LLM) -> int:
    """The memory of the weights."""
    weights: Any = llm.parameters
    return int(getattr(weights, "nbytes", 0) or weights.flat.nbytes)


def interleaved(works: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """The median seconds of CPU time of each, all visited in every round."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for own, work in zip(seconds, works, strict=True):
            begin = time.process_time()
            work()
            own.append(time.process_time() - begin)
    return [statistics.median(own) for own in seconds]


def report(llm: LLM, prompts: Sequence[str], texts: Sequence[str], most: int, rounds: int) -> None:
    """Print the tables of one model."""
    models = {"float32": llm} | {kind: LLM(llm.vocab, quantized(llm.network, kind)) for kind in KINDS}
    moved = {kind: rounding(llm.network, models[kind].network) for kind in KINDS}  # type: ignore[arg-type]
    print(f"\nError per layer, |W - W'| / |W|\n{'layer':28}" + "".join(f"{kind:>10}" for kind in KINDS))
    for name, layer in walk(llm.network):
        own = [field for field, param in layer.parameters().items() if not param.tied_to]
        if not own:
            continue
        row = []
        for kind in KINDS:
            lengths = [np.linalg.norm(llm.parameters[f"{name}.{field}"]) for field in own]
            parts = [
                moved[kind][f"{name}.{field}"] * length for field, length in zip(own, lengths, strict=True)
            ]
            row.append(math.hypot(*parts) / math.hypot(*lengths))
        print(f"{name + ' ' + type(layer).__name__:28}" + "".join(f"{error:10.5f}" for error in row))

    def answers(model: LLM) -> list[Any]:
        return model.predict_all(list(prompts), most=most)

    said = {kind: answers(model) for kind, model in models.items()}
    times = dict(
        zip(models, interleaved([lambda m=m: answers(m) for m in models.values()], rounds), strict=True)
    )
    losses = {kind: model.loss(list(texts)) for kind, model in models.items()}
    head = ("precision", "weights, MB", "of FP32", "file, MB", "answers same", "perplexity", "time to FP32")
    print("\n" + "".join(f"{cell:>14}" for cell in head))
    with tempfile.TemporaryDirectory() as folder:
        for kind, model in models.items():
            size = 4 * sum(w.size for w in llm.parameters.values())
            file = float("nan")  # a file of 32 bits has the moments, too
            if kind != "float32":
                model.save(path := Path(folder, "m.safetensors"))
                file = path.stat().st_size
            same = np.mean([a == b for a, b in zip(said["float32"], said[kind], strict=True)])
            cells = (
                kind,
                f"{nbytes(model) / 1e6:.2f}",
                f"{nbytes(model) / size:.1%}",
                f"{file / 1e6:.2f}",
                f"{same:.1%}",
                f"{math.exp(losses[kind]):.5g}",
                f"{times[kind] / times['float32']:.2f}",
            )
            print("".join(f"{cell:>14}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quantized", description=__doc__)
    parser.add_argument("--real", action="store_true", help="SmolLM2, too: about 2 GB of memory, minutes")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("The packaged model, on the questions and the texts that it was trained on")
    data = Dataset.packaged()
    report(LLM.packaged(), [t.split(" Assistant:")[0] for t in data.chat], data.texts, 80, options.rounds)
    if options.real:
        print(
            "\nSmolLM2-135M-Instruct; its file had 4 bits a weight, so float32 is not what it was trained in"
        )
        report(LLM.smollm2(), REAL, PROSE, 12, min(options.rounds, 3))
    print(
        f"\nThe process's memory at its peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"
    )
    print(f"Threads: {os.environ.get('OPENBLAS_NUM_THREADS', 'as many as NumPy takes')}")


if __name__ == "__main__":
    main()
