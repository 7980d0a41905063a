"""The course's own tools: checks that diagnose, predictions that are kept, and the learner's progress.

They are plain functions: no account, no server, no network. The exercises are data, in `exercises`.
"""

from .checking import check
from .folding import fold
from .predictions import predict, reveal
from .record import progress
from .show import show

__all__ = ["check", "fold", "predict", "progress", "reveal", "show"]
