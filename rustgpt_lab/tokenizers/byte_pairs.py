"""Byte pairs: pieces of text that are learned from text, and that leave no text unread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import orjson
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from ..errors import VocabError
from ..texts import check_text
from .chat_form import ChatForm
from .words import END

BYTES = 256
MOST_JSON = 16 << 20
"""Bytes that a tokenizer's JSON may have: five times those of one with 50,000 pieces."""

KNOWN: dict[str, tuple[str | None, ...]] = {
    "normalizer": (None, "NFC"),
    "pre_tokenizer": ("ByteLevel", "Digits", "Sequence"),
    "decoder": ("ByteLevel",),
    "model": ("BPE",),
}
"""The parts of a tokenizer that a model's file may hold. (A pattern of a stranger's could match for hours.)"""

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


def _letters() -> dict[str, int]:
    """The letter that stands for each byte in a vocabulary: printable ones for themselves, then from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, BYTES)]
    others = [byte for byte in range(BYTES) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(BYTES + i): byte for i, byte in enumerate(others)}


LETTERS = _letters()


class BytePairs:
    """A vocabulary of bytes, and of pairs of pieces that stood side by side often (byte-level BPE).

    Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units"; on bytes: Radford et al. 2019
    (GPT-2). The vocabulary and the merges stay in the `tokenizers` library, which does the work.

    Marks such as `</s>` or `<|im_start|>` that the backend knows are read as the ids that they are wherever they
    stand, in a user's text as well: whoever puts strangers' words into a template takes the marks out of them first.
    Nothing is added, cut off or padded, whatever the backend was set to.

    Args:
        backend: any tokenizer of the library, as `Tokenizer.from_file("tokenizer.json")` gives it.
        end: what ends a text, if the backend knows it.

    Raises:
        VocabError: the backend's ids are not 0 to V - 1.

    >>> pairs = BytePairs.train(["the cat sat on the mat </s>"] * 2, 262)
    >>> ids = pairs.encode("the hat </s>")
    >>> pairs.pieces(ids)
    ['the', '␣', 'h', 'at', '</s>']
    >>> pairs.decode(ids)
    'the hat</s>'
    """

    def __init__(self, backend: Tokenizer, end: str = END):
        backend.no_padding()
        backend.no_truncation()
        self.backend, self.end_text = backend, end
        self.chat: ChatForm | None = (
            None  # the form in which a model that has these pieces was taught to chat
        )
        self.end: int | None = backend.token_to_id(end)
        self._size = backend.get_vocab_size()
        ids = np.sort(np.fromiter(backend.get_vocab().values(), np.int64, self._size))
        if not np.array_equal(ids, np.arange(self._size)):
            expected = f"the ids 0 to {self._size - 1}, each once"
            raise VocabError("a tokenizer's ids have a gap", expected=expected, got=f"{ids[-1:]} as the last")

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> BytePairs:
        """Learn pieces from texts: `</s>`, the 256 bytes, then, again and again, the most frequent pair of pieces.

        The same texts give the same pieces. White space before `</s>` belongs to it.

        Args:
            texts: gone through once, so that they may come from a file bit by bit.
            vocab_size: at most so many pieces; fewer if the texts have no more pairs to join.

        Raises:
            DataError: one is not a text.
            VocabError: `vocab_size` has no room for the bytes.
        """
        if vocab_size <= BYTES:
            expected = f"at least {BYTES + 1}: every byte, and {END}"
            raise VocabError("too few pieces", where="vocab_size", expected=expected, got=vocab_size)
        backend = Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=[AddedToken(END, lstrip=True, normalized=False, special=True)],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )

        def parts() -> Iterator[str]:  # `</s>` is there already: its letters are nothing to learn from
            for i, text in enumerate(texts):
                yield from check_text(text, f"texts[{i}]").split(END)

        backend.train_from_iterator(parts(), trainer)
        return cls(backend)

    @classmethod
    def from_json(cls, text: str, end: str = END) -> BytePairs:
        """The tokenizer that `to_json` wrote, or a stranger who says so.

        Raises:
            VocabError: it is too large, no such tokenizer, or one with parts that are not `KNOWN`.
        """
        if len(text) > MOST_JSON:
            raise VocabError("a tokenizer is too large", expected=f"{MOST_JSON:,} letters", got=len(text))
        try:
            _check(orjson.loads(text))
            return cls(Tokenizer.from_str(text), end)
        except VocabError:
            raise
        except Exception as error:  # the library raises nothing more precise
            raise VocabError("this is no tokenizer of byte pairs", got=str(error)[:200]) from error

    def to_json(self) -> str:
        """The tokenizer as the library writes it: the content of a `tokenizer.json`."""
        return self.backend.to_str()

    def encode(self, text: str) -> list[int]:
        """The ids of a text: none of it is lost."""
        return self.backend.encode(check_text(text, "text"), add_special_tokens=False).ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, marks included; bytes that are no whole character become U+FFFD.

        What `encode` read comes back as it was, but for white space that a mark took to itself.
        """
        return self.backend.decode(list(map(int, ids)), skip_special_tokens=False)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The piece of each id, for the eye: a space is ␣, a line's end ⏎, a byte of half a character <0xE6>."""
        return [self._piece(int(i)) for i in ids]

    def _piece(self, i: int) -> str:
        token = self.backend.id_to_token(i) or ""
        if any(letter not in LETTERS for letter in token):  # a mark, or a tokenizer that is not of bytes
            return token
        text = bytes(LETTERS[letter] for letter in token).decode(errors="surrogateescape")
        return "".join(map(_visible, text))

    def unknown(self, text: str) -> list[str]:
        """Nothing: every byte is known."""
        return []

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BytePairs) or (self.end, len(self)) != (other.end, len(other)):
            return False
        return self.backend is other.backend or self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.end, len(self)))

    def __repr__(self) -> str:
        return f"BytePairs({len(self):,} pieces)"


def _visible(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # a byte that is no character by itself
        return f"<0x{ord(letter) - 0xDC00:02X}>"
    return letter if letter.isprintable() and letter != " " else VISIBLE.get(letter, f"<0x{ord(letter):02X}>")


def _check(form: Any) -> None:
    """Refuse a tokenizer with parts that a file may not hold, or with settings that no byte pairs need.

    Raises:
        VocabError: it has such parts.
        LookupError, TypeError, AttributeError: it is no tokenizer at all.
    """
    for part, kinds in KNOWN.items():
        _check_part(form.get(part), part, kinds)
    model = form["model"]
    for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(name):
            raise VocabError(
                "a setting of the tokenizer is not known", where=f"model.{name}", got=model[name]
            )
    if model.get("unk_token") and model["unk_token"] not in model["vocab"]:
        raise VocabError("a piece is named that is none", where="model.unk_token", got=model["unk_token"])
    for i, merge in enumerate(model["merges"]):  # the library takes it for granted, and panics
        if "".join(merge.split(" ") if isinstance(merge, str) else merge) not in model["vocab"]:
            raise VocabError("a merge makes no piece", where=f"model.merges[{i}]", got=f"{merge!r:.60}")
    if form.get("post_processor") is not None:
        _check_part(form["post_processor"], "post_processor", ("ByteLevel",))


def _check_part(part: Any, where: str, kinds: tuple[str | None, ...]) -> None:
    kind = part and part["type"]
    if kind not in kinds:
        expected = " or ".join(str(known) for known in kinds)
        raise VocabError("a part of the tokenizer is not known", where=where, expected=expected, got=kind)
    if kind == "Sequence":
        for inner in part["pretokenizers"]:
            _check_part(inner, where, ("ByteLevel", "Digits"))
