"""A batch's gradients by several workers: the gradient of a batch is the mean of its parts' gradients."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt
from typing import Any
from uuid import uuid4

from numpy.random import Generator

from ..batch import Batch
from ..layers import Layer
from ..network import Network
from ..numerics import Array
from ..optim.clipping import Clipping
from ..optim.report import ClippingReport, Measured, cosine
from .step import QUIET, gradients

Sequences = Sequence[Sequence[int]]


class Workers:
    """Workers that each compute the gradients of a part of a batch, on a copy of the network (joblib).

    They are threads, unless `joblib.parallel_config` names another backend: "loky" for processes, "dask" for
    a cluster. Close them at the end.

    They pay when cores are idle and the gradients of a part take much longer than its errand, which carries all
    weights there and all gradients back: for large batches of a wide model. For RustGPT's model in batches of 4
    one worker is the fastest. `python -m tests.benchmarks.reporting` measures it.

    Args:
        network: whose gradients are wanted.
        count: the number of workers, 2 or more.
    """

    def __init__(self, network: Network, count: int):
        from joblib import Parallel  # here, because few runs need it, and importing it takes long

        self.network, self.count = network, count
        self._plan = Plan(tuple(layer.unbound() for layer in network), network.weights.flat.dtype.name)
        # joblib would map a large array to a file, and take it to be the same array for ever: max_nbytes=None
        self._parallel = Parallel(n_jobs=count, prefer="threads", max_nbytes=None)
        self._parallel.__enter__()

    def close(self) -> None:
        """Let the workers go; a thread takes its copy of the network with it."""
        self._parallel.__exit__(None, None, None)

    def gradients(self, sequences: Sequences, clipping: Clipping | Measured, rng: Generator | None) -> float:
        """As `step.gradients`, to rounding; but every part draws from a generator of its own, a child of `rng`."""
        from joblib import delayed

        count = min(self.count, len(sequences))
        edges = [len(sequences) * i // count for i in range(count + 1)]
        parts = [sequences[start:end] for start, end in pairwise(edges)]
        measured = clipping if isinstance(clipping, Measured) else None
        plain = clipping.clipping if isinstance(clipping, Measured) else clipping
        weights = self.network.weights.flat
        rngs = [None] * count if rng is None else rng.spawn(count)
        results = self._parallel(
            delayed(part_gradients)(self._plan, weights, part, plain, measured is not None, own)
            for part, own in zip(parts, rngs, strict=True)
        )

        shares = [len(part) / len(sequences) for part in parts]
        total = self.network.gradients.flat
        total[:] = 0
        for share, (_, gradient, _) in zip(shares, results, strict=True):
            total += share * gradient
        if measured is not None:
            _join([report for _, _, report in results], shares, measured.report)
        return sum(share * loss for share, (loss, _, _) in zip(shares, results, strict=True))


@dataclass(frozen=True)
class Plan:
    """What a worker needs to build a copy of a network, without its weights."""

    layers: tuple[Layer, ...]
    dtype: str
    key: str = field(default_factory=lambda: uuid4().hex)


_MINE = threading.local()
"""What every worker keeps from one errand to the next: one copy of the network, and the key of its plan."""


@QUIET
def part_gradients(
    plan: Plan,
    weights: Array,
    part: Sequences,
    clipping: Clipping,
    measure: bool,
    rng: Generator | None = None,
) -> tuple[float, Array, ClippingReport | None]:
    """What one worker does: the loss, the flat gradient and the report of its part of a batch."""
    if getattr(_MINE, "key", "") != plan.key:
        layers = [layer.unbound() for layer in plan.layers]
        _MINE.key, _MINE.network = plan.key, Network(layers, None, plan.dtype)
    network: Network = _MINE.network
    network.weights.flat[:] = weights
    measured = Measured(clipping)
    batch = Batch.to_learn(part)
    batch.rng = rng
    loss = gradients(network, batch, measured if measure else clipping)
    gradient = network.gradients.flat.copy()  # the same worker may get another part of this batch
    return loss, gradient, measured.report if measure else None


def _join(reports: Sequence[Any], shares: Sequence[float], into: ClippingReport) -> None:
    """The report on the logits of a whole batch, from those on its parts, each of which weighs its share."""

    def total(term: Any) -> float:
        return sum(share**2 * term(report) for share, report in zip(shares, reports, strict=True))

    before = sqrt(total(lambda r: r.before["logits"] ** 2))
    after = sqrt(total(lambda r: r.after["logits"] ** 2))
    dot = total(lambda r: r.before["logits"] * r.after["logits"] * r.cosine["logits"])
    clipped = sum(share * r.clipped["logits"] for share, r in zip(shares, reports, strict=True))
    into.put("logits", before, after, 0.0, clipped, cosine(dot, before, after))
