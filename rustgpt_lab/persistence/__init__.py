"""Models as files: `save`, `load`, `describe`; and checkpoints of a training run.

The extension names the format: `.bin` is binary, `.json` JSON, `.safetensors` the format of that name. The first two
are RustGPT's own, to the byte. `.gz` or `.zst` behind it means that the file is compressed as well.

Every format keeps float32; a float64 model is rounded on its way. Reading runs nothing that a file brings, and refuses
whatever is not exactly a model with a `FileError` that says where, what was expected and what was found.
"""

from .checkpoint import Checkpoints, DamagedCheckpointWarning, resume
from .convert import Parts
from .describe import Node
from .model_file import MAX_BYTES, describe, load, save

__all__ = [
    "MAX_BYTES",
    "Checkpoints",
    "DamagedCheckpointWarning",
    "Node",
    "Parts",
    "describe",
    "load",
    "resume",
    "save",
]
