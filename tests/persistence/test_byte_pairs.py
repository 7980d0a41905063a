"""Byte pairs travel with their model in `.safetensors`, and nowhere else."""

import json
from pathlib import Path

import pytest

from rustgpt_lab import LLM, BytePairs, ModelError
from rustgpt_lab.errors import FileError
from rustgpt_lab.persistence import describe

from .models import same
from .test_safetensors import rewrite

TEXTS = ["the cat sat on the mat </s>", "a hat and a cat </s>"]


@pytest.fixture(scope="module")
def llm() -> LLM:
    llm = LLM.build(BytePairs.train(TEXTS, 270), embedding_dim=4, hidden_dim=4, blocks=1, max_seq_len=20)
    llm.train(TEXTS, epochs=2, learning_rate=0.01)
    return llm


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_a_model_comes_back_with_its_tokenizer(llm: LLM, tmp_path: Path, packing: str) -> None:
    path = tmp_path / f"m.safetensors{packing}"
    llm.save(path)
    again = LLM.load(path)
    assert same(again, llm)
    assert again.vocab == llm.vocab
    assert again.vocab.encode("the hat </s>") == llm.vocab.encode("the hat </s>")
    assert again.predict("the cat") == llm.predict("the cat")
    assert max(map(len, str(describe(path)).splitlines())) < 2200


@pytest.mark.parametrize("extension", [".bin", ".json", ".bin.gz"])
def test_rustgpts_formats_have_no_place_for_them(llm: LLM, tmp_path: Path, extension: str) -> None:
    with pytest.raises(FileError, match=r"Save the model as \.safetensors") as found:
        llm.save(tmp_path / f"m{extension}")
    assert found.value.kind == "no place"
    assert list(tmp_path.iterdir()) == []


def test_what_ends_a_text_is_kept(llm: LLM, tmp_path: Path) -> None:
    other = LLM(BytePairs(llm.vocab.backend, end="cat"), llm.network.unbound())
    other.save(tmp_path / "m.safetensors")
    assert LLM.load(tmp_path / "m.safetensors").vocab.end == llm.vocab.backend.token_to_id("cat")


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[" * 100_000, '{"model": {"type": "BPE", "vocab": {"a": 7}, "merges": []}}']
)
def test_a_bad_tokenizer_is_a_typed_error(llm: LLM, tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.safetensors"
    llm.save(path)
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + size])
    header["__metadata__"]["tokenizer"] = text
    rewrite(path, header, path.read_bytes()[8 + size :])
    with pytest.raises(ModelError) as found:
        LLM.load(path)
    assert found.value.kind == "tokenizer"
    assert "m.safetensors: tokenizer" in str(found.value)


def test_another_tokenizer_does_not_fit(llm: LLM, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    llm.save(path)
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + size])
    header["__metadata__"]["tokenizer"] = BytePairs.train(TEXTS, 262).to_json()
    rewrite(path, header, path.read_bytes()[8 + size :])
    with pytest.raises(FileError, match="do not fit together"):
        LLM.load(path)


def test_a_tokenizer_that_no_file_can_hold_is_refused_before_it_is_saved(llm: LLM, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, normalizers

    backend = Tokenizer.from_str(llm.vocab.to_json())
    backend.normalizer = normalizers.Lowercase()
    with pytest.raises(FileError, match=r"normalizer.*found Lowercase"):
        LLM(BytePairs(backend), llm.network.unbound()).save(tmp_path / "m.safetensors")
