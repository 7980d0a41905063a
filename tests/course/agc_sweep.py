"""When does AGC help? `python3 -m tests.course.agc_sweep [JOBS]` makes notebook 13's table.

A small model learns 24 facts in 30 passes: by plain descent and by Adam, each at three rates that span a factor of
100, in batches of 4 and all at once, without clipping and with AGC at the threshold of its paper, which nobody tuned
here; five seeds each, 120 runs (two minutes of processor time). It writes the table where the notebook reads it.
"""

import sys

from rustgpt_lab import Dataset
from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.experiments import Results, sweep
from rustgpt_lab.optim.clipping import AGC

PLACE = ROOT / "rustgpt_lab" / "data" / "agc_sweep.csv"
RATES = {"descent": (0.1, 1.0, 10.0), "adam": (0.001, 0.01, 0.1)}
BATCHES = (4, 24)
CLIPPINGS = {"none": None, "AGC": AGC(0.01)}
SEEDS = range(5)
MODEL = {"embedding_dim": 16, "hidden_dim": 32, "blocks": 2, "max_seq_len": 40, "epochs": 30}
"""What all runs have in common."""
COLUMNS = ("optimizer", "learning_rate", "batch_size", "clipping", "seed", "outcome", "loss")

facts = Dataset.packaged().pretraining[:24]


def results(rates: dict[str, tuple[float, ...]], jobs: int = -1, seeds: range = SEEDS) -> Results:
    """The table; a loss that is still infinite or above 100 at the end counts as a run that diverged."""
    rows = []
    for optimizer, own in rates.items():
        grid = {"optimizer": [optimizer], "learning_rate": own, "batch_size": BATCHES, "clipping": CLIPPINGS}
        rows += sweep(grid, seeds, facts, jobs=jobs, loss_limit=100.0, **MODEL).rows
    return Results([{name: row[name] for name in COLUMNS} for row in rows], list(COLUMNS[:4]))


if __name__ == "__main__":
    table = results(RATES, int((sys.argv[1:] or ["-1"])[0]))
    table.to_csv(PLACE)
    for row in table.summary():
        print({name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()})
