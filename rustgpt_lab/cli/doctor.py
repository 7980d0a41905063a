"""`rustgpt-lab doctor`: what is wrong with an installation, in words, and what to do about it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from ..errors import AccessError

LEAST_MEMORY, LEAST_DISK = 2 << 30, 1 << 29
"""Bytes: what Binder gives, in which all of the course runs; and what models, checkpoints and notebooks come to."""
PORT = 8888
WIDGETS = {"ipywidgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}
"""Package -> the part of it that Lab must find: without it there are blank pictures."""
EXTRAS = {"fast": "faster training, by compiled code", "serve": "a model as a web service"}


class Finding(NamedTuple):
    """What one look found.

    Attributes:
        good: whether all is well; None if it is only worth knowing.
        said: what was found.
        remedy: what to do, if it is not.
    """

    good: bool | None
    said: str
    remedy: str = ""

    def __str__(self) -> str:
        sign = {True: "ok", False: "!!", None: "--"}[self.good]
        return f"{sign}  {self.said}" + (f"\n    {self.remedy}" if self.remedy and not self.good else "")


def doctor(options: Namespace) -> int:
    """Print what every look found; the exit code is 0 if nothing is wrong, else 1."""
    wrong = 0
    for look in LOOKS:
        try:
            found = list(look(options))
        except Exception as problem:  # a look that fails is a finding, too, and not the end of the others
            what = f"{look.__name__.strip('_').replace('_', ' ')}: {type(problem).__name__}: {problem}"
            found = [Finding(False, f"could not look at {what}")]
        for finding in found:
            print(finding)
            wrong += finding.good is False
    print("\nNothing is wrong." if not wrong else f"\n{wrong} thing{'s' * (wrong > 1)} to mend, marked !!.")
    return int(wrong > 0)


def _python(options: Namespace) -> Iterator[Finding]:
    said = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"
    yield Finding(sys.version_info >= (3, 11), said, "Python 3.11 or newer is needed.")


def _packages(options: Namespace) -> Iterator[Finding]:
    """Everything that is required, and new enough; and the extras."""
    missing, old, extras = list[str](), list[str](), dict[str, list[str]]()
    for requirement in metadata.requires("rustgpt_lab") or ():
        name, least, extra = _parsed(requirement)
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            (extras.setdefault(extra, []) if extra else missing).append(name)
            continue
        if _numbers(found) < _numbers(least):
            old.append(f"{name} {found} (at least {least})")
    again = f'{sys.executable} -m pip install --upgrade "rustgpt_lab"'
    yield Finding(not missing, f"missing packages: {', '.join(missing) or 'none'}", again)
    yield Finding(not old, f"packages that are too old: {', '.join(old) or 'none'}", again)
    for extra, use in EXTRAS.items():
        if lacking := extras.get(extra):
            what = f"the extra {extra} is not installed ({', '.join(lacking)}): {use}"
            yield Finding(
                None, what, f'If you want it: {sys.executable} -m pip install "rustgpt_lab[{extra}]"'
            )


def _parsed(requirement: str) -> tuple[str, str, str]:
    """'numpy>=2.0; extra == "x"' -> its name, the least version ("0" if any), the extra ("" if none)."""
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    least = re.search(r"[>=]=\s*([\d.]+)", requirement)
    extra = re.search(r"extra == ['\"]([\w-]+)", requirement)
    return name, least[1] if least else "0", extra[1] if extra else ""


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version.split("+")[0])][:3]


def _lab(options: Namespace) -> Iterator[Finding]:
    """Whether Lab finds what draws the pictures, and starts the Python that has this package."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_core.paths import jupyter_path

    for package, part in WIDGETS.items():
        there = any((Path(place) / part).is_dir() for place in jupyter_path("labextensions"))
        remedy = (
            f"Pictures will stay blank: install {package} into the Python that runs Lab, {sys.executable}."
        )
        yield Finding(there, f"Lab's part of {package} is {'there' if there else 'missing'}", remedy)
    kernel = KernelSpecManager().get_kernel_spec("python3").argv[0]
    if kernel in (
        "python",
        "python3",
        f"python3.{sys.version_info.minor}",
    ):  # Jupyter puts its own in place of it
        kernel = sys.executable
    same = os.path.realpath(kernel) == os.path.realpath(sys.executable)
    remedy = f"Notebooks run there, not here: {sys.executable} -m ipykernel install --sys-prefix"
    yield Finding(same, f"notebooks run in {kernel}", remedy)


def _browser(options: Namespace) -> Iterator[Finding]:
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        yield Finding(
            None, "no browser was found here", "Open the address that `rustgpt-lab --no-browser` prints."
        )
    else:
        yield Finding(True, f"a browser: {getattr(found, 'name', type(found).__name__)}")


def _folder(options: Namespace) -> Iterator[Finding]:
    from ..files import atomic_write
    from ..launch import default_folder

    folder = (options.folder or default_folder()).resolve()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with atomic_write(nearest / ".rustgpt_lab.doctor") as file:
            file.write(b"\0")
        (nearest / ".rustgpt_lab.doctor").unlink()
    except (AccessError, OSError) as problem:
        yield Finding(False, f"{folder} cannot be written: {problem}", "Name another one with --folder.")
    else:
        yield Finding(True, f"the course's folder can be written: {folder}")
    free = shutil.disk_usage(nearest).free
    yield Finding(free >= LEAST_DISK, f"{free / 1e9:.1f} GB are free there", "Make room: 0.5 GB will do.")


def _port(options: Namespace) -> Iterator[Finding]:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", PORT)) == 0
    remedy = "Lab takes the next free one, and the address says which; --port names one."
    yield Finding(None if taken else True, f"port {PORT} is {'taken' if taken else 'free'}", remedy)


def _memory(options: Namespace) -> Iterator[Finding]:
    limits = [limit for limit in (_installed_memory(), _allowed_memory()) if limit]
    if limits:
        remedy = (
            "Below 2 GB a notebook may be ended by the system: close others, and restart kernels you left."
        )
        yield Finding(min(limits) >= LEAST_MEMORY, f"{min(limits) / 1e9:.1f} GB of memory", remedy)


def _installed_memory() -> int | None:
    """Bytes; None where this cannot be asked."""
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):
            _fields_ = (
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                ("rest", ctypes.c_ulonglong * 7),
            )

        status = Status(length=ctypes.sizeof(Status))
        return status.rest[0] if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
    if "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _allowed_memory() -> int | None:
    """Bytes that a container may have; None if nobody set a limit."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = (Path("/sys/fs/cgroup") / name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        return int(limit) if limit.isdigit() else None
    return None


def _blas(options: Namespace) -> Iterator[Finding]:
    import numpy as np
    from threadpoolctl import threadpool_info

    from ..machine import set_up

    set_up()
    found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    if not found:
        yield Finding(None, f"NumPy {np.__version__} with a BLAS that cannot be asked for its threads")
    for pool in found:
        kind = f"{pool['internal_api']} {pool['version']}, kernels for {pool.get('architecture', '?')}"
        said = f"NumPy {np.__version__} with {kind}, on {pool['num_threads']} of {os.cpu_count()} cores"
        remedy = (
            "One thread is as fast for models of this size; unset OPENBLAS_NUM_THREADS and OMP_NUM_THREADS."
        )
        yield Finding(True if pool["num_threads"] == 1 else None, said, remedy)


def _course(options: Namespace) -> Iterator[Finding]:
    """Whether the learner's copy is there, and whole enough to be opened."""
    from ..launch import FIRST, default_folder

    first = (options.folder or default_folder()) / FIRST
    if not first.exists():
        yield Finding(None, "the course has not been laid yet", "`rustgpt-lab` does that, and opens it.")
        return
    try:
        cells = len(json.loads(first.read_bytes())["cells"])
    except (OSError, ValueError, KeyError, TypeError):
        yield Finding(False, f"{first} is damaged", "Rename it: `rustgpt-lab` then lays a new one.")
    else:
        yield Finding(True, f"the course is there: {first.name} has {cells} cells")


LOOKS: tuple[Callable[[Namespace], Iterator[Finding]], ...] = (
    _python, _packages, _lab, _browser, _folder, _course, _port, _memory, _blas,
)  # fmt: skip
