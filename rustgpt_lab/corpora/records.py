"""A text from one row: a string as it stands, or an object by the names of its fields.

The names are those of the common collections: Alpaca (`instruction`, `input`, `output`), Dolly (`instruction`,
`context`, `response`), OpenAI (`messages` of `role` and `content`, or `prompt` and `completion`), ShareGPT
(`conversations` of `from` and `value`), and plain `question` and `answer`, or `text`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..errors import DataError
from ..texts import WHITE_SPACE, check_text
from ..tokenizers import END
from .prose import bare

DIALOGUES = ("messages", "conversations")
QUESTIONS = ("question", "instruction", "prompt")
CONTEXTS = ("input", "context")
ANSWERS = ("answer", "output", "response", "completion")
TURNS = (("role", "content"), ("from", "value"))
SPEAKERS = {"user": "User:", "human": "User:", "assistant": "Assistant:", "gpt": "Assistant:"}

OTHERS = (
    *("id", "index", "label", "title", "topic", "category", "sentence", "statement", "content"),
    *("role", "source", "target", "user", "assistant"),
)
HEADER_NAMES = {"text", *DIALOGUES, *QUESTIONS, *CONTEXTS, *ANSWERS, *OTHERS}
"""Names by which a row of CSV is known to be a header, whether we can use it or must refuse it."""

PAIR = f"as User: … Assistant: … {END}"


class Reading(NamedTuple):
    """What was made of one row.

    Attributes:
        text: to learn from.
        where: its place in the file.
        how: it was made, as a clause.
        is_prose: whether it is plain text, which may be cut into pieces.
        unread: the fields of which nothing was used.
    """

    text: str
    where: str
    how: str
    is_prose: bool = False
    unread: tuple[str, ...] = ()


def read_value(value: object, where: str) -> Reading | None:
    """The text of one row, None if the row is empty.

    Args:
        value: what JSON gave: a string, or an object as the tuple of its (field, value) pairs.
        where: its place, for messages.

    Raises:
        DataError: neither a text nor an object that a text can be made of.
    """
    if isinstance(value, str):
        text = check_text(value, where)
        return Reading(text, where, "as they stand") if text.strip(WHITE_SPACE) else None
    if not isinstance(value, tuple):
        raise DataError(
            "this row is not a text",
            where=where,
            expected="a text, or an object with fields",
            got=show(value),
        )
    fields = _fields(value, where)
    make, used = plan(list(fields), where)
    text, how = make({name: fields[name] for name in used}, where)
    unread = tuple(_shown_name(name) for name in fields if name not in used)
    return Reading(text, where, how, make is _prose, unread) if text else None


Maker = Callable[[dict[str, object], str], tuple[str, str]]
"""From (the fields that are used, the place) to the text, "" if all are empty, and how it was made."""


def plan(fields: list[str], where: str) -> tuple[Maker, list[str]]:
    """What to make of an object with these fields, and which of them that takes.

    Raises:
        DataError: no text can be made of them, or they leave open which is the question or the answer.
    """
    for name in DIALOGUES:
        if name in fields:
            return _dialogue, [name]
    contexts = [name for name in CONTEXTS if name in fields]
    questions = [name for name in QUESTIONS if name in fields] or contexts[:1]
    answers = [name for name in ANSWERS if name in fields]
    for found, part in ((questions, "question"), (answers, "answer")):
        if questions and answers and len(found) > 1:
            raise DataError(
                f"which field is the {part}?", where=where, expected="one of them", got=names(found)
            )
    if questions and answers:
        return _pair, [*dict.fromkeys(questions + contexts), *answers]
    if "text" in fields:
        return _prose, ["text"]
    raise DataError(
        "no text can be made of these fields",
        where=where,
        expected=f"text; or one of {names(QUESTIONS)} with one of {names(ANSWERS)}; or one of {names(DIALOGUES)}",
        got=names(fields) or "none",
        remedy="Give a field the name of what it holds.",
    )


def _prose(fields: dict[str, object], where: str) -> tuple[str, str]:
    text = _string(fields, "text", where)
    return text and f"{text} {END}", f"from the field text, each ending in {END}"


def _pair(fields: dict[str, object], where: str) -> tuple[str, str]:
    *asked, answered = fields
    question = " ".join(filter(None, (_string(fields, name, where) for name in asked)))
    answer = _string(fields, answered, where)
    if not question and not answer:
        return "", ""
    for text, name in ((question, asked[0]), (answer, answered)):
        if not text:
            raise DataError("this field is empty", where=f"{where}, field {name}", expected="words")
    how = f"from the fields {', '.join(asked)} and {answered}, {PAIR}"
    return f"{_speak('User:', question)} {_speak('Assistant:', answer)} {END}", how


def _dialogue(fields: dict[str, object], where: str) -> tuple[str, str]:
    [(name, turns)] = fields.items()
    if not isinstance(turns, list):
        raise DataError(
            "wrong form", where=f"{where}, field {name}", expected="a list of turns", got=show(turns)
        )
    told: list[str] = []
    has_system = False
    for i, turn in enumerate(turns, 1):
        place = f"{where}, {name}, turn {i}"
        if not isinstance(turn, tuple):
            raise DataError("wrong form", where=place, expected="an object", got=show(turn))
        parts = _fields(turn, place)
        keys = next((keys for keys in TURNS if parts.keys() >= set(keys)), None)
        if keys is None:
            expected = "role and content, or from and value"
            raise DataError("fields are missing", where=place, expected=expected, got=names(parts) or "none")
        speaker, text = (_string(parts, key, place) for key in keys)
        if speaker == "system":
            has_system = True
            continue
        expected = "Assistant:" if len(told) % 2 else "User:"
        if SPEAKERS.get(speaker.lower()) != expected:
            of_these = names(word for word, label in SPEAKERS.items() if label == expected)
            raise DataError(
                "the turns do not alternate",
                where=f"{place}, field {keys[0]}",
                expected=f"one of {of_these}",
                got=show(speaker),
            )
        if not text:
            raise DataError("this field is empty", where=f"{place}, field {keys[1]}", expected="words")
        told.append(_speak(expected, text))
    if not turns:
        return "", ""
    if not told or len(told) % 2:
        raise DataError(
            "the last turn is not an answer", where=f"{where}, field {name}", expected="the assistant's"
        )
    how = f"from the turns of {name}, {PAIR}" + ", without those of the system" * has_system
    return " ".join([*told, END]), how


def _speak(label: str, text: str) -> str:
    """A turn with its label, which people who know RustGPT's form may have written themselves."""
    return text if text.startswith(label) else f"{label} {text}"


def _fields(pairs: tuple[tuple[str, object], ...], where: str) -> dict[str, object]:
    """The fields of an object by their names, in small letters; a column without a name is none."""
    fields: dict[str, object] = {}
    for name, value in pairs:
        name = field_name(name)
        if name in fields:
            raise DataError("this field stands twice", where=f"{where}, field {_shown_name(name)}")
        if name:
            fields[name] = value
    return fields


def field_name(name: str) -> str:
    """The name of a field as it is compared: "Question " is question."""
    return name.strip(WHITE_SPACE).lower()


def _string(fields: dict[str, object], name: str, where: str) -> str:
    """The words of a field, without `</s>`; a context may also be null, which is how some write that there is none."""
    value = fields[name]
    if value is None and name in CONTEXTS:
        return ""
    if not isinstance(value, str):
        raise DataError(
            "this field is not a text", where=f"{where}, field {name}", expected="a string", got=show(value)
        )
    return bare(check_text(value, f"{where}, field {name}"))


def show(value: object) -> str:
    """A value of JSON for a message: short, and without what is inside it."""
    if isinstance(value, tuple):
        return f"an object with the fields {names(name for name, _ in value) or 'none'}"
    if isinstance(value, list):
        return "a list"
    return repr(value[:60]) if isinstance(value, str) else json.dumps(value)[:60]


def names(fields: Iterable[str]) -> str:
    """Names of fields for a message: the first few."""
    shown = [_shown_name(name) for name in fields]
    return ", ".join(shown[:8] + ["…"] * (len(shown) > 8))


def _shown_name(name: str) -> str:
    return name if name.isprintable() and 0 < len(name) <= 40 else ascii(name[:40])
