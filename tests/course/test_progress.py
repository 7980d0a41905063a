"""Predictions and progress: what is kept, where, and what happens to a damaged file."""

import json
import os
from pathlib import Path

import pytest

from rustgpt_lab import ModelError
from rustgpt_lab.course import check, predict, progress, reveal
from rustgpt_lab.course.exercises import nb03
from rustgpt_lab.course.record import ProgressWarning


def test_nothing_is_written_before_there_is_something_to_keep(progress_file: Path) -> None:
    check("03.1", None)
    predict("03.q1", choice=..., confidence=...)
    reveal("03.q1", "a")
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
    assert "this answer stays" in late


def test_a_right_prediction_and_one_that_was_never_made() -> None:
    predict("03.q1", "a", 80)
    assert repr(reveal("03.q1", "a")).startswith("✓ 03.q1: you were right\n    You said a")
    assert repr(reveal("03.q2", "c")).startswith("○ 03.q2: not answered beforehand\n    The answer is c")
    assert "1 of 1 right, 100 %; you were 80 % sure on average" in repr(progress())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("03.q9", "a", 50), "the course has no such question"),
        (("03.q1", "e", 50), "no such answer; expected a or b or c or d[,;] found 'e'"),
        (("03.q1", "a", 101), "not a confidence; expected a number from 0 to 100[,;] found 101"),
        (("03.q1", "a", "high"), "not a confidence"),
    ],
)
def test_a_prediction_that_cannot_be_is_an_error(arguments, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        predict(*arguments)


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
