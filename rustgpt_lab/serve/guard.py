"""What stands between the network and the model: who may ask, how much, for how long; and a line of log for each."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

log = logging.getLogger("rustgpt_lab.serve")
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MAX_BODY = 1 << 20
"""Bytes of a request; four times what the longest prompt needs."""
BODY_SECONDS = 10.0
"""How long a client may take to send one."""


class Refused(Exception):
    """A request that is not answered.

    Args:
        status: of HTTP.
        code: a short name, for programs.
        param: the field that is at fault, if one is.
    """

    def __init__(self, status: int, message: str, code: str, param: str | None = None):
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    @property
    def body(self) -> dict[str, Any]:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    @property
    def headers(self) -> dict[str, str]:
        return {
            401: {"www-authenticate": "Bearer", "connection": "close"},  # what else it sends is not read
            403: {"connection": "close"},
            429: {"retry-after": "1"},
            503: {"retry-after": "1"},
            408: {"connection": "close"},
            413: {"connection": "close"},
        }.get(self.status, {})


class Guard:
    """ASGI middleware.

    Args:
        app: what is behind it.
        token: what a client must present, "" if it need not.
        hosts: names under which the service may be called, besides those of this computer itself. A page of another
            origin is refused: it would ask with the hands of whoever looks at it.
    """

    def __init__(self, app: Any, token: str = "", hosts: tuple[str, ...] = ()):
        self.app, self.token, self.hosts = app, token, LOOPBACK | set(hosts)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        id, started, status = uuid.uuid4().hex[:12], time.perf_counter(), 499  # 499: the client went away
        usage: dict[str, int] = {}
        scope.setdefault("state", {})["usage"] = usage

        async def tell(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", id.encode())]
            await send(message)

        try:
            try:
                headers = {
                    name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
                }
                self._check(scope["path"], headers)
                await self.app(scope, self._limited(receive, headers), tell)
            except Refused as refused:
                await answer(tell, refused)
        finally:
            line = {"id": id, "method": scope["method"], "path": scope["path"], "status": status}
            took = round(1000 * (time.perf_counter() - started), 1)
            log.info(json.dumps({"time": round(time.time(), 3), **line, "ms": took, **usage}))

    def _check(self, path: str, headers: dict[str, str]) -> None:
        host = urlsplit(f"//{headers.get('host', '')}").hostname
        if host not in self.hosts:
            raise Refused(403, f"this service is not called {host}", "wrong_host")
        if (origin := headers.get("origin")) and urlsplit(origin).hostname not in self.hosts:
            raise Refused(403, f"pages of {origin} may not ask here", "foreign_origin")
        if self.token and path != "/healthz":
            kind, _, given = headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not hmac.compare_digest(given.encode(), self.token.encode()):
                raise Refused(401, "a token is needed, as `Authorization: Bearer TOKEN`", "invalid_api_key")
        if int(headers.get("content-length", "0") or 0) > MAX_BODY:
            raise too_large()

    @staticmethod
    def _limited(
        receive: Callable[[], Awaitable[Any]], headers: dict[str, str]
    ) -> Callable[[], Awaitable[Any]]:
        """`receive`, which counts: a body may come in chunks, and never say how long it is."""
        count, whole, deadline = 0, False, time.monotonic() + BODY_SECONDS

        async def limited() -> Any:
            nonlocal count, whole
            if whole:
                return await receive()  # what comes now says that the client went away
            try:
                message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
            except TimeoutError as problem:
                raise Refused(
                    408, f"the request did not come within {BODY_SECONDS:g} s", "timeout"
                ) from problem
            count += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if count > MAX_BODY:
                raise too_large()
            return message

        return limited


def too_large() -> Refused:
    return Refused(413, f"a request has at most {MAX_BODY:,} bytes", "too_large")


async def answer(send: Callable[[Any], Awaitable[None]], refused: Refused) -> None:
    """Send a refusal."""
    body = json.dumps(refused.body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **refused.headers}
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refused.status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
