"""The few numerical building blocks that everything else shares."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
_FUTURES: dict[str, Array] = {}


def softmax(scores: Array, out: Array | None = None) -> Array:
    """Turn scores into probabilities along the last axis: exp(s_i) / sum_j exp(s_j).

    Scores (..., n) are finite, or -inf for probability 0, but not all of a row; `out` may be `scores` itself.
    The row's maximum is taken away first: it changes nothing in the quotient, and exp can no longer overflow
    (Goodfellow, Bengio and Courville 2016, section 4.1).

    >>> softmax(np.log([[1.0, 3.0]]))
    array([[0.25, 0.75]])
    """
    p = np.subtract(scores, np.maximum.reduce(scores, -1, keepdims=True, initial=-np.inf), out=out)
    np.exp(p, out=p)
    p /= np.add.reduce(p, -1, keepdims=True)
    return p


def causal(scores: Array) -> Array:
    """Hide the future: set the score of every later position to -inf, in place (Vaswani et al. 2017, section 3.2.3).

    Scores (..., T, S): a row for each position that looks, the last T of the S that are looked at.
    """
    rows, columns = scores.shape[-2:]
    if rows > 1:  # a single row is the last position: it has no future
        scores[..., columns - rows :] += _future(rows, scores.dtype)
    return scores


def _future(length: int, dtype: np.dtype) -> Array:
    """(T, T), -inf above the diagonal and 0 elsewhere: a corner of the largest one that was asked for so far."""
    mask = _FUTURES.get(dtype.char)
    if mask is None or len(mask) < length:
        mask = _FUTURES[dtype.char] = np.triu(np.full((length, length), -np.inf, dtype), k=1)
    return mask[:length, :length]


def times_transposed(a: Array, w: Array) -> Array:
    """a @ w.T, (N, out) and (in, out) -> (N, in): what a gradient does at every weight, on its way back.

    For few rows as the transpose of w @ a.T, which is the same: BLAS is faster so.
    """
    return np.ascontiguousarray((w @ a.T).T) if len(a) < 48 else a @ w.T


@cache
def averaging(d: int, dtype: np.dtype) -> Array:
    """(d, 1), each 1 / d: x @ averaging is the mean of every row of x, (N, 1), faster than by `mean`."""
    return np.full((d, 1), 1 / d, dtype)


def cross_entropy(logits: Array, targets: NDArray[np.integer]) -> tuple[Array, Array]:
    """How surprised the model is by each target, and its probabilities; **overwrites `logits`**.

    Scores (N, V) and the ids (N,) of the words that really came -> losses (N,), -ln p[target] >= 0, in nats: ln V for a
    model that knows nothing; and the probabilities (N, V), in the memory of `logits`.
    """
    logits -= logits.max(axis=-1, keepdims=True)
    at_target = logits[np.arange(len(targets)), targets]
    probabilities = np.exp(logits, out=logits)
    sums = probabilities.sum(axis=-1)
    probabilities /= sums[:, None]
    return np.log(sums) - at_target, probabilities
