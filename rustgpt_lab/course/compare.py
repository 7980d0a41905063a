"""Where two answers first differ, in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any

import numpy as np

_KINDS = {
    "b": "truth values",
    "i": "whole numbers",
    "u": "whole numbers",
    "f": "decimal numbers",
    "c": "complex numbers",
}
_ROUNDING = 1e-15
"""What rounding may leave where 0 is expected."""


def difference(got: Any, expected: Any, tolerance: float = 1e-6, parts: Sequence[str] = ()) -> str:
    """What makes `got` differ from `expected`: "" if nothing does.

    The form of a value counts for nothing: a NumPy scalar, an array without dimensions and a Python number
    are the same, and so are arrays, lists and tuples, or bytes and a bytearray.

    Args:
        got: anything.
        expected: numbers, arrays, texts, or tuples, lists and mappings of them.
        tolerance: relative to each number, and to a thousandth of the largest number in the array.
        parts: the names of the values in a sequence; else they are counted.
    """
    try:
        return _difference(plain(got), plain(expected), tolerance, parts)
    except Exception as error:  # the length, the == or the repr of a learner's object
        return f"got a {type(got).__name__} that cannot be compared: that raises {type(error).__name__}"


def plain(value: Any) -> Any:
    """A value in its common form: Python's own number, text or bytes if it is one; arrays stay arrays."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if hasattr(value, "__array__"):  # NumPy's arrays and scalars, and those of other libraries
        array = np.asarray(value)
        return array if array.ndim else array.item()
    return value


def show_value(value: Any, digits: int = 6) -> str:
    """A value in a line: itself if it is small, else its type and size."""
    value = plain(value)
    if isinstance(value, np.ndarray):
        if value.size > 12:
            return f"an array of shape {value.shape}"
        return " ".join(np.array2string(value, precision=4, separator=", ").split())
    try:
        text = f"{value:.{digits}g}" if isinstance(value, float | np.floating) else repr(value)
    except Exception:
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{type(value).__name__} of {len(text)} characters"


def _difference(got: Any, expected: Any, tolerance: float, parts: Sequence[str]) -> str:
    if isinstance(expected, Mapping):
        return _in_mapping(got, expected, tolerance)
    if isinstance(expected, tuple | list | np.ndarray) and _has_no_places(got):
        return f"got a {type(got).__name__}, {_whose_values_are(got)}; a list or an array is expected"
    if isinstance(expected, bool | int | float | complex | np.number) or _holds_numbers(expected):
        return _in_numbers(got, expected, tolerance)
    if isinstance(expected, tuple | list | np.ndarray):
        return _in_sequence(got, expected, tolerance, parts)
    if type(got) is type(expected) and got == expected:
        return ""
    return _in_text(got, expected) if isinstance(expected, str | bytes) else _unlike(got, expected)


def _holds_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in _KINDS


def _has_no_places(value: Any) -> bool:
    """Whether a value holds others, but not one after the other: a set, a generator, the values of a mapping."""
    return isinstance(value, Iterable) and not isinstance(value, Sequence | Mapping | np.ndarray)


def _whose_values_are(value: Any) -> str:
    if isinstance(value, Iterator):
        return "whose values can be read only once"
    return "which has no order" if isinstance(value, set | frozenset) else "whose values have no places"


def _in_mapping(got: Any, expected: Mapping[Any, Any], tolerance: float) -> str:
    if not isinstance(got, Mapping) or set(got) != set(expected):
        keys = f"with the keys {_keys(got)}" if isinstance(got, Mapping) else show_value(got)
        return _got(keys, f"a mapping with the keys {_keys(expected)}")
    return _first(
        (f"under the key {plain(key)!r}, ", difference(got[key], expected[key], tolerance))
        for key in expected
    )


def _keys(mapping: Mapping[Any, Any]) -> str:
    return ", ".join(repr(plain(key)) for key in mapping)


def _in_sequence(got: Any, expected: Any, tolerance: float, parts: Sequence[str]) -> str:
    is_sequence = isinstance(got, Sequence | np.ndarray) and not isinstance(got, str | bytes)
    if not is_sequence or len(got) != len(expected):
        found = _values(got) if is_sequence else show_value(got)
        return _got(found, f"{_values(expected)}, one after the other")
    count = len(expected)
    places = [f"`{part}`" for part in parts] or [
        f"value {i} of {count} (counted from 0)" for i in range(count)
    ]
    trios = zip(places, got, expected, strict=True)
    problem = _first((f"in {place}, ", difference(a, b, tolerance)) for place, a, b in trios)
    simple = all(isinstance(value, str | int) for value in expected)
    is_shuffled = problem and simple and sorted(map(_text, got)) == sorted(map(_text, expected))
    return problem + _SHUFFLED * bool(is_shuffled)


_SHUFFLED = "; these are the right values, in another order"


def _text(value: Any) -> str:
    return repr(plain(value))


def _values(items: Any) -> str:
    """How many, and which, as far as they fit in a line."""
    shown = [plain(item) for item in islice(items, 40)]
    text = repr(tuple(shown) if isinstance(items, tuple) else shown)
    return f"{len(items)} value{'s' * (len(items) != 1)} {text if len(text) <= 80 else text[:79] + '…'}"


def _in_numbers(got: Any, expected: Any, tolerance: float) -> str:
    try:
        a, b = _array(got), np.asarray(expected)
    except ValueError:
        return f"the rows have different lengths; expected an array of shape {np.shape(expected)}"
    if a.dtype.kind not in _KINDS:
        return _got(show_value(got), "an array") if b.ndim else _unlike(got, expected)
    if a.shape != b.shape:
        turned = "; that is its transpose, so rows and columns are exchanged" if a.T.shape == b.shape else ""
        return f"got {_shape(a)}, expected {_shape(b)}{turned}"
    if isinstance(expected, np.ndarray) and _KINDS[a.dtype.kind] != _KINDS[b.dtype.kind]:
        return f"it holds {_KINDS[a.dtype.kind]} ({a.dtype}), expected {_KINDS[b.dtype.kind]} ({b.dtype})"
    largest = np.abs(b[np.isfinite(b)]).max(initial=0)
    least = max(tolerance * 1e-3 * largest, _ROUNDING)
    near = np.isclose(a, b, rtol=tolerance, atol=least, equal_nan=True)
    if near.all():
        return ""
    index = tuple(int(i) for i in np.argwhere(~near)[0])
    place = f"at [{', '.join(map(str, index))}], " if index else ""
    share = f" ({(~near).sum()} of {near.size} entries differ)" if near.size > 1 else ""
    is_shuffled = a.ndim == 1 and np.allclose(np.sort(a), np.sort(b), rtol=tolerance, atol=0)
    return place + _unlike(a[index], b[index]) + share + _SHUFFLED * is_shuffled


def _array(value: Any) -> Any:
    """An array of a value, and of numbers if it holds any that NumPy would keep as objects."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        array = np.asarray(array.tolist())
    try:
        return array.astype(float) if array.dtype.kind == "O" else array  # fractions, numbers of any size
    except (TypeError, OverflowError):
        return array


def _in_text(got: Any, expected: str | bytes) -> str:
    """Texts or bytes: both of them, or where they part if they are long."""
    if type(got) is not type(expected) or max(len(repr(got)), len(repr(expected))) <= 80:
        return _unlike(got, expected)
    place = next(i for i, (a, b) in enumerate(zip_longest(got, expected)) if a != b)
    ends = slice(place, place + 20)
    return f"from place {place} on (counted from 0), {_got(repr(got[ends]), repr(expected[ends]))}"


def _shape(array: Any) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a single number"


def _first(differences: Any) -> str:
    return next((place + problem for place, problem in differences if problem), "")


def _unlike(got: Any, expected: Any) -> str:
    """Two different values: with more digits where they would look alike, and with their types if they still do."""
    for digits in (6, 9, 17):
        a, b = show_value(got, digits), show_value(expected, digits)
        if a != b:
            return _got(a, b)
    return _got(f"{a} ({type(got).__name__})", f"{b} ({type(expected).__name__})")


def _got(got: str, expected: str) -> str:
    return f"got {got}, expected {expected}"
