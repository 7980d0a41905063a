"""RustGPT's file formats once more, straight from their description and with nothing of the library's.

A model is plain data in the form of the JSON format: dicts, lists, text, numbers; an array is
`{"v": 1, "dim": [rows, columns], "data": [numbers]}`. Floats are Python floats that a float32 can hold.
"""

import struct
from typing import Any

import numpy as np

Plain = dict[str, Any]

ADAM = [("beta1", "f32"), ("beta2", "f32"), ("epsilon", "f32"), ("timestep", "usize"), ("m", "A"), ("v", "A")]
# fmt: off
LAYERS: list[tuple[str, list[tuple[str, Any]]]] = [
    ("Embeddings", [
        ("token_embeddings", "A"), ("positional_embeddings", "A"), ("cached_input", "?A"),
        ("token_optimizer", ADAM), ("positional_optimizer", ADAM),
    ]),
    ("SelfAttention", [
        ("embedding_dim", "usize"), ("w_q", "A"), ("w_k", "A"), ("w_v", "A"), ("cached_input", "?A"),
        ("optimizer_w_q", ADAM), ("optimizer_w_k", ADAM), ("optimizer_w_v", ADAM),
    ]),
    ("FeedForward", [
        ("w1", "A"), ("b1", "A"), ("w2", "A"), ("b2", "A"),
        ("input", "?A"), ("hidden_pre_activation", "?A"), ("hidden_post_activation", "?A"),
        ("optimizer_w1", ADAM), ("optimizer_b1", ADAM), ("optimizer_w2", ADAM), ("optimizer_b2", ADAM),
    ]),
    ("LayerNorm", [
        ("epsilon", "f32"), ("gamma", "A"), ("beta", "A"),
        ("cached_input", "?A"), ("cached_mean", "?A"), ("cached_std", "?A"),
        ("optimizer_gamma", ADAM), ("optimizer_beta", ADAM),
    ]),
    ("OutputProjection", [("w_out", "A"), ("b_out", "A"), ("optimizer", ADAM), ("cached_input", "?A")]),
]
# fmt: on
OWNER = {
    "token_optimizer": "token_embeddings",
    "positional_optimizer": "positional_embeddings",
    "optimizer": "w_out",
}
"""The parameter of an optimizer, where it is not the optimizer's name without `optimizer_`."""


def parameter_of(optimizer: str) -> str:
    return OWNER.get(optimizer, optimizer.removeprefix("optimizer_"))


# ---- writing --------------------------------------------------------------------------------------------


def usize(value: int) -> bytes:
    for limit, marker, form in (
        (251, None, "<B"),
        (1 << 16, 251, "<H"),
        (1 << 32, 252, "<I"),
        (1 << 64, 253, "<Q"),
    ):
        if value < limit:
            return (b"" if marker is None else bytes([marker])) + struct.pack(form, value)
    raise OverflowError(value)


def text(value: str) -> bytes:
    return usize(len(value.encode())) + value.encode()


def write(form: Any, value: Any) -> bytes:
    if form == "usize":
        return usize(value)
    if form == "f32":
        return struct.pack("<f", value)
    if form == "?A":
        return b"\0" if value is None else b"\1" + write("A", value)
    if form == "A":
        rows, columns = value["dim"]
        numbers = struct.pack(f"<{len(value['data'])}f", *value["data"])
        return bytes([value["v"]]) + usize(rows) + usize(columns) + usize(len(value["data"])) + numbers
    return b"".join(write(part, value[name]) for name, part in form)


def encode(model: Plain) -> bytes:
    """The binary file of a model."""
    vocab = model["vocab"]
    out = usize(len(vocab["encode"])) + b"".join(text(w) + usize(i) for w, i in vocab["encode"].items())
    out += usize(len(vocab["decode"])) + b"".join(usize(int(i)) + text(w) for i, w in vocab["decode"].items())
    out += usize(len(vocab["words"])) + b"".join(map(text, vocab["words"]))
    out += usize(len(model["network"]))
    for layer in model["network"]:
        [(name, fields)] = layer.items()
        tag = [kind for kind, _ in LAYERS].index(name)
        out += usize(tag) + write(LAYERS[tag][1], fields)
    return out


# ---- reading --------------------------------------------------------------------------------------------


class Reader:
    """Reads values, and asserts at every step that they have their one and only right form."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        assert self.at + size <= len(self.data), "the file is too short"
        self.at += size
        return self.data[self.at - size : self.at]

    def usize(self) -> int:
        first = self.take(1)[0]
        if first < 251:
            return first
        width = {251: 2, 252: 4, 253: 8}[first]
        value = int.from_bytes(self.take(width), "little")
        assert len(usize(value)) == 1 + width, "not the shortest form"
        return value

    def text(self) -> str:
        return self.take(self.usize()).decode()

    def read(self, form: Any) -> Any:
        if form == "usize":
            return self.usize()
        if form == "f32":
            return struct.unpack("<f", self.take(4))[0]
        if form == "?A":
            tag = self.take(1)[0]
            assert tag in (0, 1), "not an option"
            return self.read("A") if tag else None
        if form == "A":
            version, rows, columns, count = self.take(1)[0], self.usize(), self.usize(), self.usize()
            assert version == 1, "another version"
            assert count == rows * columns, "dim and data disagree"
            numbers = struct.unpack(f"<{count}f", self.take(4 * count))
            return {"v": version, "dim": [rows, columns], "data": list(numbers)}
        return {name: self.read(part) for name, part in form}


def decode(data: bytes) -> Plain:
    """The model of a binary file, every field in order and no byte left."""
    r = Reader(data)
    encode = {r.text(): r.usize() for _ in range(r.usize())}
    decode = {str(r.usize()): r.text() for _ in range(r.usize())}
    words = [r.text() for _ in range(r.usize())]
    network = []
    for _ in range(r.usize()):
        name, form = LAYERS[r.usize()]
        network.append({name: r.read(form)})
    assert r.at == len(data), "bytes are left over"
    return {"vocab": {"encode": encode, "decode": decode, "words": words}, "network": network}


# ---- models ---------------------------------------------------------------------------------------------


def matrix(rng: np.random.Generator, rows: int, columns: int, positive: bool = False) -> Plain:
    numbers = rng.normal(size=rows * columns).astype(np.float32)
    return {"v": 1, "dim": [rows, columns], "data": [float(x) for x in (numbers**2 if positive else numbers)]}


def layer(
    rng: np.random.Generator, name: str, d: int, hidden: int, words: int, length: int, cached: bool
) -> Plain:
    """A layer with random numbers; `cached` gives it the activations of a forward pass over 3 positions."""
    shapes = {
        "token_embeddings": (words, d), "positional_embeddings": (length, d),
        "w_q": (d, d), "w_k": (d, d), "w_v": (d, d),
        "w1": (d, hidden), "b1": (1, hidden), "w2": (hidden, d), "b2": (1, d),
        "gamma": (1, d), "beta": (1, d), "w_out": (d, words), "b_out": (1, words),
    }  # fmt: skip
    activations = {
        "hidden_pre_activation": hidden,
        "hidden_post_activation": hidden,
        "cached_mean": 1,
        "cached_std": 1,
    }
    fields: Plain = {}
    for field, form in dict(LAYERS)[name]:
        if form == "A":
            fields[field] = matrix(rng, *shapes[field])
        elif form == "?A":
            fields[field] = matrix(rng, 3, activations.get(field, d)) if cached else None
        elif form is ADAM:
            shape = shapes[parameter_of(field)]
            numbers = (float(np.float32(x)) for x in (0.9, 0.999, 1e-8))
            fields[field] = dict(zip(("beta1", "beta2", "epsilon"), numbers, strict=True)) | {
                "timestep": int(rng.integers(1000)),
                "m": matrix(rng, *shape),
                "v": matrix(rng, *shape, positive=True),
            }
        else:
            fields[field] = d if field == "embedding_dim" else float(np.float32(1e-5))
    return {name: fields}


def model(
    seed: int = 0, words: int = 300, d: int = 4, hidden: int = 6, length: int = 5, cached: bool = True
) -> Plain:
    """A whole model as RustGPT writes it: its maps in no order, the activations of its last forward pass left in.

    300 words, so that some ids need three bytes.
    """
    rng = np.random.default_rng(seed)
    names = sorted(["</s>", "naïve", "日本"] + [f"word{i}" for i in range(words - 3)])
    order = [int(i) for i in rng.permutation(words)]
    vocab = {
        "encode": {names[i]: i for i in order},
        "decode": {str(i): names[i] for i in reversed(order)},
        "words": names,
    }
    kinds = ["Embeddings", "SelfAttention", "LayerNorm", "FeedForward", "LayerNorm", "OutputProjection"]
    return {"vocab": vocab, "network": [layer(rng, kind, d, hidden, words, length, cached) for kind in kinds]}
