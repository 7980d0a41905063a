"""Tensors of other programs' files: their numbers as float32, a piece at a time, from where they lie in the file.

A kind of number says how many make a block, how many bytes a block has, and how blocks become float32. Those of
llama.cpp are described in ggml's `ggml-common.h`; the few that are common are decoded here, in place, the others by
the gguf package, which llama.cpp's own people keep.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..errors import FileError
from ..numerics import Array

PIECE = 1 << 17
"""Numbers that are decoded at a time: they stay in the processor's cache until they are in their place."""


@dataclass(frozen=True)
class Kind:
    """A kind of number: `decode` turns blocks, (n, nbytes) of bytes, into float32, (n, size), in place."""

    name: str
    size: int
    nbytes: int
    decode: Callable[[Any, Array], None]


def _plain(name: str, dtype: str) -> Kind:
    def decode(blocks: Any, out: Array) -> None:
        out[...] = blocks.view(dtype)

    return Kind(name, 1, np.dtype(dtype).itemsize, decode)


def _bf16(blocks: Any, out: Array) -> None:
    """The upper half of a float32."""
    np.left_shift(blocks.view("<u2"), np.uint32(16), out=out.view(np.uint32), dtype=np.uint32)


def _q8_0(blocks: Any, out: Array) -> None:
    """A scale, float16, and 32 whole numbers of 8 bits."""
    np.multiply(blocks[:, 2:].view(np.int8), _half(blocks, 0), out=out)


def _q4_0(blocks: Any, out: Array) -> None:
    """A scale, and 32 whole numbers of 4 bits, less 8."""
    _nibbles(blocks[:, 2:], out)
    out -= 8
    out *= _half(blocks, 0)


def _q4_1(blocks: Any, out: Array) -> None:
    """A scale, a least value, and 32 whole numbers of 4 bits."""
    _nibbles(blocks[:, 4:], out)
    out *= _half(blocks, 0)
    out += _half(blocks, 2)


def _half(blocks: Any, at: int) -> Array:
    return blocks[:, at : at + 2].copy().view("<f2").astype(np.float32)


def _nibbles(packed: Any, out: Array) -> None:
    """(n, 16) bytes -> (n, 32): the lower halves of all, then the upper."""
    out[:, :16], out[:, 16:] = packed & 15, packed >> 4


F32, F16, BF16 = _plain("F32", "<f4"), _plain("F16", "<f2"), Kind("BF16", 1, 2, _bf16)
GGML = {
    0: F32, 1: F16, 30: BF16,
    2: Kind("Q4_0", 32, 18, _q4_0), 3: Kind("Q4_1", 32, 20, _q4_1), 8: Kind("Q8_0", 32, 34, _q8_0),
}  # fmt: skip
"""llama.cpp's numbers for the kinds that are decoded here."""


def ggml_kind(number: int) -> Kind:
    """The kind that a GGUF file calls by a number.

    Raises:
        FileError: nobody knows it.
    """
    if number in GGML:
        return GGML[number]
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize

    try:
        kind = GGMLQuantizationType(number)
        size, nbytes = GGML_QUANT_SIZES[kind]
        dequantize(np.zeros((1, nbytes), np.uint8), kind)
    except (ValueError, KeyError, NotImplementedError) as error:
        known = ", ".join(each.name for each in GGML.values())
        raise FileError("tensor type", expected=f"{known}, or another of gguf's", got=number) from error

    def decode(blocks: Any, out: Array) -> None:
        out[...] = dequantize(blocks, kind)

    return Kind(kind.name, size, nbytes, decode)


@dataclass(frozen=True)
class Tensor:
    """Where a file keeps a tensor: its shape, rows first, its kind of number, and the byte at which it begins."""

    shape: tuple[int, ...]
    kind: Kind
    offset: int

    @property
    def columns(self) -> int:
        return self.shape[-1]

    @property
    def rows(self) -> int:
        return self.count // self.columns

    @property
    def count(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.count // self.kind.size * self.kind.nbytes

    def pieces(self, data: Any, start: int, stop: int) -> Iterator[tuple[int, int, Array]]:
        """Its rows from `start` to `stop` as (first row, last and one, float32); each piece overwrites the one before.

        Raises:
            FileError: a number is not finite.
        """
        kind, width = self.kind, self.columns // self.kind.size  # blocks in a row
        step = max(1, min(PIECE // self.columns, stop - start))
        room = np.empty((step * width, kind.size), np.float32)
        for a in range(start, stop, step):
            b = min(a + step, stop)
            blocks = np.frombuffer(
                data, np.uint8, (b - a) * width * kind.nbytes, self.offset + a * width * kind.nbytes
            ).reshape(-1, kind.nbytes)
            out = room[: len(blocks)]
            with np.errstate(all="ignore"):  # what is not finite is found below
                kind.decode(blocks, out)
                finite = np.isfinite(np.vdot(out, out)) or np.isfinite(out).all()
            if not finite:
                raise FileError("not finite", offset=self.offset, got=f"in rows {a} to {b - 1}")
            yield a, b, out.reshape(b - a, -1)
