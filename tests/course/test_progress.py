"""Predictions and progress: what is kept, where, and what happens to a damaged file."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from rustgpt_lab import ModelError
from rustgpt_lab.course import check, predict, progress, reveal
from rustgpt_lab.course.exercise import find_question
from rustgpt_lab.course.exercises import nb03
from rustgpt_lab.course.record import ProgressWarning


def test_nothing_is_written_before_there_is_something_to_keep(progress_file: Path) -> None:
    check("03.1", None)
    predict("03.q1", choice=..., confidence=...)
    predict("03.q1", choice="b", confidence=0.8)
    progress()
    assert not progress_file.exists()


def test_a_pass_is_kept(progress_file: Path) -> None:
    check("03.1", nb03.look)
    check("03.1", None)
    assert json.loads(progress_file.read_text()) == {"passed": ["03.1"], "predictions": {}}
    assert "✓ 03.1 ○ 03.2" in repr(progress())


def test_a_prediction_can_be_changed_until_its_truth_is_out() -> None:
    assert "not answered yet" in repr(predict("03.q1"))
    predict("03.q1", "b", 10)
    assert "You said c" in repr(predict("03.q1", "c", 60))
    revealed = repr(reveal("03.q1", "a"))
    assert revealed.startswith("✗ 03.q1: not what you thought")
    assert "The answer is a: to itself" in revealed
    assert "Why not c?" in revealed
    late = repr(predict("03.q1", "a", 100))
    assert "You said c" in late
    assert "It has met its truth, so it stays." in late


def test_a_right_prediction_and_one_that_was_never_made() -> None:
    predict("03.q1", "a", 80)
    assert repr(reveal("03.q1", "a")).startswith("✓ 03.q1: you were right\n    You said a")
    assert repr(reveal("03.q2", "c")).startswith("○ 03.q2: not answered yet\n    The answer is c")
    assert "1 of 1 right, 100 %; you were 80 % sure on average" in repr(progress())


def test_an_unknown_question_is_an_error() -> None:
    with pytest.raises(ModelError, match="the course has no such question"):
        predict("03.q9", "a", 50)


@pytest.mark.parametrize("choice", ["b", "B", " b ", "b)", "'b'", np.str_("b"), np.array("b")], ids=repr)
@pytest.mark.parametrize("confidence", [80, 80.0, np.int64(80), np.float32(80), np.array(80)], ids=repr)
def test_a_letter_and_a_number_in_any_form_are_kept(choice, confidence, progress_file: Path) -> None:
    assert "You said b: " in repr(predict("03.q1", choice, confidence))
    kept = json.loads(progress_file.read_text())["predictions"]["03.q1"]
    assert kept == {"choice": "b", "confidence": 80}


@pytest.mark.parametrize(
    ("choice", "confidence", "words"),
    [
        ("b", 0.8, "The confidence is counted from 0 to 100, and 0.8 is next to none: did you mean 80?"),
        ("b", np.float32(0.5), "did you mean 50?"),
        ("b", 1, "and 1 is next to none: did you mean 100?"),
        ("b", 101, "The confidence is a number from 0 to 100, without quotes; got 101."),
        ("b", -1, "got -1."),
        ("b", "80", "got '80'."),
        ("b", "80 %", "got '80 %'."),
        ("b", True, "got True."),
        ("b", float("nan"), "got nan."),
        ("b", [80], "got [80]."),
        (2, 80, "The choice is a letter in quotes, and 2 is none: did you mean `'b'`?"),
        ("2", 80, "and '2' is none: did you mean `'b'`?"),
        ("at `blue`: that is what must be said next", 80, "did you mean `'c'`?"),
        ("At door", 80, "expected one of a, b, c, d."),
        ("at `Blue`", 80, "did you mean `'c'`?"),
        ("at", 80, "and 'at' is none: expected one of a, b, c, d."),
        ("e", 80, "and 'e' is none: expected one of a, b, c, d."),
        ("", 80, "and '' is none: expected one of a, b, c, d."),
        (b"b", 80, "expected one of a, b, c, d."),
        (print, 80, "expected one of a, b, c, d."),
    ],
)
def test_what_is_no_prediction_is_asked_about(choice, confidence, words: str, progress_file: Path) -> None:
    said = repr(predict("03.q2", choice, confidence))
    assert said.startswith("○ 03.q2: not kept yet\n")
    assert words in said
    assert not progress_file.exists()


@pytest.mark.parametrize("open_", [(None, 80), ("b", None), (..., 80), ("b", ...)])
def test_what_is_left_open_is_not_answered_yet(open_) -> None:
    assert "not answered yet" in repr(predict("03.q2", *open_))


def test_nothing_is_as_sure_as_a_guess() -> None:
    assert "(0 % sure)" in repr(predict("03.q1", "b", 0))


def test_a_truth_that_nobody_predicted_is_folded_and_leaves_no_trace(progress_file: Path) -> None:
    """Run All reveals everything; who predicts after that is not late."""
    card = reveal("03.q1", "a")
    assert repr(card).startswith("○ 03.q1: not answered yet\n    The answer is a")
    open_html = re.sub("<details.*?</details>", "", card._repr_html_())
    assert "not answered yet" in open_html
    assert "itself" not in open_html
    assert not progress_file.exists()
    predict("03.q1", "a", 70)
    assert "<details" not in reveal("03.q1", "a")._repr_html_()
    assert "Predictions: 1 of 1 right, 100 %; you were 70 % sure on average." in repr(progress())


def test_the_buttons_keep_an_answer_as_the_arguments_do(progress_file: Path) -> None:
    card = predict("03.q1")
    assert card.state()["choices"] == dict(find_question("03.q1").choices)
    assert (card.state()["choice"], card.state()["open"]) == ("", True)
    card.widget.ask({"choice": "c", "confidence": 60})
    assert json.loads(progress_file.read_text())["predictions"]["03.q1"] == {"choice": "c", "confidence": 60}
    assert card.widget.data["choice"] == "c"
    assert "You said c" in card.widget.sentence
    reveal("03.q1", "a")
    card.widget.ask({"choice": "a", "confidence": 100})
    assert (card.state()["choice"], card.state()["open"]) == ("c", False)


def test_an_answer_opens_what_was_folded(in_kernel) -> None:
    """A cell's prints, its value and the reveal, after Run All; and nothing is folded that runs after the answer."""
    shown = in_kernel(
        "from rustgpt_lab.course import fold, predict, reveal",
        "fold('03.q1'); print('told'); 6 * 7",
        "reveal('03.q1', 'a')",
        "6 * 8",
        "predict('03.q1', 'a', 80)",
        "fold('03.q1'); print('told again')",
    )
    told, revealed, other, _, again = shown[1:]
    assert told[0].data["text/html"].startswith("<div")
    assert "<pre>told\n</pre><pre>42</pre>" in told[0].data["text/html"]
    assert told[0].data["text/plain"] == "told\n\n42"
    assert "you were right" in revealed[0].data["text/html"]
    assert other[0].data["text/plain"] == "48"
    assert again[0].text == "told again\n"


def test_a_folded_figure_is_an_image_for_what_knows_no_html(in_kernel) -> None:
    """If it is all that its cell shows: beside a print, LaTeX needs the text."""
    alone, beside = in_kernel(
        "from rustgpt_lab.course import fold\nfrom rustgpt_lab.course.show import Picture\nfold('03.q1')\n"
        "Picture(b'\\x89PNG' + bytes(20), 'a figure')",
        "fold('03.q1'); print('told'); Picture(b'\\x89PNG' + bytes(20), 'a figure')",
    )
    assert alone[0].data["image/png"].startswith("iVBOR")
    assert alone[0].data["text/html"].startswith("<details")
    assert "image/png" not in beside[0].data
    assert "a figure" in beside[0].data["text/plain"]


def test_nothing_that_was_folded_is_seen_before_the_answer(in_kernel) -> None:
    shown = in_kernel(
        "from rustgpt_lab.course import fold, reveal",
        "fold('03.q1'); print('told'); 1 / 0",
        "reveal('03.q1', 'a')",
        "print('seen')",
    )
    for output in (shown[1][-1], shown[2][0]):
        left = re.sub("<details.*?</details>", "", output.data["text/html"], flags=re.DOTALL)
        assert "told" not in left and "itself" not in left
    assert shown[3][0].text == "seen\n", "a cell that fails ends its fold, too"


@pytest.fixture
def in_kernel(progress_file: Path):
    """Run cells in a kernel of their own; the outputs of each."""

    def run(*sources: str) -> list:
        cells = [new_code_cell(source) for source in sources]
        notebook = new_notebook(cells=cells)
        NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
        return [cell.outputs for cell in cells]

    return run


@pytest.mark.parametrize("here", [True, False])
def test_of_two_answers_the_one_from_here_stays(here: bool, tmp_path: Path) -> None:
    if here:
        predict("03.q1", "c", 10)
    other = {"choice": "b", "confidence": 30, "truth": "a"}
    (tmp_path / "other.json").write_text(json.dumps({"passed": [], "predictions": {"03.q1": other}}))
    progress.restore(tmp_path / "other.json")
    assert f"You said {'c' if here else 'b'}" in repr(reveal("03.q1", "a"))


@pytest.mark.parametrize(
    "answer",
    [lambda card: predict("03.q1", "a", 90), lambda card: card.widget.ask({"choice": "a", "confidence": 90})],
    ids=["call", "buttons"],
)
def test_an_answer_after_the_truth_was_opened_is_kept_as_that(answer, progress_file: Path) -> None:
    card = predict("03.q1")
    card.widget.ask({"opened": True})
    assert "○ 03.q1" in repr(progress())
    assert "not answered yet" in repr(reveal("03.q1", "a"))
    answer(card)
    predict("03.q2", "c", 60)
    assert "You had opened the answer before." in repr(predict("03.q1"))
    for id, truth in (("03.q1", "a"), ("03.q2", "c")):
        assert "you were right" in repr(reveal(id, truth))
    kept = json.loads(progress_file.read_text())["predictions"]["03.q1"]
    assert kept == {"choice": "a", "confidence": 90, "opened": True, "truth": "a"}
    told = (
        "1 of 1 right, 100 %; you were 60 % sure on average. Not counted: 1 given after the truth was opened."
    )
    assert told in repr(progress())


def test_who_opens_the_truth_after_the_answer_has_predicted(progress_file: Path) -> None:
    card = predict("03.q1", "b", 90)
    card.widget.ask({"opened": True})
    assert json.loads(progress_file.read_text())["predictions"]["03.q1"] == {"choice": "b", "confidence": 90}


def test_a_restored_answer_is_not_lost_to_a_truth_that_was_opened_here(tmp_path: Path) -> None:
    predict("03.q1").widget.ask({"opened": True})
    other = {"passed": [], "predictions": {"03.q1": {"choice": "b", "confidence": 30}}}
    (tmp_path / "other.json").write_text(json.dumps(other))
    progress.restore(tmp_path / "other.json")
    assert "You said b" in repr(reveal("03.q1", "a"))


def test_what_the_first_edition_called_late_counts(progress_file: Path) -> None:
    late = {"choice": "a", "confidence": 80, "truth": "a", "late": True}
    record = {"passed": [], "predictions": {"03.q1": late, "03.q2": {"truth": "c"}}}
    progress_file.write_text(json.dumps(record))
    assert "1 of 1 right" in repr(progress())
    assert "not answered yet" in repr(predict("03.q2"))


def test_a_file_of_the_first_edition_is_read(progress_file: Path) -> None:
    predictions = {
        "03.q1": {"choice": "a", "confidence": 80, "truth": "a"},
        "03.q2": {"choice": "b", "confidence": 2.5},
    }
    progress_file.write_text(json.dumps({"passed": ["03.1"], "predictions": predictions}))
    assert "✓ 03.1" in repr(progress())
    assert "✓ 03.q1 … 03.q2" in repr(progress())
    assert "1 of 1 right" in repr(progress())
    assert "not what you thought" in repr(reveal("03.q2", "c"))


def test_a_truth_that_is_no_choice_is_an_error() -> None:
    with pytest.raises(ModelError, match="truth: no such answer"):
        reveal("03.q1", "z")


def test_download_and_restore_bring_everything_back(progress_file: Path, tmp_path: Path) -> None:
    check("03.1", nb03.look)
    predict("03.q1", "b", 30)
    link = progress.download()
    assert 'download="my_progress.json"' in link._repr_html_()
    saved = tmp_path / "from_yesterday.json"
    saved.write_bytes(link.content)
    progress_file.unlink()
    check("03.2", nb03.hide_future)
    progress.restore(saved)
    assert "✓ 03.1 ✓ 03.2 ○ 03.3" in repr(progress())
    assert "You said b" in repr(reveal("03.q1", "a"))


BAD = [b"", b"{", b"[]", b'{"passed": []}', b'{"passed": [1], "predictions": {}}', b"\xff", b"[" * 100_000,
       b'{"passed": [], "predictions": {"03.q1": {"choice": "a", "confidence": 200}}}',
       b'{"passed": [], "predictions": {"03.q1": {"choice": "a"}}}',
       b'{"passed": [], "predictions": {"03.q1": {"choice": "a", "confidence": 1, "late": true}}}',
       b'{"passed": [], "predictions": {"03.q1": {"opened": 1}}}',
       b'{"passed": [], "predictions": {"03.q1": {"truth": "a", "opened": true}}}',
       b'{"passed": [], "predictions": {"03.q1": {}}}', b'{"passed": [], "predictions": {"03.q1": {"truth": 1}}}',
       b'{"passed": [], "predictions": {"03.q1": 1}}']  # fmt: skip


@pytest.mark.parametrize("content", BAD, ids=lambda content: repr(content[:30]))
def test_a_damaged_file_is_kept_aside_and_said_so(content: bytes, progress_file: Path) -> None:
    progress_file.write_bytes(content)
    with pytest.warns(ProgressWarning, match=r"is damaged .* It is kept as .*my_progress\.damaged1\.json"):
        check("03.1", nb03.look)
    assert progress_file.with_suffix(".damaged1.json").read_bytes() == content
    assert "✓ 03.1" in repr(progress())


@pytest.mark.parametrize("content", BAD, ids=lambda content: repr(content[:30]))
def test_a_damaged_file_is_not_restored(content: bytes, tmp_path: Path, progress_file: Path) -> None:
    check("03.1", nb03.look)
    before = progress_file.read_bytes()
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(ModelError, match="this is not a progress file"):
        progress.restore(tmp_path / "bad.json")
    assert progress_file.read_bytes() == before


def test_a_missing_file_is_not_restored(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="this is not a progress file"):
        progress.restore(tmp_path / "none.json")


def test_two_damaged_files_are_both_kept(progress_file: Path) -> None:
    for content in (b"one", b"two"):
        progress_file.write_bytes(content)
        with pytest.warns(ProgressWarning):
            progress()
    assert progress_file.with_suffix(".damaged1.json").read_bytes() == b"one"
    assert progress_file.with_suffix(".damaged2.json").read_bytes() == b"two"


def test_the_lesson_goes_on_where_nothing_can_be_written(progress_file: Path, monkeypatch) -> None:
    monkeypatch.setenv("RUSTGPT_LAB_PROGRESS", os.fspath(progress_file / "no" / "such" / "folder.json"))
    with pytest.warns(ProgressWarning, match="cannot be written"):
        assert check("03.1", nb03.look)


def test_a_failed_write_leaves_the_old_file(progress_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check("03.1", nb03.look)
    before = progress_file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(ProgressWarning, match="No space left"):
        check("03.2", nb03.hide_future)
    assert progress_file.read_bytes() == before
