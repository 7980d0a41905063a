"""A text that stays on the disk: its ids lie in a memory map, and a model learns from one stretch after the other."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from os import PathLike
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from ..errors import DataError
from ..texts import WHITE_SPACE
from .base import Tokenizer

PIECE = 1 << 15
"""Bytes that are read at a time."""
_SEAM = re.compile(rf"(?<=[^{WHITE_SPACE}])(?=[{WHITE_SPACE}])")


class LongText(Sequence[list[int]]):
    """The sequences that a file of plain text falls into, for `llm.train` in place of a list of texts.

    The text is one: neither blank lines nor `</s>` between its paragraphs are added or taken for an end. Each sequence
    has `length` + 1 ids and begins with the last id of the one before, so that every id but the first is predicted
    once. What is left at the end and fills no sequence is not learned from.

    The ids are written to a temporary file, piece by piece, and mapped into memory: of a file of any size, no more than
    the sequences of a batch are ever held. The system removes the file when this object is gone.

    Args:
        path: a text file in UTF-8.
        tokenizer: that of the model that is to learn from it.
        length: the positions of a sequence, at most as many as the model can see.

    Raises:
        DataError: the file cannot be read, is not UTF-8, or has no `length` + 1 ids.

    >>> text = LongText("book.txt", llm.vocab, length=64)  # doctest: +SKIP
    >>> learn, held_out = text.split(0.05)  # doctest: +SKIP
    >>> llm.train(learn, epochs=1, learning_rate=1e-3, batch_size=16, shuffle=True)  # doctest: +SKIP
    >>> loss = llm.loss(held_out)  # the perplexity is exp(loss)  # doctest: +SKIP
    """

    def __init__(self, path: str | PathLike[str], tokenizer: Tokenizer, length: int):
        if length < 1:
            raise DataError("sequences would be empty", where="length", expected="1 or more", got=length)
        self.tokenizer, self.length, self.name = tokenizer, length, str(path)
        digest = hashlib.sha256(str(length).encode())
        kind = np.uint16 if len(tokenizer) <= 1 << 16 else np.uint32
        count = 0
        with TemporaryFile() as file:  # the map outlives it
            for text in _pieces(self.name):
                ids = np.array(tokenizer.encode(text), kind)
                digest.update(ids.tobytes())
                file.write(ids.tobytes())
                count += len(ids)
            file.flush()
            self.start, self.stop = 0, (count - 1) // length
            if self.stop < 1:
                expected = f"at least {length + 1} tokens that the vocabulary knows"
                raise DataError("this text is too short", where=self.name, expected=expected, got=count)
            self.ids: Any = np.memmap(file, kind, mode="r")
        self._sum = digest.hexdigest()

    def split(self, share: float) -> tuple[LongText, LongText]:
        """The text in two: what to learn from, and the last `share` of it, which is held out.

        Raises:
            DataError: one of them would have no sequence.
        """
        middle = self.stop - round(share * len(self))
        if not self.start < middle < self.stop:
            got = f"{share} of {len(self)} sequences"
            raise DataError("this cannot be split so", where=self.name, expected="a part for both", got=got)
        first, second = copy(self), copy(self)
        first.stop = second.start = middle
        return first, second

    @property
    def sha256(self) -> str:
        """Of the ids and of where the sequences begin and end: two that are alike learn alike."""
        return hashlib.sha256(f"{self._sum} {self.start} {self.stop}".encode()).hexdigest()

    def require(self, tokenizer: Tokenizer, most: int) -> LongText:
        """The text itself, if a model with this tokenizer can learn from its sequences, of at most `most` ids.

        Raises:
            DataError: it cannot.
        """
        if self.length >= most:
            expected = f"a length of at most {most - 1}"
            raise DataError(
                "the sequences are longer than the model can see", expected=expected, got=self.length
            )
        if self.tokenizer is not tokenizer and self.tokenizer != tokenizer:
            remedy = "Make the LongText with llm.vocab."
            raise DataError("these are another tokenizer's ids", where=self.name, remedy=remedy)
        return self

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, row: Any) -> Any:
        """A sequence of ids, or of a slice a list of them."""
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        start = (self.start + row % len(self)) * self.length
        return self.ids[start : start + self.length + 1].tolist()

    def __repr__(self) -> str:
        return f"LongText({self.name}: {len(self):,} sequences of {self.length} + 1 ids)"


Texts = Iterable[str] | LongText
"""What a model learns from."""


def _pieces(name: str) -> Iterator[str]:
    """The text of a file, cut before white space: there no word ends up in two pieces, and no pair of bytes either."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest, read = "", 0
    try:
        with open(name, "rb") as file:
            while data := file.read(PIECE):
                text = rest + decoder.decode(data)
                read += len(data)
                *_, cut = [0, *(seam.start() for seam in _SEAM.finditer(text, max(0, len(text) - 1000)))]
                cut = cut or (len(text) if len(text) > 4 * PIECE else 0)  # a script without spaces
                rest = text[cut:]
                yield text[:cut]
            yield rest + decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        where = f"{name}, near byte {read + error.start}"
        raise DataError(
            "this is not UTF-8", where=where, got=f"byte 0x{error.object[error.start]:02x}"
        ) from error
    except OSError as error:
        what = f"cannot read this text: {error.strerror or error}"
        raise DataError(what, where=name, remedy="Check the path.") from error
