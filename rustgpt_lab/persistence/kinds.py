"""The kinds of value that a model file is made of: number, text, struct, sequence, map, array.

This is serde's idea: a few kinds describe a form (see `schema`), and every format is one *source* that knows how such
values look in its bytes. `kind.read(source)` gives plain Python: a struct or a map is a dict, a sequence a list, an
optional value None or the value, an enum {name: value}.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ..errors import DimensionError, DuplicateKeyError, FileError, LengthError
from ..numerics import Array

MAX_DIMENSION = (1 << 31) - 1


class Floats(Protocol):
    """The numbers of an array as they lie in a file."""

    @property
    def limit(self) -> int:
        """The most numbers that there can be; how many there are is known when they have been read."""

    def fill(self, target: Array) -> int:
        """Copy the numbers into (n,), as many as it takes; returns how many there are."""

    def pieces(self) -> Iterator[Array]:
        """The numbers, float32, in pieces of at most moderate size; a number that JSON calls null is NaN."""


class Source(Protocol):
    """A format's primitives. Generators of parts are exhausted by the caller, who reads one value after each step."""

    def start(self) -> int:
        """The offset of the byte at which the next value begins."""

    def end(self) -> int:
        """The offset of the first byte that has not been read."""

    def finish(self) -> None:
        """Refuse bytes that follow the last value."""

    def usize(self) -> int: ...
    def f32(self) -> float: ...
    def string(self) -> str: ...
    def version(self) -> int: ...
    def floats(self) -> Floats: ...
    def option(self) -> bool: ...
    def fields(self, names: Mapping[str, Any]) -> Iterator[str]: ...
    def variant(self, names: Mapping[str, Any]) -> Iterator[str]: ...
    def items(self, most: int) -> Iterator[int]: ...
    def parts(self, size: int) -> Iterator[int]: ...
    def key(self, kind: str) -> Callable[[], Any]: ...
    def pairs(self, key: Callable, value: Callable, most: int) -> Iterable[tuple[Any, Any]]: ...
    def texts(self, kind: "Texts") -> list[str]: ...
    def matrix(self, kind: "Matrix") -> dict[str, Any]: ...


class Kind:
    """The form of a value."""

    def read(self, source: Source) -> Any:
        """The value that comes next."""
        raise NotImplementedError

    def bound(self, source: Source) -> Callable[[], Any]:
        """`read` with its source."""
        return partial(self.read, source)


@dataclass(frozen=True)
class Scalar(Kind):
    """A primitive; `name` is the method of a source that reads it."""

    name: str

    def read(self, source: Source) -> Any:
        return getattr(source, self.name)()

    def bound(self, source: Source) -> Callable[[], Any]:
        return getattr(source, self.name)


def _parts(kinds: Mapping[str, Kind], names: Iterator[str], source: Source) -> dict[str, Any]:
    """Read the parts that `names` announces; an error learns on its way out in which of them it was."""
    found: dict[str, Any] = {}
    name = None
    try:
        for name in names:
            found[name] = kinds[name].read(source)
    except FileError as error:
        if name is not None and name not in found:
            error.where.enter(f".{name}")
        raise
    return found


@dataclass(frozen=True)
class Struct(Kind):
    fields: Mapping[str, Kind]

    def read(self, source: Source) -> dict[str, Any]:
        return _parts(self.fields, source.fields(self.fields), source)


@dataclass(frozen=True)
class Enum(Kind):
    """One of several structs; in the binary format a variant's number is its place."""

    variants: Mapping[str, Kind]

    def read(self, source: Source) -> dict[str, Any]:
        return _parts(self.variants, source.variant(self.variants), source)


@dataclass(frozen=True)
class Seq(Kind):
    item: Kind
    most: int

    def read(self, source: Source) -> list[Any]:
        found: list[Any] = []
        read = self.item.bound(source)
        try:
            for _ in source.items(self.most):
                found.append(read())
        except FileError as error:
            error.where.enter(f"[{len(found)}]")
            raise
        return found


class Texts(Seq):
    """A long list of texts."""

    def read(self, source: Source) -> list[str]:
        return source.texts(self)


@dataclass(frozen=True)
class Tuple(Kind):
    items: tuple[Kind, ...]

    def read(self, source: Source) -> list[Any]:
        return [self.items[i].read(source) for i in source.parts(len(self.items))]


@dataclass(frozen=True)
class Map(Kind):
    """From scalars to scalars."""

    key: Scalar
    value: Scalar
    most: int

    def read(self, source: Source) -> dict[Any, Any]:
        pairs = list(source.pairs(source.key(self.key.name), self.value.bound(source), self.most))
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
            raise DuplicateKeyError("a key stands twice", path=f"[{twice!r}]", offset=source.end())
        return found


@dataclass(frozen=True)
class Option(Kind):
    item: Kind

    def read(self, source: Source) -> Any:
        return self.item.read(source) if source.option() else None


@dataclass(frozen=True)
class Matrix(Struct):
    """An array as the Rust crate ndarray writes it: its version, its two dimensions, its numbers row by row."""

    def read(self, source: Source) -> dict[str, Any]:
        start = source.start()
        matrix = source.matrix(self)
        self.check(matrix["dim"], matrix["data"], start)
        return matrix

    @staticmethod
    def check(dim: list[int], data: Floats, offset: int) -> None:
        """Refuse dimensions that the numbers cannot fill."""
        if max(dim) > MAX_DIMENSION:
            expected = f"at most {MAX_DIMENSION}"
            raise LengthError(
                "a dimension is too large", path=".dim", offset=offset, expected=expected, got=dim
            )
        if dim[0] * dim[1] > data.limit:
            raise _dimension_error(dim, f"at most {data.limit}", offset)


def require_count(dim: list[int], count: int) -> None:
    """Refuse an array of `dim` with another count of numbers."""
    if count != dim[0] * dim[1]:
        raise _dimension_error(dim, f"{count}", None)


def _dimension_error(dim: list[int], count: str, offset: int | None) -> DimensionError:
    return DimensionError(
        "an array's dimensions do not match the count of its numbers",
        path=".dim",
        offset=offset,
        expected=f"{dim[0]} x {dim[1]} = {dim[0] * dim[1]} numbers",
        got=count,
    )
