"""The JSON format, as serde_json writes it: written by orjson, read part by part as the schema says.

Reading by the schema needs no general parser: whatever does not belong where it stands is refused there and then. The
numbers of arrays, nearly all of a file, are left where they lie until there is a place for them (see `json_numbers`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import orjson

from ..errors import FileError
from ..numerics import Array
from .json_numbers import LONGEST, NUMBER, SPACE, Span, nearest_float32
from .reader import Reader, decoded, limited
from .schema import MODEL, Pair, Seq, Struct

INSIDE = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\.)*+', re.DOTALL)
INTEGER = re.compile(rb"(?:0|[1-9][0-9]*+)(?![.eE0-9])")
LITERAL = re.compile(rb"null|true|false|-?[0-9][-+.0-9eE]*+")
LARGE = 3e38
"""Below this nothing is too large for float32."""
LIST, OBJECT = (b"[", b"]", "a list"), (b"{", b"}", "an object")
FOUND = {ord("{"): "an object", ord("["): "a list", ord('"'): "a text"}


class Json(Reader):
    """Reads the JSON format."""

    def present(self) -> bool:
        return not self.has(b"null")

    def items(self, kind: Any) -> Iterator[int]:
        start, count, pair = self.start(), 0, isinstance(kind, Pair)
        opening, close, what = LIST if isinstance(kind, Seq | Pair) else OBJECT
        self.expect(opening, what)
        more = not self.has(close)
        while more:
            limited(count + 1, 2 if pair else getattr(kind, "most", count + 1), self.offset)
            yield count
            count, more = count + 1, self.has(b",")
            if not more:
                self.expect(close, f"a comma or {close.decode()!r}")
        if pair and count < 2:
            raise FileError("list length", offset=start, expected=2, got=count)

    def struct(self, kind: Struct) -> dict[str, Any]:
        """An object, its fields in any order, but those first on which others depend; of two equal ones the last."""
        found, fields = dict[str, Any](), self.known(kind, {})
        for _ in self.items(kind):
            start, name = self.start(), self.string()
            self.after_key()
            fields = fields if name in fields else self.known(kind, found)
            if name not in fields:
                known = ", ".join(fields)
                raise FileError("unknown field", offset=start, expected=known, got=repr(name[:40]))
            found[name] = self.part(f".{name}", fields[name])
        fields = self.known(kind, found)  # once more: of two equal settings the last counts
        if missing := ", ".join(field for field in fields if field not in found):
            raise FileError("missing field", offset=self.offset, expected=missing)
        if surplus := found.keys() - fields.keys():
            raise FileError("unknown field", offset=self.offset, expected=", ".join(fields), got=min(surplus))
        return found

    def known(self, kind: Struct, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields that stand in the text, as far as those that were found tell."""
        return kind.known(found)

    def any_layer(self) -> dict[str, Any]:
        self.expect(b"{", "an object with the name of a layer")
        start, name = self.start(), self.string()
        self.after_key()
        found = self.layer(name, start, repr(name[:40]))
        self.expect(b"}", "the end of the layer")
        return found

    def after_key(self) -> None:
        self.expect(b":", "a colon")

    # ---- tokens ------------------------------------------------------------------------------------------------------

    def start(self) -> int:
        self.offset = SPACE.match(self.data, self.offset).end()  # type: ignore[union-attr]
        return self.offset

    def wrong(self, expected: str) -> FileError:
        """The error that says what stands here in place of what was expected."""
        start = self.start()
        head = bytes(self.data[start : start + 20])
        number, literal = NUMBER.match(self.data, start), LITERAL.match(head)
        if b"null".startswith(head):
            return FileError("cut off", offset=start, expected=expected, got="its end")
        if number and number.end() - start > LONGEST:
            got = f"{number.end() - start} characters"
            return FileError("long number", offset=start, expected=expected, got=got)
        if found := FOUND.get(head[0]) or (literal and literal[0].decode()):
            return FileError("type", offset=start, expected=expected, got=found)
        return FileError("json", offset=start, expected=expected, got=repr(head)[1:])

    def has(self, mark: bytes) -> bool:
        """Whether a mark comes next; if so it has been read."""
        start = self.start()
        end = start + len(mark)
        if self.raw[start:end] != mark:
            return False
        self.offset = end
        return True

    def expect(self, mark: bytes, what: str) -> None:
        if not self.has(mark):
            raise self.wrong(what)

    def number(self, pattern: re.Pattern[bytes] = NUMBER, expected: str = "a number") -> bytes:
        """The text of a number."""
        start = self.start()
        match = pattern.match(self.data, start)
        if match is None or match.end() - start > LONGEST:
            raise self.wrong(expected)
        self.offset = match.end()
        return match[0]

    def usize(self) -> int:
        value = int(self.number(INTEGER, "a whole number from 0"))
        if value >= 1 << 64:
            raise FileError("large number", offset=self.offset, expected="at most 64 bits", got=value)
        return value

    version = usize

    def usize_key(self) -> int:
        """A whole number in quotes, as the key of a map."""
        start, text = self.start(), self.string()
        if not re.fullmatch("0|[1-9][0-9]{0,18}", text):
            expected, got = 'a whole number such as "12"', repr(text[:40])
            raise FileError("key", offset=start, expected=expected, got=got)
        return int(text)

    def f64(self) -> float:
        return float("nan") if self.has(b"null") else float(self.number())  # serde_json writes NaN so

    def f32(self) -> float:
        start = self.start()
        value, text = self.f64(), bytes(self.data[start : self.offset])
        narrow = nearest_float32(np.array([value]), text)[0]
        if np.isinf(narrow):
            raise FileError("large number", offset=start, expected="at most 3.4028235e38", got=text.decode())
        return float(str(narrow))

    def bool(self) -> bool:
        if not self.has(b"true"):
            self.expect(b"false", "true or false")
            return False
        return True

    def string(self) -> str:
        start = self.start()
        self.expect(b'"', "a text")
        self.offset = INSIDE.match(self.data, self.offset).end()  # type: ignore[union-attr]
        if self.offset < self.size and self.data[self.offset] < ord(" "):
            raise FileError("control character", offset=self.offset)
        self.expect(b'"', "the end of a text")
        text = decoded(bytes(self.data[start : self.offset]), start)
        try:
            return orjson.loads(text) if "\\" in text else text[1:-1]
        except orjson.JSONDecodeError as error:
            raise FileError("escape", offset=start, got=text[:40]) from error

    def floats(self) -> Span:
        self.expect(b"[", "a list of numbers")
        start, end = self.offset, self.raw.find(b"]", self.offset)
        if end < 0:
            self.offset = self.size
            raise self.wrong("the end of a list of numbers")
        self.offset = end + 1
        return Span(self.raw, start, end, one_by_one)


def one_by_one(data: Any, start: int, end: int) -> Array:
    """The numbers between two places, or the error that says what is wrong with one of them."""
    reader, found = Json(data), list[float]()
    reader.offset = start
    while not found or reader.start() < end:
        if found:
            reader.expect(b",", "a comma or the end of the list")
        start = reader.start()
        found.append(reader.f64())
        if abs(found[-1]) > LARGE:
            reader.offset = start
            reader.f32()  # refuses what is too large
    return np.array(found)


def write(file: BinaryIO, values: dict[str, Any]) -> None:
    """Write the values of `schema.MODEL`: two spaces a level, every float the shortest that means the same f32.

    The text is made a layer at a time, and never stands in memory as a whole.
    """
    values = {name: values[name] for name in MODEL.fields}
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
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, option=option)
