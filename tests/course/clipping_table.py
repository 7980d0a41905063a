"""Does a clipper help, and which? `python3 -m tests.course.clipping_table` makes notebook 08's table.

A small model learns 24 facts in 90 steps, by plain descent and by Adam, at several rates, with every clipper. Each
clipper has as many thresholds to choose from as any other; for each optimizer and rate it takes the one that was best
on `TUNING` seeds, and is then measured on `SEEDS` that took no part in the choice.

It prints the table as Markdown, and writes it where the notebook reads it (90 seconds of processor time).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from math import isfinite
from multiprocessing import get_context
from typing import Any

import numpy as np

from rustgpt_lab import LLM, Dataset, Vocab
from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.course.clipping import ClippingTable
from rustgpt_lab.errors import DivergenceError
from rustgpt_lab.optim.clipping import (
    AGC,
    AdaptiveClippingConfig,
    AdaptiveGradientClipping,
    Centralization,
    Clipping,
    L2GradientClipping,
)
from rustgpt_lab.optim.rustgpt import RustGPTLogitClipping

PLACE = ROOT / "rustgpt_lab" / "data" / "clipping.json"
SEEDS, TUNING = range(8), range(100, 103)
RATES = {"descent": (0.1, 0.3, 1, 3, 10), "adam": (0.001, 0.01, 0.03, 0.1)}

# clipper -> how to make it from a threshold, and the thresholds that it may choose from
CLIPPERS: dict[str, tuple[Callable[[float], Clipping | None], tuple[float, ...]]] = {
    "none": (lambda _: None, ()),
    "centralization": (lambda _: Centralization(), ()),
    "L2": (L2GradientClipping, (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)),
    "AGC": (AGC, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)),
    "AGC, centralized": (AdaptiveGradientClipping, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)),
    "RustGPT's, at the logits": (
        lambda threshold: RustGPTLogitClipping(AdaptiveClippingConfig(threshold)),
        (0.000003, 0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01),
    ),
}

Run = tuple[str, float, str, float | None, int]
"""Optimizer, rate, clipper, threshold, seed."""

facts = Dataset.packaged().pretraining[:24]
vocab = Vocab.from_texts(facts)


def new_model(seed: int) -> LLM:
    return LLM.build(
        vocab, embedding_dim=32, hidden_dim=64, blocks=1, max_seq_len=32, seed=seed, dtype="float64"
    )


def loss_after(run: Run) -> float:
    """The loss on the facts after 90 steps; infinite if the run has no numbers any more."""
    optimizer, rate, name, threshold, seed = run
    clipping = CLIPPERS[name][0](threshold or 0.0)
    llm = new_model(seed)
    try:
        with np.errstate(all="ignore"):
            llm.train(facts, 15, rate, batch_size=4, clipping=clipping, optimizer=optimizer)
            loss = llm.loss(facts)
    except DivergenceError:
        return np.inf
    return loss if isfinite(loss) else np.inf


def all_losses(runs: list[Run]) -> dict[Run, float]:
    """Every run's loss, on all processors."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes to come
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return dict(zip(runs, pool.map(loss_after, runs, chunksize=16), strict=True))


def mean(losses: list[float]) -> float:
    return float(np.exp(np.mean(np.log(losses))))


def measure() -> dict[str, Any]:
    """The table, as `ClippingTable.of_json` takes it."""
    settings = [(o, rate, name) for o, rates in RATES.items() for rate, name in product(rates, CLIPPERS)]
    tried = all_losses([(*s, t, seed) for s in settings for t in CLIPPERS[s[2]][1] for seed in TUNING])
    tuning = {
        s: {t: mean([tried[*s, t, seed] for seed in TUNING]) for t in CLIPPERS[s[2]][1]} for s in settings
    }
    best = {s: min(means, key=means.__getitem__, default=None) for s, means in tuning.items()}
    final = all_losses([(*s, best[s], seed) for s in settings for seed in SEEDS])
    cells = [
        {
            "optimizer": s[0],
            "rate": s[1],
            "clipper": s[2],
            "threshold": best[s],
            "losses": [number(final[*s, best[s], seed]) for seed in SEEDS],
            "tuning": {f"{t:g}": number(loss) for t, loss in tuning[s].items()},
        }
        for s in settings
    ]
    return {"ignorance": round(float(np.log(len(vocab))), 4), "cells": cells}


def number(loss: float) -> float | None:
    """Four digits; None, which JSON can write, for infinity."""
    return float(f"{loss:.4g}") if isfinite(loss) else None


def markdown(table: ClippingTable) -> str:
    """Both optimizers' tables: mean (95 % interval) @ threshold."""
    lines = []
    for optimizer in RATES:
        shown = table.table(optimizer)
        lines += ["", *(f"| {' | '.join(row)} |" for row in (shown.headings, *shown.rows))]
        lines.insert(-len(shown.rows), "| --- " * len(shown.headings) + "|")
    return "\n".join(lines[1:])


def main() -> None:
    data = measure()
    cells = ",\n".join(json.dumps(cell) for cell in data["cells"])
    PLACE.write_text(f'{{"ignorance": {data["ignorance"]}, "cells": [\n{cells}\n]}}\n', encoding="utf-8")
    print(markdown(ClippingTable.packaged()))


if __name__ == "__main__":
    main()
