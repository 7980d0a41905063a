"""Hugging Face's folders: `config.json`, `model.safetensors`, `tokenizer.json`, and the form of a chat.

Read for the families of GPT-2 and Llama; `exporting` writes them.
"""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Any

import orjson

from ..errors import FileError
from ..files import mapped
from ..tokenizers import BytePairs
from .architectures import GPT2, HUGGING_FACE, LLAMA, Sizes, byte_pairs, read_model
from .convert import Parts
from .describe import Node
from .numbers import BF16, F16, F32, Tensor
from .reader import limited
from .safetensors import checked_header
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
