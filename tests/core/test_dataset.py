import json

import pytest

from rustgpt_lab import Dataset, Vocab
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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", "[", "this is not JSON"),
        ("x.json", "[" * 100_000, "this is not JSON"),
        ("x.json", '{"a": 1}', "expected a JSON list of strings, found dict"),
        ("x.json", "[]", "this corpus is empty"),
        ("x.json", '["a", 3]', "row 1: a row is not a text; expected words, found 3"),
        ("x.json", '["a", " "]', "row 1: a row is not a text"),
        ("x.csv", "", "this corpus is empty"),
        ("x.csv", '"open', "this is not CSV"),
        ("x.txt", "a", "expected .json or .csv, found .txt"),
    ],
)
def test_bad_corpora(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        Dataset.load(pretraining=tmp_path / name)


def test_unreadable_corpora(tmp_path):
    with pytest.raises(DataError, match="cannot read this corpus: No such file"):
        Dataset.load(chat=tmp_path / "none.json")
    with pytest.raises(DataError, match="Is a directory"):
        Dataset.load(chat=tmp_path)
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        Dataset.load(chat=tmp_path / "x.csv")
