"""Compressed files: they grow only to their limit, and every damage is an error."""

import gzip
import io
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from rustgpt_lab import LLM, Vocab, errors
from rustgpt_lab.persistence import describe
from tests.corpus import binary, text

from .models import same

PACK = {".gz": gzip.compress, ".zst": zstandard.compress}
PACKINGS = pytest.mark.parametrize("packing", PACK)


@PACKINGS
@pytest.mark.parametrize(("extension", "data"), [(".bin", binary.GOOD), (".json", text.GOOD)])
def test_what_other_programs_compressed_loads(
    packing: str, extension: str, data: bytes, tmp_path: Path
) -> None:
    (tmp_path / f"m{extension}").write_bytes(data)
    path = tmp_path / f"m{extension}{packing}"
    path.write_bytes(PACK[packing](data))
    assert same(LLM.load(path), LLM.load(tmp_path / f"m{extension}"))
    assert describe(path).length == len(data), "offsets are those of the decompressed file"


def test_other_programs_read_what_we_compress(tmp_path: Path) -> None:
    llm = LLM.build(Vocab.default(), 4, 4, 1)
    for extension in ("bin", "bin.gz", "bin.zst"):
        llm.save(tmp_path / f"m.{extension}")
    plain = (tmp_path / "m.bin").read_bytes()
    assert gzip.decompress((tmp_path / "m.bin.gz").read_bytes()) == plain
    with zstandard.ZstdDecompressor().stream_reader((tmp_path / "m.bin.zst").read_bytes()) as stream:
        assert stream.read() == plain


@PACKINGS
def test_every_cut_of_a_compressed_file(packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.bin{packing}"
    whole = PACK[packing](binary.GOOD)
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(errors.FileError) as caught:
            LLM.load(path)
        assert caught.value.kind in ("empty", "cut off", "not compressed", "compression", "length")


@PACKINGS
def test_every_flipped_bit_of_a_compressed_file(packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.bin{packing}"
    whole = PACK[packing](binary.GOOD)
    refused = 0
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            LLM.load(path)
        except errors.FileError:
            refused += 1
    assert refused > 4 * len(whole)


@PACKINGS
def test_bytes_behind_a_compressed_file(packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.bin{packing}"
    path.write_bytes(PACK[packing](binary.GOOD) + b"more")
    with pytest.raises(errors.FileError, match="damaged"):
        LLM.load(path)


def bomb(packing: str, size: int) -> bytes:
    """So many zeros, compressed, without ever holding them all."""
    file = io.BytesIO()
    zeros = bytes(1 << 20)
    if packing == ".gz":
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as stream:
            for _ in range(size >> 20):
                stream.write(zeros)
    else:
        with zstandard.ZstdCompressor(level=1).stream_writer(file, closefd=False) as stream:
            for _ in range(size >> 20):
                stream.write(zeros)
    return file.getvalue()


LOADER = """
import resource, sys
from rustgpt_lab import LLM, errors
import rustgpt_lab.persistence
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    LLM.load(sys.argv[1], max_bytes=64 << 20)
except errors.FileError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


@PACKINGS
def test_a_bomb_is_refused_in_bounded_memory(packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.bin{packing}"
    path.write_bytes(bomb(packing, 256 << 20))
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(path)], capture_output=True, text=True, timeout=60
    )
    grown, _, message = done.stdout.partition(" ")
    assert "larger when decompressed than the limit; expected at most 67,108,864 bytes" in message, (
        done.stderr
    )
    assert int(grown) < (64 + 32) << 10, "KiB"


def test_the_memory_of_this_process_is_known() -> None:
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 1 << 10, (
        "KiB, as the test above takes it to be"
    )


@pytest.mark.parametrize(
    ("name", "data", "really"),
    [
        ("m.bin", text.GOOD, r"\.json"),
        ("m.json", binary.GOOD, r"\.bin"),
        ("m.bin", gzip.compress(binary.GOOD), r"\.bin\.gz"),
        ("m.json", zstandard.compress(text.GOOD), r"\.json\.zst"),
        ("m.bin.gz", zstandard.compress(binary.GOOD), r"\.bin\.zst"),
        ("m.bin.gz", binary.GOOD, r"\.bin"),
        ("m.bin.gz", gzip.compress(text.GOOD), r"\.json\.gz"),
    ],
)
def test_a_wrong_extension_is_told_with_the_right_one(
    name: str, data: bytes, really: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    for use in (LLM.load, describe):
        with pytest.raises(
            errors.FileError,
            match=rf"another format than its name says.*found {really}\. Rename .* ends in {really}\.",
        ):
            use(tmp_path / name)


def test_a_safetensors_file_with_another_name(tmp_path: Path) -> None:
    LLM.build(Vocab.default(), 4, 4, 1).save(tmp_path / "m.safetensors")
    for name in ("m.bin", "m.json"):
        (tmp_path / name).write_bytes((tmp_path / "m.safetensors").read_bytes())
        with pytest.raises(errors.FileError, match=r"ends in \.safetensors"):
            LLM.load(tmp_path / name)


def test_what_is_no_format_at_all_is_refused_for_what_it_is(tmp_path: Path) -> None:
    for name in ("m.bin", "m.json", "m.safetensors"):
        (tmp_path / name).write_bytes(b"\x07\x03abc\xff\xff" * 3)
        with pytest.raises(errors.FileError) as caught:
            LLM.load(tmp_path / name)
        assert caught.value.kind not in ("other extension", "foreign")
