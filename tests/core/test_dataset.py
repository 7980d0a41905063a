import json

import pytest

from rustgpt_lab import Dataset, Vocab
from rustgpt_lab.dataset import doubts
from rustgpt_lab.errors import DataError


def test_packaged():
    data = Dataset.packaged()
    assert len(data.pretraining) >= 80 and len(data.chat) >= 160 and len(data.held_out) >= 30
    assert len(Vocab.from_texts(data.texts)) <= 900


def test_json_and_csv_say_the_same(tmp_path):
    texts = ["The sun, a star, is hot </s>", 'Say "hi" </s>']
    (tmp_path / "a.json").write_text(json.dumps(texts))
    (tmp_path / "a.csv").write_text('The sun, a star, is hot </s>\n\n"Say ""hi"" </s>"\n')
    assert Dataset.load(pretraining=tmp_path / "a.json").pretraining == texts
    assert Dataset.load(chat=str(tmp_path / "a.csv")).chat == texts


def test_both_parts_are_understood(tmp_path):
    (tmp_path / "book.txt").write_bytes(b"The sun rises.\n\nIt sets in the west in the evening.\n")
    (tmp_path / "qa.csv").write_bytes(b"question,answer\nWhat rises?,The sun\n")
    data = Dataset.load(tmp_path / "book.txt", tmp_path / "qa.csv", longest=8)
    assert data.pretraining == ["The sun rises. </s>", "It sets in the west", "in the evening. </s>"]
    assert data.chat == ["User: What rises? Assistant: The sun </s>"] and data.held_out == []
    assert data.understood == [
        "book.txt: 2 texts, cut at blank lines, each ending in </s>; 1 of more than 8 words cut into 2 pieces.",
        "qa.csv: 1 text, from the fields question and answer, as User: … Assistant: … </s>.",
    ]
    assert Dataset.load(chat=tmp_path / "qa.csv").understood == data.understood[1:]
    assert len(Dataset.packaged().understood) == 3 and Dataset.load() == Dataset()


def test_a_bad_part_is_refused_with_its_file(tmp_path):
    (tmp_path / "x.json").write_text('["a", 3]')
    with pytest.raises(DataError, match=r"x\.json, row 2 \(the first is row 1\): this row is not a text"):
        Dataset.load(chat=tmp_path / "x.json")
    with pytest.raises(DataError, match=r"none\.json: cannot read this corpus: No such file"):
        Dataset.load(pretraining=tmp_path / "none.json")


def test_no_doubts():
    data = Dataset.packaged()
    assert doubts(data.texts, Vocab.from_texts(data.texts)) == []
    assert doubts([], Vocab.default()) == []


def test_texts_without_an_end_are_counted():
    texts = ["a b", "a b </s>", "b a </s>\n", "a b</s>", "</s> a"]
    assert doubts(texts, Vocab.from_texts(texts)) == [
        "3 of 5 texts do not end in </s>: the model does not learn to stop there."
    ]


def test_words_outside_the_vocabulary_are_counted():
    assert doubts(["hello Moon, hello Moon </s>", "this is rust </s>"], Vocab.default()) == [
        "2 words (3 with repetitions) are not in the vocabulary and are not read: Moon ,"
    ]
    [doubt] = doubts(["hello a b c d e f g h i </s>"], Vocab.default())
    assert doubt.startswith("9 words (9 with") and doubt.endswith("read: a b c d e f g h …")


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("User: 什么是太阳？ Assistant: 太阳是一颗很大的恒星 </s>", True),
        ("たいようはほしです </s>", True),
        ("ดวงอาทิตย์เป็นดาว </s>", True),
        ("太阳 是 一 颗 恒星 </s>", False),
        ("태양은 별이다 </s>", False),
        ("Donaudampfschifffahrtsgesellschaft </s>", False),
    ],
)
def test_a_script_without_spaces_is_told(text, is_told):
    found = doubts([text], Vocab.from_texts([text]))
    assert len(found) == is_told
    for doubt in found:
        assert doubt.startswith("1 of 1 texts seems to have no spaces between words. Words are cut at white")
        assert "needs a tokenizer of characters or of byte pairs" in doubt
