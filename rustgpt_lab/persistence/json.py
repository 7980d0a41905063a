"""The JSON format, as serde_json writes it: written by orjson, read field by field by the schema.

Reading by the schema needs no general parser: whatever does not belong where it stands is refused there and then, by name,
so nothing can nest deeper than the schema. The numbers of arrays, all but the whole of a file, are left where they lie
until there is a place for them, and are then decoded by msgspec, a piece at a time.
"""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
import orjson

from ..errors import (
    ArrayVersionError,
    DuplicateKeyError,
    FieldError,
    FileError,
    JsonSyntaxError,
    NumberError,
    TooLargeError,
    TrailingBytesError,
    TruncatedError,
    UnknownLayerError,
    Utf8Error,
    WrongTypeError,
)
from ..numerics import Array

PIECE = 1 << 16
"""Bytes of an array's text decoded at a time: little enough to stay in the processor's cache."""

# The `+` behind a repetition (`*+`) forbids going back in it: a hostile text costs no more time or memory than a good one.
SPACE = re.compile(rb"[ \t\n\r]*+")
STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]++|\\.)*+)"', re.DOTALL)
INTEGER = re.compile(rb"(?:0|[1-9][0-9]*+)(?![.eE0-9])")
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")
LONGEST = 256
"""Bytes that a number may take, with its white space."""
KINDS = {ord("{"): "an object", ord("["): "a list", ord('"'): "a text"}
NUMBERS = msgspec.json.Decoder(list[float])
NUMBERS_OR_NULL = msgspec.json.Decoder(list[float | None])


class Span:
    """The numbers of an array as text, between its brackets."""

    def __init__(self, data: memoryview, start: int, end: int):
        self.data, self.start, self.end = data, start, end

    def may_be(self, count: int) -> bool:
        return count <= (self.end - self.start + 1) // 2  # a number has a digit, and all but one a comma

    def pieces(self) -> Iterator[Array]:
        start = SPACE.match(self.data, self.start).end()  # type: ignore[union-attr]
        while start < self.end:
            piece, stop = self._cut(start)
            yield self._decode(piece, start)
            if stop == self.end:
                return
            start = stop + 1
            if start == self.end:
                raise JsonSyntaxError("a comma ends a list", offset=stop, expected="a number after it")

    def _cut(self, start: int) -> tuple[bytes, int]:
        """Text from `start` up to a comma or the end, and where that is."""
        piece = bytes(self.data[start : min(start + PIECE, self.end)])
        if start + PIECE >= self.end:
            return piece, self.end
        comma = piece.rfind(b",")
        if comma < 0:
            raise JsonSyntaxError("no comma among many bytes of numbers", offset=start, expected="numbers")
        return piece[:comma], start + comma

    def _decode(self, piece: bytes, start: int) -> Array:
        text = b"[" + piece + b"]"
        try:
            try:
                numbers = NUMBERS.decode(text)
                wide = np.fromiter(numbers, np.float64, len(numbers))
            except msgspec.ValidationError:
                wide = np.array(NUMBERS_OR_NULL.decode(text), np.float64)
        except msgspec.MsgspecError as error:
            raise self._explain(piece, start) from error
        narrow = nearest_float32(wide, piece)
        commas = np.frombuffer(piece, np.uint8, len(piece) // LONGEST * LONGEST).reshape(-1, LONGEST) == ord(
            ","
        )
        if not wide.size or np.isinf(narrow).any() or not commas.any(axis=1).all():
            raise self._explain(piece, start)
        return narrow

    def _explain(self, piece: bytes, start: int) -> FileError:
        """Which of the numbers of a bad piece is bad, and why."""
        reader = Json(piece)
        try:
            reader.f32()
            while reader.has(b","):
                reader.f32()
            if reader.start() == len(piece):
                return NumberError("a number with too much white space", offset=start)
            return _moved(reader.wrong("a comma or the end of the list"), start)
        except FileError as error:
            return _moved(error, start)


def _moved(error: FileError, start: int) -> FileError:
    """The same error, counted from the start of the file and not of a piece of it."""
    error.where.offset = start + (error.where.offset or 0)
    return error


def nearest_float32(wide: Array, text: bytes) -> Array:
    """Numbers that were read as float64, rounded to float32 as if read as float32.

    Rounding twice goes wrong where the first rounding lands in the middle between two float32: 7.038531e-26 is the
    shortest text of one float32, its float64 lies in the middle, and the second rounding then takes the other neighbour.
    There, the exact number decides.

    Args:
        wide: (n,) float64.
        text: the n numbers, with commas between them.
    """
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    doubtful = (
        wide.view(np.uint64) & 0x1FFFFFFF == 0x10000000
    )  # 29 bits more than float32 has: a one and zeros
    tiny = np.abs(wide) < np.finfo(np.float32).tiny  # below, float32 has fewer bits
    if tiny.any():
        step = np.finfo(np.float32).smallest_subnormal.astype(np.float64)
        doubtful |= tiny & (np.abs(wide) / step % 1 == 0.5)
    for i in np.flatnonzero(doubtful):
        exact = Fraction(text.split(b",")[i].decode())
        near = (
            narrow[i],
            np.nextafter(narrow[i], np.float32(np.inf)),
            np.nextafter(narrow[i], np.float32(-np.inf)),
        )
        narrow[i] = min(
            near, key=lambda x: abs(Fraction(float(x)) - exact)
        )  # of two at one distance the first
    return narrow


class Json:
    """The primitives of the JSON format (`schema.Source`).

    Args:
        data: the whole file, bytes or a map of it.
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
        if not head:
            remedy = "Copy or download the file once more."
            return TruncatedError(
                "the file is cut off", offset=start, expected=expected, got="its end", remedy=remedy
            )
        number = NUMBER.match(self.data, start)
        if number and number.end() - start > LONGEST:
            got = f"{number.end() - start} characters"
            return NumberError("a number is too long", offset=start, expected=expected, got=got)
        literal = re.match(rb"null|true|false|-?[0-9][-+.0-9eE]*", head)
        found = KINDS.get(head[0]) or (literal[0].decode() if literal else None)
        if found is None:
            return JsonSyntaxError("this is not JSON", offset=start, expected=expected, got=repr(head)[1:])
        return WrongTypeError("a value of another type", offset=start, expected=expected, got=found)

    def has(self, mark: bytes) -> bool:
        """Whether a mark comes next; if so it has been read."""
        start = self.start()
        if self.data[start : start + 1] != mark:
            return False
        self.offset = start + 1
        return True

    def expect(self, mark: bytes, what: str) -> None:
        if not self.has(mark):
            raise self.wrong(what)

    def match(self, pattern: re.Pattern[bytes], expected: str) -> re.Match[bytes]:
        start = self.start()
        match = pattern.match(self.data, start)
        if match is None:
            raise self.wrong(expected)
        if match.end() - start > LONGEST and pattern is not STRING:
            raise self.wrong(expected)
        self.offset = match.end()
        return match

    def key(self, kind: str) -> Any:
        start = self.start()
        key = self.string()
        self.expect(b":", "a colon")
        if kind == "string":
            return key
        if not re.fullmatch("0|[1-9][0-9]{0,19}", key):
            raise WrongTypeError(
                "a key is not a whole number", offset=start, expected='such as "12"', got=repr(key[:40])
            )
        return int(key)

    def separated(self, close: bytes) -> Iterator[int]:
        """Counts the parts between the brackets of a list or an object."""
        count = 0
        if self.has(close):
            return
        while True:
            yield count
            count += 1
            if not self.has(b","):
                self.expect(close, f"a comma or {close.decode()!r}")
                return

    # ---- primitives ---------------------------------------------------------------------------------------------

    def usize(self) -> int:
        value = int(self.match(INTEGER, "a whole number from 0")[0])
        if value >= 1 << 64:
            raise NumberError(
                "a number is too large", offset=self.offset, expected="at most 64 bits", got=value
            )
        return value

    def f32(self) -> float:
        start = self.start()
        if self.data[start : start + 4] == b"null":  # what serde_json writes for NaN
            self.offset = start + 4
            return float("nan")
        text = self.match(NUMBER, "a number")[0].decode()
        with np.errstate(over="ignore"):
            value = np.float32(text)
        if np.isinf(value):
            raise NumberError(
                "a number is too large", offset=start, expected="at most 3.4028235e38", got=text
            )
        return float(str(value))

    def string(self) -> str:
        start = self.start()
        match = self.match(STRING, "a text")
        try:
            text = match[1].decode()
            return orjson.loads(match[0]) if "\\" in text else text
        except UnicodeDecodeError as error:
            got = f"byte 0x{error.object[error.start]:02x}"
            offset = start + 1 + error.start
            raise Utf8Error("a text is not UTF-8", offset=offset, expected="UTF-8", got=got) from error
        except orjson.JSONDecodeError as error:
            raise JsonSyntaxError(
                "a text with a bad escape", offset=start, got=match[0][:40].decode()
            ) from error

    def version(self) -> int:
        start = self.start()
        version = self.usize()
        if version != 1:
            raise ArrayVersionError("an array of an unknown version", offset=start, expected=1, got=version)
        return version

    def floats(self) -> Span:
        self.expect(b"[", "a list of numbers")
        start = stop = self.offset
        while True:
            piece = bytes(self.data[stop : stop + PIECE])
            found = piece.find(b"]")
            if found >= 0:
                break
            stop += len(piece)
            if not piece:
                self.offset = stop
                raise self.wrong("the end of a list of numbers")
        self.offset = stop + found + 1
        return Span(self.data, start, stop + found)

    def option(self) -> bool:
        start = self.start()
        if self.data[start : start + 4] != b"null":
            return True
        self.offset = start + 4
        return False

    def fields(self, names: Mapping[str, Any]) -> Iterator[str]:
        self.expect(b"{", "an object")
        seen: set[str] = set()
        for _ in self.separated(b"}"):
            start = self.start()
            name = self.key("string")
            if name in seen:
                raise DuplicateKeyError("a field stands twice", offset=start, got=repr(name))
            if name not in names:
                raise FieldError(
                    "an unknown field", offset=start, expected=", ".join(names), got=repr(name[:40])
                )
            seen.add(name)
            yield name
        missing = [name for name in names if name not in seen]
        if missing:
            raise FieldError("a field is missing", offset=self.offset, expected=", ".join(missing))

    def variant(self, names: Mapping[str, Any]) -> Iterator[str]:
        self.expect(b"{", "an object with the name of a layer")
        start = self.start()
        name = self.key("string")
        if name not in names:
            raise UnknownLayerError(
                "an unknown kind of layer",
                offset=start,
                expected=", ".join(names),
                got=repr(name[:40]),
                remedy="A newer version of this library may know it.",
            )
        yield name
        self.expect(b"}", "the end of the layer")

    def items(self, most: int) -> Iterator[int]:
        self.expect(b"[", "a list")
        yield from self._limited(b"]", most)

    def parts(self, size: int) -> Iterator[int]:
        start = self.start()
        count = 0
        for count, i in enumerate(self.items(size), 1):
            yield i
        if count != size:
            raise WrongTypeError("a list of another length", offset=start, expected=size, got=count)

    def pairs(self, key: str, value: str, most: int) -> list[tuple[Any, Any]]:
        read = getattr(self, value)
        self.expect(b"{", "an object")
        return [(self.key(key), read()) for _ in self._limited(b"}", most)]

    def _limited(self, close: bytes, most: int) -> Iterator[int]:
        for i in self.separated(close):
            if i >= most:
                raise TooLargeError(
                    "a longer list than the limit", offset=self.offset, expected=f"at most {most}"
                )
            yield i


def dumps(value: Any) -> bytes:
    """The JSON text of a value of the schema: indented by two spaces, every float the shortest that means the same f32."""
    return orjson.dumps(
        value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    )
