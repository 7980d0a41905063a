"""What RustGPT calls adaptive clipping, where RustGPT does it: for comparison, not for use."""

from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

from ..batch import Batch
from ..numerics import Array
from .clipping import AdaptiveClippingConfig, Clipping, as_config
from .report import norm


@dataclass(frozen=True)
class RustGPTLogitClipping(Clipping):
    """It acts on each sequence's gradient of the logits, (p - y) / T of shape (T, V), not on any parameter's.

    - It takes the mean away from every row, although the rows of p - y sum to 0 already.
    - With `use_agc` it scales the matrix so that the root of its mean square is at most `agc_threshold`; no
      weight's norm is asked for, so this is not AGC.
    - Else it shortens the matrix to a norm of at most `l2_threshold`, but it is no longer than sqrt(2 / T).
    """

    config: AdaptiveClippingConfig = field(default_factory=AdaptiveClippingConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", as_config(self.config))

    def at_logits(self, dlogits: Array, batch: Batch) -> None:
        config = self.config
        for start, end in pairwise([0, *batch.lengths.cumsum().tolist()]):
            rows = dlogits[start:end]
            if config.use_centralization:
                rows -= rows.mean(axis=1, keepdims=True)
            length = norm(rows) * batch.size  # the batch's mean divided every sequence's gradient
            limit = config.agc_threshold * sqrt(rows.size) if config.use_agc else config.l2_threshold
            if length > limit:
                rows *= limit / length
