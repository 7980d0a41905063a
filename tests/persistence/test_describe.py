"""`describe`: every byte of a file is named, and the numbers beside the names are true."""

import hashlib
import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import LLM
from rustgpt_lab.persistence import Node, describe
from tests.corpus import binary, text

from . import independent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of RustGPT's, with activations in it, as m.bin and m.json; and m.safetensors."""
    folder = tmp_path_factory.mktemp("described")
    model = independent.model(words=300)
    (folder / "m.bin").write_bytes(independent.encode(model))
    (folder / "m.json").write_text(json.dumps(model, indent=2))
    LLM.load(folder / "m.bin").save(folder / "m.safetensors")
    return folder


def leaves(node: Node) -> Iterator[Node]:
    if not node.children:
        yield node
    for child in node.children:
        yield from leaves(child)


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def at(node: Node, *names: str) -> Node:
    for name in names:
        node = next(child for child in node.children if child.name == name)
    return node


def test_in_a_binary_file_every_byte_belongs_to_one_leaf(folder: Path) -> None:
    position = 0
    for leaf in leaves(describe(folder / "m.bin")):
        assert leaf.offset == position
        position += leaf.length
    assert position == (folder / "m.bin").stat().st_size


@pytest.mark.parametrize("name", ["m.bin", "m.json", "m.safetensors"])
def test_parts_lie_in_order_within_their_whole(folder: Path, name: str) -> None:
    for node in nodes(describe(folder / name)):
        if node.name == "header":
            continue  # of a safetensors file: its parts are texts within a text
        position = node.offset
        for child in node.children:
            assert child.offset >= position
            position = child.offset + child.length
        assert position <= node.offset + node.length


def test_the_bytes_of_a_scalar_are_its_value(folder: Path) -> None:
    data = (folder / "m.bin").read_bytes()
    root = describe(folder / "m.bin")
    forms = {"f32": "<f", "u8": "<B"}
    checked = 0
    for leaf in leaves(root):
        raw = data[leaf.offset : leaf.offset + leaf.length]
        if leaf.kind in forms and leaf.value is not None:
            assert np.float32(leaf.value) == np.float32(struct.unpack(forms[leaf.kind], raw)[0])
            checked += 1
        elif leaf.kind == "str":
            assert raw[-len(leaf.value.encode()) :].decode() == leaf.value
        elif leaf.kind in ("usize", "varint"):
            assert independent.usize(leaf.value) == raw
    assert checked > 40


def test_the_bytes_of_a_json_value_are_its_text(folder: Path) -> None:
    data = (folder / "m.json").read_bytes()
    for leaf in leaves(describe(folder / "m.json")):
        raw = json.loads(data[leaf.offset : leaf.offset + leaf.length])
        if isinstance(raw, list):
            assert len(raw) == leaf.value
        elif leaf.kind == "f32":
            assert np.float32(raw) == np.float32(leaf.value)
        else:
            assert str(raw) == str(leaf.value)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("m.bin", ("network", "[3]", "FeedForward", "w1")),
        ("m.json", ("network", "[3]", "FeedForward", "w1")),
        ("m.safetensors", ("3.w1",)),
    ],
)
def test_an_arrays_shape_and_statistics(folder: Path, name: str, path: tuple[str, ...]) -> None:
    node = at(describe(folder / name), *path)
    w1 = LLM.load(folder / "m.bin").parameters["3.w1"]
    assert node.shape == w1.shape
    assert node.stats
    assert node.stats.sha256 == hashlib.sha256(w1.tobytes()).hexdigest()
    assert (node.stats.min, node.stats.max) == (float(w1.min()), float(w1.max()))
    assert node.stats.mean == pytest.approx(float(w1.mean(dtype=np.float64)), rel=1e-12)


def test_the_numbers_of_a_binary_array_are_where_it_says(folder: Path) -> None:
    numbers = at(describe(folder / "m.bin"), "network", "[3]", "FeedForward", "w1", "data", "numbers")
    data = (folder / "m.bin").read_bytes()[numbers.offset : numbers.offset + numbers.length]
    assert data == LLM.load(folder / "m.bin").parameters["3.w1"].tobytes()


def test_a_diverged_model_can_be_described(tmp_path: Path) -> None:
    for name, data in (
        ("m.bin", binary.norm(binary.ONE, binary.NAN)),
        ("m.json", text.bad(b"[0.5]", b"[null]")),
    ):
        (tmp_path / name).write_bytes(data)
        stats = at(describe(tmp_path / name), "network", "[0]", "LayerNorm", "gamma").stats
        assert stats
        assert math.isnan(stats.mean)


def test_activations_are_shown(folder: Path) -> None:
    cached = at(describe(folder / "m.bin"), "network", "[0]", "Embeddings", "cached_input")
    assert at(cached, "tag").value == 1
    assert at(cached, "value").shape == (3, 4)


def test_the_text_of_a_tree(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(binary.GOOD)
    lines = str(describe(tmp_path / "m.bin")).splitlines()
    assert lines[0] == f"{tmp_path / 'm.bin'}: struct  [byte 0, 111 long]"
    assert "    encode: map = 2  [byte 0, 10 long]" in lines
    assert "        epsilon: f32 = 1e-05  [byte 30, 4 long]" in lines
    [gamma] = [line for line in lines if line.startswith("        gamma:")]
    digest = hashlib.sha256(binary.ONE).hexdigest()
    assert (
        gamma == f"        gamma: Array2<f32> 1 x 1  [byte 34, 8 long]  min 1, max 1, mean 1, sha256 {digest}"
    )
