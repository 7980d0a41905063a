"""The model file view: bytes, their meaning, and what a turned bit does."""

import re
import struct

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import ShapeError
from rustgpt_lab.persistence import describe
from rustgpt_lab.views.gallery.model_file import ModelFile

VOCAB = Vocab(["the", "sun", "</s>"])


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.build(VOCAB, embedding_dim=2, hidden_dim=2, blocks=1, max_seq_len=4)


@pytest.fixture
def view(llm: LLM) -> ModelFile:
    return views.model_file(llm, "the sun")


@pytest.mark.parametrize("form", ["bin", "json"])
def test_the_window_shows_the_file(view: ModelFile, llm: LLM, form: str, tmp_path) -> None:
    llm.save(tmp_path / f"m.{form}")
    data = (tmp_path / f"m.{form}").read_bytes()
    seen = set()
    for at in range(0, len(data), 100):
        found = view.answer({"format": form, "at": at})
        assert found.window.tobytes() == data[found.start : found.start + len(found.window)]
        assert found.start <= at < found.start + len(found.window)
        assert all(node.offset <= at < node.offset + node.length for node in found.trail)
        seen.update(node.name for node in found.trail)
    assert found.size == len(data)
    assert {"vocab", "network"} <= seen


@pytest.mark.parametrize("form", ["bin", "json"])
def test_the_browsers_tree_is_the_files(view: ModelFile, llm: LLM, form: str, tmp_path) -> None:
    llm.save(tmp_path / f"model.{form}")
    tree = view.fixed()["trees"][form]
    names, kinds, starts, lengths = (tree[column] for column in ("names", "kinds", "offsets", "lengths"))
    sent = [*zip(names, kinds, map(int, starts), map(int, lengths), strict=True)]
    lines = str(describe(tmp_path / f"model.{form}"))
    told = re.findall(r"^ +(\S+): (\S+).* \[byte (\d+), (\d+) long\]", lines, re.M)
    assert len(told) > 80
    assert {(name, kind, int(at), int(long)) for name, kind, at, long in told} <= set(sent)
    ends = starts + lengths
    for i, span in enumerate(tree["spans"]):  # what is in a node's bytes is below it
        assert span == ((starts[i:] >= starts[i]) & (ends[i:] <= ends[i])).sum(), sent[i]


def test_a_turned_sign_is_loaded_and_turned_back(view: ModelFile, llm: LLM) -> None:
    weight = struct.pack("<f", llm.parameters["0.token_embeddings"][1, 0])
    at = view._files["bin"][0].index(weight) + 3
    view.widget.ask({"format": "bin", "at": at, "flip": [at, 7]})
    other = llm.copy()
    other.parameters["0.token_embeddings"][1, 0] *= -1
    value = float(llm.parameters["0.token_embeddings"][1, 0])
    assert view.data.number == (at - 3, value, -value)

    def p(model: LLM) -> np.ndarray:
        logits = model.logits("the sun")[-1]
        return np.exp(logits) / np.exp(logits).sum()

    moved = np.abs(p(other) - p(llm)).sum() / 2
    assert f"{moved:.2g} of the next word's probability moves" in view.data.verdict
    view.widget.ask({"format": "bin", "at": at, "flip": [at, 7]})
    assert view.data.changed == ()


def test_a_spoilt_file_says_why(view: ModelFile) -> None:
    for form, at in (("bin", 0), ("json", 0)):
        view.data = view.answer({"format": form, "at": at, "flip": [at, 6]})
        assert not view.data.loads
        assert "Error: " in view.data.verdict
        assert "tmp" not in view.data.verdict
    assert view.answer({"format": "json", "at": 5, "restore": True}).loads


def test_a_byte_beyond_the_file_is_refused(view: ModelFile) -> None:
    with pytest.raises(ShapeError, match="no such byte"):
        view.answer({"format": "bin", "at": 10**9})


def test_the_twin(view: ModelFile) -> None:
    assert view.twin() == view.twin()
    assert "belongs to" in view.twin()["text/plain"]
