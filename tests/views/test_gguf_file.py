"""The view of a real model's file decodes what the gguf package decodes, and finds what a turned bit does."""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter, quantize

from rustgpt_lab import views
from rustgpt_lab.errors import AccessError, FileError, ShapeError

NAME = "token_embd.weight"


@pytest.fixture
def file(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A file with one tensor of Q8_0, and its numbers."""
    path, table = tmp_path / "small.gguf", np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    writer = GGUFWriter(path, "llama")
    writer.add_string("general.name", "small")
    packed = quantize(table, GGMLQuantizationType.Q8_0)
    writer.add_tensor(NAME, packed, raw_dtype=GGMLQuantizationType.Q8_0)
    writer.add_tensor("output_norm.weight", np.ones(64, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path, table


def test_a_block_is_the_numbers_that_were_written(file: tuple[Path, np.ndarray]) -> None:
    path, table = file
    view = views.model_file(path)
    assert f"belongs to {NAME}. " in view.sentence
    row = view.answer(
        {"format": "gguf", "at": view.data.at + 2 * 34 + 5}
    )  # in the third block, the second row
    said = [float(number) for number in row.verdict.partition(": ")[2].split(", ")[:6]]
    np.testing.assert_allclose(said, table[1, :6], atol=0.02)
    assert "32 numbers of kind Q8_0" in row.verdict


def test_a_turned_bit_of_the_scale_changes_the_block_and_one_of_a_number_that_number(
    file: tuple[Path, np.ndarray],
) -> None:
    view = views.model_file(file[0])
    at = view.data.at
    whole = view.answer({"format": "gguf", "at": at, "flip": [at + 1, 2]})
    assert "With the turned bits 32 differ" in whole.verdict
    assert whole.window[at + 1 - whole.start] == view.data.window[at + 1 - view.data.start] ^ 4
    one = view.answer({"format": "gguf", "at": at, "flip": [at + 7, 0]})
    assert "With the turned bits 1 differ" in one.verdict


def test_settings_and_plain_numbers(file: tuple[Path, np.ndarray]) -> None:
    view = views.model_file(file[0])
    last = view.answer({"format": "gguf", "at": view.data.size - 1})
    assert "one number of kind F32: 1." in last.verdict
    assert view.answer({"format": "gguf", "at": 30}).verdict == "It is no number of the model."
    with pytest.raises(ShapeError, match="no such byte"):
        view.answer({"format": "gguf", "at": view.data.size})
    assert view.twin() and view.state() and view.fixed()


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccessError):
        views.model_file(tmp_path / "none.gguf")
    (tmp_path / "other.gguf").write_bytes(b"GGUX" + bytes(60))
    with pytest.raises(FileError):
        views.model_file(tmp_path / "other.gguf")
