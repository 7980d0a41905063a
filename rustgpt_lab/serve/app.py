"""The service itself: its addresses, and how an answer is told whole or word by word."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from ..errors import ModelError
from ..generation import Sampling
from ..llm import LLM
from . import schema
from .engine import Busy, Engine, Job
from .guard import Guard, Refused

COMPLETION_TOKENS = 16
"""What OpenAI's service gives if nobody says how many; a chat goes on to its end."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schema.Refusal} for status in (400, 401, 403, 404, 405, 408, 413, 429, 503)
}


def create_app(
    llm: LLM,
    name: str,
    *,
    token: str = "",
    hosts: tuple[str, ...] = (),
    waiting: int = 64,
    seconds: float = 60.0,
) -> Any:
    """The ASGI application, with an engine of its own, which `app.state.engine.close()` ends.

    Args:
        name: of the model, for clients.
        token: what clients must present, "" if nothing.
        hosts: see `guard.Guard`.
        waiting: how many texts may wait; more get 429.
        seconds: how long an answer may take.
    """
    app = FastAPI(title="rustgpt_lab", docs_url=None, redoc_url=None, responses=PROBLEMS)
    engine = app.state.engine = Engine(llm, waiting)
    born = int(time.time())

    @app.get("/healthz")
    def healthz() -> schema.Health:
        return schema.Health(model=name, waiting=len(engine), answered=engine.answered)

    @app.get("/v1/models")
    def models() -> schema.Models:
        return schema.Models(data=[schema.Model(id=name, created=born)])

    @app.get("/v1/models/{model}")
    def model(model: str) -> schema.Model:
        _check_name(model)
        return schema.Model(id=name, created=born)

    @app.post("/v1/completions", response_model=schema.Completion)
    async def completions(asked: schema.CompletionRequest, request: Request) -> Any:
        _check_name(asked.model)
        prompts = [asked.prompt] if isinstance(asked.prompt, str) else asked.prompt
        return await _reply(asked, prompts, asked.max_tokens or COMPLETION_TOKENS, "prompt", request)

    @app.post("/v1/chat/completions", response_model=schema.ChatCompletion)
    async def chat(asked: schema.ChatRequest, request: Request) -> Any:
        _check_name(asked.model)
        prompt = await asyncio.to_thread(chat_prompt, llm, asked.messages)
        most = asked.max_completion_tokens or asked.max_tokens
        return await _reply(asked, [prompt], most, "messages", request)

    def _check_name(model: str) -> None:
        if model != name:
            raise Refused(404, f"there is no model {model!r}; there is {name!r}", "model_not_found", "model")

    async def _reply(
        asked: Any, prompts: Sequence[str], most: int | None, param: str, request: Request
    ) -> Any:
        """Put the texts to the engine, and tell what it gives."""
        reply = Reply(asked, name, param == "messages", request.scope["state"]["usage"])
        jobs = [
            job
            for prompt in prompts
            for job in _jobs(prompt, await asyncio.to_thread(llm.tokenize, prompt), asked, most, param, reply)
        ]
        try:
            engine.add(jobs)
        except Busy as problem:
            raise Refused(429, f"{waiting} texts wait already", "busy") from problem
        reply.jobs = jobs
        if asked.stream:
            return StreamingResponse(reply.stream(), media_type="text/event-stream")
        return await reply.whole(request)

    def _jobs(
        prompt: str, ids: list[int], asked: Any, most: int | None, param: str, reply: Reply
    ) -> list[Job]:
        room = llm.max_seq_len - len(ids)
        if not ids:
            raise Refused(400, f"the model knows no word of {prompt[:60]!r}", "nothing_to_read", param)
        if room < 1 or (most or 0) > room:
            told = f"the model sees {llm.max_seq_len:,} tokens: these are {len(ids):,}, and {most or 1:,} asked for"
            raise Refused(400, told, "context_length_exceeded", param if room < 1 else "max_tokens")
        return [
            Job(ids, strategy, most or room, asked.stops, reply.hearer(), time.monotonic() + seconds)
            for strategy in _strategies(asked)
        ]

    @app.exception_handler(Refused)
    def refused(_request: Request, problem: Refused) -> JSONResponse:
        return JSONResponse(problem.body, problem.status, problem.headers)

    @app.exception_handler(ModelError)
    def not_for_this_model(_request: Request, problem: ModelError) -> JSONResponse:
        return refused(_request, Refused(400, str(problem), "not_for_this_model"))

    @app.exception_handler(RequestValidationError)
    def not_as_described(_request: Request, problem: RequestValidationError) -> JSONResponse:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:] if _is_place(part))
        return refused(
            _request, Refused(400, f"{place or 'body'}: {first['msg']}", "invalid_request", place or None)
        )

    @app.exception_handler(HTTPException)
    def not_served(_request: Request, problem: HTTPException) -> JSONResponse:
        if isinstance(problem.__cause__, Refused):  # while the body was read
            return refused(_request, problem.__cause__)
        code = "invalid_request" if problem.status_code == 400 else "no_such_address"
        answer = refused(_request, Refused(problem.status_code, str(problem.detail), code))
        answer.headers.update(problem.headers or {})
        return answer

    _describe(app, name)
    guarded: Any = Guard(app, token, hosts)
    guarded.state = app.state
    return guarded


def _describe(app: FastAPI, name: str) -> None:
    """The service's own description: a wrong request is answered by 400, not by FastAPI's 422; a stream is text."""
    described = app.openapi()
    for address in described["paths"].values():
        for operation in address.values():
            operation["responses"].pop("422", None)
    for path in ("/v1/completions", "/v1/chat/completions"):
        content = described["paths"][path]["post"]["responses"]["200"]["content"]
        content["text/event-stream"] = {"schema": {"type": "string"}}
    for kind in ("CompletionRequest", "ChatRequest"):
        described["components"]["schemas"][kind]["properties"]["model"]["enum"] = [name]
    for leftover in ("HTTPValidationError", "ValidationError"):
        described["components"]["schemas"].pop(leftover, None)


def _is_place(part: str | int) -> bool:
    """Whether it is a field or an index; the kinds that a value may have are named among them."""
    return isinstance(part, int) or (part.isidentifier() and part != "str")


def _strategies(asked: Any) -> list[Sampling]:
    """One for each of the `n` answers; without a seed, nobody knows what will be drawn."""
    temperature = 1.0 if asked.temperature is None else asked.temperature
    seed = uuid.uuid4().int if asked.seed is None else asked.seed
    return [
        Sampling(temperature, top_p=asked.top_p, seed=(seed + i) % (1 << 63)) for i in range(asked.n or 1)
    ]


def chat_prompt(llm: LLM, messages: Sequence[schema.Message]) -> str:
    """The text of a conversation, in the form in which the model was taught to chat.

    RustGPT's models learned single questions, so of a conversation they read the last one alone.

    Raises:
        Refused: there is no question to read, or RustGPT's model is told to be somebody.
        TextError: the model's own form cannot say this conversation.
    """
    if form := getattr(llm.vocab, "chat", None):
        return form.render([{"role": message.role, "content": message.text} for message in messages])
    if any(message.role == "system" for message in messages):
        raise Refused(400, "this model knows no system messages", "not_for_this_model", "messages")
    if messages[-1].role != "user":
        raise Refused(400, "the last message is no question", "not_for_this_model", "messages")
    return f"User: {messages[-1].text} Assistant:"


class Reply:
    """The answer to one request: one or several texts, heard from the engine's thread.

    Args:
        chat: whether it has the form of a chat.
        usage: is filled in for the log.
    """

    def __init__(self, asked: Any, name: str, chat: bool, usage: dict[str, int]):
        self.asked, self.chat, self._usage = asked, chat, usage
        self.jobs: list[Job] = []
        self._heard: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue()
        self._loop, self._count = asyncio.get_running_loop(), 0
        kind = "chatcmpl" if chat else "cmpl"
        self._head = {"id": f"{kind}-{uuid.uuid4().hex}", "created": int(time.time()), "model": name}

    def hearer(self) -> Any:
        """What a job calls, from its own thread."""
        index, self._count = self._count, self._count + 1

        def hear(text: str, reason: str) -> None:
            try:
                self._loop.call_soon_threadsafe(self._heard.put_nowait, (index, text, reason))
            except RuntimeError:  # the loop is closed: nobody listens any more
                self.jobs[index].reason = "gone"

        return hear

    async def _news(self) -> AsyncGenerator[tuple[int, str, str], None]:
        """All that is said, until every text has ended; if nobody listens any more, the engine lets them go."""
        left = len(self.jobs)
        try:
            while left:
                index, text, reason = await self._heard.get()
                left -= bool(reason)
                yield index, text, reason
        finally:
            for job in self.jobs:
                job.reason = job.reason or "gone"
            self._usage |= self._counts()

    def _counts(self) -> dict[str, int]:
        prompts = sum(len(job.ids) for job in self.jobs[:: self.asked.n or 1])
        said = sum(len(job.said) for job in self.jobs)
        return {"prompt_tokens": prompts, "completion_tokens": said, "total_tokens": prompts + said}

    async def whole(self, request: Request) -> dict[str, Any]:
        """Everything at once."""
        texts, reasons = [""] * len(self.jobs), [""] * len(self.jobs)
        gone = asyncio.ensure_future(_gone(request))
        news = self._news()
        try:
            while True:
                step = asyncio.ensure_future(anext(news, None))
                await asyncio.wait((step, gone), return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    step.cancel()
                    break
                if (heard := step.result()) is None:
                    break
                index, text, reason = heard
                texts[index] += text
                reasons[index] = reason
        finally:
            gone.cancel()
            await news.aclose()
        for reason in reasons:
            _check_reason(reason)
        choices = [
            self._choice(i, text, reason) for i, (text, reason) in enumerate(zip(texts, reasons, strict=True))
        ]
        kind = "chat.completion" if self.chat else "text_completion"
        return {**self._head, "object": kind, "choices": choices, "usage": self._counts()}

    def _choice(self, index: int, text: str, reason: str) -> dict[str, Any]:
        said: dict[str, Any] = {"text": text}
        if self.chat:
            said = {"message": {"role": "assistant", "content": text, "refusal": None}}
        return {"index": index, **said, "logprobs": None, "finish_reason": reason}

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events, one for each piece of text."""
        kind = "chat.completion.chunk" if self.chat else "text_completion"

        def event(**more: Any) -> str:
            return f"data: {json.dumps({**self._head, 'object': kind, **more})}\n\n"

        if self.chat:
            for i in range(len(self.jobs)):
                delta = {"role": "assistant", "content": ""}
                yield event(choices=[{"index": i, "delta": delta, "finish_reason": None}])
        async for index, text, reason in self._news():
            try:
                _check_reason(reason or "stop")
            except Refused as refused:
                yield f"data: {json.dumps(refused.body)}\n\n"
                return
            said: dict[str, Any] = (
                {"delta": {"content": text} if text else {}} if self.chat else {"text": text}
            )
            yield event(choices=[{"index": index, **said, "logprobs": None, "finish_reason": reason or None}])
        if self.asked.stream_options and self.asked.stream_options.include_usage:
            yield event(choices=[], usage=self._counts())
        yield "data: [DONE]\n\n"


def _check_reason(reason: str) -> None:
    """Raise the error that a text's end stands for, if it is none of the good ones.

    Raises:
        Refused: it took too long, or the service ends.
    """
    if reason == "timeout":
        raise Refused(503, "the answer was not ready in time", "timeout")
    if reason not in ("stop", "length"):
        raise Refused(503, "the service is about to end", "closed")


async def _gone(request: Request) -> None:
    """Wait until the client has gone away."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.1)
