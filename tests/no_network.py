"""`python3 -m tests.no_network [NOTEBOOK ...]`: with the network cut, every notebook runs, and every picture shows.

It starts itself again in a network namespace with nothing in it but loopback (Linux, `unshare`), opens Lab there as a
learner does, and runs each notebook in a browser. Where the real model was not fetched, its cells are not counted.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.persistence.real_model import cache_folder

from .browser.harness import Lab, open_lab
from .conftest import CHROMIUM_FLAGS, chromium

CUT = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
RAN = (
    "() => [...window.jupyterapp.shell.currentWidget.content.model.cells]"
    ".filter(cell => cell.type === 'code' && cell.sharedModel.getSource().trim()).every(cell => cell.executionCount)"
)
SHOWN = "views => views.filter(view => view.querySelector('svg, canvas, table, input, button')).length"


def cut_off() -> bool:
    """Whether no address outside of this machine can be reached."""
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=3).close()  # reserved for documentation
    except OSError as problem:
        return problem.errno == 101  # the network is unreachable
    return False


def run(lab: Lab, path: Path) -> None:
    """Run a notebook, and look at all that it shows."""
    shutil.copy(path, lab.folder)
    lab.errors.clear()
    start = time.monotonic()
    lab.open(path.stem)
    lab.command("notebook:run-all-cells")
    lab.page.wait_for_function(RAN, timeout=600_000)
    errors = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) [data-mime-type*='vnd.jupyter.error']")
    assert errors.count() == 0, errors.first.inner_text()
    expected = views_of(path)
    lab.page.wait_for_function(
        "n => document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .rl-live').length >= n",
        arg=expected,
    )
    shown = lab.views.evaluate_all(SHOWN)
    assert shown >= expected, f"{shown} of {expected} pictures show"
    lab.check_quiet()
    print(
        f"{path.name}: {shown} pictures, {time.monotonic() - start:.0f} s, no host but this machine",
        flush=True,
    )
    lab.shut_down()
    lab.close()


def views_of(path: Path) -> int:
    """How many live pictures a notebook showed when it was executed last, those in folded answers aside."""
    missing = set() if cache_folder().exists() else {"needs-smollm2"}
    cells = nbformat.read(path, as_version=4).cells
    outputs = [
        output
        for cell in cells
        if not missing & set(cell.metadata.get("tags", []))
        for output in cell.get("outputs", [])
    ]
    return sum("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs)


def main(names: list[str]) -> int:
    if not cut_off():
        return subprocess.call([*CUT, sys.executable, "-m", "tests.no_network", *names], cwd=ROOT)
    paths = [Path(name) for name in names] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        notebooks, home = Path(folder, "notebooks"), Path(folder, "home")
        notebooks.mkdir()
        if cache_folder().exists():
            shutil.copytree(cache_folder(), home / ".cache" / "rustgpt_lab")
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        with open_lab(browser, notebooks, home) as lab:
            for path in paths:
                run(lab, path)
        browser.close()
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    sys.exit(main(sys.argv[1:]))
