"""Byte pairs: learned as the papers say, and nothing of any text is lost."""

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from rustgpt_lab import LLM, BytePairs, Dataset, Vocab
from rustgpt_lab.errors import DataError, VocabError
from rustgpt_lab.tokenizers import END, spoken
from rustgpt_lab.tokenizers.byte_pairs import LETTERS

TEXTS = [
    "low low low low low lower lower newest newest newest newest newest newest widest widest widest </s>",
    "Das Mädchen mißt 漢字 🙂.\n\tNew line </s>",
]
PAIRS = BytePairs.train(TEXTS, 290)
CORPUS = BytePairs.train(Dataset.packaged().texts, 600)


def test_every_merge_is_of_the_most_frequent_pair() -> None:
    """Algorithm 1 of Sennrich et al. 2016, word by word: the independent truth, but for ties."""
    words = ["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["best"] * 4 + ["wide"] * 9 + ["banana"] * 3
    pairs = BytePairs.train(words, 257 + 12)
    merges = [tuple(merge) for merge in json.loads(pairs.to_json())["model"]["merges"]]
    counts = Counter(tuple(word) for word in words)
    for best in merges:
        frequent = Counter()
        for symbols, count in counts.items():
            for pair in pairwise(symbols):
                frequent[pair] += count
        assert frequent[best] == max(frequent.values())
        joined = Counter()
        for symbols, count in counts.items():
            new, i = [], 0
            while i < len(symbols):
                new.append("".join(symbols[i : i + 2]) if symbols[i : i + 2] == best else symbols[i])
                i += 2 if symbols[i : i + 2] == best else 1
            joined[tuple(new)] += count
        counts = joined
    assert pairs.pieces(range(257, len(pairs))) == ["".join(merge) for merge in merges]
    assert len(merges) == 12


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_whole(text: str) -> None:
    for pairs in (PAIRS, CORPUS):
        ids = pairs.encode(text)
        assert len(pairs.pieces(ids)) == len(ids)
        assert "".join(spoken(pairs, ids)) == pairs.decode(ids)
        if END not in text:
            assert pairs.decode(ids) == text
            assert pairs.unknown(text) == []


def test_the_end_is_one_piece_wherever_it_stands() -> None:
    ids = PAIRS.encode("low </s>new")
    assert PAIRS.end in ids
    assert PAIRS.pieces(ids) == ["low", "</s>", "new"]
    assert PAIRS.decode(ids) == "low</s>new"
    assert Vocab.from_texts(TEXTS).encode("low </s>")[-1:] == [Vocab.from_texts(TEXTS).end]


def test_pieces_can_be_seen() -> None:
    assert PAIRS.pieces(PAIRS.encode(" low\n\t\0")) == ["␣low", "⏎", "⇥", "<0x00>"]
    assert PAIRS.pieces(PAIRS.encode("é")) == ["<0xC3>", "<0xA9>"]
    assert sorted(LETTERS) == sorted(pre_tokenizers.ByteLevel.alphabet())
    for byte in range(256):
        [i] = PAIRS.pieces([next(i for i in range(257) if PAIRS.backend.id_to_token(i) == _letter(byte))])
        assert i


def _letter(byte: int) -> str:
    return next(letter for letter, value in LETTERS.items() if value == byte)


def test_text_is_spoken_whole_characters_at_a_time() -> None:
    ids = PAIRS.encode("low 漢字 🙂!")
    assert all("\ufffd" not in text for text in spoken(PAIRS, ids))
    assert list(spoken(PAIRS, ids[:-2]))[-1:] == ["\ufffd"]  # cut inside the last character: told at the end
    assert list(spoken(Vocab.default(), [0, 1, 5])) == ["hello", " world", " </s>"]
    assert list(spoken(PAIRS, [])) == []


def test_training_is_the_same_in_every_process() -> None:
    code = (
        "from rustgpt_lab import BytePairs, Dataset;"
        "print(BytePairs.train(Dataset.packaged().texts, 600).to_json(), end='')"
    )
    for threads in ("true", "false"):
        env = {"TOKENIZERS_PARALLELISM": threads, "PYTHONPATH": ":".join(sys.path)}
        out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=env)
        assert out.stdout.decode() == CORPUS.to_json()


def test_texts_are_shorter_in_pieces_than_in_bytes() -> None:
    texts = Dataset.packaged().held_out
    bytes_, pieces = sum(len(t.encode()) for t in texts), sum(len(CORPUS.encode(t)) for t in texts)
    assert len(CORPUS) == 600
    assert pieces < bytes_ / 2


def test_what_is_no_tokenizer_is_refused() -> None:
    with pytest.raises(VocabError, match="too few pieces"):
        BytePairs.train(TEXTS, 256)
    with pytest.raises(DataError, match=r"texts\[1\]"):
        BytePairs.train(["a", None], 300)
    with pytest.raises(DataError, match="half a character"):
        PAIRS.encode("\ud800")
    gap = Tokenizer(models.BPE({"a": 0, "b": 2}, []))
    with pytest.raises(VocabError, match="gap"):
        BytePairs(gap)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "1", "null", "{}", "[" * 100_000, '{"model": ' * 50_000, '{"model": {"type": "BPE"}}',
        PAIRS.to_json().replace('"BPE"', '"WordPiece"'),
        PAIRS.to_json().replace('"dropout":null', '"dropout": 0.5'),
        PAIRS.to_json().replace('"unk_token":null', '"unk_token": "nowhere"'),
        PAIRS.to_json().replace('"normalizer":null', '"normalizer":{"type":"Lowercase"}'),
        PAIRS.to_json().replace('"continuing_subword_prefix":null', '"continuing_subword_prefix":"long"'),
        PAIRS.to_json().replace('"decoder":{', '"decoder":null,"x":{'),
        PAIRS.to_json().replace('"x":88', '"w": 4000000000'),
        PAIRS.to_json().replace('"x":88', '"w": -1'),
        PAIRS.to_json().replace('"merges":[', '"merges":[["z","</s>"],'),
        PAIRS.to_json()[:-9],
        "x" * ((16 << 20) + 1),
    ],
    ids=range(19),
)  # fmt: skip
def test_a_strangers_tokenizer_is_refused(text: str) -> None:
    assert text != PAIRS.to_json()
    with pytest.raises(VocabError):
        BytePairs.from_json(text)


def test_a_strangers_tokenizer_cannot_pad_or_cut() -> None:
    backend = Tokenizer.from_str(PAIRS.to_json())
    backend.enable_padding(length=50)
    backend.enable_truncation(2)
    again = BytePairs.from_json(backend.to_str())
    assert again.encode("low lower newest") == PAIRS.encode("low lower newest")
    assert again == PAIRS
    assert hash(again) == hash(PAIRS)
    assert again != CORPUS
    assert repr(again) == f"BytePairs({len(PAIRS)} pieces)"


def test_other_peoples_tokenizers_serve() -> None:
    """The shape of SmolLM2's: digits alone, marks of a chat, another end."""
    backend = Tokenizer.from_str(PAIRS.to_json())
    backend.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    pairs = BytePairs(backend, end="<|im_end|>")
    ids = pairs.encode("<|im_start|>user\nlow<|im_end|>")
    assert pairs.pieces(ids)[0] == "<|im_start|>"
    assert ids[-1] == pairs.end == len(pairs) - 1
    assert BytePairs.from_json(pairs.to_json(), "<|im_end|>").encode("low 12") == pairs.encode("low 12")


def test_a_model_learns_and_speaks_in_byte_pairs() -> None:
    texts = ["User: How does it go? Assistant: It goes well. </s>", "User: Who? Assistant: Mia. </s>"]
    pairs = BytePairs.train(texts, 280)
    llm = LLM.build(pairs, embedding_dim=16, hidden_dim=16, blocks=1)
    llm.train(texts, 60, 0.01, batch_size=2)
    assert llm.predict("User: Who? Assistant:") == " Mia.</s>"
    assert list(llm.generate("User: Who? Assistant:"))[-1] == "</s>"
    assert llm.loss(texts) < 0.3
    assert llm.copy().vocab is pairs
