"""A real model's file, byte by byte: every block of bytes, and the numbers that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from ...files import mapped
from ...numerics import Array
from ...persistence import MAX_BYTES, Node, describe
from ...persistence.gguf import read_header
from ...persistence.numbers import Kind
from ..base import View
from .model_file import ModelFile, turned

FORM = "gguf"
SHOWN = 6
"""Numbers of a block that are written out."""


class GGUFFile(ModelFile):
    """The live view of a GGUF file. It is not loaded anew for a turned bit: the block that changed is decoded."""

    def __init__(self, path: str | PathLike[str]):
        data, tree = mapped(path, MAX_BYTES), describe(path)
        tree.name = Path(path).name
        self._tensors = read_header(data).tensors
        self._files = {FORM: (data, tree)}
        first = min((tensor.offset for tensor in self._tensors.values()), default=0)
        View.__init__(self, self._look(FORM, first, ()))

    def _judge(
        self, form: str, at: int, trail: Sequence[Node], changed: Sequence[tuple[int, int]]
    ) -> tuple[bool, str]:
        tensor = self._tensors.get(trail[-1].name)
        if tensor is None:
            return True, "It is no number of the model."
        kind = tensor.kind
        first = at - (at - tensor.offset) % kind.nbytes
        block = self._files[form][0][first : first + kind.nbytes]
        old, new = (_numbers(kind, bytes(data)) for data in (block, turned(block, first, changed)))
        count = f"{kind.size} numbers" if kind.size > 1 else "one number"
        some = ", ".join(f"{number:.4g}" for number in old[:SHOWN]) + ", …" * (kind.size > SHOWN)
        said = f"Bytes {first} to {first + kind.nbytes - 1} are {count} of kind {kind.name}: {some}."
        differ = np.flatnonzero(~(old == new))
        if not differ.size:
            return True, said
        i = differ[0]
        return True, f"{said} With the turned bits {differ.size} differ: {old[i]:.4g} is now {new[i]:.4g}."


def _numbers(kind: Kind, block: bytes) -> Array:
    """What a block of bytes stands for."""
    found = np.empty((1, kind.size), np.float32)
    with np.errstate(all="ignore"):
        kind.decode(np.frombuffer(block, np.uint8)[None], found)
    return found[0]
