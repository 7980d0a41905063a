"""How the gradient flows back through a model: what arrives at each layer, and what each hands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...batch import Batch
from ...numerics import Array
from ..anatomy import RESIDUAL, blocks_of
from ..base import Table, View
from ..style import CATEGORIES, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

FLOW = CATEGORIES[5]


@dataclass(frozen=True)
class LayerFlow:
    """What the gradient does at one layer; all are norms, over all positions.

    Attributes:
        title: its place and class.
        block: from 1; 0 for a layer before the first or after the last.
        arrives: of the gradient of its output.
        leaves: of the gradient of its input; None where that is ids.
        branch: where the output is the input plus something, what the way through the layer adds to it; else None.
        parameters: name -> the norm of its gradient.
    """

    title: str
    block: int
    arrives: float
    leaves: float | None
    branch: float | None
    parameters: dict[str, float]

    @property
    def weights(self) -> float:
        """The norm of the gradient of all its parameters."""
        return float(np.hypot.reduce([0.0, *self.parameters.values()]))


@dataclass(frozen=True)
class GradientFlowData:
    """One backward pass.

    Attributes:
        text: what the model learns from here.
        words: how many tokens go in.
        loss: in nats.
        logits: the norm of the gradient of the logits, where it begins.
        layers: from the first to the last.
    """

    text: str
    words: int
    loss: float
    logits: float
    layers: tuple[LayerFlow, ...]


def _norm(x: Array) -> float:
    return float(np.linalg.norm(x.astype(np.float64)))


def gradient_flow_of(llm: LLM, text: str) -> GradientFlowData:
    """Go back through a model for one text; no step is taken.

    Raises:
        DataError: the text cannot be learned from.
    """
    network, blocks = llm.network, blocks_of(llm.network)
    batch = Batch.to_learn(llm.sequences([text]))
    flows: list[LayerFlow] = []
    with llm.lock:  # a training's step has its gradients in the same memory
        loss, dlogits, caches = network.loss(batch)
        network.gradients  # noqa: B018 - asked for, so that every layer has its `g`
        dy: Any = dlogits
        begins = _norm(dlogits)
        for i in reversed(range(len(network))):
            arrived = dy.copy()
            dy = network[i].backward(dy, caches.pop(), batch)
            own = {name: g for name, g in network.gradients.items() if name.startswith(f"{i}.")}
            flows.append(
                LayerFlow(
                    title=f"{i} {type(network[i]).__name__}",
                    block=blocks[i],
                    arrives=_norm(arrived),
                    leaves=None if dy is None else _norm(dy),
                    branch=_norm(dy - arrived) if isinstance(network[i], RESIDUAL) else None,
                    parameters={name.partition(".")[2]: _norm(g) for name, g in own.items()},
                )
            )
    return GradientFlowData(text, len(batch.ids), loss, begins, tuple(reversed(flows)))


class GradientFlow(View):
    """The live graph; `gradient_flow` makes it."""

    name = "gradient_flow"
    title = "The gradient flows back: what each layer hands on"
    alone = True
    data: GradientFlowData

    @property
    def sentence(self) -> str:
        layers = self.data.layers
        growth = {layer.title: (layer.leaves or 0.0) / (layer.arrives or 1.0) for layer in layers}
        most = max(growth, key=growth.__getitem__)
        first, grows = (f"layer {title.replace(' ', ', ')}," for title in (layers[0].title, most))
        return (
            f"A loss of {self.data.loss:.3g}: the gradient leaves it with a norm of {self.data.logits:.3g} and arrives "
            f"at {first} with {layers[0].arrives:.3g}; {grows} hands on {growth[most]:.3g} times what arrives there, "
            f"more than any other."
        )

    def figure(self) -> Figure:
        layers = self.data.layers
        rows = range(len(layers))

        def draw(figure: Any, axes: Any) -> None:
            flow, weights = axes
            for i, layer in enumerate(layers):
                if layer.leaves is not None:
                    flow.plot([layer.arrives, layer.leaves], [i, i - 1], "o-", color=FLOW, markersize=5)
                if layer.branch is not None:
                    flow.plot(layer.branch, i - 0.5, "o", color=FLOW, fillstyle="none", markersize=6)
            flow.set_xscale("log")
            flow.set_yticks(rows, [layer.title for layer in layers], parse_math=False)
            flow.set(ylim=(len(layers) - 0.5, -0.8), xlabel="norm of the gradient (log scale)")
            flow.set_title("of each layer's output; rings: what the way through adds")
            weights.barh(rows, [layer.weights for layer in layers], color=FLOW)
            for i, layer in enumerate(layers):
                weights.text(layer.weights, i, f" {layer.weights:.2g}", va="center", color=INKS["text"])
            weights.set(ylim=flow.get_ylim(), yticks=[], xlabel="norm", title="of each layer's weights")

        return plot(draw, 11, 0.3 * len(layers) + 1, ncols=2)

    def table(self) -> Table:
        def shown(norm: float | None) -> str:
            return "" if norm is None else f"{norm:.3g}"

        headings = ("layer", "arrives", "goes on", "through the layer", "at its weights", "each")
        rows = [
            (
                layer.title,
                *map(shown, (layer.arrives, layer.leaves, layer.branch, layer.weights)),
                ", ".join(f"{name} {norm:.2g}" for name, norm in layer.parameters.items()),
            )
            for layer in self.data.layers
        ]
        return Table(headings, rows)

    def state(self) -> dict[str, Any]:
        data = self.data
        layers = [
            {**vars(layer), "weights": layer.weights, "parameters": [*layer.parameters.items()]}
            for layer in data.layers
        ]
        return {"words": data.words, "loss": data.loss, "logits": data.logits, "layers": layers}


def gradient_flow(llm: LLM, text: str) -> GradientFlow:
    """The gradient of the loss on its way back through the layers, played step by step; the model stays as it is.

    Every number is the norm of a real gradient: of what arrives at a layer, of what it hands on, of what the way
    through it adds where there is one around it (a residual), and of each of its weights.

    Args:
        llm: a model.
        text: what it would learn from.

    Raises:
        DataError: the text cannot be learned from.
    """
    return GradientFlow(gradient_flow_of(llm, text))
