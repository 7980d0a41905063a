"""Models that the browser computes by itself (`js/model`): which ones, and how they get there."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from ..layers import Embeddings, FeedForward, LayerNorm, OutputProjection, SelfAttention
from ..tokenizers import Vocab

if TYPE_CHECKING:
    from ..llm import LLM

MOST = 4_000_000
"""Parameters of all models of a view; the kernel answers for more."""


@dataclass(frozen=True)
class Portable:
    """A model as it is now, on its way to the browser.

    Attributes:
        key: the same for the same model: a page keeps each once.
        description: the key, the words and the layers, as `js/model/network.js` reads them.
        weights: all of them in their order, as float32.
    """

    key: str
    description: dict[str, Any]
    weights: bytes


_KNOWN: WeakValueDictionary[str, Portable] = (
    WeakValueDictionary()
)  # several views of a model hold its weights once
_CARRIERS: dict[
    str, tuple[str, str]
] = {}  # key -> the cell that wrote the model into its output, and in which run


def portable(llms: Sequence[LLM]) -> list[Portable]:
    """The models of a view, if the browser can compute them all, else none: nothing else decides who answers."""
    small = sum(llm.parameters.flat.size for llm in llms) <= MOST
    return [_packed(llm) for llm in llms] if small and all(map(_is_known, llms)) else []


def _is_known(llm: LLM) -> bool:
    kinds = [type(layer) for layer in llm.network]
    return (
        isinstance(llm.vocab, Vocab)
        and kinds[0] is Embeddings
        and kinds[-1] is OutputProjection
        and {*kinds[1:-1]} <= {SelfAttention, FeedForward, LayerNorm}
    )


def _packed(llm: LLM) -> Portable:
    layers = [
        {
            "name": type(layer).__name__,
            "parameters": {name: array.shape for name, array in layer.p.items()},
            **({"epsilon": layer.epsilon} if isinstance(layer, LayerNorm) else {}),
        }
        for layer in llm.network
    ]
    words = llm.vocab.pieces(range(len(llm.vocab)))
    description = {"layers": layers, "words": words, "max_seq_len": llm.max_seq_len}
    weights = llm.parameters.flat.astype(np.float32).tobytes()
    key = blake2b(json.dumps(description).encode() + weights, digest_size=12).hexdigest()
    if (known := _KNOWN.get(key)) is None:
        known = _KNOWN[key] = Portable(key, {"key": key, **description}, weights)
    return known


def on_page(models: Sequence[Portable]) -> str:
    """HTML with the models that no other cell's output carries: an exported page has each of them once.

    A cell that runs again carries what it carried; if it was deleted, the views that need its models stay still.
    """
    cell, run = _cell()
    html = ""
    for model in {model.key: model for model in models}.values():
        if _CARRIERS.get(model.key, (cell, ""))[0] == cell and _CARRIERS.get(model.key) != (cell, run):
            _CARRIERS[model.key] = cell, run
            sent = {**model.description, "weights": base64.b64encode(model.weights).decode()}
            text = json.dumps(sent).replace("<", "\\u003c")
            html += f'<script type="application/json" data-rl-model="{model.key}">{text}</script>'
    return html


def _cell() -> tuple[str, str]:
    """The cell that runs, by its id, or by its code where nothing knows the id; and the id of this run of it."""
    from IPython import get_ipython

    asked = getattr(get_ipython(), "parent_header", {}) or {}
    cell = asked.get("metadata", {}).get("cellId") or asked.get("content", {}).get("code", "")
    return cell, asked.get("header", {}).get("msg_id", "")
