"""Every test of the course has a progress file of its own, and nothing has passed before it."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def progress_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "my_progress.json"
    monkeypatch.setenv("RUSTGPT_LAB_PROGRESS", str(path))
    monkeypatch.setattr("rustgpt_lab.course.my_gpt._latest", {})
    return path
