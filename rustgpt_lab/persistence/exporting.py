"""A model written as one of Hugging Face's folders, in the form that `huggingface` reads."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from ..errors import FileError
from ..files import access_error, atomic_write
from ..layers import Layer, TiedOutput
from ..layers.modern import Dropout, MultiHeadAttention
from ..network import Network
from ..parameters import walk
from ..tokenizers import BytePairs
from .architectures import GPT2, HUGGING_FACE, LLAMA, Sizes, is_turned, shape_there
from .convert import Parts
from .huggingface import CHAT, CONFIG, FORM, NAMES, PIECES, WEIGHTS
from .safetensors import write_tensors


def export(parts: Parts, folder: str | PathLike[str], overwrite: bool = False) -> None:
    """Write a model as a folder that `transformers`, and every program that knows such folders, loads.

    Args:
        parts: an `LLM`, or whatever has its `vocab` and `network`, with byte pairs, of the family of GPT-2 or Llama.
        overwrite: whether files that are there already may be replaced.

    Raises:
        FileError: it is of another family, or has another tokenizer.
        AccessError: the system refuses.

    >>> from tempfile import TemporaryDirectory
    >>> from rustgpt_lab import LLM
    >>> vocab = BytePairs.train(["a hat, a cat </s>"] * 2, 261)
    >>> llm = LLM.build(vocab, 8, 16, 1, architecture="llama", heads=2)
    >>> with TemporaryDirectory() as folder:
    ...     export(llm, folder)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
    """
    if not isinstance(parts.vocab, BytePairs):
        raise FileError("no place", path=".vocab", expected="byte pairs", got=type(parts.vocab).__name__)
    sizes, folder = sizes_of(parts.network), Path(folder)
    special = dict(parts.vocab.chat.special if parts.vocab.chat else {})
    if parts.vocab.end is not None:
        special.setdefault("eos_token", parts.vocab.end_text)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise access_error("the folder cannot be made", folder, error) from error
    files = {
        CONFIG: _pretty(_config(sizes, parts.vocab.end)),
        PIECES: parts.vocab.to_json().encode(),
        CHAT: _pretty({"tokenizer_class": "PreTrainedTokenizerFast", **special}),
    }
    if parts.vocab.chat:
        files[FORM] = parts.vocab.chat.template.encode()
    for name, content in files.items():
        with atomic_write(folder / name, overwrite) as file:
            file.write(content)
    with atomic_write(folder / WEIGHTS, overwrite) as file:
        _write_tensors(file, sizes, parts.network)


def _pretty(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def sizes_of(network: Network) -> Sizes:
    """What a network of GPT-2's or Llama's family is, as Hugging Face would call it.

    Raises:
        FileError: it is of neither.
    """
    layers = [layer for _, layer in walk(network)]
    attention = next((layer for layer in layers if isinstance(layer, MultiHeadAttention)), None)
    if attention is not None and network.max_seq_len is not None:
        family = LLAMA if attention.rope else GPT2
        sizes = Sizes(
            family,
            HUGGING_FACE,
            vocab_size=network[-1].d_out,
            d=attention.d,
            hidden=next((layer.hidden for layer in layers if hasattr(layer, "hidden")), 0),
            blocks=sum(isinstance(layer, MultiHeadAttention) for layer in layers),
            max_seq_len=network.max_seq_len,
            heads=attention.heads,
            epsilon=next((layer.epsilon for layer in layers if hasattr(layer, "epsilon")), 0.0),
            turned=family == LLAMA,
            kv_heads=attention.kv_heads,
            rope=attention.rope or "halves",
            rope_base=attention.rope_base,
            tied=isinstance(network[-1], TiedOutput),
        )
        if _forms(sizes.layers()) == _forms(network):
            return sizes
    got = ", ".join(type(layer).__name__ for layer in network)
    raise FileError(
        "no place", path=".network", expected="GPT-2's or Llama's layers", got=f"{got:.200}", remedy=""
    )


def _forms(layers: Iterable[Layer]) -> list[Any]:
    """The kinds and settings of layers; dropout is nothing that a trained model needs."""
    return [
        (
            type(layer),
            {name: value for name, value in vars(layer).items() if name not in ("layers", "p", "g")},
        )
        for _, layer in walk(layers)
        if not isinstance(layer, Dropout)
    ]


def _config(sizes: Sizes, end: int | None) -> dict[str, Any]:
    common = {
        "model_type": sizes.family, "vocab_size": sizes.vocab_size, "tie_word_embeddings": sizes.tied,
        "dtype": "float32", "bos_token_id": end, "eos_token_id": end,
    }  # fmt: skip
    if sizes.family == GPT2:
        common |= {"architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new"}
    else:
        common |= {"architectures": ["LlamaForCausalLM"], "hidden_act": "silu"}
    return common | {name: getattr(sizes, own) for own, (name, _) in NAMES[sizes.family].items()}


def _write_tensors(file: BinaryIO, sizes: Sizes, network: Network) -> None:
    """The weights under Hugging Face's names, one tensor in memory at a time."""
    parts: dict[str, list[str]] = {}
    # the names of ours differ where there is dropout in between; their order does not
    for own, (_, _, tensor, _, _) in zip(
        network.parameters.params, sizes.sources(sizes.layers()), strict=True
    ):
        parts.setdefault(tensor, []).append(own)
    prefix = "transformer." if sizes.family == GPT2 else ""
    params = network.parameters.params
    forms = {
        prefix + tensor: ("F32", shape_there(params[names[0]], sizes.turned, len(names)))
        for tensor, names in parts.items()
    }
    arrays = (
        np.concatenate([_theirs(name, network, sizes) for name in names], axis=-1) for names in parts.values()
    )
    write_tensors(file, {"format": "pt"}, forms, arrays)


def _theirs(name: str, network: Network, sizes: Sizes) -> Any:
    """A parameter as Hugging Face lays it: pairs of rotary positions in halves, and Llama's matrices turned."""
    array = network.weights[name]
    if sizes.rope == "adjacent" and name.endswith((".w_q", ".w_k")):
        width = sizes.d // sizes.heads
        array = array.reshape(sizes.d, -1, width // 2, 2).swapaxes(2, 3).reshape(array.shape)
    return array.T if is_turned(network.parameters.params[name], sizes.turned) else array
