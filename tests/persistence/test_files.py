"""Files on the disk: whatever happens, a path holds the old file or the new one, and nothing is left beside it."""

import errno
import mmap
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rustgpt_lab import LLM, Vocab, errors, files
from rustgpt_lab.files import atomic_write, mapped
from rustgpt_lab.persistence import describe

OLD = b"the old file"
EXTENSIONS = "bin", "json", "safetensors", "bin.gz", "json.zst"


@pytest.fixture
def llm() -> LLM:
    return LLM.build(Vocab.default(), embedding_dim=16, hidden_dim=16, blocks=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in a folder of its own."""
    path = tmp_path / "m.bin"
    path.write_bytes(OLD)
    return path


def assert_untouched(path: Path, content: bytes = OLD) -> None:
    assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == [path.name], "litter"


@pytest.fixture(params=["nameless", "named"])
def temporary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both kinds of temporary files: Linux's, and that of every other system."""
    if request.param == "named":
        monkeypatch.setattr(files, "DESCRIPTORS", "/there is no such folder")
    return request.param


def test_the_file_changes_at_once_when_all_is_written(path: Path, temporary: str) -> None:
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == OLD
        beside = [p.name for p in path.parent.iterdir() if p != path]
        assert [name[:13] + name[-4:] for name in beside] == [".rustgpt_lab-.tmp"] * (temporary == "named")
    assert_untouched(path, b"new")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, MemoryError])
def test_an_interrupt_leaves_the_old_file(path: Path, temporary: str, error: type[BaseException]) -> None:
    def write_half() -> None:
        with atomic_write(path) as file:
            file.write(b"half of the n")
            raise error

    with pytest.raises(error):
        write_half()
    assert_untouched(path)


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")])
def test_a_failure_of_the_last_steps_leaves_the_old_file(
    path: Path, temporary: str, llm: LLM, step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(errors.AccessError if isinstance(error, OSError) else KeyboardInterrupt):
        llm.save(path)
    monkeypatch.undo()
    assert_untouched(path)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, temporary: str, llm: LLM, extension: str) -> None:
    path = tmp_path / f"m.{extension}"
    llm.save(path)
    old = path.read_bytes()
    for size in (0, 100, len(old) // 2, len(old) - 1):
        with largest_file(size), pytest.raises(errors.AccessError, match="File too large"):
            llm.save(path)
        assert_untouched(path, old)


SAVER = """
import sys
from rustgpt_lab import LLM, Vocab
llm = LLM.build(Vocab.default(), embedding_dim=64, hidden_dim=64, blocks=2)
llm.save(sys.argv[1])  # an interrupt while orjson is being imported can crash it
print("ready", flush=True)
while True:
    llm.save(sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
def test_a_killed_process_leaves_nothing(path: Path) -> None:
    code = """
import sys
from rustgpt_lab.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    input()
"""
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "writing\n"
        process.kill()
    assert_untouched(path)


def test_ctrl_c_in_the_middle_of_saving(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    for delay in (0.0, 0.01, 0.03):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout and process.stdout.readline() == "ready\n"
        threading.Event().wait(delay)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
        assert "KeyboardInterrupt" in messages
        assert [p.name for p in tmp_path.iterdir()] == ["m.json"]
        LLM.load(path)


def write_often(path: str, byte: int, times: int) -> None:
    for _ in range(times):
        with atomic_write(path) as file:
            for _ in range(8):
                file.write(bytes([byte]) * 50_000)


def test_of_two_writers_one_wins_whole(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_often, args=(str(path), byte, 40)) for byte in (1, 2)]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        content = path.read_bytes()
        assert content == OLD or (len(content) == 400_000 and len(set(content)) == 1)
        seen.add(content[:1])
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert path.read_bytes()[:1] in (b"\x01", b"\x02")
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def as_nobody(code: str, *arguments: str) -> str:
    """Run Python code without the rights of root, to which no permission is denied."""
    drop = "import os\nif os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    prepare = "import rustgpt_lab.persistence\nfrom rustgpt_lab import LLM, Vocab, errors\nimport sys\n"
    command = [sys.executable, "-c", prepare + drop + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may reach and change."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


def test_a_read_only_folder(open_folder: Path) -> None:
    (open_folder / "m.bin").write_bytes(OLD)
    open_folder.chmod(0o555)
    code = """
try:
    LLM.build(Vocab.default(), 4, 4, 1).save(sys.argv[1])
except errors.AccessError as error:
    print(error)
"""
    message = as_nobody(code, str(open_folder / "m.bin"))
    assert "m.bin" in message
    assert "permission" in message.lower()
    assert_untouched(open_folder / "m.bin")


def test_a_write_protected_file_stays(open_folder: Path) -> None:
    path = open_folder / "m.bin"
    path.write_bytes(OLD)
    path.chmod(0o444)
    code = """
try:
    LLM.build(Vocab.default(), 4, 4, 1).save(sys.argv[1])
except errors.AccessError as error:
    print(error)
"""
    assert "write-protected" in as_nobody(code, str(path))
    assert_untouched(path)


def test_permission_lost_in_the_middle(open_folder: Path) -> None:
    path = open_folder / "m.bin"
    path.write_bytes(OLD)
    path.chmod(0o666)
    code = """
from rustgpt_lab.files import atomic_write
try:
    with atomic_write(sys.argv[1]) as file:
        file.write(b"half")
        print("writing", flush=True)
        input()
        file.write(b"half")
except errors.AccessError as error:
    print(error)
"""
    prepare = "import os, sys\nfrom rustgpt_lab import errors\n"
    drop = "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    command = [sys.executable, "-c", prepare + "import rustgpt_lab.persistence\n" + drop + code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "writing\n"
        open_folder.chmod(0o555)
        message, _ = process.communicate("\n", timeout=60)
    assert "permission" in message.lower()
    assert path.read_bytes() == OLD
    assert_untouched(path)


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path, llm: LLM) -> None:
    folder, fifo, device = tmp_path / "folder.bin", tmp_path / "fifo.bin", tmp_path / "device.bin"
    folder.mkdir()
    os.mkfifo(fifo)
    device.symlink_to("/dev/null")
    for path, kind in ((folder, "a directory"), (fifo, "a FIFO"), (device, "a device")):
        mode = path.stat().st_mode
        for use in (LLM.load, describe, llm.save):
            with pytest.raises(errors.FileError, match=f"expected a regular file, found {kind}"):
                use(path)
        assert path.stat().st_mode == mode


def test_a_missing_file_and_a_missing_folder(tmp_path: Path, llm: LLM) -> None:
    for use in (LLM.load, describe):
        with pytest.raises(errors.AccessError, match=r"none\.bin: the file cannot be read.*No such file"):
            use(tmp_path / "none.bin")
    with pytest.raises(errors.AccessError, match=r"none/m\.bin: the file cannot be written.*No such file"):
        llm.save(tmp_path / "none" / "m.bin")


def test_a_link_is_followed_and_permissions_are_kept(path: Path, llm: LLM) -> None:
    path.chmod(0o640)
    link = path.parent / "link.bin"
    link.symlink_to(path)
    llm.save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    LLM.load(path)


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path, llm: LLM) -> None:
    (tmp_path / "other").touch()
    llm.save(tmp_path / "m.bin")
    assert (tmp_path / "m.bin").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_file_that_cannot_be_mapped_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(mmap, "mmap", refuse)
    assert mapped(path, 100) == OLD


def test_a_file_larger_than_the_limit(path: Path) -> None:
    for use in (LLM.load, describe):
        with pytest.raises(
            errors.FileError,
            match=r"larger than the limit; expected at most 11 bytes, found 12\..*max_bytes.*--max-bytes",
        ):
            use(path, max_bytes=11)


LACKING = {
    "hard links": ("link", errno.EPERM),
    "fsync": ("fsync", errno.EINVAL),
    "fsync on this disk": ("fsync", errno.ENOTSUP),
    "files without a name": ("open", errno.EOPNOTSUPP),
    "permissions": ("chmod", errno.EPERM),
}


@pytest.mark.parametrize("lacking", LACKING)
def test_a_place_without_this_is_written_to_all_the_same(
    lacking: str, path: Path, temporary: str, llm: LLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, number = LACKING[lacking]

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, name, refuse)
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == OLD
    assert_untouched(path, b"new")
    llm.save(path)
    monkeypatch.undo()
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    LLM.load(path)


def test_without_hard_links_a_full_disk_still_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(files.shutil, "copyfileobj", full)

    def write() -> None:
        with atomic_write(path) as file:
            file.write(b"new")

    with pytest.raises(errors.AccessError, match="No space left"):
        write()
    monkeypatch.undo()
    assert_untouched(path)


def test_a_history_is_written_whole_or_not_at_all(path: Path, temporary: str) -> None:
    from rustgpt_lab.training import History

    history = History()
    history.add_epoch(1.0)
    with largest_file(5), pytest.raises(errors.AccessError, match="File too large"):
        history.to_csv(path)
    assert_untouched(path)
    history.to_csv(path)
    assert path.read_bytes() == b"step,epoch,loss,rate,tokens,seconds\r\n"


def test_progress_is_written_whole_or_not_at_all(
    path: Path, temporary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rustgpt_lab.course.record import Progress, ProgressWarning

    monkeypatch.setenv("RUSTGPT_LAB_PROGRESS", str(path))
    path.unlink()
    Progress().passed("01.1")
    old = path.read_bytes()
    with largest_file(5), pytest.warns(ProgressWarning, match="cannot be written \\(File too large\\)"):
        Progress().passed("01.2")
    assert_untouched(path, old)
