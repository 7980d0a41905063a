"""One model, one file: `save`, `load`, `describe`."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath

from ..errors import FileError
from .compression import compressed
from .describe import Node
from .files import atomic_write
from .formats import JSON, by_extension, use
from .parts import Parts
from .tree import from_model, require_finite, to_model

MAX_BYTES = 1 << 30
"""A file, or what it decompresses to, may have 1 GiB unless the caller says otherwise."""


def save(parts: Parts, path: str | PathLike[str], *, overwrite: bool = True) -> None:
    """Write a model and its optimizer's state; `path` then has all of it, or on any error what it had before.

    Args:
        overwrite: whether a file that is there already may be replaced.

    Raises:
        AccessError, NotAFileError: see `files.atomic_write`.
        FileError: the format cannot hold this model: a layer of one's own, a vocabulary without `</s>`; in JSON, NaN.
    """
    form, packing = by_extension(path)
    with _named(path):
        if form is JSON:  # it has no NaN; the others keep a diverged model as it is
            require_finite(parts)
        values = from_model(parts)
        with atomic_write(path, overwrite) as file, compressed(file, packing) as stream:
            form.write(stream, values)


def load(path: str | PathLike[str], *, allow_nonfinite: bool = False, max_bytes: int = MAX_BYTES) -> Parts:
    """Read a model, float32, with its optimizer's state, ready to train on.

    Args:
        allow_nonfinite: accept NaN and infinities, to look into a model that diverged.
        max_bytes: the most that the file may have, compressed or not.

    Raises:
        FileError: one of its subclasses for every way in which a file can be bad.
    """
    with _named(path):
        return to_model(use(path, max_bytes, lambda form, data: form.read(data)), allow_nonfinite)


def describe(path: str | PathLike[str], *, max_bytes: int = MAX_BYTES) -> Node:
    """A tree of all that a file holds, and where, without building a model.

    It needs a file of the right form, but not that its parts fit together or its numbers are finite.

    Raises:
        FileError: as `load`.
    """
    with _named(path):
        node = use(path, max_bytes, lambda form, data: form.describe(data))
    node.name = fspath(path)
    return node


@contextmanager
def _named(path: str | PathLike[str]) -> Iterator[None]:
    """Put the file's name into the errors of the block."""
    try:
        yield
    except FileError as error:
        error.where.file = fspath(path)
        raise
