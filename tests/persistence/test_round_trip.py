"""Whatever the model, no way through any format changes it."""

import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.persistence import describe
from rustgpt_lab.tokenizers import END

from . import independent
from .models import models, same

EXTENSIONS = "bin", "json", "safetensors", "bin.gz", "json.zst"


@settings(max_examples=20)
@given(models(), st.permutations(EXTENSIONS))
def test_any_model_through_all_formats_in_any_order(llm: LLM, extensions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = llm
        for extension in extensions:
            path = Path(folder, f"m.{extension}")
            found.save(path)
            found = LLM.load(path)
            assert same(found, llm)


def saved(llm: LLM, extension: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"m.{extension}")
        llm.save(path)
        return path.read_bytes()


@settings(max_examples=60)
@given(models())
def test_any_binary_file_is_what_the_independent_writer_writes(llm: LLM) -> None:
    data = saved(llm, "bin")
    assert independent.encode(independent.decode(data)) == data


@settings(max_examples=60)
@given(models())
def test_any_json_file_is_laid_out_as_the_standard_library_does_it(llm: LLM) -> None:
    text = saved(llm, "json").decode()
    again = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    number = (
        r'(?<=\n)( *(?:"\w+": )?)-?\d[\d.e+-]*'  # a line's number: how many digits it has is another matter
    )
    assert re.sub(number, r"\1#", text) == re.sub(number, r"\1#", again)


@settings(max_examples=30)
@given(models(), st.sampled_from(EXTENSIONS))
def test_any_models_file_can_be_described(llm: LLM, extension: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"m.{extension}")
        llm.save(path)
        assert str(describe(path)).startswith(f"{path}: struct")


@pytest.mark.parametrize("count", [249, 300, 70_000])
@pytest.mark.parametrize("word", ["x" * 250, "x" * 251, "\N{SNOWMAN}" * 90, "\0"])
def test_long_words_and_many_words(count: int, word: str, tmp_path: Path) -> None:
    llm, path = LLM(Vocab([*map(str, range(count)), word, END]), []), tmp_path / "m.bin"
    llm.save(path)
    assert LLM.load(path).vocab == llm.vocab
    assert independent.decode(path.read_bytes())["vocab"]["words"] == list(llm.vocab.words)


@pytest.mark.parametrize("seed", range(3))
def test_json_and_binary_of_rustgpts_are_the_same_model(seed: int, tmp_path: Path) -> None:
    model = independent.model(seed)
    (tmp_path / "m.bin").write_bytes(independent.encode(model))
    (tmp_path / "m.json").write_text(json.dumps(model))
    assert same(LLM.load(tmp_path / "m.bin"), LLM.load(tmp_path / "m.json"))
