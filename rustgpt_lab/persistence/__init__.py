"""Models as files: `save`, `load`, `describe`; and checkpoints of a training run.

The extension names the format: `.bin` and `.json` are RustGPT's own, to the byte, `.safetensors` is the format of that
name; `.gz` or `.zst` behind it means compressed. Every format keeps float32. Reading runs nothing that a file brings,
and refuses what is not exactly a model with a `FileError`: where, what was expected, what was found.
"""

from .checkpoint import Checkpoints as Checkpoints, resume as resume
from .convert import Parts as Parts
from .describe import Node as Node
from .exporting import export as export
from .model_file import MAX_BYTES as MAX_BYTES, describe as describe, load as load, save as save
from .real_model import fetch as fetch, fetched as fetched
from .rustgpt import rustgpt_reads as rustgpt_reads
