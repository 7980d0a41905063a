"""From text to numbers and back: the tokenizer and the vocabulary."""

import re
from collections.abc import Iterable, Sequence

from ..errors import VocabError
from ..texts import WHITE_SPACE, check_texts

END = "</s>"
"""The word that ends every text; a model that produces it has finished."""

_MARK = r"!-/:-@\[-`{-~"  # ASCII punctuation
_TOKEN = re.compile(rf"(?<![^{WHITE_SPACE}])</s>(?![^{WHITE_SPACE}])|[{_MARK}]|[^{WHITE_SPACE}{_MARK}]+")


def tokenize(text: str) -> list[str]:
    """Cut a text into words: split on white space; inside a word every ASCII punctuation character stands alone.

    >>> tokenize("Don't panic! </s>")
    ['Don', "'", 't', 'panic', '!', '</s>']
    """
    return _TOKEN.findall(text)


class Vocab:
    """A list of different words; a word's id is its place in the list.

    Args:
        words: the words, in the order of their ids.

    Raises:
        VocabError: two words are the same, or one is not a string.
    """

    def __init__(self, words: Iterable[str]):
        if isinstance(words, str):
            raise VocabError(
                "a single text where a list of words belongs",
                where="words",
                remedy="Use Vocab.from_texts([text]).",
            )
        self.words: tuple[str, ...] = tuple(words)
        for i, word in enumerate(self.words):
            if not isinstance(word, str):
                raise VocabError(
                    "this is not a word", where=f"word {i}", expected="a string", got=f"{word!r:.60}"
                )
        self.ids: dict[str, int] = {word: i for i, word in enumerate(self.words)}
        if len(self.ids) < len(self.words):
            twice = next(word for i, word in enumerate(self.words) if self.ids[word] != i)
            raise VocabError(
                "a word stands twice in the vocabulary",
                where=f"word {self.words.index(twice)}",
                expected="words that all differ",
                got=repr(twice),
                remedy="Vocab.from_texts collects every word once.",
            )

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> "Vocab":
        """The sorted set of all words of `texts`, and `</s>`.

        Raises:
            DataError: `texts` is not a list of texts; see `texts.check_texts`.
        """
        return cls(sorted({END}.union(*map(tokenize, check_texts(texts)))))

    @classmethod
    def default(cls) -> "Vocab":
        """RustGPT's six words for tests and demonstrations."""
        return cls(["hello", "world", "this", "is", "rust", END])

    def encode(self, text: str) -> list[int]:
        """The ids of a text's words. Words that the vocabulary lacks are dropped without a sound, as in RustGPT."""
        return [self.ids[word] for word in tokenize(text) if word in self.ids]

    def decode(self, ids: Sequence[int]) -> str:
        """The words of `ids`, joined by one space."""
        return " ".join(self.words[i] for i in ids)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The words of `ids`."""
        return [self.words[i] for i in ids]

    def unknown(self, text: str) -> list[str]:
        """The words of a text that the vocabulary lacks, in order."""
        return [word for word in tokenize(text) if word not in self.ids]

    @property
    def end(self) -> int | None:
        """The id of `</s>`, or None in a vocabulary without it (generation then runs to the last position)."""
        return self.ids.get(END)

    def __len__(self) -> int:
        return len(self.words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocab) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"Vocab({len(self)} words: {', '.join(self.words[:6])}{', …' if len(self) > 6 else ''})"
