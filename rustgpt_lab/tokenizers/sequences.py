"""Texts as ids that a model can read or learn from, or the reason why not."""

from collections.abc import Sequence

from ..errors import DataError, TextError
from ..texts import UNSPACED, check_texts
from .base import Tokenizer
from .long_text import LongText, Texts


def ids_of(text: str | Sequence[int], vocab: Tokenizer, most: int) -> list[int]:
    """The ids of a text, or of a list of ids, that a model is to read.

    Raises:
        TextError: there is none, there are more than `most`, or one is not in the vocabulary.
    """
    ids = vocab.encode(text) if isinstance(text, str) else [int(i) for i in text]
    if not ids:
        raise TextError(
            "no word of this text is in the vocabulary", got=repr(text), remedy="Try another text."
        )
    if len(ids) > most:
        expected = f"at most {most} tokens"
        raise TextError("a text is longer than the model can see", expected=expected, got=len(ids))
    bad = next((i for i in ids if not 0 <= i < len(vocab)), None)
    if bad is not None:
        raise TextError("an id is not in the vocabulary", expected=f"0 to {len(vocab) - 1}", got=bad)
    return ids


def sequences_of(texts: Texts, vocab: Tokenizer, most: int) -> Sequence[list[int]]:
    """The ids of texts to learn from; those of a `LongText` stay on the disk.

    Raises:
        DataError: there is no text, one that is no string, one with fewer than two known tokens (one to read, one to
            predict), or one with more than `most`.
    """
    if isinstance(texts, LongText):
        return texts.require(vocab, most)
    texts = check_texts(texts)
    sequences = [vocab.encode(text) for text in texts]
    if not sequences:
        raise DataError(
            "there is nothing to learn from", where="texts", expected="at least one text", got="none"
        )
    for row, ids in enumerate(sequences):
        if not 2 <= len(ids) <= most:
            one_word = len(ids) == 1 and not vocab.unknown(texts[row])
            raise DataError(
                "a text cannot be learned from",
                where=f"text {row}",
                expected=f"2 to {most} tokens that the vocabulary knows",
                got=f"{len(ids)}: {vocab.decode(ids[:8])!r}",
                remedy=UNSPACED if one_word else "Take it out, split it, or build the vocabulary from it.",
            )
    return sequences
