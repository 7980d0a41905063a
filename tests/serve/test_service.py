"""The service over HTTP, with nothing but Python's own client: what it answers, and what it refuses."""

import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rustgpt_lab import LLM, Dataset, ModelError
from rustgpt_lab.serve import Server, serve
from rustgpt_lab.serve.guard import MAX_BODY

QUESTION = Dataset.packaged().chat[0].split(" Assistant:")[0].removeprefix("User: ")
PROMPT = f"User: {QUESTION} Assistant:"


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.packaged()


@pytest.fixture(scope="module")
def server(llm: LLM) -> Iterator[Server]:
    with serve(llm) as running:
        yield running


def call(
    server: Server, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    raw = answer.read()
    connection.close()
    kind = answer.headers.get("content-type", "")
    return answer.status, json.loads(raw) if "json" in kind else raw.decode(), dict(answer.headers)


def ask(server: Server, path: str = "/v1/completions", **fields: Any) -> tuple[int, Any, dict[str, str]]:
    return call(
        server,
        "POST",
        path,
        {"model": "rustgpt", "temperature": 0, **fields},
        content_type="application/json",
    )


def test_a_completion_is_what_the_model_says(server: Server, llm: LLM) -> None:
    status, got, headers = ask(server, prompt=PROMPT, max_tokens=60)
    assert status == 200 and headers["x-request-id"]
    [choice] = got["choices"]
    assert f"{choice['text']} </s>" == llm.predict(PROMPT) and choice["finish_reason"] == "stop"
    said = len(llm.tokenize(choice["text"]))
    prompt = len(llm.tokenize(PROMPT))
    assert got["usage"] == {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}


def test_several_prompts_and_several_answers(server: Server, llm: LLM) -> None:
    _, got, _ = ask(server, prompt=[PROMPT, "The sun"], max_tokens=3, n=2)
    texts = [choice["text"] for choice in got["choices"]]
    assert texts[0] == texts[1] and texts[2] == texts[3] != texts[0]
    assert [choice["index"] for choice in got["choices"]] == [0, 1, 2, 3]


def test_a_chat_is_asked_as_the_corpus_asks(server: Server, llm: LLM) -> None:
    parts = [{"type": "text", "text": QUESTION}]
    for content in (QUESTION, parts):
        _, got, _ = ask(server, "/v1/chat/completions", messages=[{"role": "user", "content": content}])
        assert f"{got['choices'][0]['message']['content']} </s>" == llm.predict(PROMPT)


def events(raw: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in raw.strip().split("\n\n")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("chat", [True, False])
def test_a_stream_is_the_same_in_pieces(server: Server, llm: LLM, chat: bool) -> None:
    what = (
        {"messages": [{"role": "user", "content": QUESTION}]}
        if chat
        else {"prompt": PROMPT, "max_tokens": 60}
    )
    path = "/v1/chat/completions" if chat else "/v1/completions"
    _, raw, headers = ask(server, path, stream=True, stream_options={"include_usage": True}, **what)
    assert headers["content-type"].startswith("text/event-stream")
    *told, usage = events(raw)
    choices = [event["choices"][0] for event in told]
    text = "".join(c["delta"].get("content", "") if chat else c["text"] for c in choices)
    assert f"{text} </s>" == llm.predict(PROMPT)
    assert (
        len(choices) > 4 and choices[-1]["finish_reason"] == "stop" and choices[-2]["finish_reason"] is None
    )
    assert usage["choices"] == [] and usage["usage"]["completion_tokens"] == len(llm.tokenize(text))


def test_models_and_health(server: Server) -> None:
    assert call(server, "GET", "/v1/models")[1]["data"][0]["id"] == "rustgpt"
    assert call(server, "GET", "/v1/models/rustgpt")[1]["object"] == "model"
    assert call(server, "GET", "/healthz")[1]["status"] == "ok"


MANY = 1_000_000
REFUSED: dict[str, tuple[int, str, dict[str, Any]]] = {
    "another model": (404, "model_not_found", {"model": "gpt-4", "prompt": "a"}),
    "a million tokens": (400, "context_length_exceeded", {"prompt": PROMPT, "max_tokens": MANY}),
    "a long prompt": (400, "context_length_exceeded", {"prompt": "the " * 100}),
    "unknown words": (400, "nothing_to_read", {"prompt": "xyzzy"}),
    "no prompt": (400, "invalid_request", {}),
    "a hot temperature": (400, "invalid_request", {"prompt": "The", "temperature": 3}),
    "no probability": (400, "invalid_request", {"prompt": "The", "top_p": 0}),
    "a penalty": (400, "invalid_request", {"prompt": "The", "presence_penalty": 1}),
    "a penalty that is no number": (400, "invalid_request", {"prompt": "The", "presence_penalty": False}),
    "a number that is a text": (400, "invalid_request", {"prompt": "The", "max_tokens": "3"}),
    "a field that nobody computes": (400, "invalid_request", {"prompt": "The", "logprobs": 3}),
    "an empty stop": (400, "invalid_request", {"prompt": "The", "stop": ""}),
    "half a letter": (400, "", {"prompt": "The \ud800"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_why(case: str, server: Server) -> None:
    status, code, fields = REFUSED[case]
    got = ask(server, **fields)
    assert got[0] == status, got
    error = got[1]["error"]
    assert (
        error["message"] and error["type"] == "invalid_request_error" and (not code or error["code"] == code)
    )


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "robot", "content": "Hi"}],
        [{"role": "system", "content": "Be a cat"}, {"role": "user", "content": QUESTION}],
        [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "Yes"}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
    ],
)
def test_conversations_that_it_cannot_read(messages: list[Any], server: Server) -> None:
    status, got, _ = ask(server, "/v1/chat/completions", messages=messages)
    assert status == 400 and got["error"]["message"]


def test_a_refusal_names_the_field(server: Server) -> None:
    told = ask(server, prompt=5)[1]["error"]
    assert told["param"] == "prompt" and told["message"].startswith("prompt: ")
    wrong = [{"role": "user", "content": "Hi"}, {"role": "user", "content": [{"type": "text"}]}]
    error = ask(server, "/v1/chat/completions", messages=wrong)[1]["error"]
    assert error["param"].startswith("messages.1.content")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 10_000, b'{"model": NaN}'])
def test_bodies_that_are_none(body: bytes, server: Server) -> None:
    status, got, _ = call(server, "POST", "/v1/completions", body, content_type="application/json")
    assert status == 400 and got["error"]["code"] == "invalid_request"


def test_addresses_and_methods_that_are_none(server: Server) -> None:
    assert call(server, "GET", "/v1/nothing")[0] == 404
    assert call(server, "GET", "/v1/completions")[0] == 405
    assert call(server, "GET", "/docs")[0] == 404, "its page would load scripts from elsewhere"


def test_foreign_pages_and_names_are_refused(server: Server) -> None:
    assert call(server, "GET", "/v1/models", Origin="https://example.com")[0] == 403
    assert call(server, "GET", "/v1/models", Origin="null")[0] == 403
    assert call(server, "GET", "/v1/models", Host="example.com")[0] == 403
    assert call(server, "GET", "/v1/models", Origin="http://localhost:8888")[0] == 200


def test_a_token(llm: LLM) -> None:
    with serve(llm, token="secret") as server:
        assert call(server, "GET", "/healthz")[0] == 200
        for wrong in ("", "Bearer", "Bearer Secret", "Basic secret", "Bearer \xe9"):
            status, got, headers = call(server, "GET", "/v1/models", Authorization=wrong)
            assert (status, headers["www-authenticate"]) == (401, "Bearer") and got["error"]["code"]
        assert call(server, "GET", "/v1/models", Authorization="Bearer secret")[0] == 200


def raw(server: Server, head: str, chunks: Iterator[bytes]) -> bytes:
    """Send a request by hand until the service answers or closes; returns what it said."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        try:
            for chunk in chunks:
                connection.sendall(chunk)
        except OSError:
            pass
        connection.settimeout(5)
        try:
            return connection.recv(1 << 16)
        except OSError:
            return b""


HEAD = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_a_body_of_a_gigabyte_is_not_read(server: Server) -> None:
    said = raw(server, f"{HEAD}Content-Length: {1 << 30}\r\n\r\n", iter([b"x" * 1000]))
    assert said.startswith(b"HTTP/1.1 413 ")


def test_who_may_not_ask_sends_no_body_either(llm: LLM) -> None:
    with serve(llm, token="secret") as server:
        for length, header in ((1 << 30, "Authorization: Bearer wrong"), (10, "Origin: https://example.com")):
            said = raw(server, f"{HEAD}{header}\r\nContent-Length: {length}\r\n\r\n", iter([b"x" * 9]))
            assert said.startswith(b"HTTP/1.1 40") and b"connection: close" in said.lower()


def test_a_chunked_body_without_a_length_is_counted(server: Server) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    said = raw(
        server, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n", (chunk for _ in range(2 * MAX_BODY // 0x10000))
    )
    assert said.startswith(b"HTTP/1.1 413 ") or said == b""
    assert call(server, "GET", "/healthz")[0] == 200


def test_a_client_that_vanishes_while_streaming_is_let_go(server: Server, llm: LLM) -> None:
    body = json.dumps({"model": "rustgpt", "prompt": "The", "max_tokens": 70, "stream": True, "n": 8})
    for _ in range(20):
        raw(server, f"{HEAD}Content-Length: {len(body)}\r\n\r\n", iter([body.encode()]))
    status, got, _ = ask(server, prompt=PROMPT, max_tokens=60)
    assert status == 200 and f"{got['choices'][0]['text']} </s>" == llm.predict(PROMPT)
    assert call(server, "GET", "/healthz")[1]["waiting"] == 0


def test_too_many_at_once_are_told_to_come_later(llm: LLM) -> None:
    with serve(llm, waiting=4) as server:
        status, got, headers = ask(server, prompt=["The sun"] * 5)
        assert (status, got["error"]["code"], headers["retry-after"]) == (429, "busy", "1")
        assert ask(server, prompt=["The sun"] * 4)[0] == 200


def test_an_answer_that_takes_too_long_is_given_up(llm: LLM) -> None:
    with serve(llm, seconds=1e-9) as server:
        status, got, _ = ask(server, prompt=PROMPT)
        assert (status, got["error"]["code"]) == (503, "timeout")
        assert '"code": "timeout"' in ask(server, prompt=PROMPT, stream=True)[1]


def test_many_at_once_get_what_each_would_get_alone(server: Server, llm: LLM) -> None:
    prompts = [text.split(" Assistant:")[0] + " Assistant:" for text in Dataset.packaged().chat[:60]]
    got: dict[str, str] = {}

    def one(prompt: str) -> None:
        got[prompt] = ask(server, prompt=prompt, max_tokens=40)[1]["choices"][0]["text"]

    threads = [threading.Thread(target=one, args=(prompt,)) for prompt in prompts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    expected = llm.predict_all(prompts)
    assert [f"{got[prompt]} </s>" for prompt in prompts] == expected


def test_every_request_is_a_line_of_the_log_without_its_text(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "rustgpt_lab.serve"):
        ask(server, prompt=PROMPT, max_tokens=2)
        call(server, "GET", "/v1/models", Host="example.com")
        deadline = time.monotonic() + 10
        while len(caplog.records) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # the line is written when the answer has gone out
    good, bad = (json.loads(record.message) for record in caplog.records)
    assert (good["status"], good["completion_tokens"], good["path"]) == (200, 2, "/v1/completions")
    assert bad["status"] == 403 and QUESTION not in caplog.text


def test_it_is_stopped_and_its_port_is_free_again(llm: LLM) -> None:
    server = serve(llm)
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ModelError, match="cannot be listened at"):
        serve(llm, port=port)
    assert "running" in repr(server)
    server.stop()
    assert "stopped" in repr(server)
    serve(llm, port=port).stop()


def test_the_whole_network_needs_a_token(llm: LLM) -> None:
    with pytest.raises(ModelError, match="whoever reaches this computer"):
        serve(llm, host="0.0.0.0")


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_ends_gracefully(number: int, tmp_path: Path) -> None:
    LLM.packaged().save(tmp_path / "model.bin")
    command = [sys.executable, "-m", "rustgpt_lab.cli", "serve", "model.bin", "--port", "0"]
    running = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    address = running.stdout.readline().split(" at ")[1].split("/v1")[0]

    class At:
        url = address

    deadline = time.monotonic() + 30
    while True:
        try:
            status, got, _ = call(At, "GET", "/v1/models")
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert status == 200 and got["data"][0]["id"] == "model.bin"
    running.send_signal(number)
    _, errors = running.communicate(timeout=30)
    assert json.loads(errors.splitlines()[0])["path"] == "/v1/models"
    assert running.returncode in (0, 128 + number, -number), errors
