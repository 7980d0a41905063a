"""The gradients of a run, in a few numbers for each unit: enough to tell what any clipping would do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..batch import Batch
from ..llm import LLM
from ..numerics import Array
from ..optim.clipping import AGC_EPSILON
from ..optim.report import norm, unit_axis
from ..training import Training


@dataclass(frozen=True)
class Gradient:
    """The gradient of one batch of B sequences, by the U units of P parameters (see `optim.clipping`).

    Attributes:
        first: (P,) the place of each parameter's first unit.
        sizes: (U,) how many numbers a unit has.
        central: (U,) whether centralization takes the mean away from it.
        squares, sums: (U,) of its numbers: the sum of their squares, and of themselves.
        weights: (U,) the norm of its weights.
        logits: (B,) the norm of each sequence's own gradient of the logits.
        entries: (B,) how many numbers that gradient has.
        products: (P, B, B) the inner products of what each sequence adds to a parameter's gradient.
    """

    first: NDArray[np.intp]
    sizes: NDArray[np.intp]
    central: NDArray[np.bool_]
    squares: Array
    sums: Array
    weights: Array
    logits: Array
    entries: NDArray[np.intp]
    products: Array


@dataclass(frozen=True)
class Effect:
    """What a clipping does to one gradient, by parameter, then the logits.

    Attributes:
        before, after: (P + 1,) squares of the norms.
        products: (P + 1,) inner products of the gradients before and after.
        clipped: (P + 1,) the fraction of the units that are made shorter, in [0, 1].
    """

    before: Array
    after: Array
    products: Array
    clipped: Array


def record(training: Training, steps: int) -> list[Gradient]:
    """Take the next steps of a run that does not shuffle, and note the gradient of each."""
    found, size = [], training.config.batch_size
    for _ in range(steps):
        place = training.state.position
        found.append(gradient_of(training.llm, training.sequences[place : place + size]))
        training.step()
    return found


def gradient_of(llm: LLM, batch: Sequence[Sequence[int]]) -> Gradient:
    """The gradient of a batch's mean loss, sequence by sequence."""
    parts, logits, entries = [], [], []

    network = llm.network
    for ids in batch:
        alone = Batch.to_learn([ids])
        _, dlogits, caches = network.loss(alone)
        logits.append(norm(dlogits))
        entries.append(dlogits.size)
        network.backward(dlogits, caches, alone)
        parts.append(network.gradients.flat / len(batch))
    edges = np.cumsum([weights.size for weights in llm.parameters.values()])[:-1]
    each = np.split(np.stack(parts), edges, axis=1)
    axes = [unit_axis(llm.parameters, name) for name in llm.parameters]
    weights = [_by_unit(array, axis) for array, axis in zip(llm.parameters.values(), axes, strict=True)]
    units = [
        _by_unit(part.sum(axis=0).reshape(array.shape), axis)
        for part, array, axis in zip(each, llm.parameters.values(), axes, strict=True)
    ]
    counts = [len(unit) for unit in units]
    return Gradient(
        first=np.cumsum([0, *counts[:-1]]),
        sizes=np.repeat([unit.shape[1] for unit in units], counts),
        central=np.repeat([axis is not None for axis in axes], counts),
        squares=np.concatenate([_squares(unit) for unit in units]),
        sums=np.concatenate([unit.sum(axis=1, dtype=float) for unit in units]),
        weights=np.sqrt(np.concatenate([_squares(unit) for unit in weights])),
        logits=np.array(logits),
        entries=np.array(entries),
        products=np.stack([part @ part.T for part in each]).astype(float),
    )


def _by_unit(array: Array, axis: int | None) -> Array:
    """The numbers of each unit as a row."""
    return array.reshape(1, -1) if axis is None else array.T if axis == 0 else array


def _squares(units: Array) -> Array:
    return np.einsum("un,un->u", units, units).astype(float)


def at_parameters(gradient: Gradient, method: str, threshold: float) -> Effect:
    """What L2 clipping, AGC, or AGC after centralization ("adaptive") does to a gradient."""
    kept = gradient.squares
    if method == "adaptive":  # |g - mean|² = |g|² - (sum of g)² / n = g·(g - mean)
        kept = np.maximum(kept - np.where(gradient.central, gradient.sums**2 / gradient.sizes, 0), 0)
    if method == "l2":
        factor = np.full(len(kept), _factor(threshold, np.sqrt(kept.sum())))
    else:
        factor = _factor(threshold * np.maximum(gradient.weights, AGC_EPSILON), np.sqrt(kept))
    columns = np.stack(
        [gradient.squares, factor**2 * kept, factor * kept, (factor < 1) & (kept > 0), np.ones_like(kept)]
    )
    before, after, products, clipped, units = np.add.reduceat(columns, gradient.first, axis=1)
    logits = (gradient.logits**2).sum() / len(gradient.logits) ** 2
    before, after, products = (np.append(column, logits) for column in (before, after, products))
    return Effect(before, after, products, np.append(clipped / units, 0))


def at_logits(gradient: Gradient, method: str, threshold: float) -> Effect:
    """What is left of a gradient when RustGPT has clipped, for each sequence, that of the logits.

    Its centralization changes nothing: the rows of p - y sum to 0.
    """
    limit = threshold if method == "l2" else threshold * np.sqrt(gradient.entries)
    factor = _factor(limit, gradient.logits)
    logits = (gradient.logits / len(factor)) ** 2
    one = np.ones_like(factor)
    before, after, products = (
        np.append(np.einsum("i,pij,j->p", left, gradient.products, right), logits @ (left * right))
        for left, right in ((one, one), (factor, factor), (one, factor))
    )
    return Effect(before, after, products, np.append(np.zeros(len(gradient.products)), (factor < 1).mean()))


def _factor(limit: Array | float, length: Array) -> Array:
    """By what a vector is multiplied so that it is no longer than a limit."""
    return np.divide(limit, length, out=np.ones_like(length), where=length > limit)
