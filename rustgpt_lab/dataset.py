"""The texts to learn from: statements for pretraining, question and answer for chat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources
from os import PathLike
from pathlib import Path

from .corpora import Corpus, read_corpus
from .corpora.prose import is_ended
from .texts import UNSPACED
from .tokenizers import END, Tokenizer, Vocab

DATA = Path(str(resources.files("rustgpt_lab") / "data"))
STORY = DATA / "story.txt"
"""Plain text, 100 KB: everyday life in a small harbour town, for children and for models that read more than facts."""


@dataclass
class Dataset:
    """A corpus in two parts, as RustGPT learns them one after the other.

    Attributes:
        pretraining: statements of fact, each ending in `</s>`.
        chat: "User: … Assistant: … </s>".
        held_out: what nobody trains on: other wordings of questions in `chat`, with the same answers; or paragraphs.
        understood: a sentence for each file that was read: how many texts it holds, and how they were made of it.
    """

    pretraining: list[str] = field(default_factory=list)
    chat: list[str] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)
    understood: list[str] = field(default_factory=list)

    @classmethod
    def load(
        cls,
        pretraining: str | PathLike[str] | None = None,
        chat: str | PathLike[str] | None = None,
        *,
        longest: int | None = None,
    ) -> Dataset:
        """Read each part from a `.json`, `.jsonl`, `.csv` or `.txt` file; `corpora.read_corpus` says in which forms.

        Args:
            pretraining: file of the first part, None for none.
            chat: file of the second part, None for none.
            longest: cut plain text into pieces of at most so many words; None leaves it whole.

        Raises:
            DataError: a file cannot be read, or holds no text; or a row is not a text: says which, and why.

        >>> Dataset.load("facts.csv").understood  # doctest: +SKIP
        ['facts.csv: 90 texts, as they stand.']
        """
        parts = [None if path is None else read_corpus(path, longest=longest) for path in (pretraining, chat)]
        return cls._of(parts)

    @classmethod
    def packaged(cls) -> Dataset:
        """The corpus that comes with this package."""
        return cls._of([read_corpus(DATA / f"{name}.json") for name in ("statements", "chat", "held_out")])

    @classmethod
    def story(cls, longest: int | None = None) -> Dataset:
        """The story that comes with this package (`STORY`), by paragraphs: every tenth one is held out, and no chat.

        Args:
            longest: as in `load`.

        >>> data = Dataset.story()
        >>> len(data.pretraining), len(data.held_out)
        (288, 32)
        """
        corpus = read_corpus(STORY, longest=longest)
        learn = [text for i, text in enumerate(corpus.texts) if i % 10 != 9]
        return cls(learn, held_out=corpus.texts[9::10], understood=[corpus.understood])

    @classmethod
    def _of(cls, parts: Iterable[Corpus | None]) -> Dataset:
        parts = list(parts)
        data = cls(*(part.texts if part else [] for part in parts))
        data.understood = [part.understood for part in parts if part]
        return data

    @property
    def texts(self) -> list[str]:
        """What a vocabulary is made from: both parts that are trained on."""
        return self.pretraining + self.chat


_UNSPACED_RUN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{8}")
"""Eight letters in a row of Thai, Lao, Burmese, Khmer, Japanese or Chinese, where words are shorter."""


def doubts(texts: Iterable[str], vocab: Tokenizer) -> list[str]:
    """What may be wrong with texts that can be learned from, each in one sentence with its count; [] if nothing.

    Told are texts without `</s>` at their end, words that the vocabulary lacks, and texts without white space.

    >>> doubts(["hello world"], Vocab.default())
    ['1 of 1 texts does not end in </s>: the model does not learn to stop there.']
    """
    texts = list(texts)
    found = []
    if endless := sum(not is_ended(text) for text in texts):
        do = "does" if endless == 1 else "do"
        found.append(
            f"{endless} of {len(texts)} texts {do} not end in {END}: the model does not learn to stop there."
        )
    if unknown := Counter(word for text in texts for word in vocab.unknown(text)):
        most = " ".join(word for word, _ in unknown.most_common(8))
        found.append(
            f"{len(unknown)} words ({unknown.total()} with repetitions) are not in the vocabulary and are not read: "
            f"{most}{' …' * (len(unknown) > 8)}"
        )
    unspaced = sum(bool(_UNSPACED_RUN.search(text)) for text in texts)
    if unspaced and isinstance(vocab, Vocab):
        seem = "seems" if unspaced == 1 else "seem"
        found.append(f"{unspaced} of {len(texts)} texts {seem} to have no spaces between words. {UNSPACED}")
    return found
