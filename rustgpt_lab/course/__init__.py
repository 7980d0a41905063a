"""The course's own tools: checks that diagnose, predictions that are kept, and the learner's progress.

They are plain functions: no account, no server, no network. The exercises are data, in `exercises`.
"""

from .alone import run_my_gpt, stand_alone
from .assembly import your_model
from .bugs import bug
from .coming_back import again
from .diagnosis import check
from .folding import fold
from .my_gpt import import_my_gpt, keep
from .ordering import order
from .predictions import predict, reveal
from .record import progress
from .show import show
from .sketches import sketch

__all__ = [
    "again",
    "bug",
    "check",
    "fold",
    "import_my_gpt",
    "keep",
    "order",
    "predict",
    "progress",
    "reveal",
    "run_my_gpt",
    "show",
    "sketch",
    "stand_alone",
    "your_model",
]
