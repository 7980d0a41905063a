"""Decimal numbers as the float32 that is nearest to them."""

from decimal import Decimal

import numpy as np

from ..numerics import Array


def nearest_float32(wide: Array, text: bytes) -> Array:
    """Numbers that were read as float64, rounded to float32 as if read as float32.

    Rounding twice goes wrong where the first rounding lands in the middle between two float32: 7.038531e-26 is the
    shortest text of a float32, its float64 lies in the middle, and the second rounding would take the other neighbour.
    There, the exact number decides.

    Args:
        wide: (n,) float64.
        text: the n numbers, with commas between them.
    """
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    surplus = wide.view(np.uint64) & 0x1FFFFFFF  # the 29 bits that float32 has not
    doubtful = surplus == 0x10000000  # a one and zeros: the middle
    tiny = np.abs(wide) < np.finfo(np.float32).tiny  # there, float32 has still fewer bits
    if tiny.any():
        step = float(np.finfo(np.float32).smallest_subnormal)
        doubtful |= tiny & (np.abs(wide) / step % 1 == 0.5)
    if doubtful.any():
        texts = text.split(b",")
        for i in np.flatnonzero(doubtful):
            exact, middle = Decimal(texts[i].decode()), Decimal(float(wide[i]))
            if exact != middle and (exact > middle) == (narrow[i] < wide[i]):
                narrow[i] = np.nextafter(narrow[i], np.float32("inf" if exact > middle else "-inf"))
    return narrow
