"""From text to ids and back."""

from .sequences import ids_of, sequences_of
from .words import END, Vocab, tokenize

__all__ = ["END", "Vocab", "ids_of", "sequences_of", "tokenize"]
