"""`python3 -m tests.hub`: the hub of .github/hub.md, with two learners in two browsers.

It needs root on Linux, a Python and a clone that every account may read, and configurable-http-proxy. It makes two
accounts and removes them again.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from rustgpt_lab.bootstrap import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

LEARNERS = ("rl-test-ada", "rl-test-emmy")
NOTEBOOK = "03_self_attention.ipynb"
PICTURE = ".jp-NotebookPanel:not(.lm-mod-hidden) .rl-live"
CONNECTED = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
RAN = (
    "[...window.jupyterapp.shell.currentWidget.content.model.cells]"
    ".filter(cell => cell.type === 'code').every(cell => cell.executionCount)"
)
EXECUTE = "([name, options]) => window.jupyterapp.commands.execute(name, options).then(() => null)"
FETCH = "address => fetch(address).then(answer => answer.status)"
PEEK = """
import pathlib
def peek(path):
    try:
        return pathlib.Path(path).read_bytes() and "READ"
    except OSError as problem:
        return type(problem).__name__
"""


def what_is_missing(user: str) -> str:
    """What the page asks for, and is not so."""
    if shutil.which("configurable-http-proxy") is None:
        return "configurable-http-proxy is missing: npm install --global configurable-http-proxy"
    lab = ["runuser", "-u", user, "--", sys.executable, "-c", "import rustgpt_lab"]
    if subprocess.run(lab, cwd="/", capture_output=True).returncode:
        return (
            f"an account like {user} cannot run {sys.executable} with the course: make the clone and its .venv where "
            "all may read, with a Python that is not in root's home (such as /usr/bin/python3)"
        )
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def accounts() -> Iterator[dict[str, str]]:
    """Two accounts as the page makes them: name -> password."""
    passwords = {name: secrets.token_urlsafe(12) for name in LEARNERS}
    subprocess.run(["groupadd", "--force", "learners"], check=True)
    try:
        for name, password in passwords.items():
            subprocess.run(["useradd", "--create-home", "--groups", "learners", name], check=True)
            Path("/home", name).chmod(0o700)
            subprocess.run(["chpasswd"], input=f"{name}:{password}\n", text=True, check=True)
        yield passwords
    finally:
        for name in passwords:
            subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)


@contextmanager
def hub(folder: Path) -> Iterator[str]:
    """The page's own configuration, at a free port; gives its address."""
    page = (ROOT / ".github" / "hub.md").read_text(encoding="utf-8")
    [config] = re.findall(r"```python\n(import sys.*?)```", page, re.DOTALL)
    address = f"http://127.0.0.1:{free_port()}"
    ports = f'c.JupyterHub.hub_port = {free_port()}\nc.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{free_port()}"\n'
    for_tests = f'{ports}c.Spawner.args += ["--LabApp.expose_app_in_browser=True"]\n'
    config = config.replace("http://127.0.0.1:8000", address)
    (folder / "jupyterhub_config.py").write_text(config + for_tests)
    command = [sys.executable, "-m", "jupyterhub", "--config", "jupyterhub_config.py"]
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            wait_for(f"{address}/hub/health", process, folder / "hub.log")
            yield address
        except BaseException:
            print((folder / "hub.log").read_text()[-5000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def repository(folder: Path) -> Iterator[str]:
    """A clone of this one, for nbgitpuller; gives its address."""
    subprocess.run(["git", "clone", "-q", "--bare", str(ROOT), str(folder / "course.git")], check=True)
    subprocess.run(["git", "branch", "-f", "main", "HEAD"], cwd=folder / "course.git", check=True)
    port = free_port()
    serve = ["git", "daemon", "--export-all", f"--base-path={folder}", "--listen=127.0.0.1", f"--port={port}"]
    process = subprocess.Popen(serve)
    try:
        yield f"git://127.0.0.1:{port}/course.git"
    finally:
        process.terminate()
        process.wait(20)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    raise RuntimeError(f"the hub does not answer:\n{log.read_text()[-3000:]}")


def processes_of(user: str) -> list[int]:
    found = subprocess.run(["pgrep", "-u", user], capture_output=True, text=True).stdout
    return list(map(int, found.split()))


def megabytes(user: str) -> float:
    """All of a learner's processes; what several share is divided among them."""
    total = 0
    for process in processes_of(user):
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])
    return total / 1024


def log_in(page: Page, address: str, name: str, password: str) -> None:
    page.set_default_timeout(120_000)
    page.goto(f"{address}/hub/login")
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.click("#login_submit")
    page.wait_for_url(f"**/user/{name}/lab/**")
    page.wait_for_function("window.jupyterapp?.restored")
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")


def open_and_run(page: Page, path: str) -> tuple[float, float]:
    """Seconds from opening the notebook to its first live picture, and to the end of its last cell."""
    start = time.monotonic()
    page.evaluate(EXECUTE, ["docmanager:open", {"path": path, "factory": "Notebook"}])
    page.wait_for_function(CONNECTED)
    page.evaluate(EXECUTE, ["notebook:run-all-cells", {}])
    page.locator(PICTURE).first.wait_for(state="attached")
    first = time.monotonic() - start
    page.wait_for_function(RAN)
    return first, time.monotonic() - start


def from_a_cell(page: Page, code: str) -> str:
    """What code prints in a kernel of the learner whose page this is."""
    return page.evaluate(
        """async code => {
            const { serviceManager } = window.jupyterapp;
            const session = await serviceManager.sessions.startNew(
                { path: "peek", name: "peek", type: "console", kernel: { name: "python3" } });
            let said = "";
            const future = session.kernel.requestExecute({ code });
            future.onIOPub = message => { said += message.content.text ?? message.content.evalue ?? ""; };
            await future.done;
            await session.shutdown();
            return said.trim();
        }""",
        code,
    )


def intrude(page: Page, address: str, other: str) -> None:
    """Everything that the page says was tried; fails if any of it came through."""
    home = Path("/home") / other
    server = min(processes_of(other))
    targets = [
        home / "rustgpt_lab_course" / NOTEBOOK,
        home / ".rustgpt_lab_probe",
        Path(f"/proc/{server}/environ"),
    ]
    (home / ".rustgpt_lab_probe").write_text("secret")
    for target in targets:
        said = from_a_cell(page, f"{PEEK}\nprint(peek({str(target)!r}))")
        print(f"  {target}: {said}")
        assert said == "PermissionError", said
    for part in ("lab", "api/contents", "api/sessions"):
        status = page.evaluate(FETCH, f"{address}/user/{other}/{part}")
        print(f"  /user/{other}/{part}: {status}")
        assert status in (403, 404), status
    ports = ports_of(server)
    ask = (
        "import urllib.request, urllib.error\n"
        "try:\n    print(urllib.request.urlopen({!r}).status)\n"
        "except urllib.error.HTTPError as problem:\n    print(problem.code)"
    )
    for port in ports:
        url = f"http://127.0.0.1:{port}/user/{other}/api/contents"
        said = from_a_cell(page, ask.format(url))
        print(f"  {url}: {said}")
        assert said == "403", said
    assert ports


def ports_of(process: int) -> list[int]:
    """The ports on which a process listens."""
    inodes = {
        match[1]
        for entry in Path(f"/proc/{process}/fd").iterdir()
        if (match := re.match(r"socket:\[(\d+)\]", os.readlink(entry)))
    }
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes]


def main() -> None:
    from playwright.sync_api import sync_playwright

    from .conftest import CHROMIUM_FLAGS, chromium

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        passwords = stack.enter_context(accounts())
        if missing := what_is_missing(LEARNERS[0]):
            sys.exit(missing)
        address = stack.enter_context(hub(folder))
        source = stack.enter_context(repository(folder))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        pages = {name: browser.new_context().new_page() for name in LEARNERS}
        for name, page in pages.items():
            start = time.monotonic()
            log_in(page, address, name, passwords[name])
            print(f"{name}: Lab after {time.monotonic() - start:.1f} s, {megabytes(name):.0f} MB")
            first, whole = open_and_run(page, f"rustgpt_lab_course/{NOTEBOOK}")
            print(f"{name}: first picture after {first:.1f} s, all of {NOTEBOOK} after {whole:.1f} s")
            print(f"{name}: {megabytes(name):.0f} MB in {len(processes_of(name))} processes")
        for name, other in (LEARNERS, LEARNERS[::-1]):
            print(f"{name} tries to get at {other}'s work:")
            intrude(pages[name], address, other)
        page = pages[LEARNERS[0]]
        urlpath = f"lab/tree/rustgpt_lab/notebooks/{NOTEBOOK}"
        link = f"repo={quote(source, '')}&branch=main&targetPath=rustgpt_lab&urlpath={quote(urlpath, '')}"
        page.goto(f"{address}/hub/user-redirect/git-pull?{link}")
        page.wait_for_url(f"**/{urlpath}*")
        assert (Path("/home") / LEARNERS[0] / "rustgpt_lab" / "notebooks" / NOTEBOOK).exists()
        print("the link brought the notebook, and opened it")
        browser.close()


if __name__ == "__main__":
    main()
