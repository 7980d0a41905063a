"""From a file to a corpus: its bytes, its rows, a text from each, and a sentence about all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ..errors import DataError
from .formats import FORMATS
from .prose import pieces
from .records import Reading

SHORTEST = 3
"""Words that pieces must be allowed at least: then all of them get the two that learning needs."""

SAVE_AS_UTF8 = 'Save it as UTF-8 (in Excel "CSV UTF-8", in Notepad the encoding "UTF-8").'
FOREIGN = {
    b"\xff\xfe\0\0": ("text in UTF-32", SAVE_AS_UTF8),
    b"\xff\xfe": ("text in UTF-16", SAVE_AS_UTF8),
    b"\xfe\xff": ("text in UTF-16", SAVE_AS_UTF8),
    b"PK\x03\x04": ("an Excel workbook or another zip archive", "Unpack it, or save the table as CSV UTF-8."),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", "Save the table as CSV UTF-8."),
    b"\x1f\x8b": ("compressed by gzip", "Unpack it."),
    b"PAR1": ("a Parquet table", "Export it as JSON Lines."),
    b"%PDF": ("a PDF", "Save its text as .txt."),
    b"{\\rtf": ("Rich Text", "Save it as plain text, .txt."),
    b"version https://git-lfs": ("a pointer of Git LFS", "Fetch the file that it stands for: git lfs pull."),
    b"<!doctype html": ("a web page", "Download the file itself (its raw form)."),
}
"""What files that are no corpus begin with, though their name says they are one."""


@dataclass(frozen=True)
class Corpus:
    """The texts of one file.

    Attributes:
        texts: to learn from, in the order of the file.
        places: where in the file each text was found.
        understood: one sentence: how many texts there are, and how they were made of the file.
    """

    texts: list[str]
    places: list[str]
    understood: str


def read_corpus(path: str | PathLike[str], *, longest: int | None = None) -> Corpus:
    """Read the texts of a file; its extension says which of four formats it has.

    - `.json`: a list of texts, or of objects with fields.
    - `.jsonl` (JSON Lines): one text or object a line.
    - `.csv`: one text a row, in which "," is a part of the text as RustGPT has it; or, below a header that names
      fields, one object a row.
    - `.txt`: plain text. A text ends at a blank line, or at a line's end after `</s>`.

    Objects are read by the names of their fields: `text`; a question (`question`, `instruction` or `prompt`, with
    `input` or `context`) and its answer (`answer`, `output`, `response` or `completion`); the turns of `messages` or
    `conversations`. Questions and answers become "User: … Assistant: … </s>". What RustGPT reads, too (texts in JSON,
    CSV without header), is taken as it stands; all else gets a `</s>` where it lacks one. Empty rows are skipped.

    Args:
        path: the file.
        longest: cut plain text and `text` fields of more words than this into pieces (a model learns from texts of at
            most `max_seq_len` + 1 words). Without it they stay whole. Questions with answers are never cut.

    Raises:
        DataError: the file cannot be read, or a row is not what it should be: says which row and field.

    >>> read_corpus("book.txt", longest=81).understood  # doctest: +SKIP
    'book.txt: 212 texts, cut at blank lines, each ending in </s>; 9 of more than 81 words cut into 31 pieces.'
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise DataError("this is a folder or a device", where=path, expected="a file of texts")
        _extension(str(path))  # before all of the file is read
        data = path.read_bytes()
    except (OSError, ValueError) as problem:  # ValueError: a name with a NUL
        reason = getattr(problem, "strerror", None) or problem
        raise DataError(
            f"cannot read this corpus: {reason}", where=path, remedy="Check the path."
        ) from problem
    return parse_corpus(data, str(path), longest=longest)


def parse_corpus(data: bytes, name: str, *, longest: int | None = None) -> Corpus:
    """Read the bytes of a file of this name; see `read_corpus`."""
    if longest is not None and longest < SHORTEST:
        raise DataError(
            "pieces would be too short to learn from",
            where="longest",
            expected=f"at least {SHORTEST}",
            got=longest,
        )
    rows, notes = FORMATS[_extension(name)](_decode(data, name), name)
    readings = [row for row in rows if row]
    if not readings:
        raise DataError("this corpus is empty", where=name, expected="at least one text", got="none")
    if skipped := len(rows) - len(readings):
        notes.append(f"{skipped} empty row{'s' * (skipped > 1)} skipped")
    if unread := list(dict.fromkeys(field for reading in readings for field in reading.unread)):
        notes.append(f"not read: {', '.join(unread[:6])}{', …' * (len(unread) > 6)}")

    cut = [
        pieces(reading.text, longest) if longest and _may_be_cut(reading) else [reading.text]
        for reading in readings
    ]
    if long := [parts for parts in cut if len(parts) > 1]:
        notes.append(f"{len(long)} of more than {longest} words cut into {sum(map(len, long))} pieces")
    understood = "; ".join([_summary(readings), *notes])
    texts = [text for parts in cut for text in parts]
    places = [reading.where for reading, parts in zip(readings, cut, strict=True) for _ in parts]
    return Corpus(texts, places, f"{Path(name).name}: {understood}.")


def _may_be_cut(reading: Reading) -> bool:
    """Plain text may; a question and its answer belong together, however they were written."""
    return reading.is_prose and not reading.text.startswith("User:")


def _summary(readings: list[Reading]) -> str:
    """What was made of how many rows: "3 texts as they stand", or with "2 as they stand, 1 from ..."."""
    hows = Counter(reading.how for reading in readings)
    texts = f"{len(readings)} text{'s' * (len(readings) > 1)}"
    if len(hows) == 1:
        return f"{texts}, {next(iter(hows))}"
    return f"{texts}: {', '.join(f'{count} {how}' for how, count in hows.items())}"


def _extension(name: str) -> str:
    """The extension of a file's name, which is one that we know."""
    extension = Path(name).suffix.lower()
    if extension not in FORMATS:
        *others, last = FORMATS
        expected = f"{', '.join(others)} or {last}"
        raise DataError(
            "unknown kind of corpus", where=name, expected=expected, got=extension or "no extension"
        )
    return extension


def _decode(data: bytes, name: str) -> str:
    """UTF-8, with or without the mark that Excel and Notepad put in front (U+FEFF, "BOM")."""
    start = data[:100].lstrip(b"\xef\xbb\xbf \r\n").lower()
    for beginning, (what, remedy) in FOREIGN.items():
        if start.startswith(beginning.lower()):
            raise DataError(f"this is {what}", where=name, expected="text in UTF-8", remedy=remedy)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise _not_text("this is not UTF-8", data, problem.start, name) from problem
    if "\0" in text:
        raise _not_text("this is not text, or not UTF-8", data, data.index(0), name)
    return text.lstrip("\ufeff")


def _not_text(what: str, data: bytes, at: int, name: str) -> DataError:
    where = f"{name}, line {data.count(10, 0, at) + 1}, byte {at}"
    return DataError(what, where=where, got=f"byte 0x{data[at]:02x}", remedy=SAVE_AS_UTF8)
