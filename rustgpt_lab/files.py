"""Files on the disk: written whole or not at all, and read without a copy."""

import errno
import mmap
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from .errors import AccessError, FileError

DESCRIPTORS = "/proc/self/fd"
"""Where Linux shows a process its open files, those without a name as well."""
UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}
"""What a system says that has no such thing on this disk, as against one that tried and failed."""


@contextmanager
def atomic_write(path: str | PathLike[str], overwrite: bool = True) -> Iterator[BinaryIO]:
    """A binary file to write into, which becomes `path` only when the block ends well, and then at once and whole.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and the file is then renamed. If
    anything goes wrong before that, an interrupt included, `path` is as it was and the temporary file is gone. On
    Linux it has no name until it is complete, so that it is gone even if the process is killed or the folder is
    locked meanwhile; elsewhere, `.rustgpt_lab-….tmp` may then be left behind. Of two writers, the last one wins.

    A rename is atomic on POSIX and on NTFS. The folder is flushed, too, where the system can (Windows cannot), so
    that the new name outlives a power cut. A link is followed; an old file's permissions are kept.

    Where the place allows less, this does what it can:

    - no files without a name (`O_TMPFILE`): the temporary file has one from the start;
    - no hard links, by which the nameless file would get its name: its bytes are copied into a file with a name;
    - no `fsync`: the rename is still atomic for every reader, but a power cut soon after may lose the new file;
    - no permissions: the new file has those that the disk gives.

    Args:
        overwrite: whether an old file may be replaced. If not, one that turns up in the last moment stays, too.

    Raises:
        FileError: `path` is a directory, a FIFO or a device.
        AccessError: the system refuses: no such folder, no permission, a full disk, a file that must stay.

    >>> with atomic_write("greeting.txt") as file:  # doctest: +SKIP
    ...     file.write(b"hello")
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".rustgpt_lab-{secrets.token_hex(8)}.tmp")
    try:
        old = _check_target(target)
        if old and not overwrite:
            raise _exists(target)
        nameless = _open_nameless(target.parent)
        with open(temporary, "xb") if nameless is None else open(nameless, "w+b") as file:
            yield file
            file.flush()
            _flush(file.fileno())
            if nameless is not None:
                _give_name(file, temporary)
        if old:
            with _if_supported():
                shutil.copymode(target, temporary)
        if overwrite:
            os.replace(temporary, target)
        else:
            _rename_to_new(temporary, target)
        _flush_folder(target.parent)
    except OSError as error:
        raise access_error("the file cannot be written", path, error) from error
    finally:
        with suppress(OSError):  # after a success it has its new name, and there is nothing left to remove
            temporary.unlink()


@contextmanager
def _if_supported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def _flush(descriptor: int) -> None:
    """Flush a file to the disk."""
    with _if_supported():
        os.fsync(descriptor)


def _rename_to_new(temporary: Path, target: Path) -> None:
    """Rename a file, unless the new name is taken."""
    if os.name == "nt":
        os.rename(temporary, target)  # there this refuses what on POSIX it replaces
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links: look, and be quick
        if os.path.lexists(target):
            raise _exists(target) from None
        os.replace(temporary, target)


def _exists(target: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target))


def _open_nameless(folder: Path) -> int | None:
    """A file in a folder but without a name, which vanishes unless it gets one; None where there are none such."""
    if not os.path.exists(DESCRIPTORS):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    except OSError:  # the system knows them, but not this disk
        return None


def _give_name(file: BinaryIO, path: Path) -> None:
    """Give a complete nameless file its name; without hard links, give that name to a copy."""
    nameless = file.fileno()
    try:  # the folder's descriptor is not used, but makes Python follow the link
        os.link(f"{DESCRIPTORS}/{nameless}", path, src_dir_fd=nameless)
    except OSError:
        file.seek(0)
        with open(path, "xb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            _flush(copy.fileno())


def _check_target(target: Path) -> bool:
    """Whether there is an old file, which may be replaced."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    require_regular(target, mode)
    if not os.access(target, os.W_OK):  # a rename asks only the folder, but this file is meant to stay
        raise PermissionError(f"{target.name} is write-protected")
    return True


def require_regular(path: str | PathLike[str], mode: int) -> None:
    """Refuse what is not a plain file.

    Args:
        mode: `st_mode` of the path.
    """
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
        got = kinds.get(stat.S_IFMT(mode), "a device")
        raise FileError("not a file", where=os.fspath(path), expected="a regular file", got=got)


def access_error(what: str, path: str | PathLike[str], error: OSError) -> AccessError:
    """What the operating system said, as one of our errors."""
    return AccessError(what, where=os.fspath(path), got=error.strerror or str(error))


def _flush_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, where the system has a way to."""
    with suppress(OSError):  # Windows cannot open a folder; some network disks cannot flush one
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def mapped(path: str | PathLike[str], max_bytes: int) -> Any:
    """The bytes of a file: a map of it, or a copy where the system cannot map it.

    Another program must not shorten the file meanwhile: the system then ends a process that reads what is gone.
    (`atomic_write` never shortens a file: it puts another in its place.)

    Raises:
        FileError: it is not a plain file, or has more than `max_bytes`.
        AccessError: the system refuses.
    """
    try:
        require_regular(path, os.stat(path).st_mode)  # now: opening alone can make a device do something
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            require_regular(path, status.st_mode)
            if status.st_size > max_bytes:
                expected, got = f"at most {max_bytes:,} bytes", f"{status.st_size:,}"
                raise FileError("too large", expected=expected, got=got)
            try:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except (OSError, ValueError):  # an empty file, or a disk that cannot be mapped
                return file.read(status.st_size)
    except OSError as error:
        raise access_error("the file cannot be read", path, error) from error


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a path; if it has just become a FIFO, do not wait for a writer (Windows has no FIFOs in folders)."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
