"""From text to ids and back."""

from .words import END, Vocab, tokenize

__all__ = ["END", "Vocab", "tokenize"]
