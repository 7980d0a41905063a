"""The service, running: in a thread beside a notebook, or as the whole of a process."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

from ..errors import ModelError
from ..llm import LLM
from .guard import LOOPBACK, log

EXTRA = 'pip install "rustgpt_lab[serve]"'


class Server:
    """A service that runs; made by `serve`. It is stopped by `stop`, or by the end of a `with`.

    Attributes:
        url: where it is.
    """

    def __init__(self, server: Any, app: Any, listening: socket.socket):
        self._server, self._app, self._socket = server, app, listening
        host, port = listening.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._thread = threading.Thread(target=self.run, name="rustgpt_lab serve", daemon=True)

    def start(self) -> Self:
        """Answer from a thread of its own from now on."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        return self

    def run(self) -> None:
        """Answer until a signal ends it (Ctrl-C, SIGTERM): what is under way is told to its end, for ten seconds."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._app.state.engine.close()
            self._socket.close()

    def stop(self) -> None:
        """End it; what is under way is told to its end, for ten seconds."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.stop()

    def __repr__(self) -> str:
        running = self._thread.is_alive() and not self._server.should_exit
        return f"Server({self.url}, {'running' if running else 'stopped'})"


def serve(
    llm: LLM,
    name: str = "rustgpt",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str = "",
    waiting: int = 64,
    seconds: float = 60.0,
) -> Server:
    """Serve a model from a thread beside this program; `with serve(llm) as server:` or `server.stop()` ends it.

    Args:
        name: by which clients call the model.
        host: the address to listen at; only this computer's own needs no token.
        port: 0 for one that is free.
        token: what clients must present as their API key, "" if nothing.
        waiting: how many texts may wait for their turn; more are refused (429).
        seconds: how long an answer may take; then it is given up (503).

    Raises:
        ModelError: the extra `serve` is not installed; the port is taken; the whole network, without a token.
    """
    return prepare(llm, name, host=host, port=port, token=token, waiting=waiting, seconds=seconds).start()


def prepare(
    llm: LLM, name: str, *, host: str, port: int, token: str, waiting: int = 64, seconds: float = 60.0
) -> Server:
    """As `serve`, but it does not answer yet."""
    try:
        import uvicorn

        from .app import create_app
    except ModuleNotFoundError as problem:
        raise ModelError("the packages for serving are not installed", remedy=EXTRA) from problem
    if host not in LOOPBACK and not token:
        remedy = "Give a token, or listen at 127.0.0.1."
        raise ModelError(
            "whoever reaches this computer could use the model", where=f"host {host}", remedy=remedy
        )
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if os.name != "nt":  # there it would let two programs have one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)  # who comes early waits
    except OSError as problem:
        listening.close()
        what = f"this address cannot be listened at: {problem.strerror or problem}"
        raise ModelError(
            what, where=f"{host}:{port}", remedy="Name another --port, or 0 for any."
        ) from problem
    app = create_app(llm, name, token=token, hosts=(host,), waiting=waiting, seconds=seconds)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=512,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=1 << 16,
        lifespan="off",
        ws="none",
        http="h11",
        loop="asyncio",
    )
    return Server(uvicorn.Server(config), app, listening)


def log_to_stderr() -> None:
    """Write the log, a line of JSON for each request, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
