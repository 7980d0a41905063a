"""Learning: the loop, what it remembers, who may look on, and a session that can be paused and rewound."""

from .callbacks import Callback, Progress
from .history import History
from .loop import Training, train
from .recipe import Recipe
from .session import TrainingSession

__all__ = ["Callback", "History", "Progress", "Recipe", "Training", "TrainingSession", "train"]
