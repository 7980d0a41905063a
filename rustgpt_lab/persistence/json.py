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
from ..layers import REGISTRY
from .json_numbers import LONGEST, NUMBER, PIECE, SPACE, Span, nearest_float32
from .reader import Reader, check_matrix, limited
from .schema import MODEL, AnyLayer, Entry, Map, Matrix, Pair, Scalar, Seq, Struct

INSIDE = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\.)*+', re.DOTALL)
INTEGER = re.compile(rb"(?:0|[1-9][0-9]*+)(?![.eE0-9])")
LITERAL = re.compile(rb"null|true|false|-?[0-9][-+.0-9eE]*+")
FOUND = {ord("{"): "an object", ord("["): "a list", ord('"'): "a text"}


class Json(Reader):
    """Reads the JSON format."""

    def read(self, kind: Any) -> Any:
        start = self.start()
        if isinstance(kind, Scalar):
            return getattr(self, kind.name)()
        if isinstance(kind, Matrix):
            return check_matrix(self._struct(kind), start)
        if isinstance(kind, Struct):
            return self._struct(kind)
        if isinstance(kind, AnyLayer):
            return self._layer()
        if isinstance(kind, Seq):
            return [self.part(f"[{i}]", kind.item) for i in self._separated(b"[", b"]", kind.most)]
        if isinstance(kind, Map):
            return dict([self.part("entry", kind.entry) for _ in self._separated(b"{", b"}", kind.most)])
        if isinstance(kind, Entry):
            key = self.part("key", kind.key)
            self.expect(b":", "a colon")
            return key, self.part("value", kind.value)
        if isinstance(kind, Pair):
            found = [self.part(f"[{i}]", kind.item) for i in self._separated(b"[", b"]", 2)]
            if len(found) != 2:
                raise FileError("list length", offset=start, expected=2, got=len(found))
            return found
        return None if self.has(b"null") else self.part("value", kind.item)

    # ---- parts of parts ----------------------------------------------------------------------------------------------

    def elsewhere(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the fields that do not stand in the text (in a `.safetensors` file: the arrays)."""
        return {}

    def _struct(self, kind: Struct) -> dict[str, Any]:
        """An object, its fields in any order, but those that `kind.rest` needs first; of two equal ones the last."""
        found, fields = self.elsewhere(kind.fields), kind.fields
        absent = set(found)
        for _ in self._separated(b"{", b"}"):
            start, name = self.start(), self._name()
            if name not in fields and found.keys() >= kind.fields.keys():
                rest = kind.rest(found)
                absent |= self.elsewhere(rest).keys()
                fields = {**kind.fields, **rest}
            if name not in fields or name in absent:
                names = ", ".join(field for field in fields if field not in absent)
                raise FileError("unknown field", offset=start, expected=names, got=repr(name[:40]))
            found[name] = self.part(f".{name}", fields[name])
        fields = kind.fields
        if found.keys() >= fields.keys():
            rest = kind.rest(found)  # once more: of two equal settings the last counts
            found, fields = found | self.elsewhere(rest), {**fields, **rest}
        if missing := ", ".join(field for field in fields if field not in found):
            raise FileError("missing field", offset=self.offset, expected=missing)
        if surplus := found.keys() - fields.keys():
            raise FileError("unknown field", offset=self.offset, expected=", ".join(fields), got=min(surplus))
        return found

    def _layer(self) -> dict[str, Any]:
        self.expect(b"{", "an object with the name of a layer")
        start, name = self.start(), self._name()
        if name not in REGISTRY:
            raise self.unknown(start, repr(name[:40]))
        found = self.layer(name)
        self.expect(b"}", "the end of the layer")
        return found

    def _separated(self, opening: bytes, close: bytes, most: int = 1 << 62) -> Iterator[int]:
        """Counts the parts between the brackets of a list or an object; the caller reads one after each step."""
        self.expect(opening, "a list" if opening == b"[" else "an object")
        if self.has(close):
            return
        for count in range(most):
            yield count
            if not self.has(b","):
                self.expect(close, f"a comma or {close.decode()!r}")
                return
        limited(most + 1, most, self.offset)

    def _name(self) -> str:
        """The name of a field, and its colon."""
        name = self.string()
        self.expect(b":", "a colon")
        return name

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

    def _match(self, pattern: re.Pattern[bytes], expected: str) -> bytes:
        """The number that comes next."""
        start = self.start()
        match = pattern.match(self.data, start)
        if match is None or match.end() - start > LONGEST:
            raise self.wrong(expected)
        self.offset = match.end()
        return match[0]

    def usize(self) -> int:
        value = int(self._match(INTEGER, "a whole number from 0"))
        if value >= 1 << 64:
            raise FileError("large number", offset=self.offset, expected="at most 64 bits", got=value)
        return value

    def usize_key(self) -> int:
        """A whole number in quotes, as the key of a map."""
        start, text = self.start(), self.string()
        if not re.fullmatch("0|[1-9][0-9]{0,18}", text):
            expected, got = 'a whole number such as "12"', repr(text[:40])
            raise FileError("key", offset=start, expected=expected, got=got)
        return int(text)

    def f32(self) -> float:
        if self.has(b"null"):  # what serde_json writes for NaN
            return float("nan")
        start, text = self.start(), self._match(NUMBER, "a number")
        value = nearest_float32(np.array([float(text)]), text)[0]
        if np.isinf(value):
            expected, got = "at most 3.4028235e38", text.decode()
            raise FileError("large number", offset=start, expected=expected, got=got)
        return float(str(value))

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
        try:
            text = bytes(self.data[start : self.offset]).decode()
            return orjson.loads(text) if "\\" in text else text[1:-1]
        except UnicodeDecodeError as error:
            raise self.text_error(start, error) from error
        except orjson.JSONDecodeError as error:
            raise FileError("escape", offset=start, got=text[:40]) from error

    def version(self) -> int:
        start, version = self.start(), self.usize()
        if version != 1:
            raise FileError("version", offset=start, expected=1, got=version)
        return version

    def floats(self) -> Span:
        self.expect(b"[", "a list of numbers")
        start = stop = self.offset
        while (found := (piece := bytes(self.data[stop : stop + PIECE])).find(b"]")) < 0:
            stop += len(piece)
            if not piece:
                self.offset = stop
                raise self.wrong("the end of a list of numbers")
        self.offset = stop + found + 1
        return Span(self.data, start, stop + found, self._explain)

    def _explain(self, start: int, end: int) -> FileError:
        """Which of the numbers between two places is bad, and why."""
        self.offset = start
        try:
            self.f32()
            while self.start() < end:
                self.expect(b",", "a comma or the end of the list")
                self.f32()
        except FileError as error:
            return error
        return FileError("white space", offset=start)


def read(data: Any) -> dict[str, Any]:
    """The values of `schema.MODEL` in a file; the numbers of arrays are still text."""
    values: dict[str, Any] = Json(data).whole()
    return values


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
