"""What RustGPT reads is said truthfully, and a file is replaced only if it may be."""

import os
from pathlib import Path

import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.errors import AccessError
from rustgpt_lab.layers import Embeddings, OutputProjection, RMSNorm
from rustgpt_lab.persistence import rustgpt_reads


def llm(positions: int = 80) -> LLM:
    return LLM.build(Vocab.default(), 4, 12, 1, max_seq_len=positions)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("m.bin", "yes"),
        ("m.JSON", "yes"),
        ("m.safetensors", "no: it"),
        ("m.bin.gz", "no: it"),
        ("m", "no: it"),
    ],
)
def test_it_reads_its_own_two_formats(name: str, answer: str) -> None:
    assert rustgpt_reads(llm().network, name).startswith(answer)


def test_it_reads_no_other_length_and_no_other_kind_of_layer() -> None:
    told = "no: 120 positions, and RustGPT has 80 compiled in"
    assert rustgpt_reads(llm(120).network, "m.bin") == told
    layers = [Embeddings(6, 4, 80), RMSNorm(4), OutputProjection(4, 6)]
    told = "no: a layer of kind RMSNorm, which it does not know"
    assert rustgpt_reads(layers, "m.bin") == told


@pytest.mark.parametrize(
    ("positions", "name", "answer"),
    [(80, "m.bin", "yes"), (120, "m.bin", "no: 120 positions"), (80, "m.json.gz", "no: it reads")],
)
def test_saving_says_so(positions: int, name: str, answer: str, tmp_path: Path) -> None:
    said = repr(llm(positions).save(tmp_path / name))
    assert said.startswith(f"{name}: ")
    assert f". RustGPT reads this: {answer}" in said


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("at", ["before", "meanwhile"])
def test_a_file_that_must_stay_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool, at: str
) -> None:
    path, link, flush = tmp_path / "m.bin", os.link, os.fsync

    def turn_up(descriptor: int) -> None:
        flush(descriptor)
        path.write_bytes(b"precious")

    def no_link(source: str, target: os.PathLike[str], **more: int) -> None:
        if os.fspath(target) == os.fspath(path):
            raise OSError("no hard links here")
        link(source, target, **more)

    if not links:
        monkeypatch.setattr(os, "link", no_link)
    llm().save(path, overwrite=False)  # there is none
    assert LLM.load(path)
    path.unlink()
    if at == "before":
        path.write_bytes(b"precious")
    else:
        monkeypatch.setattr(os, "fsync", turn_up)
    with pytest.raises(AccessError, match="File exists"):
        llm().save(path, overwrite=False)
    assert path.read_bytes() == b"precious" and [p.name for p in tmp_path.iterdir()] == ["m.bin"]
