"""While it learns, the network must do without some of its numbers, and so cannot lean on single ones."""

from ..errors import ShapeError
from ..numerics import Array
from .base import Batch, Cache, KeyValues, Layer, register


@register(tag=14)
class Dropout(Layer):
    """x with a random part set to 0 and the rest divided by 1 - rate, (N, d) -> (N, d) (Srivastava et al. 2014).

    In a training step alone: `batch.rng` is drawn from, which is there in no other batch. A step's generator follows
    from the seed and the step's number, so that a run that was rewound or resumed drops the same numbers again.

    Args:
        d: the width of a row.
        rate: the share that is dropped, from 0 to less than 1.

    Raises:
        ShapeError: the rate is another number.
    """

    def __init__(self, d: int, rate: float):
        self.d = self.d_in = self.d_out = d
        self.rate = rate
        if not 0 <= rate < 1:
            expected = "a number from 0 to less than 1"
            raise ShapeError("a share cannot be dropped", where="Dropout", expected=expected, got=rate)

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        if batch.rng is None or not self.rate:
            return x, Cache()
        kept = (batch.rng.random(x.shape, "f4") >= self.rate) / x.dtype.type(1 - self.rate)
        return x * kept, Cache(kept=kept)

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        return dy * c.kept if hasattr(c, "kept") else dy
