"""A sound GGUF file of a tiny Llama, put together byte by byte, and bad ones with one thing wrong each."""
# ruff: noqa: E501 (a bad file a line)

import struct
from typing import Any

import numpy as np

from .binary import Bad

D, HIDDEN, HEADS, KV_HEADS, V = 4, 32, 2, 1, 260
U32, F32, BOOL, TEXT, LIST = 4, 6, 7, 8, 9
Q4_0, Q8_0 = 2, 8


def text(value: str | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(raw)) + raw


def setting(name: str, kind: int, value: Any) -> bytes:
    """A name, a kind, a value; a list's kind is that of its items."""
    head = text(name)
    if isinstance(value, list):
        head += struct.pack("<IIQ", LIST, kind, len(value))
        return head + b"".join(
            map(text, value) if kind == TEXT else (struct.pack("<i", each) for each in value)
        )
    head += struct.pack("<I", kind)
    return head + (
        text(value) if kind == TEXT else struct.pack({U32: "<I", F32: "<f", BOOL: "<?"}[kind], value)
    )


def letters() -> list[str]:
    """GPT-2's letters for the 256 bytes, in the order of their code points."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [*map(chr, printable), *(chr(256 + i) for i in range(256 - len(printable)))]


TOKENS = [*letters(), "<|im_start|>", "<|im_end|>", "th", "the"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>a\n{% endif %}"
SETTINGS: dict[str, tuple[int, Any]] = {
    "general.architecture": (TEXT, "llama"),
    "llama.block_count": (U32, 1),
    "llama.context_length": (U32, 64),
    "llama.embedding_length": (U32, D),
    "llama.feed_forward_length": (U32, HIDDEN),
    "llama.attention.head_count": (U32, HEADS),
    "llama.attention.head_count_kv": (U32, KV_HEADS),
    "llama.attention.layer_norm_rms_epsilon": (F32, 1e-5),
    "llama.rope.freq_base": (F32, 10000.0),
    "llama.rope.dimension_count": (U32, D // HEADS),
    "tokenizer.ggml.model": (TEXT, "gpt2"),
    "tokenizer.ggml.pre": (TEXT, "smollm"),
    "tokenizer.ggml.tokens": (TEXT, TOKENS),
    "tokenizer.ggml.token_type": (5, [1] * 256 + [3, 3, 1, 1]),
    "tokenizer.ggml.merges": (TEXT, ["t h", "th e"]),
    "tokenizer.ggml.bos_token_id": (U32, 256),
    "tokenizer.ggml.eos_token_id": (U32, 257),
    "tokenizer.chat_template": (TEXT, TEMPLATE),
}
SHAPES = {
    "token_embd.weight": (V, D), "output_norm.weight": (D,),
    "blk.0.attn_norm.weight": (D,), "blk.0.attn_q.weight": (D, D), "blk.0.attn_k.weight": (D // 2, D),
    "blk.0.attn_v.weight": (D // 2, D), "blk.0.attn_output.weight": (D, D), "blk.0.ffn_norm.weight": (D,),
    "blk.0.ffn_gate.weight": (HIDDEN, D), "blk.0.ffn_up.weight": (HIDDEN, D), "blk.0.ffn_down.weight": (D, HIDDEN),
}  # fmt: skip


def tensors(seed: int = 0) -> dict[str, tuple[tuple[int, ...], int, bytes]]:
    """Name -> shape, kind, bytes: float32, but for one in blocks of 8 bits."""
    rng = np.random.default_rng(seed)
    made = {
        name: (shape, 0, rng.normal(0, 0.3, shape).astype("<f4").tobytes()) for name, shape in SHAPES.items()
    }
    block = struct.pack("<e", 0.01) + rng.integers(-127, 127, 32, np.int8).tobytes()
    made["blk.0.ffn_down.weight"] = ((D, HIDDEN), Q8_0, block * D)
    return made


def build(
    settings: dict[str, tuple[int, Any]] | None = None,
    parts: dict[str, tuple[tuple[int, ...], int, bytes]] | None = None,
    offsets: dict[str, int] | None = None,
    head: bytes = b"GGUF\x03\0\0\0",
    counts: tuple[int, int] | None = None,
    alignment: int = 32,
) -> bytes:
    """A file of settings and tensors; what is given replaces what would be right."""
    settings, parts = SETTINGS if settings is None else settings, tensors() if parts is None else parts
    out = head + struct.pack("<QQ", *(counts or (len(parts), len(settings))))
    out += b"".join(setting(name, *value) for name, value in settings.items())
    numbers = b""
    for name, (shape, kind, raw) in parts.items():
        numbers += b"\0" * (-len(numbers) % alignment)
        place = (offsets or {}).get(name, len(numbers))
        out += (
            text(name)
            + struct.pack(f"<I{len(shape)}Q", len(shape), *shape[::-1])
            + struct.pack("<IQ", kind, place)
        )
        numbers += raw
    return out + b"\0" * (-len(out) % alignment) + numbers


def other(**changed: Any) -> bytes:
    """The sound file with settings changed; dots are written as two underlines, and None leaves one out."""
    settings = dict(SETTINGS)
    for name, value in changed.items():
        key = name.replace("__", ".")
        settings.pop(key, None)
        if value is not None:
            settings[key] = value
    return build(settings)


def swap(
    name: str, shape: tuple[int, ...] | None = None, kind: int | None = None, raw: bytes | None = None
) -> bytes:
    """The sound file with one tensor changed."""
    parts = tensors()
    old = parts[name]
    parts[name] = (shape or old[0], old[1] if kind is None else kind, old[2] if raw is None else raw)
    return build(parts=parts)


def without(name: str) -> bytes:
    return build(parts={key: value for key, value in tensors().items() if key != name})


GOOD = build()
HUGE = (1 << 64) - 1
Q, NORM = "blk.0.attn_q.weight", "output_norm.weight"
FILES = [
    Bad("cut in the magic", GOOD[:3], "extension", ()),
    Bad("cut in the version", GOOD[:6], "cut off", ("byte 4", "4 more bytes")),
    Bad("cut in the settings", GOOD[:300], "cut off", ()),
    Bad("cut in the numbers", GOOD[:-4], "cut off", ("found",)),
    Bad("big-endian, or a new version", build(head=b"GGUF\0\0\0\x03"), "version", ("byte 4", "2 or 3", "50331648")),
    Bad("version 1", build(head=b"GGUF\x01\0\0\0"), "version", ("2 or 3",)),
    Bad("2^64 - 1 tensors", build(counts=(HUGE, 18)), "too many", ("byte 8",)),
    Bad("2^64 - 1 settings", build(counts=(11, HUGE)), "too many", ("byte 16",)),
    Bad("more settings than there are", build(counts=(11, 30)), "cut off", ()),
    Bad("a name longer than the file", GOOD[:24] + struct.pack("<Q", HUGE) + GOOD[32:], "cut off", ("byte 32",)),
    Bad("a name that is no UTF-8", GOOD.replace(b"llama.block_count", b"llama.block_c\xffunt"), "utf-8", ("0xff",)),
    Bad("a setting twice", GOOD.replace(text("llama.context_length"), text("llama.embedding_length"), 1), "key twice", ("llama.embedding_length",)),
    Bad("an unknown kind of setting", other(x=(U32, 1)).replace(text("x") + struct.pack("<I", U32), text("x") + struct.pack("<I", 99)), "type", ("x", "99")),
    Bad("a list in a list", other(x=(TEXT, ["y"])).replace(text("x") + struct.pack("<II", 9, 8), text("x") + struct.pack("<II", 9, 9)), "type", ("x",)),
    Bad("a list of 2^61 numbers", other(x=(5, [1])).replace(struct.pack("<IIQ", 9, 5, 1), struct.pack("<IIQ", 9, 5, 1 << 61)), "cut off", ("x",)),
    Bad("a list of 2^32 texts", other(x=(TEXT, ["y"])).replace(struct.pack("<IIQ", 9, 8, 1), struct.pack("<IIQ", 9, 8, 1 << 32)), "too many", ("x",)),
    Bad("an alignment of 0", other(general__alignment=(U32, 0)), "setting", ("general.alignment",)),
    Bad("an alignment of 33", other(general__alignment=(U32, 33)), "setting", ("power of two",)),
    Bad("two tensors in one place", build(offsets={NORM: 0}), "tensor place", (NORM, "found 0")),
    Bad("tensors that overlap", build(offsets={NORM: 32}), "tensor place", (NORM,)),
    Bad("a tensor beyond the end", build(offsets={"blk.0.ffn_down.weight": 1 << 40}), "cut off", ("ffn_down",)),
    Bad("a place of 2^64 - 32", build(offsets={"blk.0.ffn_down.weight": (1 << 64) - 32}), "cut off", ("ffn_down",)),
    Bad("a crooked place", build(offsets={NORM: 4161}), "tensor place", (NORM, "multiple of 32")),
    Bad("dimensions whose product overflows", swap(Q, (1 << 31, 1 << 31)), "dimension", (Q,)),
    Bad("dimensions that are too many", swap(Q, (1 << 30, 1 << 30)), "cut off", (Q,)),
    Bad("a dimension of 0", swap(Q, (0, D)), "dimension", (Q,)),
    Bad("five axes", swap(Q, (1, 1, 1, D, D)), "shape", (Q, "1 to 4")),
    Bad("an unknown kind of number", swap(Q, kind=999), "tensor type", (Q, "999")),
    Bad("whole numbers", swap(Q, kind=26), "tensor type", (Q,)),
    Bad("rows of half a block", swap(Q, kind=Q4_0), "tensor type", (Q, "32")),
    Bad("a number that is not finite", swap(NORM, raw=struct.pack("<4f", 1, 2, float("nan"), 3)), "not finite", (NORM,)),
    Bad("an infinite scale of a block", swap("blk.0.ffn_down.weight", raw=(struct.pack("<e", float("inf")) + b"\1" * 32) * D), "not finite", ("ffn_down",)),
    Bad("a missing tensor", without(Q), "missing tensor", (Q,)),
    Bad("no embeddings", without("token_embd.weight"), "missing tensor", ("token_embd",)),
    Bad("a tensor of another shape", swap(Q, (D // 2, D)), "shape", (Q, "(4, 4)", "(2, 4)")),
    Bad("a tensor that nobody knows", build(parts={**tensors(), "rope_freqs.weight": ((1,), 0, b"\0\0\x80?")}), "surplus tensor", ("rope_freqs.weight",)),
    Bad("another architecture", other(general__architecture=(TEXT, "mamba")), "not computed", ("general.architecture", "mamba")),
    Bad("no architecture", other(general__architecture=None), "missing field", ("general.architecture",)),
    Bad("an architecture that is a number", other(general__architecture=(U32, 3)), "type", ("general.architecture",)),
    Bad("rotary positions scaled", other(llama__rope__scaling__type=(TEXT, "yarn")), "not computed", ("llama.rope.scaling.type", "yarn")),
    Bad("rotary positions on a part", other(llama__rope__dimension_count=(U32, 1)), "not computed", ("rope.dimension_count",)),
    Bad("a window", other(llama__attention__sliding_window=(U32, 9)), "not computed", ("sliding_window",)),
    Bad("experts", other(llama__expert_count=(U32, 8)), "not computed", ("expert_count",)),
    Bad("a setting that nobody knows", other(llama__logit_scale=(F32, 2.0)), "not computed", ("llama.logit_scale",)),
    Bad("no heads", other(llama__attention__head_count=(U32, 0)), "type", ("head_count",)),
    Bad("heads that do not divide", other(llama__attention__head_count=(U32, 3), llama__rope__dimension_count=None), "setting", ()),
    Bad("2^32 - 1 blocks", other(llama__block_count=(U32, (1 << 32) - 1)), "setting", ("blocks",)),
    Bad("2,000 blocks", other(llama__block_count=(U32, 2000)), "missing tensor", ("blk.1.",)),
    Bad("2^32 - 1 positions", other(llama__context_length=(U32, (1 << 32) - 1)), "setting", ("max_seq_len",)),
    Bad("a width of 2^32 - 4", other(llama__embedding_length=(U32, (1 << 32) - 4), llama__rope__dimension_count=None), "shape", ("token_embd.weight",)),
    Bad("an epsilon that is not a number", other(llama__attention__layer_norm_rms_epsilon=(F32, float("nan"))), "setting", ("epsilon",)),
    Bad("a base of 0", other(llama__rope__freq_base=(F32, 0.0)), "setting", ("rope_base",)),
    Bad("another tokenizer", other(tokenizer__ggml__model=(TEXT, "llama")), "not computed", ("tokenizer.ggml.model", "llama")),
    Bad("an unknown way to cut", other(tokenizer__ggml__pre=(TEXT, "qwen2")), "not computed", ("tokenizer.ggml.pre",)),
    Bad("no tokens", other(tokenizer__ggml__tokens=None), "missing field", ("tokenizer.ggml.tokens",)),
    Bad("too few tokens", other(tokenizer__ggml__tokens=(TEXT, TOKENS[:-1]), tokenizer__ggml__token_type=None, tokenizer__ggml__merges=(TEXT, ["t h"])), "shape", ("259",)),
    Bad("a token twice", other(tokenizer__ggml__tokens=(TEXT, [*TOKENS[:-1], "a"])), "word twice", ()),
    Bad("a merge of nothing", other(tokenizer__ggml__merges=(TEXT, ["q x"])), "tokenizer", ("q x",)),
    Bad("types for other tokens", other(tokenizer__ggml__token_type=(5, [1])), "list length", ("token_type",)),
]  # fmt: skip
MADE_OF = [text(name) for name in SETTINGS] + [text(name) for name in SHAPES]
"""Stretches of bytes that mean something, for a fuzzer."""
