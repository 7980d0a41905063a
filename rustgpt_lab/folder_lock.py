"""A lock on a folder, which the operating system takes away from a process that dies."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from weakref import finalize

from .errors import TrainingError

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

    The file says which process has the lock. On a disk that knows no locks, such as some network disks, nobody is kept
    out.

    Args:
        folder: it exists.

    Raises:
        TrainingError: somebody else has it.
        OSError: the file cannot be written.
    """

    def __init__(self, folder: Path):
        path = folder / NAME
        while True:
            file = open(path, "a+b", 0)  # noqa: SIM115 - it stays open
            try:
                _lock(file)
            except (BlockingIOError, PermissionError):
                file.seek(0)
                owner = file.read(20).decode("ascii", "replace")
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
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        self.release = finalize(self, _release, path, file)


def _is_there(path: Path, file: BinaryIO) -> bool:
    """Whether an open file still has its name: the owner before may just have removed it."""
    if sys.platform == "win32":  # where an open file cannot be removed
        return True
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    return False


def _release(path: Path, file: BinaryIO) -> None:
    if sys.platform == "win32":
        file.close()
    with suppress(OSError):  # where an open file can be removed, it must be before another run can lock it
        path.unlink()
    file.close()
