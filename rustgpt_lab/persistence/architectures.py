"""The models of other people: what files call their sizes and tensors, and our layers for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ..errors import FileError
from ..layers import Layer, family
from ..network import Network
from ..optim.adam import Adam
from ..parameters import Param, walk
from ..tokenizers import BytePairs, ChatForm, Tokenizer
from .convert import Parts
from .numbers import Tensor
from .reader import as_file_error, inside
from .schema import MAX_LAYERS, MAX_POSITIONS, as_matrix

GPT2, LLAMA = "gpt2", "llama"
HUGGING_FACE, GGUF = 0, 1
"""Who calls the tensors so: the columns of these tables."""

# fmt: off
OUTSIDE: dict[str, dict[str, tuple[str, str]]] = {
    GPT2: {
        "first.token_embeddings": ("wte.weight", "token_embd.weight"),
        "second.positional_embeddings": ("wpe.weight", "position_embd.weight"),
        "norm.gamma": ("ln_f.weight", "output_norm.weight"), "norm.beta": ("ln_f.bias", "output_norm.bias"),
    },
    LLAMA: {
        "first.token_embeddings": ("model.embed_tokens.weight", "token_embd.weight"),
        "norm.gamma": ("model.norm.weight", "output_norm.weight"),
        "output.w_out": ("lm_head.weight", "output.weight"),
    },
}
BLOCK: dict[str, tuple[str, str]] = {GPT2: ("h.{}.", "blk.{}."), LLAMA: ("model.layers.{}.", "blk.{}.")}
INSIDE: dict[str, dict[str, tuple[str, str]]] = {
    GPT2: {
        "attention.0.gamma": ("ln_1.weight", "attn_norm.weight"), "attention.0.beta": ("ln_1.bias", "attn_norm.bias"),
        "attention.1.w_q": ("attn.c_attn.weight 0/3", "attn_qkv.weight 0/3"),
        "attention.1.w_k": ("attn.c_attn.weight 1/3", "attn_qkv.weight 1/3"),
        "attention.1.w_v": ("attn.c_attn.weight 2/3", "attn_qkv.weight 2/3"),
        "attention.1.b_q": ("attn.c_attn.bias 0/3", "attn_qkv.bias 0/3"),
        "attention.1.b_k": ("attn.c_attn.bias 1/3", "attn_qkv.bias 1/3"),
        "attention.1.b_v": ("attn.c_attn.bias 2/3", "attn_qkv.bias 2/3"),
        "attention.1.w_o": ("attn.c_proj.weight", "attn_output.weight"),
        "attention.1.b_o": ("attn.c_proj.bias", "attn_output.bias"),
        "network.0.gamma": ("ln_2.weight", "ffn_norm.weight"), "network.0.beta": ("ln_2.bias", "ffn_norm.bias"),
        "network.1.w1": ("mlp.c_fc.weight", "ffn_up.weight"), "network.1.b1": ("mlp.c_fc.bias", "ffn_up.bias"),
        "network.1.w2": ("mlp.c_proj.weight", "ffn_down.weight"), "network.1.b2": ("mlp.c_proj.bias", "ffn_down.bias"),
    },
    LLAMA: {
        "attention.0.gamma": ("input_layernorm.weight", "attn_norm.weight"),
        "attention.1.w_q": ("self_attn.q_proj.weight", "attn_q.weight"),
        "attention.1.w_k": ("self_attn.k_proj.weight", "attn_k.weight"),
        "attention.1.w_v": ("self_attn.v_proj.weight", "attn_v.weight"),
        "attention.1.w_o": ("self_attn.o_proj.weight", "attn_output.weight"),
        "network.0.gamma": ("post_attention_layernorm.weight", "ffn_norm.weight"),
        "network.1.w_gate": ("mlp.gate_proj.weight", "ffn_gate.weight"),
        "network.1.w_up": ("mlp.up_proj.weight", "ffn_up.weight"),
        "network.1.w_down": ("mlp.down_proj.weight", "ffn_down.weight"),
    },
}
# fmt: on
"""Our parameter -> their tensor; "1/3" is the second third of it, counted along what comes out."""


@dataclass(frozen=True)
class Sizes:
    """What a model of a family is, whoever wrote it down.

    Attributes:
        rope: which pairs of numbers its file has for rotary positions: "adjacent" or "halves".
        turned: whether its matrices lie (out, in), the transpose of ours.
        naming: HUGGING_FACE or GGUF.
    """

    family: str
    naming: int
    vocab_size: int
    d: int
    hidden: int
    blocks: int
    max_seq_len: int
    heads: int
    epsilon: float
    turned: bool = True
    kv_heads: int | None = None
    rope: str = "halves"
    rope_base: float = 10000.0
    tied: bool = True

    def layers(self) -> list[Layer]:
        """Our layers of these sizes.

        Raises:
            FileError: there can be none.
        """
        options: dict[str, Any] = {"heads": self.heads}
        if self.family == LLAMA:
            options |= {name: getattr(self, name) for name in ("kv_heads", "rope", "rope_base", "tied")}
        for name, most in (("blocks", MAX_LAYERS // 4), ("max_seq_len", MAX_POSITIONS)):
            if getattr(self, name) > most:
                raise FileError("setting", path=name, expected=f"at most {most}", got=getattr(self, name))
        for name in ("epsilon", "rope_base"):
            if not 0 < getattr(self, name) < 1 << 40:
                raise FileError("setting", path=name, expected="a number above 0", got=getattr(self, name))
        sizes = self.vocab_size, self.d, self.hidden, self.blocks, self.max_seq_len
        with as_file_error("setting"):
            layers = family(self.family, *sizes, **options)
            parts = [layer for _, layer in walk(layers)]
        for layer in parts:
            if hasattr(layer, "epsilon"):
                layer.epsilon = self.epsilon
        return layers

    def sources(self, layers: list[Layer]) -> Iterator[tuple[str, Param, str, int, int]]:
        """For each of our parameters: its name, what it is, their tensor, and which part of how many parts of it."""
        first = 2 if self.family == GPT2 else 1
        places = {"first": "0", "second": "1", "norm": f"{len(layers) - 2}", "output": f"{len(layers) - 1}"}
        theirs = {_placed(name, places): called[self.naming] for name, called in OUTSIDE[self.family].items()}
        for i in range(self.blocks):
            places = {"attention": f"{first + 2 * i}", "network": f"{first + 2 * i + 1}"}
            block = BLOCK[self.family][self.naming].format(i)
            for name, called in INSIDE[self.family].items():
                theirs[_placed(name, places)] = block + called[self.naming]
        for place, layer in walk(layers):
            for field, param in layer.parameters().items():
                if not param.tied_to:
                    tensor, _, part = theirs[f"{place}.{field}"].partition(" ")
                    index, _, count = part.partition("/")
                    yield f"{place}.{field}", param, tensor, int(index or 0), int(count or 1)


def _placed(name: str, places: Mapping[str, str]) -> str:
    layer, _, field = name.partition(".")
    return f"{places[layer]}.{field}"


def read_model(
    sizes: Sizes, vocab: Tokenizer, tensors: dict[str, Tensor], data: Any, max_bytes: int, extra: set[str]
) -> Parts:
    """A model of the numbers in a file, each decoded straight into its place.

    Nothing is allocated before the tensors are known to be those of the model.

    Args:
        data: the file's bytes.
        max_bytes: the most that the weights may take as float32.
        extra: names of tensors that add nothing.

    Raises:
        FileError: a tensor is missing, of another shape, or one too many; a number is not finite.
    """
    layers = sizes.layers()
    if sizes.vocab_size != len(vocab):
        raise FileError(
            "shape", path="vocab_size", expected=f"{len(vocab)}, as the tokenizer has", got=sizes.vocab_size
        )
    sources = list(sizes.sources(layers))
    for _, param, tensor, _, count in sources:
        _check_shape(tensors, tensor, shape_there(param, sizes.turned, count))
    if surplus := tensors.keys() - {tensor for *_, tensor, _, _ in sources} - extra:
        remedy = "The model computes something with it that this library does not."
        raise FileError("surplus tensor", path=min(surplus), got=tensors[min(surplus)].shape, remedy=remedy)
    nbytes = 4 * sum(tensors[name].count for name in {tensor for *_, tensor, _, _ in sources})
    if nbytes > max_bytes:
        raise FileError("bomb", expected=f"at most {max_bytes:,} bytes", got=f"{nbytes:,} as float32")
    network = Network(layers, seed=None, max_seq_len=sizes.max_seq_len)
    for name, param, tensor, index, count in sources:
        target = network.weights[name]
        with inside(tensor):
            _fill(target.T if is_turned(param, sizes.turned) else target, tensors[tensor], data, index, count)
    return Parts(vocab, network, Adam(network.parameters))


def is_turned(param: Param, turned: bool) -> bool:
    """Whether a parameter lies there the other way round: a matrix that rows are multiplied by, and no table."""
    return turned and param.unit_axis == 0


def shape_there(param: Param, turned: bool, count: int) -> tuple[int, ...]:
    rows, columns = as_matrix(param.shape)
    if rows == 1 and param.unit_axis is None:
        return (columns * count,)
    return (columns * count, rows) if is_turned(param, turned) else (rows, columns * count)


def _check_shape(tensors: dict[str, Tensor], name: str, shape: tuple[int, ...]) -> None:
    if name not in tensors:
        raise FileError("missing tensor", path=name, expected=f"a tensor of shape {shape}")
    if tensors[name].shape != shape:
        raise FileError("shape", path=name, expected=shape, got=tensors[name].shape)


def _fill(target: Any, tensor: Tensor, data: Any, index: int, count: int) -> None:
    """Copy a part of a tensor, of `count` along what comes out, into the window of a parameter."""
    rows, columns = target.shape
    by_rows = tensor.rows == rows * count and tensor.columns == columns  # else the parts lie side by side
    start = index * rows if by_rows else 0
    left = 0 if by_rows else index * columns
    for a, b, piece in tensor.pieces(data, start, start + rows):
        target[a - start : b - start] = piece[:, left : left + columns]


def byte_pairs(
    form: dict[str, Any], special: dict[str, str], template: str, end: int | None = None
) -> BytePairs:
    """The tokenizer of a `tokenizer.json`, with the marks that its chat form names, and that form, if there is one.

    Args:
        end: the id that ends an answer, where another than the mark `eos_token` does; one beyond the vocabulary is
            never said.

    Raises:
        FileError: it is not one that the library knows as byte pairs, or has parts that we do not take from strangers.
    """
    with as_file_error("tokenizer", "."):
        pairs = BytePairs.from_json(orjson.dumps(form).decode(), special.get("eos_token", ""))
    if end is not None and 0 <= end < len(pairs) and (mark := pairs.backend.id_to_token(end)):
        pairs.end, pairs.end_text = end, mark
    if template:
        pairs.chat = ChatForm(template, special)
    return pairs
