"""The errors of this library: one small tree below `ModelError`.

Every message answers five questions, in this order: where, what, what was expected, what was found, and what to do.
"""

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

    def __init__(self, what: str, *, where: object = "", expected: object = "", got: object = "", remedy: str = ""):
        self.what, self.where, self.expected, self.got, self.remedy = what, where, expected, got, remedy
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where != "" else self.what
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


class FileError(ModelError):
    """A file cannot be read as a model, or a model cannot be written to it."""


class AccessError(FileError):
    """The operating system refuses: no such file or folder, no permission, a full disk."""


class NotAFileError(FileError):
    """A directory, a FIFO, a socket or a device where a file belongs."""
