"""`.safetensors`, against the library of those who made the format."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from rustgpt_lab import LLM, Vocab, errors

from .models import same


@pytest.fixture(scope="module")
def llm() -> LLM:
    texts = ["hello world </s>", "this is rust </s>"]
    llm = LLM.build(Vocab.default(), embedding_dim=4, hidden_dim=6, blocks=1, max_seq_len=5)
    llm.train(texts, epochs=2, learning_rate=0.01)
    return llm


def parts(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


def test_the_formats_own_library_reads_ours(llm: LLM, tmp_path: Path) -> None:
    llm.save(tmp_path / "m.safetensors")
    tensors, metadata = parts(tmp_path / "m.safetensors")
    for name, array in llm.parameters.items():
        np.testing.assert_array_equal(tensors[name], array)
    np.testing.assert_array_equal(tensors["1.optimizer_w_q.m"], llm.adam.m["1.w_q"])
    np.testing.assert_array_equal(tensors["0.token_optimizer.v"], llm.adam.v["0.token_embeddings"])
    assert json.loads(metadata["vocabulary"]) == list(llm.vocab.words)
    layers = json.loads(metadata["architecture"])
    assert [name for layer in layers for name in layer] == [type(layer).__name__ for layer in llm.network]
    assert layers[1]["SelfAttention"]["embedding_dim"] == 4
    assert layers[1]["SelfAttention"]["optimizer_w_q"]["timestep"] == llm.adam.settings["1.w_q"].timestep


def test_we_read_what_the_formats_own_library_writes(llm: LLM, tmp_path: Path) -> None:
    llm.save(tmp_path / "m.safetensors")
    tensors, metadata = parts(tmp_path / "m.safetensors")
    safetensors.numpy.save_file(tensors, tmp_path / "again.safetensors", metadata)
    assert same(LLM.load(tmp_path / "again.safetensors"), llm)


def rewrite(path: Path, header: Any, numbers: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)


@pytest.fixture
def path(llm: LLM, tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    llm.save(path)
    return path


def header_of(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def refuse(path: Path, kind: str, *words: str) -> None:
    with pytest.raises(errors.FileError) as caught:
        LLM.load(path)
    assert caught.value.kind == kind
    for word in (str(path), *words):
        assert word in str(caught.value)


def test_numbers_begin_at_a_multiple_of_eight(path: Path) -> None:
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0


def test_a_header_longer_than_the_file(path: Path) -> None:
    path.write_bytes(b"\xff" * 8 + b"{}")
    refuse(path, "header", "found header too large")


def test_a_file_of_another_program(path: Path) -> None:
    safetensors.numpy.save_file({"x": np.zeros((2, 2), np.float32)}, path)
    refuse(path, "foreign", "expected vocabulary", "another program")


def test_a_missing_and_a_surplus_tensor(path: Path) -> None:
    header, numbers = header_of(path)
    header["9.w_q"] = header.pop("1.w_q")
    rewrite(path, header, numbers)
    refuse(path, "missing tensor", "a tensor is missing", "expected 1.w_q")
    header["1.w_q"] = header.pop("9.w_q")
    header["extra"] = {"dtype": "F32", "shape": [0, 0], "data_offsets": [len(numbers)] * 2}
    rewrite(path, header, numbers)
    refuse(path, "surplus tensor", "extra", "belongs to no layer")


def test_another_type_of_numbers(path: Path) -> None:
    header, numbers = header_of(path)
    header["1.w_q"] |= {"dtype": "F16", "shape": [4, 8]}
    rewrite(path, header, numbers)
    refuse(path, "tensor type", "1.w_q.dtype", "expected F32", "found F16 [4, 8]")


def test_gaps_overlaps_and_ends(path: Path) -> None:
    header, numbers = header_of(path)
    first, last = header["1.w_q"]["data_offsets"]
    for wrong in ([first + 4, last + 4], [first, last - 4], [0, last - first], [last, first]):
        header["1.w_q"]["data_offsets"] = wrong
        rewrite(path, header, numbers)
        refuse(path, "header", "offset for tensor")
    header["1.w_q"]["data_offsets"] = [first, last]
    rewrite(path, header, numbers[:-4])
    refuse(path, "cut off", "cut off")
    rewrite(path, header, numbers + b"\0")
    refuse(path, "trailing bytes", "1 more bytes")


def test_of_two_equal_names_the_last_counts(path: Path, llm: LLM) -> None:
    header, numbers = header_of(path)
    first = b'{"1.w_q": {"dtype": "F16", "shape": [7], "data_offsets": [0, 14]}, '
    rewrite(path, first + json.dumps(header).encode()[1:], numbers)
    assert same(LLM.load(path), llm)


def test_another_shape_than_the_layers(path: Path) -> None:
    header, numbers = header_of(path)
    header["1.w_q"]["shape"] = [2, 8]
    rewrite(path, header, numbers)
    refuse(path, "shape", "network[1].SelfAttention.w_q.dim", "expected 4 x 4", "found 2 x 8")


def test_metadata_that_is_no_json(path: Path) -> None:
    header, numbers = header_of(path)
    header["__metadata__"]["vocabulary"] = '["a", </s>'
    rewrite(path, header, numbers)
    refuse(path, "json", "__metadata__.vocabulary", "a text")


def test_a_word_twice(path: Path) -> None:
    header, numbers = header_of(path)
    words = json.loads(header["__metadata__"]["vocabulary"])
    header["__metadata__"]["vocabulary"] = json.dumps([words[-1], *words[1:]])
    rewrite(path, header, numbers)
    refuse(path, "word twice", "'</s>'")


def test_a_dimension_that_no_array_can_have(path: Path) -> None:
    header, numbers = header_of(path)
    header["x"] = {"dtype": "F32", "shape": [1 << 63, 0], "data_offsets": [len(numbers)] * 2}
    rewrite(path, header, numbers)
    refuse(path, "dimension", "x.dim", "a dimension is too large")


@pytest.mark.parametrize(
    ("header", "at", "words"),
    [
        (b"[]", "byte 8", "expected struct"),
        (b'{"x": 5}', "byte 15", "integer `5`"),
        (b'{"x":', "byte 12", "EOF"),
        (b"\xff\xfe", "byte 8", "utf-8"),
        (b'{"__metadata__": {"vocabulary": 5}}', "byte 40", "expected a string"),
        (b"[" * 100_000, "byte 8", "expected struct"),
    ],
)
def test_what_is_no_header(header: bytes, at: str, words: str, path: Path) -> None:
    rewrite(path, header)
    refuse(path, "header", at, words)


def test_gpt2_in_half_precision_is_another_programs(path: Path) -> None:
    tensors = {"wte.weight": np.zeros((3, 2), np.float16), "h.0.ln_1.weight": np.zeros(2, np.float16)}
    safetensors.numpy.save_file(tensors, path, {"format": "pt"})
    refuse(path, "foreign", "of another program", "2 tensors: h.0.ln_1.weight F16 [2]", "load_file")
