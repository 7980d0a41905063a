"""Several heads look at once, each for something of its own."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from ..errors import ShapeError
from ..numerics import Array, causal, softmax, times_transposed
from .base import Batch, Cache, KeyValues, Layer, Param, register, small
from .rotary import rotate, turns

TILE = 64
"""Rows of scores that are computed together when a long text is learned from; what they may not see is left out."""


@register(tag=10)
class MultiHeadAttention(Layer):
    """concat(softmax(q k^T / sqrt(h)) v of every head) w_o, causal, (N, d) -> (N, d), no residual.

    Vaswani et al. 2017, section 3.2.2; with h = d / heads the width of a head. It has three parts, `project`, `attend`
    and `merge`; between them, one may hand in scores or weights of one's own. First values N(0, 0.02), as in GPT-2.

    Args:
        d: the width of a row.
        heads: H, how many there are.
        kv_heads: K, how many have keys and values; each serves H / K heads (Ainslie et al. 2023). By default H.
        rope: whether queries and keys are turned by their position, and which pairs of them (see `rotary.rotate`):
            None, "adjacent" or "halves".
        rope_base: of the angles.
        bias: whether b_q, b_k, b_v and b_o are added.

    Raises:
        ShapeError: the heads do not share d, or the keys, evenly; there is no such `rope`.
    """

    rowwise = False
    axes: ClassVar = {"q": "BHTd", "k": "BHSd", "v": "BHSd", "scores": "BHTS", "weights": "BHTS"}

    def __init__(
        self,
        d: int,
        heads: int = 8,
        kv_heads: int | None = None,
        rope: str | None = None,
        rope_base: float = 10000.0,
        bias: bool = False,
    ):
        self.d = self.d_in = self.d_out = d
        self.heads, self.kv_heads = heads, heads if kv_heads is None else kv_heads
        self.rope, self.rope_base, self.bias = rope, rope_base, bias
        self._check()
        self.width = d // heads
        self.scale = 1 / max(self.width, 1) ** 0.5

    def _check(self) -> None:
        got = f"d={self.d}, heads={self.heads}, kv_heads={self.kv_heads}"
        if self.heads < 1 or self.d % self.heads:
            raise ShapeError("the heads cannot share a row evenly", expected="heads that divide d", got=got)
        if self.kv_heads < 1 or self.heads % self.kv_heads:
            expected = "kv_heads that divide heads"
            raise ShapeError("the heads cannot share keys evenly", expected=expected, got=got)
        if self.rope not in (None, "adjacent", "halves"):
            expected = 'None, "adjacent" or "halves"'
            raise ShapeError("pairs cannot be rotated so", where="rope", expected=expected, got=self.rope)
        if self.rope and self.d // self.heads % 2:
            raise ShapeError("a head cannot be cut into pairs", expected="d / heads even", got=got)

    def parameters(self) -> dict[str, Param]:
        d, shared = self.d, self.kv_heads * self.width
        widths = {"q": d, "k": shared, "v": shared, "o": d}
        matrices = {f"w_{name}": Param((d, width), small, unit_axis=0) for name, width in widths.items()}
        biases = {f"b_{name}": Param((1, width)) for name, width in widths.items()}
        return matrices | (biases if self.bias else {})

    def project(self, x: Array, batch: Batch) -> tuple[Array, Array, Array]:
        """Rows (N, d) -> queries (B, H, T, h), keys and values (B, K, T, h)."""
        q, k, v = (self._times(x, name).reshape(len(x), -1, self.width) for name in "qkv")
        if self.rope:
            cos, sin = turns(batch.positions, self.width, self.rope_base, x.dtype)
            q, k = rotate(q, cos, sin, self.rope), rotate(k, cos, sin, self.rope)
        return _by_head(q, batch), _by_head(k, batch), _by_head(v, batch)

    def attend(self, q: Array, k: Array) -> Array:
        """Queries (B, H, T, h) and keys (B, K, S, h) -> scores (B, H, T, S); no mask yet."""
        scores = self._grouped(q) @ k[:, :, None].mT
        scores *= self.scale
        return _apart(scores)

    def mix(self, weights: Array, v: Array) -> Array:
        """Weights (B, H, T, S) and values (B, K, S, h) -> what every head found, (B, H, T, h)."""
        return _apart(self._grouped(weights) @ v[:, :, None])

    def merge(self, x: Array, weights: Array, v: Array, batch: Batch) -> Array:
        """Weights (B, H, T, S) and values (B, K, S, h) -> the output (N, d)."""
        return self._times(_by_row(self.mix(weights, v), batch), "o")

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        q, k, v = self.project(x, batch)
        if past is not None:
            k, v = past.extend(self, k, v)  # now (B, K, S, h), with those before
        context, weights = np.empty_like(q), []
        for rows, seen in _tiles(batch, k.shape[2]):
            scores = causal(self.attend(q[:, :, rows], k[:, :, :seen]))
            if past is not None:
                past.hide_gaps(scores)
            weights.append(softmax(scores))
            context[:, :, rows] = self.mix(weights[-1], v[:, :, :seen])
        found = _by_row(context, batch)  # (N, d)
        cache = Cache(x=x, q=q, k=k, v=v, found=found, tiles=weights)
        if len(weights) == 1:
            cache.scores, cache.weights = scores, weights[0]
        return self._times(found, "o"), cache

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        dfound = self._back(dy, c.found, "o").reshape(len(dy), self.heads, self.width)
        dcontext = _by_head(dfound, batch)
        dq, dk, dv = np.empty_like(c.q), np.zeros_like(c.k), np.zeros_like(c.v)
        for (rows, seen), weights in zip(_tiles(batch, c.k.shape[2]), c.tiles, strict=True):
            q, w, d = (self._grouped(array) for array in (c.q[:, :, rows], weights, dcontext[:, :, rows]))
            dv[:, :, :seen] += _joined(w.mT @ d)
            dscores = d @ c.v[:, :, None, :seen].mT
            dscores -= np.vecdot(dscores, w)[..., None]
            dscores *= w  # back through softmax
            dscores *= self.scale
            dq[:, :, rows] = _apart(dscores @ c.k[:, :, None, :seen])
            dk[:, :, :seen] += _joined(dscores.mT @ q)
        dq, dk, dv = (batch.rows(array.swapaxes(1, 2)) for array in (dq, dk, dv))  # (N, heads, h)
        if self.rope:
            cos, sin = turns(batch.positions, self.width, self.rope_base, dy.dtype)
            dq, dk = rotate(dq, cos, -sin, self.rope), rotate(dk, cos, -sin, self.rope)
        dx = self._back(dq.reshape(len(dy), -1), c.x, "q")
        dx += self._back(dk.reshape(len(dy), -1), c.x, "k")
        dx += self._back(dv.reshape(len(dy), -1), c.x, "v")
        return dx

    def _times(self, x: Array, name: str) -> Array:
        """x w + b, with one of the four matrices."""
        y = x @ self.p[f"w_{name}"]
        if self.bias:
            y += self.p[f"b_{name}"]
        return y

    def _back(self, dy: Array, x: Array, name: str) -> Array:
        """The way back through x w + b: sets both gradients, and returns that of x."""
        np.matmul(x.T, dy, out=self.g[f"w_{name}"])
        if self.bias:
            dy.sum(axis=0, out=self.g[f"b_{name}"][0])
        return times_transposed(dy, self.p[f"w_{name}"])

    def _grouped(self, array: Array) -> Array:
        """(B, H, T, n) -> (B, K, H / K, T, n): the heads that share a key stand together."""
        return array.reshape(len(array), self.kv_heads, -1, *array.shape[2:])


def _apart(array: Array) -> Array:
    """(B, K, H / K, T, n) -> (B, H, T, n)."""
    return array.reshape(len(array), -1, *array.shape[3:])


def _joined(array: Array) -> Array:
    """(B, K, H / K, T, n) -> (B, K, T, n): what each head gives to the key or value that it shares."""
    return array[:, :, 0] if array.shape[2] == 1 else array.sum(axis=2)


def _by_head(rows: Array, batch: Batch) -> Array:
    """(N, heads, h) -> (B, heads, T, h)."""
    return batch.pad(rows).swapaxes(1, 2)


def _by_row(array: Array, batch: Batch) -> Array:
    """(B, heads, T, h) -> (N, heads h)."""
    rows = batch.rows(array.swapaxes(1, 2))
    return rows.reshape(len(rows), -1)


def _tiles(batch: Batch, columns: int) -> Iterator[tuple[slice, int]]:
    """Rows that are computed together, and how many of the S columns the last of them may see.

    All at once, so that there is something to show, unless the batch is there to be learned from.
    """
    height = TILE if hasattr(batch, "targets") else max(batch.longest, 1)
    for start in range(0, batch.longest, height):
        end = min(start + height, batch.longest)
        yield slice(start, end), columns - batch.longest + end
