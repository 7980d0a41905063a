"""What the loop and its reports cost, as a share of a training step; and when several workers pay.

The variants take turns in one process, many short rounds, and the best round of each counts: that is the one
which no neighbour disturbed. `python -m tests.benchmarks.reporting [FOLDER]` prints both tables.
"""

import random
import sys
import time
import timeit
from collections.abc import Callable, Iterator

import joblib

from rustgpt_lab import LLM
from rustgpt_lab.batch import Batch
from rustgpt_lab.optim.clipping import AdaptiveGradientClipping, Clipping, L2GradientClipping
from rustgpt_lab.training import History, Training, TrainingConfig
from rustgpt_lab.training.step import gradients

from .tables import Table
from .training import batches, load

Times = dict[str, list[float]]
CLIPPINGS = {"no clipping": None, "L2": L2GradientClipping(5.0), "adaptive": AdaptiveGradientClipping()}
RATE = 1e-6
"""So small that a long benchmark stays in the same state."""


def tables(folder: str | None, rounds: int, quick: bool) -> Iterator[Table]:
    yield reporting(folder, rounds)
    if not quick:
        yield workers(folder, rounds)


def take_turns(variants: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]) -> Times:
    """Seconds of every variant in every round; one round before them is not counted."""
    times: Times = {name: [] for name in variants}
    order = list(variants)
    for _ in range(rounds + 1):
        random.shuffle(order)
        for name in order:
            start = clock()
            variants[name]()
            times[name].append(clock() - start)
    return {name: seconds[1:] for name, seconds in times.items()}


def ratio(times: Times, name: str, base: str) -> float:
    return min(times[name]) / min(times[base])


def reporting(folder: str | None, rounds: int) -> Table:
    """The same eight batches in each variant and round, by the process's CPU time."""
    vocab, texts, sequences = load(folder)
    llm = LLM.build(vocab)
    texts, parts = texts[:32], batches(sequences[:32], 4)

    def bare(clipping: Clipping | None) -> None:
        for part in parts:
            gradients(llm.network, Batch.to_learn(part), Clipping())
            if clipping is not None:
                clipping.at_parameters(llm.parameters, llm.network.gradients)
            llm.adam.step(RATE)

    def loop(clipping: Clipping | None, norms: bool) -> Callable[[], None]:
        training = Training(llm, texts, TrainingConfig(1 << 40, RATE, 4, clipping), norms)

        def work() -> None:
            for _ in parts:
                training.step()

        return work

    variants: dict[str, Callable[[], object]] = {}
    for name, clipping in CLIPPINGS.items():
        variants |= {
            f"{name}, bare": lambda clipping=clipping: bare(clipping),
            f"{name}, loop": loop(clipping, False),
            f"{name}, reported": loop(clipping, True),
        }
    times = take_turns(variants, 6 * rounds, time.process_time)
    table = Table(
        "A training step and its report (batches of 4, RustGPT's network)",
        ["clipping", "bare step, ms", "the loop adds", "a full report adds", "a report not asked for"],
        notes=[
            "Bare: loss, gradients, the clipping and Adam. Full: all norms of every parameter at every step. Where "
            "nobody asks for a report, the loop asks the history whether it wants one, and that is all; it is timed "
            "by itself, for it drowns in the noise of a whole step."
        ],
    )
    question = seconds_of(History().wants_norms)
    for name in CLIPPINGS:
        bare_step = min(times[f"{name}, bare"]) / len(parts)
        table.row(
            name,
            f"{bare_step * 1e3:.2f}",
            f"{ratio(times, f'{name}, loop', f'{name}, bare') - 1:+.1%}",
            f"{ratio(times, f'{name}, reported', f'{name}, loop') - 1:+.1%}",
            f"{question / bare_step:+.3%}",
        )
    return table


def seconds_of(call: Callable[[], object]) -> float:
    """The least time that a short call takes, from rounds of a thousand."""
    return min(timeit.repeat(call, number=1000, repeat=20)) / 1000


def workers(folder: str | None, rounds: int) -> Table:
    """Two steps of each variant a round, by the clock, for it is a matter of cores."""
    vocab, texts, _ = load(folder)
    table = Table(
        "Two workers: how many times as fast as one",
        ["batch", "width", "one worker, ms a step", "two threads", "two processes"],
    )
    for batch, d in ((4, 128), (16, 128), (64, 128), (64, 256)):
        variants: dict[str, Callable[[], object]] = {}
        trainings = []
        for name, backend, count in (
            ("one", "threading", 1),
            ("threads", "threading", 2),
            ("processes", "loky", 2),
        ):
            llm = LLM.build(vocab, embedding_dim=d, hidden_dim=2 * d)
            training = Training(llm, texts, TrainingConfig(1 << 40, RATE, batch, workers=count))
            with joblib.parallel_config(backend=backend):
                training.step()  # the workers come, and stay
            variants[name] = lambda training=training: (training.step(), training.step())
            trainings.append(training)
        times = take_turns(variants, rounds, time.perf_counter)
        for training in trainings:
            training.close()
        faster = [f"{1 / ratio(times, name, 'one'):.2f}" for name in ("threads", "processes")]
        table.row(str(batch), str(d), f"{min(times['one']) / 2 * 1e3:.1f}", *faster)
    return table


if __name__ == "__main__":
    for found in tables(sys.argv[1] if len(sys.argv) > 1 else None, rounds=30, quick=False):
        print(found.text(), flush=True)
