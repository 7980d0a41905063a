"""Hugging Face's folders as {name of file: bytes}: a sound tiny Llama and GPT-2, and bad ones with one thing wrong."""

import json
import struct
from typing import Any, NamedTuple

import numpy as np

from .gguf import TEMPLATE, TOKENS

D, HIDDEN, HEADS, V = 4, 6, 2, len(TOKENS)
CONFIG, WEIGHTS, PIECES, CHAT = "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"
SAYING = "generation_config.json"
Folder = dict[str, bytes]
LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": D,
    "intermediate_size": HIDDEN, "max_position_embeddings": 32, "num_attention_heads": HEADS, "num_hidden_layers": 1,
    "num_key_value_heads": 1, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "rope_scaling": None, "vocab_size": V,
    "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False, "head_dim": D // HEADS, "dtype": "float32",
}  # fmt: skip
GPT2 = {
    "model_type": "gpt2", "activation_function": "gelu_new", "n_embd": D, "n_head": HEADS, "n_inner": HIDDEN,
    "n_layer": 1, "n_positions": 16, "layer_norm_epsilon": 1e-5, "vocab_size": V, "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False, "reorder_and_upcast_attn": False, "attn_pdrop": 0.1,
}  # fmt: skip
SHAPES = {
    "model.embed_tokens.weight": (V, D), "model.norm.weight": (D,),
    "model.layers.0.input_layernorm.weight": (D,), "model.layers.0.post_attention_layernorm.weight": (D,),
    "model.layers.0.self_attn.q_proj.weight": (D, D), "model.layers.0.self_attn.k_proj.weight": (D // 2, D),
    "model.layers.0.self_attn.v_proj.weight": (D // 2, D), "model.layers.0.self_attn.o_proj.weight": (D, D),
    "model.layers.0.mlp.gate_proj.weight": (HIDDEN, D), "model.layers.0.mlp.up_proj.weight": (HIDDEN, D),
    "model.layers.0.mlp.down_proj.weight": (D, HIDDEN),
}  # fmt: skip
GPT2_SHAPES = {
    "wte.weight": (V, D), "wpe.weight": (16, D), "ln_f.weight": (D,), "ln_f.bias": (D,),
    "h.0.ln_1.weight": (D,), "h.0.ln_1.bias": (D,), "h.0.ln_2.weight": (D,), "h.0.ln_2.bias": (D,),
    "h.0.attn.c_attn.weight": (D, 3 * D), "h.0.attn.c_attn.bias": (3 * D,), "h.0.attn.bias": (1, 1, 16, 16),
    "h.0.attn.c_proj.weight": (D, D), "h.0.attn.c_proj.bias": (D,), "h.0.mlp.c_fc.weight": (D, HIDDEN),
    "h.0.mlp.c_fc.bias": (HIDDEN,), "h.0.mlp.c_proj.weight": (HIDDEN, D), "h.0.mlp.c_proj.bias": (D,),
}  # fmt: skip


def bits(array: np.ndarray, kind: str) -> bytes:
    """Numbers as the format writes them; BF16 is the upper half of float32."""
    if kind == "BF16":
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype({"F32": "<f4", "F16": "<f2", "F64": "<f8"}[kind]).tobytes()


def values(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(0, 0.3, shape).astype("<f4") for name, shape in shapes.items()}


def weights(shapes: dict[str, tuple[int, ...]], kind: str = "F32") -> bytes:
    header, numbers = {"__metadata__": {"format": "pt"}}, b""
    for name, array in values(shapes).items():
        raw = bits(array, kind)
        header[name] = {
            "dtype": kind,
            "shape": array.shape,
            "data_offsets": [len(numbers), len(numbers) + len(raw)],
        }
        numbers += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


BY_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
TOKENIZER: dict[str, Any] = {
    "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "pre_tokenizer": BY_BYTES,
    "decoder": BY_BYTES, "post_processor": None,
    "added_tokens": [
        {"id": i, "content": TOKENS[i], "special": True, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False}
        for i in (256, 257)
    ],
    "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(TOKENS)}, "merges": ["t h", "th e"]},
}  # fmt: skip
MARKS = {"bos_token": TOKENS[256], "eos_token": {"content": TOKENS[257]}, "chat_template": TEMPLATE}


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def llama(kind: str = "F32") -> Folder:
    return {
        CONFIG: dump(LLAMA), WEIGHTS: weights(SHAPES, kind), PIECES: dump(TOKENIZER), CHAT: dump(MARKS)
    }  # fmt: skip


def gpt2() -> Folder:
    return {CONFIG: dump(GPT2), WEIGHTS: weights(GPT2_SHAPES), PIECES: dump(TOKENIZER), CHAT: dump(MARKS)}


class Bad(NamedTuple):
    """A bad folder: what is wrong, its files, the kind of its error, its file, and words of the message."""

    what: str
    files: Folder
    kind: str
    file: str
    words: tuple[str, ...] = ()


def config(model: dict[str, Any] = LLAMA, **changed: Any) -> Folder:
    folder = llama() if model is LLAMA else gpt2()
    return folder | {
        CONFIG: dump({key: value for key, value in (model | changed).items() if value != "gone"})
    }


def put(name: str, content: bytes) -> Folder:
    return llama() | {name: content}


def pieces(**changed: Any) -> Folder:
    return put(PIECES, dump(TOKENIZER | changed))


def model(**changed: Any) -> Folder:
    return pieces(model=TOKENIZER["model"] | changed)


def less(name: str) -> Folder:
    return {key: value for key, value in llama().items() if key != name}


def computed(what: str, words: tuple[str, ...], **changed: Any) -> Bad:
    return Bad(what, config(**changed), "not computed", CONFIG, words)


Q = "model.layers.0.self_attn.q_proj.weight"
FILES = [
    Bad("no weights", less(WEIGHTS), "access", WEIGHTS),
    Bad("no tokenizer", less(PIECES), "access", PIECES),
    Bad("empty settings", put(CONFIG, b""), "json", CONFIG),
    Bad("settings that are a list", put(CONFIG, b"[]"), "type", CONFIG),
    Bad("settings nested deeply", put(CONFIG, b'{"a":' * 100_000), "json", CONFIG),
    Bad("no model_type", config(model_type="gone"), "missing field", CONFIG, ("model_type",)),
    computed("another family", ("model_type", "bert"), model_type="bert"),
    computed("another activation", ("hidden_act", "gelu"), hidden_act="gelu"),
    computed("biases", ("attention_bias",), attention_bias=True),
    computed("biases of the network", ("mlp_bias",), mlp_bias=True),
    computed("scaled positions", ("rope_scaling.rope_type", "llama3"), rope_scaling={"rope_type": "llama3"}),
    computed(
        "scaled positions, old",
        ("rope_scaling.type", "linear"),
        rope_scaling={"type": "linear", "factor": 2.0},
    ),
    computed("scaled positions, new", ("rope_parameters",), rope_parameters={"rope_type": "yarn"}),
    computed("positions in a part", ("partial",), rope_parameters={"partial_rotary_factor": 0.5}),
    computed("another width of heads", ("head_dim", "8"), head_dim=8),
    computed("a window", ("sliding_window", "4096"), sliding_window=4096),
    computed("quantized otherwise", ("quantization_config",), quantization_config={"bits": 4}),
    computed("a setting that nobody knows", ("logit_scale",), logit_scale=0.5),
    Bad("GPT-2 with relu", config(GPT2, activation_function="relu"), "not computed", CONFIG, ("activation",)),
    Bad("GPT-2 untied", config(GPT2, tie_word_embeddings=False), "not computed", CONFIG, ("tie_word",)),
    Bad("GPT-2 unscaled", config(GPT2, scale_attn_weights=False), "not computed", CONFIG, ("scale_attn",)),
    Bad("heads as a text", config(num_attention_heads="2"), "type", CONFIG, ("num_attention_heads",)),
    Bad("a width of -4", config(hidden_size=-4, head_dim=None), "type", CONFIG, ("hidden_size",)),
    Bad("10^18 blocks", config(num_hidden_layers=10**18), "setting", WEIGHTS, ("blocks",)),
    Bad("10^18 positions", config(max_position_embeddings=10**18), "setting", WEIGHTS, ("max_seq_len",)),
    Bad("an epsilon of -1", config(rms_norm_eps=-1.0), "setting", WEIGHTS, ("epsilon",)),
    Bad("another number of pieces", config(vocab_size=V + 1), "shape", WEIGHTS, ("vocab_size", f"{V + 1}")),
    Bad("several files", llama() | {f"{WEIGHTS}.index.json": b"{}"}, "not computed", f"{WEIGHTS}.index.json"),
    Bad("weights cut off", put(WEIGHTS, weights(SHAPES)[:-1]), "cut off", WEIGHTS),
    Bad("weights of 7 bytes", put(WEIGHTS, b"1234567"), "header", WEIGHTS),
    Bad("a header of 2^60 bytes", put(WEIGHTS, struct.pack("<Q", 1 << 60) + bytes(64)), "header", WEIGHTS),
    Bad(
        "a tensor missing", put(WEIGHTS, weights(dict(list(SHAPES.items())[:-1]))), "missing tensor", WEIGHTS
    ),
    Bad("a tensor of another shape", put(WEIGHTS, weights(SHAPES | {Q: (D, 2 * D)})), "shape", WEIGHTS, (Q,)),
    Bad(
        "a tensor that nobody knows",
        put(WEIGHTS, weights(SHAPES | {"x": (1,)})),
        "surplus tensor",
        WEIGHTS,
        ("x",),
    ),
    Bad("64 bits", put(WEIGHTS, weights(SHAPES, "F64")), "tensor type", WEIGHTS, ("F64",)),
    Bad("another tokenizer", model(type="WordPiece"), "tokenizer", PIECES, ("WordPiece",)),
    Bad(
        "a pattern",
        pieces(pre_tokenizer={"type": "Split", "pattern": {"Regex": "(a*)*b"}}),
        "tokenizer",
        PIECES,
    ),
    Bad("a merge of nothing", model(merges=["q x"]), "tokenizer", PIECES),
    Bad("a gap in the ids", model(vocab=TOKENIZER["model"]["vocab"] | {"the": 9999}), "tokenizer", PIECES),
    Bad("an id below 0", model(vocab=TOKENIZER["model"]["vocab"] | {"the": -1}), "tokenizer", PIECES),
    Bad("a tokenizer nested deeply", put(PIECES, b'{"model":' * 100_000), "json", PIECES),
    Bad("a tokenizer that is a text", put(PIECES, b'"BPE"'), "type", PIECES),
    Bad("a chat form that is no UTF-8", put("chat_template.jinja", b"\xff"), "utf-8", "chat_template.jinja"),
    Bad("marks that are no JSON", put(CHAT, b"{"), "json", CHAT),
    computed("several ends", ("eos_token_id", "[5, 257]"), eos_token_id=[5, 257]),
    computed("no end", ("eos_token_id", "[]"), eos_token_id=[]),
    computed("an end by its text", ("eos_token_id", "the"), eos_token_id="the"),
    Bad("several ends of an answer", put(SAYING, b'{"eos_token_id": [1, 2]}'), "not computed", SAYING),
    Bad("settings of answers that are a list", put(SAYING, b"[]"), "type", SAYING),
]
