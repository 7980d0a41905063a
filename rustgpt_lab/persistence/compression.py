"""Compressed files: `.gz` and `.zst`, streamed, and bounded while they grow."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import zstandard

from ..errors import CompressionError, TooLargeError, TruncatedError

MAGIC = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
"""Extension -> the bytes with which such a file begins."""
STEP = 1 << 20
WINDOW = 1 << 27
"""Bytes of the past that a zstd stream may refer to: what `zstd --long` needs, and no more."""


@contextmanager
def compressed(file: BinaryIO, packing: str) -> Iterator[BinaryIO]:
    """A file that compresses what is written to it into `file`; the same bytes give the same file, whenever it is made.

    Args:
        packing: ".gz", ".zst", or "" for none.
    """
    if packing == ".gz":
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as stream:
            yield stream  # type: ignore[misc]
    elif packing == ".zst":
        with zstandard.ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False) as stream:
            yield stream
    else:
        yield file


def decompressed(data: Any, packing: str, max_bytes: int) -> Any:
    """The content of a compressed file.

    Args:
        data: a map of the file, or its bytes.
        packing: ".gz", ".zst", or "" for none.
        max_bytes: the most that the content may be; a bomb is refused when it has grown to that.

    Raises:
        TooLargeError, CompressionError, TruncatedError
    """
    if not packing:
        return data
    if data[: len(MAGIC[packing])] != MAGIC[packing]:
        head = bytes(data[: len(MAGIC[packing])])
        expected = f"the bytes {MAGIC[packing].hex(' ')}"
        raise CompressionError(
            f"not a {packing} file", offset=0, expected=expected, got=head.hex(" ") or "no byte"
        )
    content = bytearray()
    try:
        with _reader(data, packing) as stream:
            while chunk := stream.read(STEP):
                content += chunk
                if len(content) > max_bytes:
                    raise TooLargeError(
                        "the file is larger when decompressed than the limit",
                        expected=f"at most {max_bytes:,} bytes",
                        remedy="If you trust it, load(path, max_bytes=…) or the command's --max-bytes sets another.",
                    )
    except EOFError as error:
        remedy = "Copy or download the file once more."
        raise TruncatedError("the compressed file is cut off", remedy=remedy) from error
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        got = str(error) or type(error).__name__
        raise CompressionError("the compressed file is damaged", got=got) from error
    return content


def _reader(data: Any, packing: str) -> Any:
    if packing == ".gz":
        return gzip.GzipFile(fileobj=_Reading(data))  # type: ignore[call-overload]
    return zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(
        data, read_across_frames=True, closefd=False
    )


class _Reading:
    """Bytes as a file, without a copy of them all."""

    def __init__(self, data: Any):
        self.data, self.position = memoryview(data), 0

    def read(self, size: int) -> bytes:
        start = self.position
        self.position = min(start + size, len(self.data))
        return bytes(self.data[start : self.position])
