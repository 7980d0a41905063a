"""The marks and the scalars of JSON text, read one by one."""

import re
from typing import Any

import numpy as np
import orjson

from ..errors import (
    ArrayVersionError,
    FileError,
    JsonSyntaxError,
    NumberError,
    TrailingBytesError,
    TruncatedError,
    Utf8Error,
    WrongTypeError,
)
from .rounding import nearest_float32

# The `+` behind a repetition (`*+`) forbids going back in it: a hostile text costs no more than a good one.
SPACE = re.compile(rb"[ \t\n\r]*+")
INSIDE = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\.)*+', re.DOTALL)
INTEGER = re.compile(rb"(?:0|[1-9][0-9]*+)(?![.eE0-9])")
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")
LITERAL = re.compile(rb"null|true|false|-?[0-9][-+.0-9eE]*+")
LONGEST = 256
"""Characters of a number; its float32 needs 112 at most, even without an exponent."""
KINDS = {ord("{"): "an object", ord("["): "a list", ord('"'): "a text"}


class JsonText:
    """JSON text, and how far it has been read.

    Args:
        data: bytes, or a map of a file.
    """

    def __init__(self, data: Any):
        self.data = memoryview(data)
        self.offset = 0

    def start(self) -> int:
        self.offset = SPACE.match(self.data, self.offset).end()  # type: ignore[union-attr]
        return self.offset

    def end(self) -> int:
        return self.offset

    def finish(self) -> None:
        start = self.start()
        if start < len(self.data):
            got = f"{len(self.data) - start} more bytes"
            raise TrailingBytesError(
                "bytes follow the end of the model", offset=start, expected="the end of the file", got=got
            )

    # ---- tokens -------------------------------------------------------------------------------------------------

    def wrong(self, expected: str) -> FileError:
        """The error that says what stands here in place of what was expected."""
        start = self.start()
        head = bytes(self.data[start : start + 20])
        if b"null".startswith(head):
            remedy = "Copy or download the file once more."
            return TruncatedError(
                "the file is cut off", offset=start, expected=expected, got="its end", remedy=remedy
            )
        number = NUMBER.match(self.data, start)
        if number and number.end() - start > LONGEST:
            got = f"{number.end() - start} characters"
            return NumberError("a number is too long", offset=start, expected=expected, got=got)
        literal = LITERAL.match(head)
        found = KINDS.get(head[0]) or (literal[0].decode() if literal else None)
        if found is None:
            return JsonSyntaxError("this is not JSON", offset=start, expected=expected, got=repr(head)[1:])
        return WrongTypeError("a value of another type", offset=start, expected=expected, got=found)

    def has(self, mark: bytes) -> bool:
        """Whether a mark comes next; if so it has been read."""
        start = self.start()
        end = start + len(mark)
        if bytes(self.data[start:end]) != mark:
            return False
        self.offset = end
        return True

    def null(self) -> bool:
        """Whether a null comes next; if so it has been read."""
        return self.has(b"null")

    def expect(self, mark: bytes, what: str) -> None:
        if not self.has(mark):
            raise self.wrong(what)

    def match(self, pattern: re.Pattern[bytes], expected: str) -> re.Match[bytes]:
        """The number that comes next."""
        start = self.start()
        match = pattern.match(self.data, start)
        if match is None or match.end() - start > LONGEST:
            raise self.wrong(expected)
        self.offset = match.end()
        return match

    def usize(self) -> int:
        value = int(self.match(INTEGER, "a whole number from 0")[0])
        if value >= 1 << 64:
            raise NumberError(
                "a number is too large", offset=self.offset, expected="at most 64 bits", got=value
            )
        return value

    def f32(self) -> float:
        if self.null():  # what serde_json writes for NaN
            return float("nan")
        start = self.start()
        text = self.match(NUMBER, "a number")[0]
        value = nearest_float32(np.array([float(text)]), text)[0]
        if np.isinf(value):
            expected, got = "at most 3.4028235e38", text.decode()
            raise NumberError("a number is too large", offset=start, expected=expected, got=got)
        return float(str(value))

    def string(self) -> str:
        start = self.start()
        if not self.has(b'"'):
            raise self.wrong("a text")
        self.offset = INSIDE.match(self.data, self.offset).end()  # type: ignore[union-attr]
        if self.offset < len(self.data) and self.data[self.offset] < ord(" "):
            raise JsonSyntaxError("a control character in a text", offset=self.offset)
        if not self.has(b'"'):
            raise self.wrong("the end of a text")
        raw = bytes(self.data[start : self.offset])
        try:
            text = raw.decode()
            return orjson.loads(text) if "\\" in text else text[1:-1]
        except UnicodeDecodeError as error:
            got = f"byte 0x{error.object[error.start]:02x}"
            offset = start + error.start
            raise Utf8Error("a text is not UTF-8", offset=offset, expected="UTF-8", got=got) from error
        except orjson.JSONDecodeError as error:
            raise JsonSyntaxError("a text with a bad escape", offset=start, got=text[:40]) from error

    def version(self) -> int:
        start = self.start()
        version = self.usize()
        if version != 1:
            raise ArrayVersionError("an array of an unknown version", offset=start, expected=1, got=version)
        return version
