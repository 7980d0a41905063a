"""A running JupyterLab, for the tests that look at it through a browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN = "test"
START = "from rustgpt_lab.launch import open_lab; open_lab({!r}, browser=False, port={})"


@contextmanager
def running_lab(folder: Path, home: Path) -> Iterator[str]:
    """Start Lab on `folder` as `rustgpt-lab` does, and give its address, such as http://127.0.0.1:8888.

    Args:
        folder: what Lab shows.
        home: the home folder that it gets, and where its log goes, `lab.log`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG_"))}
    environment = kept | {"HOME": str(home), "JUPYTER_TOKEN": TOKEN}
    command = [sys.executable, "-c", START.format(str(folder), port)]
    address = f"http://127.0.0.1:{port}"
    with (home / "lab.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"{address}/api/status?token={TOKEN}", process, home / "lab.log")
            yield address
        finally:
            process.terminate()
            process.wait(120)  # it first ends its kernels, which a busy machine does slowly


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"Lab does not answer (exit code {process.poll()}):\n{log.read_text()[-2000:]}")
