"""The course's own tools: checks that diagnose, predictions that are kept, and the learner's progress.

They are plain functions: no account, no server, no network. The exercises are data, in `exercises`.
"""

from .checking import check
from .folding import fold
from .my_gpt import import_my_gpt, keep, stand_alone
from .predictions import predict, reveal
from .record import progress
from .show import show
from .your_model import your_model

__all__ = [
    "check",
    "fold",
    "import_my_gpt",
    "keep",
    "predict",
    "progress",
    "reveal",
    "show",
    "stand_alone",
    "your_model",
]
