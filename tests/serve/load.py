"""The service under load, by hand: `python -m tests.serve.load [SECONDS] [CONNECTIONS]`.

Every answer is compared with what the model says offline; the memory is looked at, and the throughput compared
with that of one connection.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rustgpt_lab import LLM, Dataset

HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def memory(pid: int) -> float:
    """Megabytes that a process holds (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def client(
    port: int, prompts: list[str], expected: dict[str, str], until: float, found: Counter[str]
) -> None:
    """Ask one question after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    i = 0
    while time.monotonic() < until:
        prompt = prompts[i % len(prompts)]
        i += 1
        body = json.dumps({"model": "m", "prompt": prompt, "temperature": 0, "max_tokens": 40}).encode()
        writer.write(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length"))
        answer: Any = json.loads(await reader.readexactly(length))
        status = int(lines[0].split()[1])
        same = status == 200 and f"{answer['choices'][0]['text']} </s>" == expected[prompt]
        found["right" if same else "wrong answer" if status == 200 else f"status {status}"] += 1
        if status == 200:
            found["tokens"] += answer["usage"]["completion_tokens"]
    writer.close()


async def load(
    port: int, connections: int, seconds: float, prompts: list[str], expected: dict[str, str]
) -> Counter[str]:
    found: Counter[str] = Counter()
    until = time.monotonic() + seconds
    turned = (prompts[i * 7 % len(prompts) :] + prompts[: i * 7 % len(prompts)] for i in range(connections))
    await asyncio.gather(*(client(port, mine, expected, until, found) for mine in turned))
    return found


def main(seconds: float = 60, connections: int = 64) -> None:
    llm = LLM.packaged()
    prompts = [text.split(" Assistant:")[0] + " Assistant:" for text in Dataset.packaged().chat]
    expected = dict(zip(prompts, llm.predict_all(prompts), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        llm.save(Path(folder) / "m.bin")
        command = [
            sys.executable,
            "-m",
            "rustgpt_lab.cli",
            "serve",
            f"{folder}/m.bin",
            "--name",
            "m",
            "--port",
            "0",
        ]
        with open(Path(folder) / "log", "w") as log:
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert server.stdout
        port = int(server.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
        one = asyncio.run(load(port, 1, min(seconds, 10), prompts, expected))
        before = memory(server.pid)
        asyncio.run(load(port, connections, min(seconds, 10), prompts, expected))
        warm = memory(server.pid)
        many = asyncio.run(load(port, connections, seconds, prompts, expected))
        after = memory(server.pid)
        server.terminate()
        server.wait()
    rates = one["tokens"] / min(seconds, 10), many["tokens"] / seconds
    print(f"1 connection: {dict(one)}, {rates[0]:,.0f} tokens/s")
    print(
        f"{connections} connections: {dict(many)}, {rates[1]:,.0f} tokens/s, {rates[1] / rates[0]:.2f} times"
    )
    print(f"memory: {before:.0f} MB, after 10 s of load {warm:.0f} MB, at the end {after:.0f} MB")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3]))
