"""Where a word stands is added to what it is: a learned vector for every position, as in GPT-2."""

from ..numerics import Array
from .base import Batch, Cache, KeyValues, Layer, Param, register, small


@register(tag=9)
class PositionEmbeddings(Layer):
    """x + P[positions], (N, d) -> (N, d) (Gehring et al. 2017, section 3.1; Radford et al. 2018, section 3.1).

    Args:
        max_seq_len: the number of positions that have a vector.
        d: the width of a row.
    """

    def __init__(self, max_seq_len: int, d: int):
        self.max_seq_len = max_seq_len
        self.d = self.d_in = self.d_out = d

    def parameters(self) -> dict[str, Param]:
        return {"positional_embeddings": Param((self.max_seq_len, self.d), small, unit_axis=1)}

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        position = self.p.positional_embeddings[batch.positions]  # (N, d)
        return x + position, Cache(position=position)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        self.g.positional_embeddings[...] = 0
        batch.pad(dy).sum(axis=0, out=self.g.positional_embeddings[: batch.longest])
        return dy
