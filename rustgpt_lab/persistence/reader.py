"""What the readers of both formats have in common: the way through the parts of a value, and what an array must be."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import FileError, ShapeError, VocabError
from ..layers import REGISTRY
from . import schema


class Reader:
    """Reads the values of the schema from bytes, one after the other.

    A format adds the primitives: a method of its name for every scalar, and those that are only declared here.

    Args:
        data: the whole file, bytes or a map of it.
    """

    present: Callable[[], bool]  # whether an optional value is there
    items: Callable[[Any], Iterable[int]]  # counts those of a list, map or pair; one is read after each
    struct: Callable[[schema.Struct], dict[str, Any]]
    any_layer: Callable[[], dict[str, Any]]
    quick = True
    """Whether a fault may go without its place, and what is common be read by a shortcut."""

    def __init__(self, data: Any):
        self.raw = data  # gives single bytes and short texts faster than its memoryview does
        self.data = memoryview(data)
        self.size, self.offset, self.depth = len(self.data), 0, 0

    def start(self) -> int:
        """The offset of the byte at which the next value begins."""
        return self.offset

    def map(self, pairs: list[Any]) -> dict[Any, Any]:
        return dict(pairs)

    def after_key(self) -> None:
        """Pass what stands between a key and its value."""

    def read(self, kind: Any) -> Any:
        """The value that comes next."""
        if isinstance(kind, schema.Scalar):
            return getattr(self, kind.name)()
        if isinstance(kind, schema.Struct):
            start, value = self.start(), self.struct(kind)
            return check_matrix(value, start) if kind is schema.MATRIX else value
        if isinstance(kind, schema.AnyLayer):
            return self.any_layer()
        if isinstance(kind, schema.Option):
            return self.part("value", kind.item) if self.present() else None
        if isinstance(kind, schema.Map):
            return self.map([self.part("entry", kind.entry) for _ in self.items(kind)])
        if isinstance(kind, schema.Entry):
            key = self.part("key", kind.key)
            self.after_key()
            return key, self.part("value", kind.value)
        return [self.part(f"[{i}]", kind.item) for i in self.items(kind)]

    def part(self, name: str, kind: Any) -> Any:
        """The value that comes next, as a part of another: an error learns on its way out in which.

        Args:
            name: ".field" or "[index]"; any other is no step on the way.
        """
        if self.quick:
            return self.read(kind)
        try:
            return self.read(kind)
        except FileError as error:
            error.where.enter(name if name[:1] in ".[" else "")
            raise

    def whole(self, kind: Any = schema.MODEL) -> Any:
        """A value, if it is all that there is."""
        if self.quick:
            with suppress(FileError, LookupError, UnicodeDecodeError):
                return self._whole(kind)
            self.quick, self.offset, self.depth = False, 0, 0  # once more, to say where it is wrong
        return self._whole(kind)

    def _whole(self, kind: Any) -> Any:
        value = self.part("", kind)
        if left := self.size - self.start():
            got = f"{left} more bytes"
            raise FileError("trailing bytes", offset=self.offset, expected="the end of the file", got=got)
        return value

    def layer(self, name: str | None, start: int, got: object) -> dict[str, Any]:
        """A layer of a kind that has just been read; layers may lie inside layers, but not deeply."""
        if name not in REGISTRY:
            kinds = sorted(REGISTRY.items(), key=lambda item: item[1].tag)
            known = ", ".join(f"{kind.tag} {name}" for name, kind in kinds)
            raise FileError("layer", offset=start, expected=known, got=got)
        if self.depth == schema.MAX_DEPTH:
            raise FileError("too deep", offset=self.offset, expected=f"at most {schema.MAX_DEPTH} levels")
        self.depth += 1
        found = {name: self.part(f".{name}", schema.form_of(name))}
        self.depth -= 1
        return found


def decoded(data: bytes, start: int) -> str:
    """A text of the file, which begins there."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        got = f"byte 0x{data[error.start]:02x}"
        raise FileError("utf-8", offset=start + error.start, expected="UTF-8", got=got) from error


@contextmanager
def inside(path: str) -> Iterator[None]:
    """Put a path in front of that of an error of the block."""
    try:
        yield
    except FileError as error:
        error.where.enter(path)
        raise


@contextmanager
def as_file_error(kind: str, path: str = "") -> Iterator[None]:
    """Say what other modules refuse as a fault of the file, in which it stands below `path`."""
    try:
        yield
    except (ShapeError, VocabError) as error:
        details: dict[str, Any] = {"expected": error.expected, "got": error.got}
        if isinstance(error, ShapeError):  # what is wrong with a tokenizer, the kind says
            details["what"] = error.what
        raise FileError(kind, path=f"{path}{error.where}".rstrip("."), **details) from error


def limited(count: int, most: int, offset: int | None = None) -> None:
    """Refuse a list that is longer than its limit."""
    if count > most:
        raise FileError("too many", offset=offset, expected=f"at most {most}", got=count)


def check_matrix(matrix: dict[str, Any], offset: int) -> dict[str, Any]:
    """Refuse dimensions that the numbers cannot fill."""
    dim, limit = matrix["dim"], matrix["data"].limit
    if matrix["v"] != 1:
        raise FileError("version", path=".v", offset=offset, expected=1, got=matrix["v"])
    if max(dim) > schema.MAX_DIMENSION:
        expected = f"at most {schema.MAX_DIMENSION}"
        raise FileError("dimension", path=".dim", offset=offset, expected=expected, got=dim)
    if dim[0] * dim[1] > limit:
        require_count(dim, f"at most {limit}", offset)
    return matrix


def require_count(dim: list[int], count: object, offset: int | None = None) -> None:
    """Refuse an array of `dim` with another count of numbers."""
    rows, columns = dim
    if count != rows * columns:
        expected = f"{rows} x {columns} = {rows * columns} numbers"
        raise FileError("count", path=".dim", offset=offset, expected=expected, got=count)
