"""What RustGPT can read of all that this library can write."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from ..layers import Embeddings, Layer
from .schema import RUSTGPT, kind_of

POSITIONS = 80
"""RustGPT takes every other size from the file, but this one is compiled in: with another it panics."""


class Summary(str):
    """What was saved, in a sentence; a cell that ends with it shows it without quotes."""

    __repr__ = str.__str__


def rustgpt_reads(network: Sequence[Layer], path: str | PathLike[str]) -> str:
    """Whether RustGPT reads a network from a file of this name: "yes", or "no: " and why not.

    >>> rustgpt_reads([Embeddings(6, 8, 120)], "model.bin")
    'no: 120 positions, and RustGPT has 80 compiled in'
    """
    if Path(path).suffix.lower() not in (".bin", ".json"):
        return "no: it reads .bin and .json, and nothing compressed"
    for layer in network:
        if (kind := kind_of(layer).__name__) not in RUSTGPT:
            return f"no: a layer of kind {kind}, which it does not know"
        if isinstance(layer, Embeddings) and layer.max_seq_len != POSITIONS:
            return f"no: {layer.max_seq_len} positions, and RustGPT has {POSITIONS} compiled in"
    return "yes"
