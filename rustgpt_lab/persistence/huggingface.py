"""Hugging Face's folders: `config.json`, `model.safetensors`, `tokenizer.json`, and the form of a chat.

Read for the families of GPT-2 and Llama, and written again in the same form.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from ..errors import FileError
from ..files import access_error, atomic_write, mapped
from ..layers import Layer, TiedOutput
from ..layers.modern import Dropout, MultiHeadAttention
from ..network import Network
from ..parameters import walk
from ..tokenizers import BytePairs
from .architectures import GPT2, HUGGING_FACE, LLAMA, Sizes, byte_pairs, is_turned, read_model, shape_there
from .convert import Parts
from .describe import Node
from .numbers import BF16, F16, F32, Tensor
from .reader import limited
from .safetensors import checked_header, write_tensors
from .settings import Settings

CONFIG, WEIGHTS, PIECES, CHAT, FORM, SAYING = (
    "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
    "generation_config.json",
)  # fmt: skip
OTHERS = PIECES, CHAT, FORM, SAYING
MAX_JSON, MAX_TENSORS = 32 << 20, 1 << 16
NUMBERS = {"F32": F32, "F16": F16, "BF16": BF16}
HARMLESS = (
    "architectures", "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id", "dtype", "torch_dtype",
    "transformers_version", "transformers.js_config", "initializer_range", "use_cache", "attention_dropout",
    "pretraining_tp", "is_llama_config", "attn_pdrop", "embd_pdrop", "resid_pdrop", "n_ctx", "id2label", "label2id",
    "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj",
    "task_specific_params", "_name_or_path", "chunk_size_feed_forward", "output_attentions", "output_hidden_states",
    "return_dict", "problem_type", "model_type", "gradient_checkpointing",
)  # fmt: skip
"""Settings that change nothing of what a trained model answers."""
LEFT_OVER = ("attn.bias", "attn.masked_bias", "rotary_emb.inv_freq")
"""How the names end of tensors that older versions saved: the causal mask, and the angles."""


NAMES: dict[str, dict[str, tuple[str, Any]]] = {
    GPT2: {
        "d": ("n_embd", 768), "hidden": ("n_inner", 3072), "blocks": ("n_layer", 12),
        "max_seq_len": ("n_positions", 1024), "heads": ("n_head", 12), "epsilon": ("layer_norm_epsilon", 1e-5),
        "vocab_size": ("vocab_size", 50257),
    },
    LLAMA: {
        "d": ("hidden_size", 4096), "hidden": ("intermediate_size", 11008), "blocks": ("num_hidden_layers", 32),
        "max_seq_len": ("max_position_embeddings", 2048), "heads": ("num_attention_heads", 32),
        "kv_heads": ("num_key_value_heads", 32), "epsilon": ("rms_norm_eps", 1e-6),
        "rope_base": ("rope_theta", 10000.0), "vocab_size": ("vocab_size", 32000),
    },
}  # fmt: skip
"""Our names of sizes -> theirs, and what they are where a file does not say."""


# ---- reading --------------------------------------------------------------------------------------------------------


def read(folder: str | PathLike[str], max_bytes: int) -> Parts:
    """The model in a folder.

    Raises:
        FileError: a file is missing, is not sound, or asks for what we do not compute; it says which.
    """
    folder = Path(folder)
    sizes = _of_file(folder / CONFIG, lambda path: _sizes(_json(path)))
    for index in sorted(folder.glob("*.safetensors.index.json"))[:1]:
        raise FileError(
            "not computed", where=os.fspath(index), expected=WEIGHTS, got="weights in several files"
        )
    marks = *_chat(folder), _end(folder)
    vocab = _of_file(folder / PIECES, lambda path: _tokenizer(_json(path), *marks))
    return _of_file(folder / WEIGHTS, lambda path: _model(path, sizes, vocab, max_bytes))


def _of_file(path: Path, use: Any) -> Any:
    """What a file gives; errors learn its name."""
    try:
        return use(path)
    except FileError as error:
        error.where.file = error.where.file or os.fspath(path)
        raise


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; `orjson` follows no more than 1,024 levels."""
    try:
        found = orjson.loads(bytes(mapped(path, MAX_JSON)))
    except orjson.JSONDecodeError as error:
        raise FileError("json", got=str(error)) from error
    if not isinstance(found, dict):
        raise FileError("type", expected="an object", got=type(found).__name__)
    return found


def _sizes(config: dict[str, Any]) -> Sizes:
    found = Settings(config)
    kind = found.get("model_type", str)
    if kind not in (GPT2, LLAMA):
        expected = f"{GPT2} or {LLAMA}"
        raise FileError("not computed", path="model_type", expected=expected, got=f"{kind:.60}")
    sizes = _gpt2(found) if kind == GPT2 else _llama(found)
    found.no_others(HARMLESS)
    return sizes


def _gpt2(found: Settings) -> Sizes:
    found.require("activation_function", "gelu_new", "gelu_pytorch_tanh")
    found.require("scale_attn_weights", True)
    found.require("tie_word_embeddings", True)
    hidden = {"hidden": found.get("n_inner", int, 4 * found.get("n_embd", int, 768))}
    return Sizes(GPT2, HUGGING_FACE, turned=False, **_named(found, GPT2) | hidden)


def _llama(found: Settings) -> Sizes:
    found.require("hidden_act", "silu", "swish")
    sizes = _named(found, LLAMA)
    found.require("head_dim", sizes["d"] // sizes["heads"])
    sizes["kv_heads"] = found.get("num_key_value_heads", int, sizes["heads"])
    sizes["tied"] = found.get("tie_word_embeddings", bool, False)
    return Sizes(LLAMA, HUGGING_FACE, **sizes | {"rope_base": _rope_base(found)})


def _named(found: Settings, family: str) -> dict[str, Any]:
    """The sizes that stand in `NAMES`, as ours are called."""
    return {own: found.get(name, type(usual), usual) for own, (name, usual) in NAMES[family].items()}


def _rope_base(found: Settings) -> float:
    """The base of the angles, which versions write in two places; no scaling of them."""
    base = found.get("rope_theta", float, 10000.0)
    for name in ("rope_scaling", "rope_parameters"):
        inner = Settings(found.get(name, dict, {}), f"{name}.")
        for key in ("rope_type", "type"):
            inner.require(key, "default")
        base = inner.get("rope_theta", float, base)
        inner.require("partial_rotary_factor", 1.0)
        inner.no_others(())
    return base


def _tokenizer(form: dict[str, Any], special: dict[str, str], template: str, end: int | None) -> BytePairs:
    around = dict.fromkeys(("truncation", "padding", "post_processor"))  # nothing is put around a text
    return byte_pairs(form | around, special, template, end)


def _end(folder: Path) -> int | None:
    """The id that ends an answer, as the settings have it, those for generation first; None where neither does."""

    def read(path: Path) -> int | None:
        end = _json(path).get("eos_token_id")
        [end] = end if isinstance(end, list) and len(end) == 1 else [end]
        if end is not None and type(end) is not int:
            raise FileError("not computed", path="eos_token_id", expected="one id", got=f"{end!r:.60}")
        return end

    found = (_of_file(folder / name, read) for name in (SAYING, CONFIG) if (folder / name).exists())
    return next((end for end in found if end is not None), None)


def _chat(folder: Path) -> tuple[dict[str, str], str]:
    """The marks that begin and end a text, and the template of a chat; none where the files are not there."""
    config: dict[str, Any] = _of_file(folder / CHAT, _json) if (folder / CHAT).exists() else {}
    special = {name: _word(config.get(name)) for name in ("bos_token", "eos_token")}
    template = config.get("chat_template")
    if isinstance(template, list):  # several by name
        named = {each.get("name"): each.get("template") for each in template if isinstance(each, dict)}
        template = named.get("default")
    if (folder / FORM).exists():
        template = _of_file(folder / FORM, _text)
    found = {name: word for name, word in special.items() if word}
    return found, template if isinstance(template, str) else ""


def _text(path: Path) -> str:
    try:
        return bytes(mapped(path, MAX_JSON)).decode()
    except UnicodeDecodeError as error:
        raise FileError("utf-8", offset=error.start, expected="UTF-8") from error


def _word(token: Any) -> str:
    """A mark, which is written as its text or as an object that has it."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""


def _model(path: Path, sizes: Sizes, vocab: BytePairs, max_bytes: int) -> Parts:
    data = mapped(path, max_bytes)
    named = {name.removeprefix("transformer."): tensor for name, tensor in read_tensors(data).items()}
    extra = {name for name in named if name.endswith(LEFT_OVER)}
    if sizes.tied:
        extra.add("lm_head.weight")
    return read_model(sizes, vocab, named, data, max_bytes, extra)


def read_tensors(data: Any) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    _, forms, start = checked_header(memoryview(data))
    limited(len(forms), MAX_TENSORS)
    tensors = {}
    for name, (kind, shape) in forms.items():
        if kind not in NUMBERS:
            raise FileError("tensor type", path=name, expected=", ".join(NUMBERS), got=kind)
        tensors[name] = Tensor(tuple(shape), NUMBERS[kind], start)
        start += tensors[name].nbytes
    return tensors


def is_folder(path: str | PathLike[str]) -> bool:
    """Whether there is such a folder at a path."""
    return os.path.exists(os.path.join(path, CONFIG))


def tree(folder: str | PathLike[str]) -> Node:
    """The files of a folder: the settings in the first, the tensors of the weights, and how long the others are."""
    paths = [path for name in (CONFIG, WEIGHTS, *OTHERS) if (path := Path(folder, name)).exists()]
    sizes = [path.stat().st_size for path in paths]
    root = Node(os.fspath(folder), "folder", 0, sum(sizes), len(paths))
    root.children = [
        Node(path.name, "file", 0, size, children=_of_file(path, _parts))
        for path, size in zip(paths, sizes, strict=True)
    ]
    return root


def _parts(path: Path) -> list[Node]:
    size = path.stat().st_size
    if path.name == CONFIG:
        return [Node(name, type(value).__name__, 0, size, value) for name, value in _json(path).items()]
    if path.name == WEIGHTS:
        return [
            Node(name, each.kind.name, each.offset, each.nbytes, shape=(each.rows, each.columns))
            for name, each in read_tensors(mapped(path, size)).items()
        ]
    return []


# ---- writing --------------------------------------------------------------------------------------------------------


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
    ...     sorted(os.listdir(folder))
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
