"""Lay the course into a learner's folder, and open JupyterLab on its first notebook.

The packaged notebooks are `rustgpt_lab/notebooks` in an installed package and `notebooks` in a clone. The learner
works on a copy in `rustgpt_lab_course`, which git ignores, so that pulling a new edition never meets their changes.
Nothing is written into the learner's home: Lab's defaults come with the package, and which tabs were open, and what
Lab logs, is kept in `.jupyter` beside the notebooks.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

from .files import access_error, atomic_write

FIRST = "00_start_here.ipynb"
MANIFEST = ".rustgpt_lab.json"
PATIENCE = 30.0
"""Seconds that Lab gets to end by itself."""
PACKAGE = Path(__file__).resolve().parent


class Laid(NamedTuple):
    """What became of one file of the course.

    Attributes:
        path: where it lies in the learner's folder.
        how: "new" or "updated"; "beside" a file that the learner changed; or "kept": nothing is newer.
    """

    path: Path
    how: Literal["new", "updated", "beside", "kept"]


def packaged_course() -> Path:
    """The folder of the notebooks as they came with the package."""
    installed = PACKAGE / "notebooks"
    return installed if installed.is_dir() else PACKAGE.parent / "notebooks"


def default_folder() -> Path:
    """Where the course is worked on: `rustgpt_lab_course` in the clone, else right here, or here if this is it."""
    clone = packaged_course().parent
    if clone == PACKAGE and Path(MANIFEST).exists():
        return Path()
    return (Path() if clone == PACKAGE else clone) / "rustgpt_lab_course"


def lay_course(folder: str | os.PathLike[str]) -> list[Laid]:
    """Copy the packaged course into `folder`, and never over a file that the learner has changed.

    A file that is still as it was laid is updated. One that was changed stays, and a newer version of it is
    laid beside it, once, as `NAME.new.ipynb`. What was laid is remembered by its SHA-256 in
    `.rustgpt_lab.json`.

    Raises:
        AccessError: the system refuses: no permission, a file of that name, a full disk.
    """
    folder, source = Path(folder), packaged_course()
    if folder.resolve() == source.resolve():
        return []  # who names the clone's own notebooks edits the course itself
    try:
        folder.mkdir(parents=True, exist_ok=True)
        manifest = _read_manifest(folder)
        laid = [_lay(path, folder, path.relative_to(source), manifest) for path in _course_files(source)]
        _write(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    except OSError as problem:
        raise access_error("the course cannot be laid into this folder", folder, problem) from problem
    return laid


def open_lab(folder: str | os.PathLike[str], browser: bool = True, port: int | None = None) -> int:
    """Run JupyterLab in `folder`, on notebook 00, until it is ended; returns its exit code.

    Its own log goes into a file; what is printed is where the course is, once it can be opened.

    Args:
        folder: a folder in which the course was laid.
        browser: whether to open the web browser, too.
        port: the port to serve on, 1 to 65535; the default is the first free one from 8888 on.
    """
    folder = Path(folder).resolve()
    log = folder / ".jupyter" / "lab.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with log.open("wb") as lines:
        command, environment = _lab_command(folder, browser, port), _lab_environment()
        lab = subprocess.Popen(command, env=environment, stdout=lines, stderr=lines)
    signal.signal(signal.SIGTERM, lambda *_: _end(lab))
    try:
        while lab.poll() is None and not (address := _address(folder, started)):
            time.sleep(0.1)
        if lab.poll() is None:
            print(f"Your course is open at {address}; begin with 00; Ctrl-C ends it.", flush=True)
            print(f"(JupyterLab's own log is {log}.)", flush=True)
        code = lab.wait()
    except KeyboardInterrupt:  # Lab has heard it, too, and ends its kernels
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end(lab)
        lab.wait()
        print("\nThe course is closed. What you saved is kept.")
        return 0
    if code > 0:
        print(f"JupyterLab could not go on. Its log, {log}, ends so:", file=sys.stderr)
        print(*log.read_text(errors="replace").splitlines()[-5:], sep="\n", file=sys.stderr)
    return code


def _end(lab: subprocess.Popen[bytes]) -> None:
    """Ask Lab to end, and its kernels with it; one that does not is killed."""
    lab.terminate()
    late = threading.Timer(PATIENCE, lab.kill)
    late.daemon = True
    late.start()


def _lab_command(folder: Path, browser: bool, port: int | None) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.answer_yes=True",  # a Ctrl-C is meant; the question would go into the log
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        f"--LabApp.workspaces_dir={folder / '.jupyter'}",
        "--LabApp.extension_manager=readonly",  # the other one asks a package index over the network
        "--LanguageServerManager.autodetect=False",  # it would run npm, to look for servers that nobody needs
    ]
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container everybody is root
    return command


def _lab_environment() -> dict[str, str]:
    """With our settings before the learner's own."""
    search_path = [str(PACKAGE / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    if metadata.version("jupyterlab").startswith(("4.2.", "4.3.", "4.4.")):
        # these take out of the page what is out of sight, and a picture with it
        search_path.insert(1, str(PACKAGE / "jupyter" / "before_4.5"))
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, search_path))}


def _address(folder: Path, started: float) -> str:
    """Where a Lab that was started after that time shows a folder; "" as long as none says so."""
    from jupyter_core.paths import jupyter_runtime_dir

    for said in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            server = json.loads(said.read_bytes()) if said.stat().st_mtime >= started else {}
        except (FileNotFoundError, ValueError):  # gone again, or not written whole yet
            continue
        if server.get("root_dir") == str(folder):
            return f"{server['url']}?token={server['token']}" if server["token"] else str(server["url"])
    return ""


def _course_files(source: Path) -> Iterator[Path]:
    """All files of the course, but for what Jupyter and Python leave behind."""
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if path.is_file() and not any(part.startswith((".", "__")) for part in parts):
            yield path


def _lay(source: Path, folder: Path, name: Path, manifest: dict[str, str]) -> Laid:
    """Lay one file; `manifest` (path in the folder -> SHA-256 of what was laid there) is kept up to date."""
    content = source.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    places = _places(name)
    while True:
        path = next(places)
        target = folder / path
        found = hashlib.sha256(target.read_bytes()).hexdigest() if target.exists() else None
        before = manifest.get(path.as_posix())
        if found == digest or (before == digest and (found is not None or path != name)):
            manifest[path.as_posix()] = digest
            return Laid(target, "kept")
        if found is None or found == before:
            _write(target, content)
            manifest[path.as_posix()] = digest
            return Laid(target, "beside" if path != name else "new" if found is None else "updated")


def _places(name: Path) -> Iterator[Path]:
    """`a.ipynb`, `a.new.ipynb`, `a.new2.ipynb`, ..."""
    yield name
    yield name.with_suffix(f".new{name.suffix}")
    for number in itertools.count(2):
        yield name.with_suffix(f".new{number}{name.suffix}")


def _read_manifest(folder: Path) -> dict[str, str]:
    """What was laid before; if that cannot be read, every file counts as changed, so none is lost."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(content)
