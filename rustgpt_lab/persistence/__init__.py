"""Models as files: `save`, `load`. The extension names the format.

`.json` is JSON and everything else the binary format, both as RustGPT reads and writes them.
"""

import mmap
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import FileError
from ..model import LLM
from . import bincode, json
from .files import atomic_write
from .schema import MODEL
from .tree import from_model, to_model

__all__ = ["load", "save"]


def save(llm: LLM, path: str | PathLike[str]) -> None:
    values = from_model(llm)
    with atomic_write(path) as file:
        if Path(path).name.endswith(".json"):
            file.write(json.dumps(values))
        else:
            bincode.write(file, MODEL, values)


def load(path: str | PathLike[str], *, allow_nonfinite: bool = False) -> LLM:
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    source: Any = json.Json(data) if Path(path).name.endswith(".json") else bincode.Bincode(data)
    try:
        values = MODEL.read(source)
        source.finish()
        return to_model(values, allow_nonfinite)
    except FileError as error:
        error.where.file = str(path)
        raise
