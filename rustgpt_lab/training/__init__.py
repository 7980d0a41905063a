"""Learning: the loop, what it remembers, who may look on, and a session that can be paused and rewound."""

from .callbacks import Callback as Callback, Progress as Progress
from .config import TrainingConfig as TrainingConfig
from .history import History as History
from .lock import ModelLock as ModelLock
from .run import Training as Training, train as train
from .session import SessionState as SessionState, TrainingSession as TrainingSession
