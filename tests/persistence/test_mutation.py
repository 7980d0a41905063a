"""A sound file cut after every byte, and with every bit of it flipped, one at a time."""

import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rustgpt_lab.persistence.convert import from_model
from rustgpt_lab.persistence.model_file import SAFETENSORS, Format
from tests.corpus import text

from . import independent
from .mutation import FORMATS, SMALL, read

MEMORY = 64 << 20


@contextmanager
def little_memory() -> Iterator[None]:
    """The block may ask the system for 64 MiB more than the process has; else it ends in a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    old = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)


def safetensors() -> bytes:
    parts = read(FORMATS[".json"], text.GOOD)
    assert parts
    file = io.BytesIO()
    SAFETENSORS.write(file, from_model(parts))
    return file.getvalue()


FILES = [
    pytest.param(FORMATS[".bin"], independent.encode(SMALL), id="bin"),
    pytest.param(FORMATS[".json"], text.GOOD, id="json"),
    pytest.param(FORMATS[".safetensors"], safetensors(), id="safetensors"),
]


@pytest.mark.parametrize(("form", "data"), FILES)
def test_every_cut_is_an_error(form: Format, data: bytes) -> None:
    assert read(form, data)
    with little_memory():
        for size in range(len(data)):
            assert read(form, data[:size]) is None, f"cut after {size} bytes"


@pytest.mark.parametrize(("form", "data"), FILES)
def test_every_flipped_bit_is_an_error_or_a_whole_model(form: Format, data: bytes) -> None:
    refused = 0
    with little_memory():
        for bit in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            refused += read(form, bytes(flipped)) is None
    assert 0 < refused < 8 * len(data)


def test_the_limit_of_memory_limits() -> None:
    with little_memory(), pytest.raises(MemoryError):
        bytearray(16 * MEMORY)  # more than the C library may have kept from the tests before
