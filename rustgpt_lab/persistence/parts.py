"""What a model file holds: the parts of which a model is assembled."""

from dataclasses import dataclass

from ..network import Network
from ..optim.adam import Adam
from ..tokenizers import Vocab


@dataclass
class Parts:
    """A model's vocabulary, its network, and its optimizer's state."""

    vocab: Vocab
    network: Network
    adam: Adam
