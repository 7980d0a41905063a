"""`python3 -m tests.course.induction_seeds [SEEDS]`: in how many runs of notebook 11 an induction head appears.

Each of 10 runs, of another seed, is the learner's own: `course.induction.grow`. For each it prints the step and the
processor time of training at which a head's score is clear and stays so, and the loss and score at the end. One thread;
measuring costs as much again, and is not counted.
"""

import os
import sys
from time import process_time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy comes


def run(seed: int) -> bool:
    from rustgpt_lab.course.induction import BATCH, EVERY, RATE, STEPS, growth_of, measured, new_model, texts
    from rustgpt_lab.training import Training, TrainingConfig
    from rustgpt_lab.views.gallery.circuit import CLEAR

    training = Training(new_model(seed), texts(seed), TrainingConfig(1, RATE, BATCH))
    spent, rows = [0.0], [measured(training.llm)]
    while training.state.steps < STEPS:
        start = process_time()
        for _ in range(EVERY):
            training.step()
        spent.append(spent[-1] + process_time() - start)
        rows.append(measured(training.llm))
    growth = growth_of(list(range(0, STEPS + 1, EVERY)), rows)
    clear = growth.induction.max(axis=(1, 2)) >= CLEAR
    found = bool(clear[-1])
    first = len(clear) - int(clear[::-1].argmin()) if found else -1
    when = f"clear from step {growth.step[first]} on, after {spent[first]:.0f} s" if found else "none"
    score = growth.induction[-1].max()
    told = f"at step {STEPS}, {spent[-1]:.0f} s: score {score:.2f}, loss {growth.loss[-1]:.2f}"
    print(f"seed {seed:>2}: {when}; {told}, {growth.share[-1]:.0%} right", flush=True)
    return found and spent[first] <= 60


def main(seeds: str = "10") -> None:
    found = sum(run(seed) for seed in range(1, int(seeds) + 1))
    print(f"an induction head within 60 s of training in {found} of {seeds} runs")


if __name__ == "__main__":
    main(*sys.argv[1:])
