"""The form of a model file, written once, as data. Names and order are RustGPT's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..layers import Embeddings, FeedForward, Layer, LayerNorm, OutputProjection, SelfAttention
from .kinds import Enum, Map, Matrix, Option, Scalar, Seq, Source, Struct, Texts, Tuple, require_count

MAX_LAYERS = 10_000
MAX_WORDS = 1 << 20
"""A stranger's file cannot ask for more: a layer or a word takes far more room in memory than it may take in a file."""


@dataclass(frozen=True)
class Setting(Scalar):
    """A scalar that a layer keeps as an attribute."""

    attribute: str


@dataclass(frozen=True)
class Adam(Struct):
    """The optimizer's state of one parameter of the layer."""

    parameter: str


class Activations(Option):
    """What RustGPT's last forward pass left behind: read, checked and dropped; never written."""

    def read(self, source: Source) -> None:
        matrix = super().read(source)
        if matrix is not None:
            require_count(matrix["dim"], sum(piece.size for piece in matrix["data"].pieces()))


USIZE, F32, STRING = Scalar("usize"), Scalar("f32"), Scalar("string")
MATRIX = Matrix({"v": Scalar("version"), "dim": Tuple((USIZE, USIZE)), "data": Scalar("floats")})
ACTIVATIONS = Activations(MATRIX)


def adam(parameter: str) -> Adam:
    """Adam's state of a parameter of the layer."""
    return Adam(
        {"beta1": F32, "beta2": F32, "epsilon": F32, "timestep": USIZE, "m": MATRIX, "v": MATRIX}, parameter
    )


@dataclass(frozen=True)
class LayerForm(Struct):
    """The form of a layer: its fields, and how to make an empty layer of the right sizes from what was read.

    A field that is a matrix is the parameter of that name. A new kind of layer is one more of these in `LAYERS`.
    """

    make: Callable[[dict[str, Any]], Layer]


LAYERS: dict[str, LayerForm] = {
    "Embeddings": LayerForm(
        {
            "token_embeddings": MATRIX,
            "positional_embeddings": MATRIX,
            "cached_input": ACTIVATIONS,
            "token_optimizer": adam("token_embeddings"),
            "positional_optimizer": adam("positional_embeddings"),
        },
        lambda f: Embeddings(
            f["token_embeddings"]["dim"][0],
            f["token_embeddings"]["dim"][1],
            f["positional_embeddings"]["dim"][0],
        ),
    ),
    "SelfAttention": LayerForm(
        {
            "embedding_dim": Setting("usize", "d"),
            "w_q": MATRIX,
            "w_k": MATRIX,
            "w_v": MATRIX,
            "cached_input": ACTIVATIONS,
            "optimizer_w_q": adam("w_q"),
            "optimizer_w_k": adam("w_k"),
            "optimizer_w_v": adam("w_v"),
        },
        lambda f: SelfAttention(f["embedding_dim"]),
    ),
    "FeedForward": LayerForm(
        {
            "w1": MATRIX,
            "b1": MATRIX,
            "w2": MATRIX,
            "b2": MATRIX,
            "input": ACTIVATIONS,
            "hidden_pre_activation": ACTIVATIONS,
            "hidden_post_activation": ACTIVATIONS,
            "optimizer_w1": adam("w1"),
            "optimizer_b1": adam("b1"),
            "optimizer_w2": adam("w2"),
            "optimizer_b2": adam("b2"),
        },
        lambda f: FeedForward(*f["w1"]["dim"]),
    ),
    "LayerNorm": LayerForm(
        {
            "epsilon": Setting("f32", "epsilon"),
            "gamma": MATRIX,
            "beta": MATRIX,
            "cached_input": ACTIVATIONS,
            "cached_mean": ACTIVATIONS,
            "cached_std": ACTIVATIONS,
            "optimizer_gamma": adam("gamma"),
            "optimizer_beta": adam("beta"),
        },
        lambda f: LayerNorm(f["gamma"]["dim"][1], f["epsilon"]),
    ),
    "OutputProjection": LayerForm(
        {
            "w_out": MATRIX,
            "b_out": MATRIX,
            "optimizer": adam("w_out"),
            "cached_input": ACTIVATIONS,
        },
        lambda f: OutputProjection(*f["w_out"]["dim"]),
    ),
}
"""In the order of the enum's tags: RustGPT's own kinds are 0 to 4, and 5 is the first that it does not know."""

MODEL = Struct(
    {
        "vocab": Struct(
            {
                "encode": Map(STRING, USIZE, MAX_WORDS),
                "decode": Map(USIZE, STRING, MAX_WORDS),
                "words": Texts(STRING, MAX_WORDS),
            }
        ),
        "network": Seq(Enum(LAYERS), MAX_LAYERS),
    }
)
