"""A batch's gradients by several workers: the gradient of a batch is the mean of its parts' gradients."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import Any
from uuid import uuid4

import numpy as np

from ..layers import Layer
from ..model import LLM
from ..numerics import Array
from ..optim.clipping import Clipping
from ..optim.report import ClippingReport, cosine
from ..vocab import Vocab

QUIET = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""NumPy need not warn of what the loop checks after every batch."""

Batch = Sequence[Sequence[int]]
Measured = tuple[float, ClippingReport | None]
"""A batch's loss, and what its clipping did to the gradient of the logits if that was asked for."""


def gradients(llm: LLM, batch: Batch, clipping: Clipping, measure: bool) -> Measured:
    """Leave a batch's gradients in `llm.memory`, clipped at the logits only, not yet at the parameters.

    Args:
        batch: sequences of ids.
        measure: whether to report on the gradient of the logits.
    """
    report = None

    def at_logits(dlogits: Array) -> None:
        nonlocal report
        lengths = [len(ids) - 1 for ids in batch]
        if measure:
            report = clipping.clip_logits(dlogits, lengths)
        else:
            clipping.apply_logits(dlogits, lengths)

    return llm.loss_and_gradients(batch, at_logits), report


class Workers:
    """Workers that each compute the gradients of a part of a batch, on a copy of the model (joblib).

    They are threads, unless `joblib.parallel_config` names another backend: "loky" for processes, "dask" for
    a cluster. Close them at the end.

    They pay when cores are idle and the gradients of a part take much longer than its errand, which carries all
    weights there and all gradients back: for large batches of a wide model. For RustGPT's model in batches of 4
    one worker is the fastest. `python -m tests.benchmarks.reporting` measures it.

    Args:
        llm: the model whose gradients are wanted.
        count: the number of workers, 2 or more.
    """

    def __init__(self, llm: LLM, count: int):
        from joblib import Parallel

        self.llm, self.count = llm, count
        network = tuple(layer.unbound() for layer in llm.network)
        self._plan = Plan(llm.vocab, network, llm.parameters.flat.dtype.name)
        # joblib would map a large array to a file, and take it to be the same array for ever: max_nbytes=None
        self._parallel = Parallel(n_jobs=count, prefer="threads", max_nbytes=None)
        self._parallel.__enter__()

    def close(self) -> None:
        """Let the workers go, and the copies of the model."""
        self._parallel.__exit__(None, None, None)
        replica.cache_clear()

    def gradients(self, batch: Batch, clipping: Clipping, measure: bool) -> Measured:
        """As the function `gradients`, to rounding."""
        from joblib import delayed

        count = min(self.count, len(batch))
        edges = [len(batch) * i // count for i in range(count + 1)]
        parts = [batch[start:end] for start, end in pairwise(edges)]
        weights = self.llm.parameters.flat
        work = (
            delayed(part_gradients)(self._plan, i, weights, part, clipping, measure)
            for i, part in enumerate(parts)
        )
        results = self._parallel(work)

        shares = [len(part) / len(batch) for part in parts]
        total = self.llm.memory.gradients.flat
        total[:] = 0
        for share, (_, gradient, _) in zip(shares, results, strict=True):
            total += share * gradient
        loss = sum(share * loss for share, (loss, _, _) in zip(shares, results, strict=True))
        return loss, _joined([report for _, _, report in results], shares) if measure else None


@dataclass(frozen=True)
class Plan:
    """What a worker needs to build a copy of a model, without its weights. Equal only to itself."""

    vocab: Vocab = field(compare=False)
    network: tuple[Layer, ...] = field(compare=False)
    dtype: str = field(compare=False)
    key: str = field(default_factory=lambda: uuid4().hex)


@lru_cache(maxsize=16)
def replica(plan: Plan, index: int) -> LLM:
    """Worker number `index`'s own copy of the model, built once in every process."""
    return LLM(plan.vocab, [copy(layer) for layer in plan.network], None, plan.dtype)


@QUIET
def part_gradients(
    plan: Plan, index: int, weights: Array, part: Batch, clipping: Clipping, measure: bool
) -> tuple[float, Array, ClippingReport | None]:
    """What one worker does: the loss, the flat gradient and the report of its part of a batch."""
    llm = replica(plan, index)
    llm.parameters.flat[:] = weights
    loss, report = gradients(llm, part, clipping, measure)
    return loss, llm.memory.gradients.flat, report


def _joined(reports: Sequence[Any], shares: Sequence[float]) -> ClippingReport:
    """The report on the logits of a whole batch, from those on its parts, each of which weighs its share."""

    def total(term: Any) -> float:
        return sum(share**2 * term(report) for share, report in zip(shares, reports, strict=True))

    before = sqrt(total(lambda r: r.before["logits"] ** 2))
    after = sqrt(total(lambda r: r.after["logits"] ** 2))
    dot = total(lambda r: r.before["logits"] * r.after["logits"] * r.cosine["logits"])
    clipped = sum(share * r.clipped["logits"] for share, r in zip(shares, reports, strict=True))
    rows = before, after, 0.0, clipped, cosine(dot, before, after)
    return ClippingReport(*({"logits": value} for value in rows))
