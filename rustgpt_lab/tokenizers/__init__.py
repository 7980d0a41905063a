"""From text to ids and back."""

from .base import Tokenizer as Tokenizer, spoken as spoken
from .byte_pairs import BytePairs as BytePairs
from .chat_form import ChatForm as ChatForm
from .long_text import LongText as LongText, Texts as Texts
from .sequences import ids_of as ids_of, sequences_of as sequences_of
from .words import END as END, Vocab as Vocab, tokenize as tokenize
