"""The model as a diagram: its layers with their shapes and parameters, and what flows through them for a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...layers import Layer
from ...numerics import Array
from ..anatomy import RESIDUAL, blocks_of
from ..base import Table, View
from ..style import ACCENT, CATEGORIES, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

BINS = 24
"""Of each small histogram."""
COUNTED = 1 << 17
"""Of a larger array, so many numbers, in even steps, are enough for its spread and its histogram."""
AUTHORS = {"you": CATEGORIES[2], "half you": CATEGORIES[1], "the course": INKS["before"]}
"""Who wrote a layer -> its colour, as in js/network.js."""


@dataclass(frozen=True)
class ArrayData:
    """An array in a few numbers.

    Attributes:
        name: as in the trace, or the parameter's.
        shape: its sizes.
        mean, std, low, high: of its finite entries; NaN if there are none.
        hidden: how many entries are -inf, as scores are behind the causal mask.
        histogram: (BINS,) counts of the finite entries, in even steps from `low` to `high`.
    """

    name: str
    shape: tuple[int, ...]
    mean: float
    std: float
    low: float
    high: float
    hidden: int
    histogram: NDArray[np.integer]


@dataclass(frozen=True)
class LayerData:
    """A layer of the diagram.

    Attributes:
        name: its class.
        summary: what it does, the first line of its docstring.
        block: the number of the block that it belongs to, from 1; 0 for a layer before the first or after the last.
        residual: whether its output is its input plus something.
        size: how many parameters it has.
        gives: the width of a row of its output.
        parameters, trace: its weights, and what it computed.
        author: of a model in which a learner's functions are: "you", "half you" or "the course"; else "".
    """

    name: str
    summary: str
    block: int
    residual: bool
    size: int
    gives: int
    parameters: tuple[ArrayData, ...]
    trace: tuple[ArrayData, ...]
    author: str = ""


@dataclass(frozen=True)
class NetworkData:
    """A model, and what flows through it for one text of T tokens.

    Attributes:
        text: as it was given.
        words: its tokens.
        layers: from the first to the last.
        size: how many parameters there are in all.
    """

    text: str
    words: tuple[str, ...]
    layers: tuple[LayerData, ...]
    size: int


def array_of(name: str, array: Array) -> ArrayData:
    """The few numbers of an array of whole or real numbers."""
    is_finite = np.isfinite(array)
    finite = (array if is_finite.all() else array[is_finite]).reshape(-1)
    hidden = array.size - finite.size
    if not finite.size:
        nothing = float("nan")
        return ArrayData(
            name, array.shape, nothing, nothing, nothing, nothing, hidden, np.zeros(BINS, np.intp)
        )
    mean, low, high = float(finite.mean(dtype=np.float64)), float(finite.min()), float(finite.max())
    part = finite[:: -(-finite.size // COUNTED)].astype(np.float64)
    histogram, _ = np.histogram(part, BINS, (low, high))
    return ArrayData(name, array.shape, mean, float(part.std()), low, high, hidden, histogram)


def network_of(llm: LLM, text: str) -> NetworkData:
    """Look at a model while it reads a text.

    Raises:
        TextError: the model cannot read the text.
    """
    trace = llm.trace(text)
    blocks = blocks_of(llm.network)
    ours = "the course" if any(hasattr(layer, "written_by") for layer in llm.network) else ""

    def layer_of(i: int, layer: Layer) -> LayerData:
        return LayerData(
            name=type(layer).__name__,
            summary=(type(layer).__doc__ or "").strip().partition("\n")[0],
            block=blocks[i],
            residual=isinstance(layer, RESIDUAL),
            size=sum(array.size for array in layer.p.values()),
            gives=layer.d_out,
            parameters=tuple(array_of(name, array) for name, array in layer.p.items()),
            trace=tuple(
                array_of(name.partition(".")[2], array)
                for name, array in trace.items()
                if name.startswith(f"{i}.")
            ),
            author=getattr(layer, "written_by", ours),
        )

    return NetworkData(
        text,
        tuple(llm.vocab.pieces(llm.tokenize(text))),
        tuple(layer_of(i, layer) for i, layer in enumerate(llm.network)),
        sum(weights.size for weights in llm.parameters.values()),
    )


class Network(View):
    """The live diagram; `network` makes it."""

    name = "network"
    title = "Network: the layers, and what flows through them"
    data: NetworkData

    def __init__(self, llm: LLM, text: str):
        self.llm = llm
        super().__init__(network_of(llm, text))

    @property
    def sentence(self) -> str:
        data = self.data
        largest = max(range(len(data.layers)), key=lambda i: data.layers[i].size)
        layer, blocks = data.layers[largest], max(layer.block for layer in data.layers)
        shape = f"{len(data.layers)} layers" + (f" ({blocks} block{'s' * (blocks > 1)})" if blocks else "")
        return (
            f"{shape} with {data.size:,} parameters; the largest, layer {largest} ({layer.name}), "
            f"has {layer.size / data.size:.0%} of them.{self._authors()}"
        )

    def _authors(self) -> str:
        authors = [layer.author for layer in self.data.layers]
        if not any(authors):
            return ""
        whole, half = authors.count("you"), authors.count("half you")
        return f" {whole} of the layers are yours, {half} half yours, and {len(authors) - whole - half} the course's."

    def figure(self) -> Figure:
        layers, length = self.data.layers, len(self.data.words)
        rows, largest = len(layers), max(1, *(layer.size for layer in layers))

        def draw(figure: Any, ax: Any) -> None:
            ax.set(xlim=(0, 100), ylim=(rows - 0.5, -1.05))
            ax.set_axis_off()
            for i, layer in enumerate(layers):
                inside = (
                    {"facecolor": ACCENT, "alpha": 0.1}
                    if layer.block % 2
                    else {"facecolor": INKS["before"], "alpha": 0.15}
                )
                ax.add_patch(_box(8, i - 0.36, 26, 0.72, **inside))
                ax.text(9.5, i, f"{i}  {layer.name}", va="center")
                if layer.author:
                    ax.add_patch(_box(33, i - 0.36, 1, 0.72, facecolor=AUTHORS[layer.author]))
                    ax.text(32.5, i, layer.author, va="center", ha="right", color=INKS["muted"])
                ax.text(36, i, f"({length}, {layer.gives})", va="center", color=INKS["muted"])
                shapes = ", ".join(
                    f"{array.name} {'×'.join(map(str, array.shape))}" for array in layer.parameters
                )
                ax.text(46, i, shapes, va="center")
                ax.barh(i, 10 * layer.size / largest, 0.4, left=90, color=ACCENT)
                ax.text(89, i, f"{layer.size:,}", va="center", ha="right")
                if i + 1 < rows:
                    ax.annotate(
                        "",
                        (21, i + 0.64),
                        (21, i + 0.36),
                        arrowprops={"arrowstyle": "-|>", "color": INKS["before"], "shrinkA": 0, "shrinkB": 0},
                    )
                if layer.residual:
                    ax.plot(
                        [21, 6, 6, 21],
                        [i - 0.5, i - 0.5, i + 0.5, i + 0.5],
                        color=ACCENT,
                        linewidth=1.2,
                        zorder=0,
                    )
                if layer.block and (i == 0 or layers[i - 1].block != layer.block):
                    ax.text(0, i, f"block {layer.block}", va="center", color=INKS["muted"])
            heads = (
                (8, "left", "layer"),
                (36, "left", "output"),
                (46, "left", "parameters"),
                (89, "right", "count"),
            )
            for x, side, head in heads:
                ax.text(x, -0.7, head, ha=side, color=INKS["muted"])

        return plot(draw, 13, 0.36 * rows + 0.4)

    def table(self) -> Table:
        authored = any(layer.author for layer in self.data.layers)
        rows = [
            (
                i,
                layer.name,
                "".join(f"{array.name} {array.shape} " for array in layer.parameters).strip(),
                layer.size,
                *[layer.author] * authored,
            )
            for i, layer in enumerate(self.data.layers)
        ]
        return Table(("index", "layer", "parameters", "count", *["written by"] * authored), rows)

    def state(self) -> dict[str, Any]:
        """All histograms travel as one array, and each array says which row of it is its own."""
        histograms: list[NDArray[np.integer]] = []

        def plain(array: ArrayData) -> dict[str, Any]:
            histograms.append(array.histogram)
            return {**vars(array), "histogram": len(histograms) - 1}

        layers = [
            {**vars(layer), **{kind: [*map(plain, getattr(layer, kind))] for kind in ("parameters", "trace")}}
            for layer in self.data.layers
        ]
        return {**super().state(), "layers": layers, "histograms": np.stack(histograms)}

    def llms(self) -> Sequence[LLM]:
        return [self.llm]

    def answer(self, question: str) -> NetworkData:
        return network_of(self.llm, question)


def _box(x: float, y: float, width: float, height: float, **look: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, **look)


def network(llm: LLM, text: str) -> Network:
    """The model as a diagram, drawn from the object itself: choose a layer to see its weights and its trace.

    Every array comes with its shape, its mean, standard deviation and range, and a small histogram.

    Args:
        llm: a model.
        text: what it reads, for the arrays that flow through it.
    """
    return Network(llm, text)
