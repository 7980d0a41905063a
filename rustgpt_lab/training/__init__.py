"""Learning: the loop, what it remembers, who may look on, and a session that can be paused and rewound."""

from .callbacks import Callback, Progress
from .config import TrainingConfig
from .history import History
from .run import Training, train
from .session import SessionState, TrainingSession
from .wheel import Wheel

__all__ = [
    "Callback",
    "History",
    "Progress",
    "SessionState",
    "Training",
    "TrainingConfig",
    "TrainingSession",
    "Wheel",
    "train",
]
