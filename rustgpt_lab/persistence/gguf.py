"""The GGUF format of llama.cpp (ggml's docs/gguf.md), versions 2 and 3: settings, then tensors, named, then numbers.

An own reader of the header, because it is short, checks what it reads, and takes a twentieth of the time of the gguf
package's; nothing of the tensors is read here.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..errors import FileError
from ..tokenizers import BytePairs
from .architectures import GGUF, GPT2, LLAMA, Sizes, byte_pairs, read_model
from .convert import Parts
from .describe import Node
from .numbers import Tensor, ggml_kind
from .reader import inside, limited
from .schema import MAX_DIMENSION, MAX_WORDS
from .settings import Settings

MAGIC = b"GGUF"
MAX_SETTINGS, MAX_TENSORS, MAX_AXES, ALIGNMENT = 1 << 12, 1 << 16, 4, 32
NUMBERS = dict(enumerate(("u1", "i1", "<u2", "<i2", "<u4", "<i4", "<f4", "?")))
NUMBERS |= {10: "<u8", 11: "<i8", 12: "<f8"}
"""What the format calls its kinds of setting; besides, there are texts and lists."""
TEXT, LIST = 8, 9


@dataclass
class Header:
    """What a file says of itself.

    Attributes:
        settings: by name; a list of numbers is a window into the file.
        tensors: by name; none reaches beyond the file, or into another.
        places: the first byte of each setting's value, and the one behind its last.
    """

    settings: dict[str, Any]
    tensors: dict[str, Tensor]
    places: dict[str, tuple[int, int]]


def read_header(data: Any) -> Header:
    """The settings of a file, and where its tensors lie.

    Raises:
        FileError: it is not a sound GGUF file; where, and why.
    """
    reader = HeaderReader(data)
    if bytes(reader.take(4)) != MAGIC:
        raise FileError("foreign", what="this is no GGUF file", offset=0, expected=MAGIC, got=bytes(data[:4]))
    if (version := reader.number("<u4")) not in (2, 3):
        raise FileError(
            "version", what="an unknown version of GGUF", offset=4, expected="2 or 3", got=version
        )
    tensors, count = reader.number("<u8"), reader.number("<u8")
    limited(tensors, MAX_TENSORS, 8)
    limited(count, MAX_SETTINGS, 16)
    settings: dict[str, Any] = {}
    spans: dict[str, tuple[int, int]] = {}
    for _ in range(count):
        name = reader.new_name(settings)
        with inside(name):
            start, settings[name] = reader.offset, reader.value(reader.number("<u4"))
            spans[name] = start, reader.offset
    places: dict[str, tuple[tuple[int, ...], int, int]] = {}
    for _ in range(tensors):
        name = reader.new_name(places)
        with inside(name):
            places[name] = reader.place()
    alignment = settings.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20 or alignment & (alignment - 1):
        raise FileError("setting", path="general.alignment", expected="a power of two", got=alignment)
    start = reader.offset + -reader.offset % alignment
    return Header(settings, _tensors(places, start, alignment, len(reader.data)), spans)


class HeaderReader:
    """Reads the values of a header one after the other."""

    def __init__(self, data: Any):
        self.data, self.offset = memoryview(data), 0

    def take(self, count: int) -> memoryview:
        left = len(self.data) - self.offset
        if count > left:
            raise FileError("cut off", offset=self.offset, expected=f"{count} more bytes", got=left)
        self.offset += count
        return self.data[self.offset - count : self.offset]

    def number(self, form: str) -> Any:
        kind = np.dtype(form)
        return np.frombuffer(self.take(kind.itemsize), kind)[0].item()

    def text(self) -> str:
        start, count = self.offset + 8, int.from_bytes(self.take(8), "little")
        raw = bytes(self.take(count))
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            got = f"byte 0x{raw[error.start]:02x}"
            raise FileError("utf-8", offset=start + error.start, expected="UTF-8", got=got) from error

    def new_name(self, known: dict[str, Any]) -> str:
        """A name that stands for the first time."""
        start, name = self.offset, self.text()
        if name in known:
            raise FileError("key twice", offset=start, got=f"{name:.60}")
        return name

    def value(self, kind: int) -> Any:
        """A setting; no list in a list, for there is none such in any model."""
        if kind in NUMBERS:
            return self.number(NUMBERS[kind])
        if kind == TEXT:
            return self.text()
        inner = self.number("<u4") if kind == LIST else kind
        if inner != TEXT and inner not in NUMBERS:
            raise FileError("type", offset=self.offset - 4, expected="a kind of number, or texts", got=inner)
        start, count = self.offset, self.number("<u8")
        if inner == TEXT:
            limited(count, MAX_WORDS, start)
            return [self.text() for _ in range(count)]
        form = np.dtype(NUMBERS[inner])
        return np.frombuffer(self.take(count * form.itemsize), form)

    def place(self) -> tuple[tuple[int, ...], int, int]:
        """A tensor's shape, kind, and place behind the header."""
        start, axes = self.offset, self.number("<u4")
        if not 1 <= axes <= MAX_AXES:
            raise FileError("shape", offset=start, expected=f"1 to {MAX_AXES} axes", got=axes)
        shape = tuple(self.number("<u8") for _ in range(axes))[
            ::-1
        ]  # the file names the innermost axis first
        if not all(1 <= size <= MAX_DIMENSION for size in shape):
            expected = f"sizes from 1 to {MAX_DIMENSION}"
            raise FileError("dimension", what="a bad dimension", offset=start, expected=expected, got=shape)
        return shape, self.number("<u4"), self.number("<u8")


def _tensors(places: dict[str, Any], start: int, alignment: int, end: int) -> dict[str, Tensor]:
    """Refuse tensors that reach beyond the file's `end` or into another; `start` is where their numbers begin."""
    tensors: dict[str, Tensor] = {}
    position = 0
    for name, (shape, number, offset) in sorted(places.items(), key=lambda item: item[1][2]):
        with inside(name):
            kind = ggml_kind(number)
            if shape[-1] % kind.size:
                expected = f"rows of whole blocks of {kind.size} numbers, as {kind.name} has them"
                raise FileError("tensor type", expected=expected, got=shape[-1])
            nbytes = prod(shape) // kind.size * kind.nbytes
            if offset % alignment or offset < position:
                expected = f"a multiple of {alignment} from {position}, where the tensor before it ends"
                raise FileError("tensor place", offset=start + position, expected=expected, got=offset)
            position = offset + nbytes
            if start + position > end:
                raise FileError("cut off", offset=end, expected=f"{start + position} bytes", got=end)
            tensors[name] = Tensor(shape, kind, start + offset)
    return tensors


def tree(data: Any) -> Node:
    """The tree of a file: its settings, then its tensors as they lie there."""
    header = read_header(data)
    end = max((stop for _, stop in header.places.values()), default=24)
    settings = Node("settings", "struct", 24, end - 24, len(header.settings))
    for name, value in header.settings.items():
        start, stop = header.places[name]
        long = isinstance(value, list | np.ndarray)
        kind = "seq" if long else type(value).__name__
        settings.children.append(Node(name, kind, start, stop - start, len(value) if long else value))
    root = Node("", "struct", 0, len(memoryview(data)), children=[settings])
    for name, tensor in sorted(header.tensors.items(), key=lambda item: item[1].offset):
        shape = (tensor.rows, tensor.columns)
        root.children.append(Node(name, tensor.kind.name, tensor.offset, tensor.nbytes, shape=shape))
    return root


# ---- a model --------------------------------------------------------------------------------------------------------

HARMLESS = ("vocab_size",)
"""Settings of a network that say again what tensors say."""
DIGITS = {"type": "Digits", "individual_digits": True}
BY_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
CUTS = {
    "gpt-2": BY_BYTES,
    "gpt2": BY_BYTES,
    "smollm": {"type": "Sequence", "pretokenizers": [DIGITS, BY_BYTES]},
}
"""How a tokenizer cuts a text before it joins pairs, by the name that a file gives to it."""
EDGES = ("single_word", "lstrip", "rstrip", "normalized")
MARK, USERS = 3, 4
"""The types of tokens that are read as they stand: marks such as `<|im_end|>`, and words that somebody added."""


def read_model_of(data: Any, max_bytes: int) -> Parts:
    """The model that a GGUF file holds, of GPT-2's or Llama's family, with its tokenizer and chat form.

    Raises:
        FileError: it is not sound, or asks for what we do not compute.
    """
    header = read_header(data)
    sizes = _sizes(header)
    return read_model(sizes, tokenizer(header.settings), header.tensors, data, max_bytes, set())


def _sizes(header: Header) -> Sizes:
    general = Settings(header.settings)
    name = general.get("general.architecture", str)
    if name not in (GPT2, LLAMA):
        expected = f"{GPT2} or {LLAMA}"
        raise FileError("not computed", path="general.architecture", expected=expected, got=f"{name:.60}")
    prefix = f"{name}."
    own = {
        key.removeprefix(prefix): value for key, value in header.settings.items() if key.startswith(prefix)
    }
    found = Settings(own, prefix)
    table = header.tensors.get("token_embd.weight")
    if table is None or len(table.shape) != 2:
        raise FileError("missing tensor", path="token_embd.weight", expected="the table of embeddings")
    heads, d = found.get("attention.head_count", int), found.get("embedding_length", int)
    options: dict[str, Any]
    if name == GPT2:
        options = {"epsilon": found.get("attention.layer_norm_epsilon", float)}
        found.require("attention.head_count_kv", heads)
    else:
        options = {
            "epsilon": found.get("attention.layer_norm_rms_epsilon", float),
            "kv_heads": found.get("attention.head_count_kv", int, heads),
            "rope_base": found.get("rope.freq_base", float, 10000.0),
            "rope": "adjacent",
            "tied": "output.weight" not in header.tensors,
        }
    for key in ("rope.dimension_count", "attention.key_length", "attention.value_length"):
        found.require(key, d // heads)
    found.require("rope.scaling.type", "none")
    found.require("expert_count", 0)
    sizes = Sizes(
        name, GGUF, table.shape[0], d, found.get("feed_forward_length", int), found.get("block_count", int),
        found.get("context_length", int), heads, **options,
    )  # fmt: skip
    found.no_others(HARMLESS)
    return sizes


def tokenizer(settings: dict[str, Any]) -> BytePairs:
    """The byte pairs of a file, put together as the library's own JSON; with the chat form, if there is one."""
    found = Settings(settings)
    found.require("tokenizer.ggml.model", "gpt2")
    found.require("tokenizer.ggml.add_bos_token", False)
    found.require("tokenizer.ggml.add_space_prefix", False)
    cut = found.get("tokenizer.ggml.pre", str, "gpt-2")
    if cut not in CUTS:
        path, expected = "tokenizer.ggml.pre", ", ".join(CUTS)
        raise FileError("not computed", path=path, expected=expected, got=f"{cut:.60}")
    words, merges = (found.get(f"tokenizer.ggml.{name}", list) for name in ("tokens", "merges"))
    kinds = settings.get("tokenizer.ggml.token_type", np.ones(len(words), np.int32))
    if not isinstance(kinds, np.ndarray) or kinds.shape != (len(words),):
        raise FileError(
            "list length", path="tokenizer.ggml.token_type", expected=len(words), got=np.size(kinds)
        )
    vocab = dict(zip(words, range(len(words)), strict=True))
    if len(vocab) < len(words):
        raise FileError("word twice", path="tokenizer.ggml.tokens", expected="words that all differ")
    added = [
        {"id": i, "content": words[i], "special": bool(kinds[i] == MARK)} | dict.fromkeys(EDGES, False)
        for i in np.flatnonzero((kinds == MARK) | (kinds == USERS)).tolist()
    ]
    form = {
        "version": "1.0", "added_tokens": added, "pre_tokenizer": CUTS[cut], "decoder": BY_BYTES,
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    }  # fmt: skip
    special = {
        f"{name}_token": words[i]
        for name in ("bos", "eos")
        if (i := found.get(f"tokenizer.ggml.{name}_token_id", int, len(words))) < len(words)
    }
    with inside("tokenizer"):
        return byte_pairs(form, special, found.get("tokenizer.chat_template", str, ""))
