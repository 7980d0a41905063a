"""The JSON format, as serde_json writes it: written by orjson, read field by field as the schema says.

Reading by the schema needs no general parser: whatever does not belong where it stands is refused there and then, so
nothing can nest deeper than the schema. The numbers of arrays, nearly all of a file, are left where they lie until
there is a place for them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from ..errors import DuplicateKeyError, FieldError, TooLargeError, UnknownLayerError, WrongTypeError
from .json_numbers import PIECE, Span
from .json_text import JsonText
from .kinds import Matrix, Seq, Struct, Texts
from .schema import MODEL


class Json(JsonText):
    """The JSON format's way with the kinds of the schema (`kinds.Source`)."""

    def name(self) -> str:
        """The name of a field, and its colon."""
        name = self.string()
        self.expect(b":", "a colon")
        return name

    def number_text(self) -> int:
        """A whole number in quotes, as the key of a map."""
        start = self.start()
        text = self.string()
        if not re.fullmatch("0|[1-9][0-9]{0,18}", text):
            expected, got = 'a whole number such as "12"', repr(text[:40])
            raise WrongTypeError("a key that is not a number", offset=start, expected=expected, got=got)
        return int(text)

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
        return not self.null()

    def fields(self, names: Mapping[str, Any]) -> Iterator[str]:
        self.expect(b"{", "an object")
        seen: set[str] = set()
        for _ in self.separated(b"}"):
            start = self.start()
            name = self.name()
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
        name = self.name()
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
        last = -1
        for last in self.items(size):
            yield last
        if last + 1 != size:
            raise WrongTypeError("a list of another length", offset=start, expected=size, got=last + 1)

    def key(self, kind: str) -> Callable[[], Any]:
        return self.number_text if kind == "usize" else self.string

    def pairs(self, key: Callable, value: Callable, most: int) -> list[tuple[Any, Any]]:
        self.expect(b"{", "an object")
        found = []
        for _ in self._limited(b"}", most):
            name = key()
            self.expect(b":", "a colon")
            found.append((name, value()))
        return found

    def texts(self, kind: Texts) -> list[str]:
        return Seq.read(kind, self)

    def matrix(self, kind: Matrix) -> dict[str, Any]:
        return Struct.read(kind, self)

    def _limited(self, close: bytes, most: int) -> Iterator[int]:
        for i in self.separated(close):
            if i >= most:
                raise TooLargeError(
                    "a longer list than the limit", offset=self.offset, expected=f"at most {most}"
                )
            yield i


def read(data: Any) -> dict[str, Any]:
    """The values of `schema.MODEL` in a file; the numbers of arrays are still text."""
    source = Json(data)
    values = MODEL.read(source)
    source.finish()
    return values


def write(file: BinaryIO, values: dict[str, Any]) -> None:
    """Write the values of `schema.MODEL`: two spaces a level, every float the shortest that means the same f32.

    The text is made a layer at a time, and never stands in memory as a whole.
    """
    layers = values["network"]
    if not layers:
        file.write(_text(values))
        return
    before, after = _text({"network": [0]}).split(b"0")
    file.write(_text({**values, "network": [0]}).removesuffix(b"0" + after))
    for i, layer in enumerate(layers):
        file.write(b",\n    " if i else b"")
        file.write(memoryview(_text({"network": [layer]}))[len(before) : -len(after)])
    file.write(after)


def _text(value: dict[str, Any]) -> bytes:
    return orjson.dumps(
        value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    )
