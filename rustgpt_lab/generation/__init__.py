"""Writing on: the model's own words become its next input."""

from .beam import Beam as Beam
from .chat import Chat as Chat
from .sampling import Sampling as Sampling
from .saying import answers as answers, hypotheses as hypotheses, say as say
from .strategy import Greedy as Greedy, Strategy as Strategy
