"""Reading texts from files, and saying in one sentence what was understood.

`reading` is the way in: from a file to a `Corpus`. `formats` cuts each of the four formats into rows, `records` makes
a text of a row, `prose` cuts plain text.
"""

from .reading import Corpus as Corpus, parse_corpus as parse_corpus, read_corpus as read_corpus
