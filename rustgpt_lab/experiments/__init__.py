"""Experiments: one training kept in a folder, and many of them, over settings and seeds, in one table."""

from .results import Results as Results
from .run import Run as Run, run as run
from .sweep import sweep as sweep
