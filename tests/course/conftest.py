"""Every test of the course has a progress file of its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def progress_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "my_progress.json"
    monkeypatch.setenv("RUSTGPT_LAB_PROGRESS", str(path))
    return path
