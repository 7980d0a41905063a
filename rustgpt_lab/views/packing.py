"""Arrays on their way to the browser: raw bytes beside their shape, never JSON numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

WIRE = {"f": np.float32, "i": np.int32, "u": np.uint8, "b": np.uint8}
"""What an array of each kind is sent as: NumPy's kind letter -> dtype."""


@dataclass(frozen=True)
class Quantised:
    """Numbers rounded to 255 even steps between `low` and `high`, one byte each, for large pictures.

    Attributes:
        levels: uint8, one axis or more; the value is low + level * (high - low) / 255.
        low, high: finite.
    """

    levels: np.ndarray
    low: float
    high: float

    @classmethod
    def of(cls, array: np.ndarray, low: float | None = None, high: float | None = None) -> Quantised:
        """Round to the nearest step; the range is the array's own unless it is given."""
        low = float(array.min()) if low is None else low
        high = float(array.max()) if high is None else high
        scale = 255 / ((high - low) or 1.0)
        levels = np.empty(array.shape, np.uint8)
        for i, row in enumerate(array):  # so that what is in between stays in the processor's cache
            levels[i] = np.clip((row - low) * scale + 0.5, 0, 255)  # uint8 cuts off the fraction
        return cls(levels, low, high)


def pack(value: Any) -> Any:
    """What the browser's `unpack` reads: every array in nested dicts and lists becomes a dict with a buffer.

    Floats are sent as float32, whole numbers as int32, `Quantised` as uint8 with its range.
    """
    if isinstance(value, Quantised):
        return {**_packed(value.levels), "low": value.low, "high": value.high}
    if isinstance(value, np.ndarray):
        return _packed(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: pack(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [pack(item) for item in value]
    return value


def _packed(array: np.ndarray) -> dict[str, Any]:
    sent = np.ascontiguousarray(array, WIRE[array.dtype.kind])
    return {"shape": list(array.shape), "dtype": sent.dtype.name, "buffer": sent.tobytes()}
