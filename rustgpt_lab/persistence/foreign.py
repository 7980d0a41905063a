"""Other programs' files, known by their first bytes: people download a model and give it any name."""

import codecs
import re
from typing import Any

HEAD = 4096
"""Bytes that are looked at."""
NUMPY = "numpy.load(path, allow_pickle=False) reads it."
TORCH = "Opening it could run code; where you trust it, torch.load(path, weights_only=True) reads tensors."
PICKLE = "Opening it could run code that it brings, so this library never does."
OTHER, UNPACK = "Name a file that this library or RustGPT saved.", "Unpack it, and name the model inside."

KNOWN: list[tuple[bytes, str, str]] = [
    (rb"PK\x03\x04.{26}[^\0]*?\.npy", "NumPy archive (.npz)", NUMPY),
    (rb"PK\x03\x04.*data\.pkl", "PyTorch file (.pt, .pth)", TORCH),
    (rb"PK\x03\x04|PK\x05\x06", "zip archive", UNPACK),
    (rb"\x93NUMPY", "NumPy array (.npy)", NUMPY),
    (rb"\x80[\2-\5](?:\x95|\x8a\x0a|[(\]}]|c\w+\n)", "Python pickle (older PyTorch files are such)", PICKLE),
    (rb"GGUF", "GGUF file (llama.cpp)", UNPACK),
    (rb"\x89HDF\r\n\x1a\n", "HDF5 file (Keras's .h5)", "The h5py package reads its arrays."),
    (rb"\x08[\1-\x0f][\x12:]", "ONNX file", "The onnxruntime package runs it."),
    (rb"version https://git-lfs", "Git LFS pointer", "The model was not downloaded: run `git lfs pull`."),
    (rb"\s*(?i:<!doctype|<html|<\?xml|<head|<body)", "web page", "Use the link to the file itself."),
    (rb"%PDF-", "PDF document", OTHER),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a", "picture", OTHER),
    (rb"BZh[1-9]|\xfd7zXZ\0|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|.{257}ustar", "archive", UNPACK),
    (rb"SQLite format 3\0", "SQLite database", OTHER),
    (rb"PAR1|ARROW1", "table of data (Parquet, Arrow)", OTHER),
    (rb"\x7fELF|MZ.{62}", "program", OTHER),
]
"""The first bytes (a pattern), what such a file is, and what can be done with it."""


def recognized(data: Any) -> tuple[str, str] | None:
    """What another program's file is, and what can be done with it; None if it is not known.

    >>> recognized(b"GGUF\\x03\\0\\0\\0")[0]
    'GGUF file (llama.cpp)'
    """
    head = bytes(data[:HEAD])
    for pattern, name, remedy in KNOWN:
        if re.match(pattern, head, re.DOTALL):
            return name, remedy
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    readable = all(character.isprintable() or character in "\t\n\r\f\ufeff" for character in text)
    return ("plain text", OTHER) if readable and re.match(r"[^\[{]\S*\s+\S+\s", text) else None
