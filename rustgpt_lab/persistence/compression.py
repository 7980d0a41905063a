"""Compressed files: `.gz` and `.zst`, streamed, and bounded while they grow."""

import gzip
import io
import mmap
import zlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

import zstandard

from ..errors import FileError

MAGIC = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
"""Extension -> the bytes with which such a file begins."""
STEP = 1 << 20
WINDOW = 1 << 27
"""Bytes of the past that a zstd stream may refer to: what `zstd --long` needs, and no more."""


def compressed(file: BinaryIO, packing: str) -> AbstractContextManager[Any]:
    """A file that compresses what is written to it into `file`; the same bytes give the same file, whenever it is made.

    Args:
        packing: ".gz", ".zst", or "" for none.
    """
    if packing == ".gz":
        return gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)
    if packing == ".zst":
        return zstandard.ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False)
    return nullcontext(file)


def decompressed(data: Any, packing: str, max_bytes: int) -> Any:
    """The content of a compressed file.

    Args:
        data: a map of the file, or its bytes.
        packing: ".gz", ".zst", or "" for none.
        max_bytes: the most that the content may be; a bomb is refused when it has grown to that.

    Raises:
        FileError: it is not so compressed, damaged, cut off or too large.
    """
    if not packing:
        return data
    magic = MAGIC[packing]
    if data[: len(magic)] != magic:
        got = bytes(data[: len(magic)]).hex(" ")
        raise FileError("not compressed", offset=0, expected=f"the bytes {magic.hex(' ')}", got=got)
    content = bytearray()
    try:
        with _reader(data, packing) as stream:
            while chunk := stream.read(STEP):
                content += chunk
                if len(content) > max_bytes:
                    raise FileError("bomb", expected=f"at most {max_bytes:,} bytes")
    except EOFError as error:
        raise FileError("cut off", what="the compressed file is cut off") from error
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise FileError("compression", got=str(error) or type(error).__name__) from error
    return content


def _reader(data: Any, packing: str) -> Any:
    file: Any = data if isinstance(data, mmap.mmap) else io.BytesIO(data)
    file.seek(0)
    if packing == ".gz":
        return gzip.GzipFile(fileobj=file)
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    return reader.stream_reader(file, read_across_frames=True, closefd=False)
