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


class FileError(ModelError):
    """A file cannot be read as a model, or a model cannot be written to it.

    Args:
        where: the file's name.
        path: the field, such as `.network[3].FeedForward.w1`.
        offset: the byte of the (decompressed) file.
    """

    where: Place

    def __init__(
        self, what: str, *, where: str = "", path: str = "", offset: int | None = None, **details: Any
    ):
        super().__init__(what, where=Place(where, path, offset), **details)


class AccessError(FileError):
    """The operating system refuses: no such file or folder, no permission, a full disk."""


class NotAFileError(FileError):
    """A directory, a FIFO, a socket or a device where a file belongs."""


class TooLargeError(FileError):
    """More bytes, words or layers than the stated limit."""


class WrongExtensionError(FileError):
    """A sound file whose name says another format."""


class CompressionError(FileError):
    """Not the compressed stream that its name says, or a damaged one."""


class TruncatedError(FileError):
    """The file ends in the middle of a value."""


class TrailingBytesError(FileError):
    """The model is complete, and more bytes follow."""


class LengthError(FileError):
    """A length or a dimension that is larger than what is left of the file could hold."""


class VarintError(FileError):
    """A whole number in a form that no writer writes."""


class TagError(FileError):
    """A tag of an optional value that is neither 0 nor 1."""


class UnknownLayerError(FileError):
    """A kind of layer that this version does not know."""


class ArrayVersionError(FileError):
    """An array whose form has another version than 1."""


class DimensionError(FileError):
    """An array whose dimensions do not match the count of its numbers."""


class FileShapeError(FileError, ShapeError):
    """Arrays whose shapes do not fit together: within a layer, between layers, or with the vocabulary."""


class MomentShapeError(FileShapeError):
    """A moment of Adam whose shape is not its parameter's."""


class NonFiniteError(FileError):
    """NaN or infinity among the numbers of a model."""


class NegativeMomentError(FileError):
    """A second moment, which is a mean of squares, below 0."""


class SettingError(FileError):
    """A setting outside its range."""


class Utf8Error(FileError):
    """Text that is not UTF-8."""


class DuplicateWordError(FileError, VocabError):
    """A word that stands twice in the vocabulary."""


class IdGapError(FileError, VocabError):
    """Ids that are not 0, 1, 2, … without a gap."""


class VocabMismatchError(FileError, VocabError):
    """The parts of a vocabulary contradict each other."""


class NoEndError(FileError, VocabError):
    """A vocabulary without `</s>`."""


class JsonSyntaxError(FileError):
    """Text that is not JSON."""


class DuplicateKeyError(FileError):
    """A key that stands twice in one object or map."""


class FieldError(FileError):
    """A field that is missing, or that does not belong there."""


class WrongTypeError(FileError):
    """A value of another type than the format's."""


class NumberError(FileError):
    """A number that its type cannot hold."""
