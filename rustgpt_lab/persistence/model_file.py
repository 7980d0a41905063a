"""One model, one file: `save`, `load`, `describe`. The extension names the format."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from ..errors import FileError
from ..files import atomic_write, mapped
from ..quantized import QuantizedNetwork
from . import few_bits, gguf, huggingface, json, safetensors
from .bincode import Bincode, encode
from .compression import MAGIC, compressed, decompressed
from .convert import Parts, from_model, require_sound, to_model
from .describe import Node, safetensors_tree, tree
from .foreign import recognized
from .json import Json
from .rustgpt import Summary, rustgpt_reads

MAX_BYTES = 1 << 30
"""A file, or what it decompresses to, may have 1 GiB unless the caller says otherwise."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Format:
    """A form that a model can have as bytes; `values` are those of `schema.MODEL`."""

    extension: str
    write: Callable[[BinaryIO, dict[str, Any]], None]
    read: Callable[[Any], dict[str, Any]]
    describe: Callable[[Any], Node]


BINARY = Format(".bin", encode, lambda data: Bincode(data).whole(), lambda data: tree(Bincode, data))
JSON = Format(".json", json.write, lambda data: Json(data).whole(), lambda data: tree(Json, data))
SAFETENSORS = Format(".safetensors", safetensors.write, safetensors.read, safetensors_tree)
FORMATS = {form.extension: form for form in (BINARY, JSON, SAFETENSORS)}


def save(parts: Parts, path: str | PathLike[str], overwrite: bool = True) -> Summary:
    """Write a model and its optimizer's state; `path` then has all of it, or on any error what it had before.

    Args:
        overwrite: whether a file that is there already may be replaced.

    Returns:
        What was written, and whether RustGPT reads it.

    Raises:
        AccessError: the system refuses; see `files.atomic_write`.
        FileError: the extension is unknown, or the format cannot hold this model: a layer that is not registered, a
            vocabulary without `</s>`; in JSON, NaN.

    >>> from tempfile import TemporaryDirectory
    >>> from rustgpt_lab import LLM, Vocab
    >>> llm = LLM.build(Vocab(["a", "</s>"]), embedding_dim=2, hidden_dim=3, blocks=1)
    >>> with TemporaryDirectory() as folder:
    ...     save(llm, f"{folder}/model.bin")
    ...     load(f"{folder}/model.bin").network.weights["1.w_q"].shape
    ...     [node.name for node in describe(f"{folder}/model.bin").children]
    model.bin: 207 parameters, and Adam's state for them. RustGPT reads this: yes
    (2, 2)
    ['vocab', 'network']
    """
    network = parts.network
    count = sum(weights.size for weights in network.weights.values())
    with _named(path):
        form, packing = by_extension(path)
        if isinstance(network, QuantizedNetwork):
            precision = few_bits.precision(network)
            if form is not SAFETENSORS:
                raise FileError("no place", path=".network", expected="weights of 32 bits", got=precision)
            held = f"{count:,} parameters in {precision}, for answering only"
            with atomic_write(path, overwrite) as file, compressed(file, packing) as stream:
                few_bits.write(stream, parts)
        else:
            moved = form is not SAFETENSORS or vars(parts.adam).keys() & {"m", "v"}
            state = "and Adam's state for them" if moved else "without Adam's moments, which are all 0"
            held = f"{count:,} parameters, {state}"
            values = _values(parts, form)
            with atomic_write(path, overwrite) as file, compressed(file, packing) as stream:
                form.write(stream, values)
    return Summary(f"{Path(path).name}: {held}. RustGPT reads this: {rustgpt_reads(network, path)}")


def _values(parts: Parts, form: Format) -> dict[str, Any]:
    """The values of a model, if a format has a place for all of them."""
    if form is JSON:  # it has no NaN; the others keep a diverged model as it is
        require_sound(parts, {})
    values = from_model(parts)
    if form is not SAFETENSORS and "tokenizer" in values["vocab"]:
        raise FileError("no place", path=".vocab", expected="a vocabulary of words", got=parts.vocab)
    if form is not SAFETENSORS and values["max_seq_len"] is not None:
        got = f"max_seq_len={values['max_seq_len']}, which no layer has"
        raise FileError("no place", path=".network", got=got)
    return values


def load(path: str | PathLike[str], *, allow_nonfinite: bool = False, max_bytes: int = MAX_BYTES) -> Parts:
    """Read a model, float32, with its optimizer's state, ready to train on; one of few bits (`quantized`) only answers.

    `path` may also be another program's: a GGUF file, or a folder of Hugging Face's, of GPT-2's or Llama's family.

    Args:
        allow_nonfinite: accept NaN and infinities, to look into a model that diverged.
        max_bytes: the most that the file may have, compressed or not.

    Raises:
        FileError: for every way in which a file can be bad; its `kind` says which.
    """
    if huggingface.is_folder(path):
        return huggingface.read(path, max_bytes)

    def read(form: Format, data: Any) -> Any:
        if form is SAFETENSORS and "precision" in (header := safetensors.read_header(data))[0]:
            return few_bits.read(*header, allow_nonfinite)
        return form.read(data)

    with _named(path):
        raw = mapped(path, max_bytes)
        if raw[: len(gguf.MAGIC)] == gguf.MAGIC:
            return gguf.read_model_of(raw, max_bytes)
        found = _use(path, raw, max_bytes, read)
        return found if isinstance(found, Parts) else to_model(found, allow_nonfinite)


def describe(path: str | PathLike[str], *, max_bytes: int = MAX_BYTES) -> Node:
    """A tree of all that a file holds, and where, without building a model.

    It needs a file of the right form, but not that its parts fit together or its numbers are finite.

    Raises:
        FileError: as `load`.
    """
    if huggingface.is_folder(path):
        return huggingface.tree(path)
    with _named(path):
        raw = mapped(path, max_bytes)
        if raw[: len(gguf.MAGIC)] == gguf.MAGIC:
            node = gguf.tree(raw)
        else:
            node = _use(path, raw, max_bytes, lambda form, data: form.describe(data))
    node.name = fspath(path)
    return node


def by_extension(path: str | PathLike[str]) -> tuple[Format, str]:
    """The format that a name asks for, in letters of any case, and its compression (".gz", ".zst" or "").

    Raises:
        FileError: the extension is none of ours.
    """
    name = Path(path).name.lower()
    packing = next((suffix for suffix in MAGIC if name.endswith(suffix)), "")
    extension = Path(name.removesuffix(packing)).suffix
    if extension not in FORMATS:
        expected = f"{', '.join(FORMATS)}, perhaps with .gz or .zst behind it"
        raise FileError("extension", expected=expected, got=extension or "none")
    return FORMATS[extension], packing


def _use(
    path: str | PathLike[str], raw: Any, max_bytes: int, read: Callable[[Format, Any], Result]
) -> Result:
    """Give a file's format and its decompressed bytes to `read`; if it is refused, say what the file really is."""
    if not raw:
        raise FileError("empty", offset=0, expected="a model")
    try:
        form, packing = by_extension(path)
        return read(form, decompressed(raw, packing, max_bytes))
    except FileError as error:
        if error.kind not in ("bomb", "foreign"):
            _say_what_it_is(raw, max_bytes, Path(path).name.lower(), error)
        raise


def _say_what_it_is(raw: Any, max_bytes: int, name: str, error: FileError) -> None:
    """Raise a better error about a file that was refused, if its bytes say what it is.

    Raises:
        FileError: it is one of ours under another extension, or another program's.
    """
    packing = next((suffix for suffix, magic in MAGIC.items() if raw[: len(magic)] == magic), "")
    try:
        data = decompressed(raw, packing, max_bytes)
    except FileError:
        return
    if extension := _extension_of(data):
        if not name.endswith(extension + packing):
            got, expected = f"{extension}{packing}", "".join(Path(name).suffixes[-2:]) or "no extension"
            remedy = f"Rename it so that it ends in {got}."
            raise FileError("other extension", expected=expected, got=got, remedy=remedy) from error
    elif known := recognized(data):
        what = f"this is a {known[0]}{packing and f', compressed as {packing}'}, not RustGPT's"
        raise FileError("foreign", what=what, offset=0, expected="a model", remedy=known[1]) from error


def _extension_of(data: Any) -> str:
    """The extension that these bytes should have; "" if they are none of our formats.

    Raises:
        FileError: these are tensors, but another program's.
    """
    head = bytes(data[:64])
    if re.match(rb'\s*\{\s*["}]', head):
        return JSON.extension
    start = safetensors.PREFIX
    if re.match(rb'\{\s*"', head[start:]) and int.from_bytes(head[:start], "little") < len(data):
        safetensors.read_header(data)
        return SAFETENSORS.extension
    try:
        BINARY.read(data)
    except FileError:
        return ""
    return BINARY.extension


@contextmanager
def _named(path: str | PathLike[str]) -> Iterator[None]:
    """Put the file's name into the errors of the block."""
    try:
        yield
    except FileError as error:
        error.where.file = fspath(path)
        raise
