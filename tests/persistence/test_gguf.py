"""GGUF files: a sound one is the model that it says, a bad one is refused by its own error, in a bounded memory."""

import time
import tracemalloc
from pathlib import Path

import gguf as library
import numpy as np
import pytest

from rustgpt_lab import LLM
from rustgpt_lab.errors import FileError
from rustgpt_lab.persistence import describe
from rustgpt_lab.persistence.gguf import read_header, read_model_of
from rustgpt_lab.persistence.numbers import GGML, Tensor, ggml_kind
from tests.corpus import gguf


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "m.gguf").write_bytes(gguf.GOOD)
    return tmp_path / "m.gguf"


def test_the_weights_are_those_of_the_file(path: Path) -> None:
    llm, parts = LLM.load(path), gguf.tensors()
    for name, own in {"attn_q": "1.1.w_q", "attn_v": "1.1.w_v", "ffn_gate": "2.1.w_gate"}.items():
        shape, _, raw = parts[f"blk.0.{name}.weight"]
        np.testing.assert_array_equal(llm.parameters[own], np.frombuffer(raw, "<f4").reshape(shape).T)
    shape, _, raw = parts["token_embd.weight"]
    np.testing.assert_array_equal(
        llm.parameters["0.token_embeddings"], np.frombuffer(raw, "<f4").reshape(shape)
    )
    blocks = np.frombuffer(parts["blk.0.ffn_down.weight"][2], np.uint8).reshape(gguf.D, -1)
    down = library.dequantize(blocks, library.GGMLQuantizationType.Q8_0)
    np.testing.assert_array_equal(llm.parameters["2.1.w_down"], down.T)
    assert llm.max_seq_len == 64
    assert not vars(llm.adam).keys() & {"m", "v"}, "a model that only answers has no moments"
    assert "gradients" not in vars(llm.network.parameters)


def test_its_tokenizer_and_chat_form_are_its_own(path: Path) -> None:
    vocab = LLM.load(path).vocab
    text = vocab.chat.render([{"role": "user", "content": "the 12"}])
    assert text == "<|im_start|>user\nthe 12<|im_end|><|im_start|>a\n"
    ids = vocab.encode(text)
    assert [ids[0], ids.count(257), 259 in ids, vocab.end] == [256, 1, True, 257]
    assert vocab.decode(ids) == text
    assert vocab.pieces(vocab.encode("12")) == ["1", "2"]


def test_it_is_kept_in_our_own_format(path: Path, tmp_path: Path) -> None:
    llm = LLM.load(path)
    llm.save(tmp_path / "own.safetensors")
    again = LLM.load(tmp_path / "own.safetensors")
    np.testing.assert_array_equal(again.parameters.flat, llm.parameters.flat)
    assert (again.vocab, again.vocab.chat, again.max_seq_len) == (llm.vocab, llm.vocab.chat, 64)


def test_a_file_is_known_by_its_first_bytes(path: Path) -> None:
    assert LLM.load(path.rename(path.with_suffix(".bin"))).max_seq_len == 64


def test_describe_shows_settings_and_tensors(path: Path) -> None:
    settings, *tensors = describe(path).children
    found = {node.name: node for node in settings.children}
    assert found["llama.block_count"].value == 1
    assert found["tokenizer.ggml.tokens"].value == gguf.V
    down = next(node for node in tensors if node.name == "blk.0.ffn_down.weight")
    assert (down.kind, down.shape, down.length) == ("Q8_0", (gguf.D, gguf.HIDDEN), gguf.D * 34)
    assert gguf.GOOD[down.offset : down.offset + down.length] == gguf.tensors()[down.name][2]


@pytest.mark.parametrize("number", [*GGML, 6, 7, 12, 14, 39])
def test_every_kind_of_number_is_decoded_as_by_the_formats_own_library(number: int) -> None:
    kind, rows = ggml_kind(number), 5
    size, nbytes = library.GGML_QUANT_SIZES[library.GGMLQuantizationType(number)]
    rng, width = np.random.default_rng(number), 2 * size
    raw = rng.integers(0, 256, (rows, 2 * nbytes), np.uint8)
    if number in (0, 1, 30):  # numbers that are finite
        raw = library.quantize(
            rng.normal(size=(rows, 2)).astype(np.float32), library.GGMLQuantizationType(number)
        )
    else:
        for start in range(0, 2 * nbytes, nbytes):  # scales that are finite, wherever they stand
            block = raw[:, start : start + nbytes]
            block[:, [1, 3, nbytes - 1, nbytes - 3]] &= 0x3B
    raw = np.ascontiguousarray(raw).view(np.uint8).reshape(rows, -1)
    expected = library.dequantize(raw, library.GGMLQuantizationType(number))
    pieces = Tensor((rows, width), kind, 3).pieces(b"xyz" + raw.tobytes(), 1, rows)
    np.testing.assert_array_equal(np.concatenate([piece.copy() for _, _, piece in pieces]), expected[1:])


@pytest.mark.parametrize("bad", gguf.FILES, ids=[bad.what for bad in gguf.FILES])
def test_a_bad_file_is_refused(bad: gguf.Bad, tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(bad.data)
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(FileError) as caught:
        LLM.load(path)
    seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.kind == bad.kind
    message = str(caught.value)
    assert message.startswith(str(path))
    for word in bad.words:
        assert word in message
    assert len(message) < 600
    assert seconds < 10 and peak < 32 << 20, "a few bytes ask for much"


def test_weights_that_would_be_too_many_as_float32_are_refused() -> None:
    with pytest.raises(FileError, match=r"at most 5,000 bytes.*as float32"):
        read_model_of(gguf.GOOD, max_bytes=5000)


def test_the_sound_file_is_read_by_the_formats_own_library(path: Path) -> None:
    reader, own = library.GGUFReader(path), read_header(gguf.GOOD)
    assert {tensor.name: tensor.data_offset for tensor in reader.tensors} == {
        name: tensor.offset for name, tensor in own.tensors.items()
    }
    assert {*own.settings} == {name for name in reader.fields if not name.startswith("GGUF.")}
