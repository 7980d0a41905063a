"""Which extension means which format."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from ..errors import FileError, TooLargeError, WrongExtensionError
from . import bincode, json, safetensors
from .bincode_source import Bincode
from .compression import MAGIC, decompressed
from .describe import Node, safetensors_tree, tree
from .files import mapped
from .safetensors import PREFIX

Result = TypeVar("Result")


@dataclass(frozen=True)
class Format:
    """A form that a model can have as bytes; `values` are those of `schema.MODEL`."""

    extension: str
    write: Callable[[BinaryIO, dict[str, Any]], None]
    read: Callable[[Any], dict[str, Any]]
    describe: Callable[[Any], Node]


JSON = Format(".json", json.write, json.read, lambda data: tree(json.Json(data)))
SAFETENSORS = Format(".safetensors", safetensors.write, safetensors.read, safetensors_tree)
BINARY = Format(".bin", bincode.write, bincode.read, lambda data: tree(Bincode(data)))


def by_extension(path: str | PathLike[str]) -> tuple[Format, str]:
    """The format that a name asks for, and its compression (".gz", ".zst" or "")."""
    name = Path(path).name
    packing = next((suffix for suffix in MAGIC if name.endswith(suffix)), "")
    name = name.removesuffix(packing)
    return next((form for form in (JSON, SAFETENSORS) if name.endswith(form.extension)), BINARY), packing


def use(path: str | PathLike[str], max_bytes: int, read: Callable[[Format, Any], Result]) -> Result:
    """Give a file's format and its decompressed bytes to `read`.

    Raises:
        WrongExtensionError: `read` refused the bytes, and they look like another format.
    """
    form, packing = by_extension(path)
    raw = mapped(path, max_bytes)
    try:
        return read(form, decompressed(raw, packing, max_bytes))
    except TooLargeError:
        raise
    except FileError as error:
        found = _extension_of(raw, max_bytes)
        if found in ("", form.extension + packing):
            raise
        raise WrongExtensionError(
            "the file is in another format than its name says",
            expected=f"{form.extension}{packing}",
            got=found,
            remedy=f"Rename it so that it ends in {found}.",
        ) from error


def _extension_of(raw: Any, max_bytes: int) -> str:
    """The extension that these bytes should have; "" if they are no format at all."""
    for packing, magic in MAGIC.items():
        if raw[: len(magic)] == magic:
            try:
                inner = _plain_extension_of(decompressed(raw, packing, max_bytes))
            except FileError:
                return ""
            return inner and inner + packing
    return _plain_extension_of(raw)


def _plain_extension_of(data: Any) -> str:
    head = bytes(data[:64])
    if re.match(rb'\s*\{\s*["}]', head):
        return JSON.extension
    if re.match(rb'\{\s*"', head[PREFIX:]) and int.from_bytes(head[:PREFIX], "little") < len(data):
        return SAFETENSORS.extension
    try:
        bincode.read(data)
    except FileError:
        return ""
    return BINARY.extension
