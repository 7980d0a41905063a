"""A lock on a folder, which the operating system takes away from a process that dies."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from weakref import finalize

from ..errors import TrainingError

NAME = ".rustgpt_lab.lock"

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(1 << 20)  # Windows lets nobody else read what is locked; there, nothing ever stands
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """For one run at a time, of this or of another process; let go by `release`, or when nobody refers to it.

    The file says which process has the lock, and at which checkpoint it is at work. If the process is killed, or
    fails in the middle of one, the file stays, but the lock does not: the next owner learns from it what was left
    undone. On a disk that knows no
    locks, such as some network disks, nobody is kept out.

    Args:
        folder: it exists.

    Attributes:
        left: the checkpoint at which an owner that failed was at work, "-" if at none; "" if none has failed.

    Raises:
        TrainingError: somebody else has it.
        OSError: the file cannot be written.
    """

    def __init__(self, folder: Path):
        path = folder / NAME
        while True:
            file = open(path, "r+b", 0, opener=_open_or_create)  # noqa: SIM115 - it stays open
            try:
                _lock(file)
            except (BlockingIOError, PermissionError):
                owner = _content(file)[0]
                file.close()
                raise TrainingError(
                    "another run keeps its checkpoints in this folder",
                    where=folder,
                    got="this very process" if owner == str(os.getpid()) else f"process {owner}",
                    remedy="Name another folder; or end that run first, a session by stop().",
                ) from None
            except OSError:  # no locks here
                pass
            if _is_there(path, file):
                break
            file.close()
        self._file, self.left = file, _content(file)[1]
        self.release = finalize(self, _release, path, file)
        self.work_at(self.left or "-")  # until that is put right, this one is at it, too

    def work_at(self, name: str) -> None:
        """Note the checkpoint of which files are about to come or go, "-" for none."""
        self._file.seek(0)
        self._file.write(
            f"{os.getpid():<20} {name:<20}\n".encode()
        )  # always as long: it is never half a line


def _open_or_create(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)


def _is_there(path: Path, file: BinaryIO) -> bool:
    """Whether an open file still has its name: the owner before may just have removed it."""
    if sys.platform == "win32":  # where an open file cannot be removed
        return True
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    return False


def _content(file: BinaryIO) -> list[str]:
    """Who had the lock, and at what checkpoint; "" and "" in a new file."""
    file.seek(0)
    return [*file.read(64).decode("ascii", "replace").split(), "", ""][:2]


def _release(path: Path, file: BinaryIO) -> None:
    done = _content(file)[1] == "-"  # else, as after a full disk, the next owner shall know
    with suppress(OSError):  # where an open file can be removed, it must be before another run can lock it
        if done:
            path.unlink()
    file.close()
    if done and sys.platform == "win32":
        with suppress(OSError):  # another run has it already
            path.unlink()
