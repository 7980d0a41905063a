"""A fuzz target for every reader of files; the suite runs it shortly, and by hand it runs as long as one likes.

python -m tests.persistence.fuzz EXECUTIONS [SEED [KIND ...]]

`fuzz_guided.py` drives the same target with atheris.
"""

import atexit
import io
import random
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import zstandard

from rustgpt_lab.errors import FileError, TextError
from rustgpt_lab.layers import Embeddings, OutputProjection, Residual, RMSNorm, TiedOutput
from rustgpt_lab.network import Network
from rustgpt_lab.optim.adam import Adam
from rustgpt_lab.persistence.compression import decompressed
from rustgpt_lab.persistence.convert import Parts, from_model
from rustgpt_lab.persistence.gguf import read_model_of
from rustgpt_lab.persistence.huggingface import read as read_folder
from rustgpt_lab.tokenizers import END, BytePairs, ChatForm, Vocab
from tests.corpus import binary, folder, gguf, templates, text

from . import independent
from .mutation import FORMATS, SMALL, read, whole
from .test_mutation import safetensors

LIMIT = 1 << 20
"""Bytes that a compressed input may grow to."""


def nested(extension: str) -> bytes:
    """A sound file with layers inside layers, of kinds that are not RustGPT's."""
    layers = [Embeddings(1, 2, 3), Residual(RMSNorm(2), Residual(RMSNorm(2, 0.5))), TiedOutput(2, 1)]
    network, file = Network(layers), io.BytesIO()
    FORMATS[extension].write(file, from_model(Parts(Vocab([END]), network, Adam(network.parameters))))
    return file.getvalue()


def byte_pairs() -> bytes:
    """A sound file with byte pairs."""
    vocab, file = BytePairs.train(["a hat, a cat </s>"] * 2, 261), io.BytesIO()
    network = Network([Embeddings(len(vocab), 1, 3), OutputProjection(1, len(vocab))])
    FORMATS[".safetensors"].write(file, from_model(Parts(vocab, network, Adam(network.parameters))))
    return file.getvalue()


FILES = [folder.CONFIG, folder.WEIGHTS, folder.PIECES, folder.CHAT, "chat_template.jinja", folder.SAYING]
BETWEEN = b"\n=====\n"
"""What stands between the files of a folder when they are one input."""


def joined(files: folder.Folder) -> bytes:
    return BETWEEN.join({folder.SAYING: b"{}", **files}.get(name, b"") for name in FILES)


SEEDS: dict[str, list[bytes]] = {
    ".bin": [binary.GOOD, independent.encode(SMALL), nested(".bin"), *(bad.data for bad in binary.FILES)],
    ".json": [text.GOOD, nested(".json"), *(bad.data for bad in text.FILES if len(bad.data) < 10_000)],
    ".safetensors": [safetensors(), nested(".safetensors"), byte_pairs()],
    ".gz": [zlib.compress(binary.GOOD, wbits=31)],
    ".zst": [zstandard.compress(binary.GOOD)],
    ".gguf": [gguf.GOOD, *(bad.data for bad in gguf.FILES)],
    "folder": [
        joined(folder.llama()),
        joined(folder.gpt2()),
        *(joined(bad.files) for bad in folder.FILES if sum(map(len, bad.files.values())) < 50_000),
    ],
    ".jinja": [
        *(each.encode() for each in templates.SOUND),
        *(each.encode() for each in templates.BAD.values()),
    ],
}
KINDS = list(SEEDS)
SOUND = {".bin": 3, ".json": 2, ".safetensors": 3, ".gz": 1, ".zst": 1, ".gguf": 1, "folder": 2, ".jinja": 3}
"""How many of the seeds, the first ones, are sound files: half of the executions begin with one of these."""
PIECES = {
    ".bin": [b"\x00", b"\x01", b"\xfa", b"\xfb\xff\xff", b"\xfc\xff\xff\xff\xff", binary.HUGE, binary.NAN],
    ".json": [b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"NaN", b"1e999", b"-0", b"\\u0000", b"9" * 70],
}  # fmt: skip
PIECES |= {".safetensors": PIECES[".json"] + PIECES[".bin"], ".gz": PIECES[".bin"], ".zst": PIECES[".bin"]}
PIECES[".gguf"] = [b"\x00" * 4, b"\xff" * 8, b"\x08\0\0\0", b"\x09\0\0\0", b"\0\0\xc0\x7f", *gguf.MADE_OF]
PIECES["folder"] = [*PIECES[".json"], BETWEEN, b"1e999", b"true", b"-1", b"F16", b"BF16", b"\0\0\xc0\x7f"]
PIECES[".jinja"] = [*(each.encode() for each in templates.MADE_OF)]
CONVERSATION = [{"role": "user", "content": "Hello"}]


def execute_folder(data: bytes) -> bool:
    """Read the files of a folder, which lie one after the other in an input."""
    for name, content in zip(FILES, data.split(BETWEEN), strict=False):
        (FOLDER / name).write_bytes(content)
    try:
        return whole(read_folder(FOLDER, LIMIT)) is not None
    except FileError as error:
        str(error)
        return False


def execute_template(data: bytes) -> bool:
    try:
        rendered = ChatForm(data.decode(errors="replace"), {"bos_token": "<s>"}).render(CONVERSATION)
    except TextError as error:
        str(error)
        return False
    assert len(rendered) <= LIMIT
    return True


def execute_gguf(data: bytes) -> bool:
    try:
        return whole(read_model_of(data, LIMIT)) is not None
    except FileError as error:
        str(error)
        return False


FOLDER = Path(tempfile.mkdtemp(prefix="rustgpt_lab-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
OTHERS = {".gguf": execute_gguf, "folder": execute_folder, ".jinja": execute_template}


def execute(kind: str, data: bytes) -> bool:
    """Read bytes as one kind of file; whether they were a model. Anything but a typed error is a finding."""
    if kind in OTHERS:
        return OTHERS[kind](data)
    if kind in FORMATS:
        return read(FORMATS[kind], data) is not None
    try:
        content = bytes(decompressed(data, kind, LIMIT))
    except FileError:
        return False
    assert len(content) <= LIMIT
    return read(FORMATS[".bin"], content) is not None


def mutate(rng: random.Random, kind: str, data: bytes) -> bytes:
    """One to four small changes."""
    new = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(new) + 1)
        change = rng.randrange(6)
        if change == 0 and new:
            new[at % len(new)] ^= 1 << rng.randrange(8)
        elif change == 1 and new:
            new[at % len(new)] = rng.randrange(256)
        elif change == 2:
            new[at:at] = rng.choice(PIECES[kind])
        elif change == 3:
            new[at : at + rng.randint(1, 8)] = rng.choice(PIECES[kind])
        elif change == 4:
            del new[at : at + rng.randint(1, 16)]
        else:
            other = rng.choice(SEEDS[kind])
            start = rng.randrange(len(other) + 1)
            new[at:at] = other[start : start + rng.randint(1, 32)]
    return bytes(new)


def run(executions: int, seed: int = 0, kinds: Sequence[str] = KINDS) -> int:
    """Execute random mutations; the number of them that were models.

    Raises:
        AssertionError: a finding, with the input that caused it.
    """
    rng = random.Random(seed)
    accepted = 0
    for i in range(executions):
        kind = rng.choice(kinds)
        seeds = SEEDS[kind][: SOUND[kind]] if rng.random() < 0.5 else SEEDS[kind]
        data = mutate(rng, kind, rng.choice(seeds))
        try:
            accepted += execute(kind, data)
        except BaseException as error:
            raise AssertionError(f"execution {i} of seed {seed}: {kind} {data!r}") from error
    return accepted


def one_input(data: bytes) -> None:
    """One execution for a fuzzer that knows bytes only: the first says which kind of file the rest is."""
    if data:
        execute(KINDS[data[0] % len(KINDS)], data[1:])


def main(executions: str, seed: str = "0", *kinds: str) -> None:
    started = time.perf_counter()
    accepted = run(int(executions), int(seed), kinds or KINDS)
    seconds = time.perf_counter() - started
    print(f"{executions} executions (seed {seed}), {accepted} models, no finding, {seconds:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
