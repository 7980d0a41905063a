"""The errors of this library: one small tree below `ModelError`.

Every message answers five questions, in this order: where, what, what was expected, what was found, and what to do.
"""

from dataclasses import dataclass
from typing import Any


class ModelError(Exception):
    """The root: something about a model, its text, its training or its file is not as it must be.

    Args:
        what: what was wrong, as a clause without a full stop.
        where: the place (a file and an offset, a path such as `network[3].w1`, a row, an argument).
        expected: what should have stood there.
        got: what did stand there.
        remedy: what the reader can do about it, as a sentence.
    """

    def __init__(
        self, what: str, *, where: object = "", expected: object = "", got: object = "", remedy: str = ""
    ):
        self.what, self.where, self.expected, self.got, self.remedy = what, where, expected, got, remedy
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if str(self.where) else self.what
        if self.expected != "":
            text += f"; expected {self.expected}"
        if self.got != "":
            text += f"{';' if self.expected == '' else ','} found {self.got}"
        return f"{text}. {self.remedy}".rstrip() if self.remedy else text


class TextError(ModelError):
    """A text cannot be read by the model: it is empty, too long, or has no word that the model knows."""


class VocabError(ModelError):
    """A list of words cannot be a vocabulary."""


class DataError(ModelError):
    """A corpus cannot be read or cannot be trained on."""


class ShapeError(ModelError):
    """Layers, arrays or arguments whose sizes do not fit together."""


class TrainingError(ModelError):
    """A training run was asked for something impossible, or had to stop."""


class GenerationError(ModelError):
    """Something impossible was asked of a model that writes on."""


class DivergenceError(TrainingError):
    """The loss or a gradient left the finite numbers, or the loss passed its limit; the weights are the last good ones.

    Args:
        history: of the run up to there, a `training.History`.
    """

    def __init__(self, what: str, *, history: object = None, **parts: Any):
        super().__init__(what, **parts)
        self.history = history


# ---- files ----------------------------------------------------------------------------------------------------------


@dataclass
class Place:
    """Where in a file: its name, the field (`network[3].FeedForward.w1`), the byte at which that begins."""

    file: str = ""
    path: str = ""
    offset: int | None = None

    def enter(self, step: str) -> None:
        """Put one step, `.name` or `[index]`, in front of the path."""
        self.path = step + self.path

    def __str__(self) -> str:
        byte = "" if self.offset is None else f"byte {self.offset}"
        return ": ".join(filter(None, (self.file, self.path.lstrip("."), byte)))


_ONCE_MORE = "Copy or download the file once more."
_LIMIT = "If you trust it, load(path, max_bytes=…), or --max-bytes of the command, sets another limit."
KINDS: dict[str, tuple[str, str]] = {
    # the file on the disk
    "access": (
        "the system refuses",
        "Check the name of the file and its folder, permissions, and the disk's space.",
    ),
    "not a file": ("this is not a file", "Name a file."),
    "too large": ("the file is larger than the limit", _LIMIT),
    "bomb": ("the file is larger when decompressed than the limit", _LIMIT),
    "extension": ("the name does not say which format", "Give it one of these extensions."),
    "other extension": ("the file is in another format than its name says", "Rename it."),
    "not the model": ("this is not the model that was to be fetched", "Fetch it once more."),
    "foreign": ("this is another program's file, not RustGPT's", ""),
    "not compressed": ("the file is not compressed as its name says", ""),
    "compression": ("the compressed file is damaged", _ONCE_MORE),
    # where the bytes end
    "empty": ("the file is empty", _ONCE_MORE),
    "cut off": ("the file is cut off", _ONCE_MORE),
    "trailing bytes": ("bytes follow the end of the model", ""),
    "length": ("a length is larger than what is left of the file", f"The file may be cut off. {_ONCE_MORE}"),
    "too many": ("a longer list than the limit", ""),
    "too deep": ("layers are nested too deeply", ""),
    # values
    "varint": ("a whole number is marked as wider than 64 bits", ""),
    "long varint": ("a small number is written wide", ""),
    "tag": ("a bad tag of an optional value", ""),
    "wide tag": ("a tag of 64 bits", ""),
    "utf-8": ("a text is not UTF-8", ""),
    "key twice": ("a key stands twice", ""),
    "json": ("this is not JSON", ""),
    "control character": ("a control character in a text", ""),
    "escape": ("a text with a bad escape", ""),
    "type": ("a value of another type", ""),
    "list length": ("a list of another length", ""),
    "key": ("a key that is not a number", ""),
    "large number": ("a number is too large", ""),
    "long number": ("a number is too long", ""),
    "unknown field": ("an unknown field", ""),
    "missing field": ("a field is missing", ""),
    # arrays and layers
    "version": ("an array of an unknown version", ""),
    "dimension": ("a dimension is too large", ""),
    "count": ("an array's dimensions do not match the count of its numbers", ""),
    "layer": ("an unknown kind of layer", "A newer version of this library may know it."),
    "not computed": (
        "the model asks for what this library does not compute",
        "It has GPT-2 and Llama as they were published; another program may run this one.",
    ),
    "no layer": ("no such layer can be made", ""),
    "setting": ("a setting outside its range", ""),
    "shape": ("a shape that does not fit the rest of the layer", ""),
    "moment shape": ("a moment of Adam whose shape is not its parameter's", ""),
    "no numbers": ("a parameter without numbers", ""),
    "not finite": (
        "a number of the model is not finite",
        "The model diverged or the file is damaged; load(path, allow_nonfinite=True) opens it anyway.",
    ),
    "negative moment": ("a second moment, a mean of squares, is negative", ""),
    # the vocabulary
    "word twice": ("a word stands twice", ""),
    "contradiction": ("the parts of the vocabulary contradict each other", ""),
    "no end": ("the vocabulary has no word that ends a text", "Vocab.from_texts puts it in."),
    "tokenizer": (
        "a file cannot hold this tokenizer",
        "Byte pairs as GPT-2's or SmolLM2's can be kept.",
    ),
    # tensors of a .safetensors file
    "header": ("the header of the safetensors file is wrong", _ONCE_MORE),
    "tensor place": ("a tensor's place does not fit its shape and the tensor before it", ""),
    "tensor type": ("a tensor of another type", ""),
    "missing tensor": ("a tensor is missing", ""),
    "surplus tensor": ("a tensor belongs to no layer", ""),
    # what cannot be written
    "unregistered": ("no file has a place for such a layer", "Register it: @register(tag=N)."),
    "no place": ("the format has no place for this", "Save the model as .safetensors."),
}
"""Kind of error -> what is wrong, and what can be done."""


class FileError(ModelError):
    """A file cannot be read as a model, or a model cannot be written to it.

    Args:
        kind: one of `KINDS`, or what is wrong in words of its own.
        path: the field, such as `.network[3].FeedForward.w1`.
        offset: the byte of the (decompressed) file.
        where: the file's name.
        details: `expected`, `got`; `what` and `remedy`, if they are not those of the kind.

    >>> print(FileError("cut off", path=".vocab", offset=7, expected="a text", got="3 bytes"))
    vocab: byte 7: the file is cut off; expected a text, found 3 bytes. Copy or download the file once more.
    """

    where: Place

    def __init__(
        self, kind: str, *, path: str = "", offset: int | None = None, where: str = "", **details: Any
    ):
        self.kind = kind
        what, remedy = KINDS.get(kind, (kind, ""))
        super().__init__(where=Place(where, path, offset), **{"what": what, "remedy": remedy, **details})


class AccessError(FileError):
    """The operating system refuses: no such file or folder, no permission, a full disk."""

    def __init__(self, what: str, **details: Any):
        super().__init__("access", what=what, **details)
