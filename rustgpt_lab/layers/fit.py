"""Whether layers fit together: looked at once, when a network is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..errors import ShapeError
from ..parameters import walk
from .base import Layer


def check_layers(layers: Sequence[Layer]) -> None:
    """Refuse layers that cannot be a network.

    Raises:
        ShapeError: two of them do not fit together; one belongs to a network already, or stands here twice.
    """
    seen: set[int] = set()
    for name, layer in walk(layers):
        if id(layer) in seen or hasattr(layer, "p"):
            raise ShapeError(
                "this layer stands here twice"
                if id(layer) in seen
                else "this layer belongs to a model already",
                where=f"network[{name}] ({type(layer).__name__})",
                remedy="Make a new one, and copy the weights: new.parameters.flat[:] = old.parameters.flat.",
            )
        seen.add(id(layer))
        _check_widths(layer.layers, f"{name}.")
        if layer.layers and layer.d_in != layer.d_out:
            raise ShapeError(
                "what goes around these layers does not fit what comes out of them",
                where=f"network[{name}] ({type(layer).__name__})",
                expected=f"width {layer.d_in}",
                got=layer.d_out,
            )
    _check_widths(layers, "")


def _check_widths(layers: Sequence[Layer], outside: str) -> None:
    for i, (before, layer) in enumerate(pairwise(layers), 1):
        if layer.d_in != before.d_out:
            expected = f"a layer that takes width {before.d_out}, as the layer before it gives"
            got = "one that takes ids" if layer.d_in is None else f"one that takes {layer.d_in}"
            where = f"network[{outside}{i}] ({type(layer).__name__})"
            raise ShapeError("two layers do not fit together", where=where, expected=expected, got=got)


def check_words(layers: Sequence[Layer], count: int) -> None:
    """Refuse layers that were made for another number of words.

    Raises:
        ShapeError: one of them.
    """
    for name, layer in walk(layers):
        if (size := getattr(layer, "vocab_size", count)) != count:
            raise ShapeError(
                "a layer and the vocabulary do not fit together",
                where=f"network[{name}] ({type(layer).__name__})",
                expected=f"{count} words, as in the vocabulary",
                got=size,
            )


def check_reads(layers: Sequence[Layer], most: int | None, count: int) -> int:
    """How many positions a network sees, if it can read ids and scores `count` words.

    Raises:
        ShapeError: it cannot.
    """
    if not layers or layers[0].d_in is not None or layers[-1].d_out != count or most is None:
        raise ShapeError(
            "this network cannot read text",
            where="network",
            expected=f"Embeddings first, and a last layer that gives {count} scores, one for every word",
            got=[type(layer).__name__ for layer in layers],
        )
    return most
