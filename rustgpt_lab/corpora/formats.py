"""The four formats: from the text of a file to its rows, and from each row to a text."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..errors import DataError
from ..texts import WHITE_SPACE
from ..tokenizers import END
from .prose import paragraphs
from .records import HEADER_NAMES, Reading, field_name, names, plan, read_value, show


class Rows(NamedTuple):
    """What a file holds.

    Attributes:
        readings: one for each row, None for an empty one.
        notes: what else there is to say of how the file was read, each as a clause.
    """

    readings: list[Reading | None]
    notes: list[str]


def from_json(text: str, name: str) -> Rows:
    """A list: each of its entries is a row."""
    values = _parse(text, name, 1, "One value a line is JSON Lines: such a file is called .jsonl.")
    if not isinstance(values, list):
        raise DataError(
            "wrong form", where=name, expected="a JSON list of texts or objects", got=show(values)
        )
    places = (f"{name}, row {i} (the first is row 1)" for i in range(1, len(values) + 1))
    return Rows([read_value(value, where) for value, where in zip(values, places, strict=True)], [])


def from_json_lines(text: str, name: str) -> Rows:
    """Every line is a row; blank lines are none."""
    remedy = "Every line is one value; a list that goes over several lines belongs in a .json file."
    readings = []
    for number, line in enumerate(_lines(text), 1):
        if line.strip(WHITE_SPACE):
            readings.append(
                read_value(_parse(line.rstrip("\r\n"), name, number, remedy), f"{name}, line {number}")
            )
    return Rows(readings, [])


def _parse(text: str, name: str, line: int, remedy: str) -> object:
    """JSON that begins in this line of a file. An object becomes the tuple of its (field, value) pairs."""
    try:
        return json.loads(text, object_pairs_hook=tuple)
    except json.JSONDecodeError as problem:
        where = f"{name}, line {line + problem.lineno - 1}, column {problem.colno}"
        raise DataError(f"this is not JSON: {problem.msg}", where=where, remedy=remedy) from problem
    except (ValueError, RecursionError) as problem:
        deep = isinstance(problem, RecursionError)
        what = "lists or objects that are too deep" if deep else "a number with too many digits"
        raise DataError(f"this is not JSON of texts: {what}", where=f"{name}, from line {line}") from problem


def from_csv(text: str, name: str) -> Rows:
    """One text a row; or, below a header, one object a row.

    Without a header the fields of a row are joined by ",", as RustGPT does: people write texts without quotes. (It
    refuses rows that differ in their number of commas and takes a quote that never closes; here it is the reverse.)
    """
    separator = next((mark for mark in ",;\t" if _is_header(_first_row(text, mark))), None)
    if separator is None:
        return Rows([read_value(_joined(row), where) for where, row in _csv_rows(text, name, ",")], [])
    (where, header), *rows = _csv_rows(text, name, separator)
    fields = [field_name(field) for field in header]
    plan(fields, f"{where} (a header)")
    readings = []
    for where, row in rows:
        joined = _joined(row)
        if joined and len(row) != len(fields):
            raise DataError(
                "this row does not fit the header",
                where=where,
                expected=f"{len(fields)} fields ({names(fields)})",
                got=len(row),
                remedy=f"A text that holds {_MARKS[separator]} or a line break must stand between double quotes.",
            )
        readings.append(read_value(tuple(zip(fields, row, strict=True)) if joined else "", where))
    return Rows(readings, [] if separator == "," else [f"fields divided by {_MARKS[separator]}"])


_MARKS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
"""What divides fields: commas, and what Excel writes where the comma belongs to numbers."""


def _is_header(row: list[str]) -> bool:
    """Whether a row names fields: all are of a few words without `</s>`, and one is a name that we know.

    A first text that looks like this by accident is a header no more when it ends in `</s>`.
    """
    fields = [field_name(field) for field in row]
    brief = all(len(field.split()) <= 3 and END not in field for field in fields)
    return brief and not HEADER_NAMES.isdisjoint(fields)


def _first_row(text: str, separator: str) -> list[str]:
    try:
        return next((row for _, row in _csv_rows(text, "", separator)), [])
    except DataError:  # not with this separator
        return []


def _joined(row: list[str]) -> str:
    """A row as one text; "" if all its fields are empty."""
    return ",".join(row) if any(field.strip(WHITE_SPACE) for field in row) else ""


def _csv_rows(text: str, name: str, separator: str) -> Iterator[tuple[str, list[str]]]:
    """Each row that is no blank line, with its place: the line in which it begins."""
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    while True:
        where = f"{name}, line {reader.line_num + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            remedy = (
                'A text that begins with a double quote must end with one; inside it, write "" for a quote.'
            )
            raise DataError(f"this row is not CSV: {problem}", where=where, remedy=remedy) from problem
        if row:
            yield where, row


def from_text(text: str, name: str) -> Rows:
    """Plain text: every paragraph is a text."""
    how = f"cut at blank lines, each ending in {END}"
    places = (f"{name}, paragraph {i}" for i in itertools.count(1))
    parts = zip(paragraphs(text), places, strict=False)
    return Rows([Reading(f"{part} {END}", where, how, is_prose=True) for part, where in parts], [])


def _lines(text: str) -> io.StringIO:
    r"""The lines of a text, which end in \n, \r or both; other breaks, such as U+2028, are characters of the text."""
    return io.StringIO(text, newline="")


FORMATS: dict[str, Callable[[str, str], Rows]] = {
    ".json": from_json,
    ".jsonl": from_json_lines,
    ".csv": from_csv,
    ".txt": from_text,
}
"""By extension: from (text, name of the file) to its rows. Errors are DataError, with the place in the file."""
