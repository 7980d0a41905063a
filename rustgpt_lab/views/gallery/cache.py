"""What a model keeps of the words that it has read: keys and values, for as many heads as have their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ShapeError
from ...parameters import walk
from ...tokenizers import ids_of
from ..anatomy import ATTENTION
from ..base import Table, View
from ..style import ACCENT, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM


@dataclass(frozen=True)
class CacheData:
    """The sizes of a cache.

    Attributes:
        words: the T tokens of a text.
        layers: how many layers have a part of it.
        heads: H, how many heads look.
        kv_heads: K, how many have keys and values of their own.
        width: h, of a key and of a value.
        itemsize: bytes of a number.
        most: words that the model can see.
    """

    words: tuple[str, ...]
    layers: int
    heads: int
    kv_heads: int
    width: int
    itemsize: int
    most: int

    def nbytes(self, words: int, kv_heads: int) -> int:
        """Of keys and values in all layers, after some words, if so many heads have their own."""
        return 2 * words * self.layers * kv_heads * self.width * self.itemsize

    @property
    def other(self) -> int:
        """With which number of key heads the model is compared: one each, or if that is what it has, a quarter."""
        return self.heads if self.kv_heads < self.heads else next(
            k for k in range(max(self.heads // 4, 1), self.heads + 1) if self.heads % k == 0
        )  # fmt: skip


def cache_of(llm: LLM, text: str) -> CacheData:
    """Read the sizes off a model.

    Raises:
        ShapeError: it has no attention, or its layers keep different sizes.
        TextError: the model cannot read the text.
    """
    layers = [layer for _, layer in walk(llm.network) if isinstance(layer, ATTENTION)]
    sizes: set[tuple[Any, ...]] = {
        (getattr(layer, "heads", 1), getattr(layer, "kv_heads", 1), getattr(layer, "width", layer.d_in))
        for layer in layers
    }
    if len(sizes) != 1:
        expected = "layers with equally many heads"
        raise ShapeError("there is no one cache to show", where="network", expected=expected, got=sizes)
    [(heads, kv_heads, width)] = sizes
    words = tuple(llm.vocab.pieces(ids_of(text, llm.vocab, llm.max_seq_len)))
    return CacheData(
        words, len(layers), heads, kv_heads, width, llm.parameters.flat.itemsize, llm.max_seq_len
    )


class Cache(View):
    """The live picture; `cache` makes it."""

    name = "cache"
    title = "Cache: what is kept of every word"
    data: CacheData

    def __init__(self, llm: LLM, text: str):
        self.llm = llm
        super().__init__(cache_of(llm, text))

    @property
    def sentence(self) -> str:
        data, count = self.data, len(self.data.words)
        here, there = (data.nbytes(count, k) for k in (data.kv_heads, data.other))
        more = "" if data.other == data.kv_heads else f"; with {data.other} it would be {there:,}"
        return (
            f"After {count} words, {_heads(data.kv_heads)} of {data.width} numbers in {data.layers} layers "
            f"keep {here:,} bytes{more}."
        )

    def figure(self) -> Figure:
        data = self.data
        counts = np.arange(data.most + 1)

        def draw(figure: Any, ax: Any) -> None:
            for k, colour in {data.other: INKS["before"], data.kv_heads: ACCENT}.items():
                ax.plot(counts, counts * data.nbytes(1, k) / 1000, color=colour, linewidth=2)
                name = f"{_heads(k)} for {data.heads}"
                ax.text(
                    data.most, data.nbytes(data.most, k) / 1000, name, ha="right", va="bottom", color=colour
                )
            ax.set(xlabel="words read", ylabel="memory, in kB", xlim=(0, data.most))
            ax.set_ylim(0, 1.15 * data.nbytes(data.most, max(data.other, data.kv_heads)) / 1000)

        return plot(draw, 9, 3.6)

    def table(self) -> Table:
        data = self.data
        shown = sorted({1, len(data.words), data.most})
        kinds = [k for k in range(1, data.heads + 1) if data.heads % k == 0]
        rows = [(k, *(f"{data.nbytes(count, k):,}" for count in shown)) for k in kinds]
        return Table(("heads with keys", *(f"bytes after {n} words" for n in shown)), rows)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "other": self.data.other}


def _heads(count: int) -> str:
    return f"{count} key head" + ("s" if count != 1 else "")


def cache(llm: LLM, text: str) -> Cache:
    """What a model keeps of the words that it has read: move the slider, and see its memory fill up word by word.

    Beside it stands what it would keep if more, or fewer, of its heads shared keys and values; choose how many.

    Args:
        llm: a model.
        text: what it reads.

    Raises:
        ShapeError: the network has no attention, or its layers keep different sizes.
        TextError: the model cannot read the text.
    """
    return Cache(llm, text)
