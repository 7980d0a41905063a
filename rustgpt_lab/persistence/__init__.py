"""Models as files: `save`, `load`, `describe`; and checkpoints of a training run.

The extension names the format: `.json` is JSON, `.safetensors` the format of that name, everything else binary. JSON
and binary are RustGPT's own, to the byte. `.gz` or `.zst` behind it means that the file is compressed as well.

Every format keeps float32; a float64 model is rounded on its way. Reading runs nothing that a file brings, and refuses
whatever is not exactly a model with a `FileError` that says where, what was expected and what was found.
"""

from .checkpoint import Checkpoints, DamagedCheckpointWarning, resume
from .describe import Node
from .files import atomic_write
from .model_file import MAX_BYTES, describe, load, save
from .parts import Parts
from .rustgpt import rustgpt_reads

__all__ = [
    "MAX_BYTES",
    "Checkpoints",
    "DamagedCheckpointWarning",
    "Node",
    "Parts",
    "atomic_write",
    "describe",
    "load",
    "resume",
    "rustgpt_reads",
    "save",
]
