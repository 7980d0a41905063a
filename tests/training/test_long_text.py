"""A text on the disk: the same ids as in memory, learned from in a bounded memory, and resumed to the same bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import LLM, BytePairs, LongText, Vocab
from rustgpt_lab.errors import DataError, TrainingError
from rustgpt_lab.persistence import Checkpoints
from rustgpt_lab.tokenizers import Tokenizer, long_text

STORY = "Mia has a boat.\n\n  The boat is red, and Mia's café is  blue. </s>\nIt rains – 漢字! " * 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(STORY, encoding="utf-8")
    return path


TOKENIZERS = [Vocab.from_texts([STORY]), BytePairs.train([STORY], 300)]


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=["words", "byte pairs"])
@pytest.mark.parametrize("piece", [7, 64, 1 << 18])
def test_it_is_the_ids_of_the_whole(
    path: Path, tokenizer: Tokenizer, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_text, "PIECE", piece)
    whole = tokenizer.encode(STORY)
    text = LongText(path, tokenizer, 16)
    assert len(text) == (len(whole) - 1) // 16
    assert text[0] == whole[:17]
    assert text[1:3] == [whole[16:33], whole[32:49]]
    assert [i for ids in text for i in ids[1:]] == whole[1 : 1 + 16 * len(text)]
    assert text[-1] == text[len(text) - 1]
    with pytest.raises(IndexError):
        text[len(text)]


def test_a_part_is_held_out(path: Path) -> None:
    text = LongText(path, TOKENIZERS[0], 16)
    learn, held_out = text.split(0.25)
    assert [*learn, *held_out] == list(text)
    assert len(held_out) == round(len(text) / 4)
    assert len({text.sha256, learn.sha256, held_out.sha256}) == 3
    assert learn.sha256 == LongText(path, TOKENIZERS[0], 16).split(0.25)[0].sha256
    with pytest.raises(DataError, match="cannot be split"):
        text.split(0)


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=["words", "byte pairs"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_learning_is_that_from_the_same_sequences_in_memory(
    path: Path, tmp_path: Path, tokenizer: Tokenizer, shuffle: bool
) -> None:
    text, held_out = LongText(path, tokenizer, 16).split(0.2)
    build = {"embedding_dim": 8, "hidden_dim": 8, "blocks": 1, "max_seq_len": 16}
    llm, twin = LLM.build(tokenizer, **build), LLM.build(tokenizer, **build)
    before = llm.loss(held_out)
    history = llm.train(text, 2, 0.01, batch_size=4, shuffle=shuffle)
    assert llm.loss(held_out) < before
    assert len(history) == 2 * -(-len(text) // 4)

    class Stop(Checkpoints):
        def on_step(self, training) -> None:
            super().on_step(training)
            if training.state.steps == 5:
                training.stop()

    twin.train(text, 2, 0.01, batch_size=4, shuffle=shuffle, callbacks=[Stop(tmp_path / "c", every_steps=2)])
    again = LongText(path, tokenizer, 16).split(0.2)[0]
    resumed = LLM.resume(tmp_path / "c", again)
    resumed.run([Checkpoints(tmp_path / "c", every_steps=2)])
    assert np.array_equal(resumed.llm.parameters.flat, llm.parameters.flat)
    assert len(list((tmp_path / "c").glob("step-*"))) == 6
    with pytest.raises(TrainingError, match="not the texts"):
        LLM.resume(tmp_path / "c", held_out)
    whole = LLM.build(tokenizer, **build)
    whole.network.parameters.initialize(0)
    assert whole.network.mean_loss(list(held_out)) == pytest.approx(before, rel=1e-6)


def test_what_cannot_be_learned_from_is_refused(path: Path, tmp_path: Path) -> None:
    words, pairs = TOKENIZERS
    llm = LLM.build(words, embedding_dim=4, hidden_dim=4, blocks=1, max_seq_len=16)
    with pytest.raises(DataError, match="longer than the model can see"):
        llm.loss(LongText(path, words, 17))
    with pytest.raises(DataError, match="another tokenizer's ids"):
        llm.loss(LongText(path, pairs, 16))
    with pytest.raises(DataError, match="too short"):
        LongText(path, words, 100_000)
    with pytest.raises(DataError, match="would be empty"):
        LongText(path, words, 0)
    with pytest.raises(DataError, match="cannot read this text"):
        LongText(tmp_path / "nothing.txt", words, 4)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 au lait")
    with pytest.raises(DataError, match="near byte 3: this is not UTF-8"):
        LongText(tmp_path / "latin.txt", words, 4)
    assert repr(LongText(path, words, 16)).endswith("sequences of 16 + 1 ids)")


MEMORY = """
import resource, sys
from rustgpt_lab import LLM, BytePairs, LongText
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with open(sys.argv[1], encoding="utf-8") as file:
    pairs = BytePairs.train([file.read(200_000)], 1000)
llm = LLM.build(pairs, embedding_dim=16, hidden_dim=16, blocks=1, max_seq_len=128)
LongText(sys.argv[2], pairs, 128)
before = peak()
learn, held_out = LongText(sys.argv[1], pairs, 128).split(0.001)
built = peak()
class Few:
    def on_start(self, training): pass
    def on_end(self, training): pass
    def on_step(self, training):
        if training.state.steps == 300: training.stop()
from rustgpt_lab.training import Callback
llm.train(learn, 1, 1e-3, batch_size=8, shuffle=True, callbacks=[type("F", (Few, Callback), {})()])
llm.loss(held_out)
print(len(learn) * 128, before, built, peak())
"""


def test_thirty_megabytes_need_little_memory(tmp_path: Path) -> None:
    rng, words = np.random.default_rng(0), STORY.split()
    big, small = tmp_path / "big.txt", tmp_path / "small.txt"
    with open(big, "w", encoding="utf-8") as file:
        while file.tell() < 30e6:
            file.write(" ".join(rng.choice(words, 20_000)) + "\n")
    small.write_text(STORY * 100, encoding="utf-8")
    run = [sys.executable, "-c", MEMORY, str(big), str(small)]
    out = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    tokens, before, _built, after = map(float, out.split())
    assert tokens > 5e6
    assert after - before < 100  # MiB; the ids alone would take 36 bytes each in a list
