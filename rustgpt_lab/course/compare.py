"""Where two answers first differ, in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

_KINDS = {
    "b": "truth values",
    "i": "whole numbers",
    "u": "whole numbers",
    "f": "decimal numbers",
    "c": "complex numbers",
}


def difference(got: Any, expected: Any, tolerance: float = 1e-6) -> str:
    """What makes `got` differ from `expected`: "" if nothing does.

    Args:
        got: anything.
        expected: numbers, arrays, texts, or tuples, lists and mappings of them.
        tolerance: relative to each number, and to a thousandth of the largest number in the array.
    """
    if isinstance(expected, Mapping):
        return _in_mapping(got, expected, tolerance)
    if isinstance(expected, tuple | list):
        return _in_sequence(got, expected, tolerance)
    if isinstance(expected, bool | np.bool_ | int | float | np.number | np.ndarray):
        return _in_numbers(got, expected, tolerance)
    return (
        "" if type(got) is type(expected) and got == expected else _got(show_value(got), show_value(expected))
    )


def show_value(value: Any) -> str:
    """A value in a line: itself if it is small, else its type and size."""
    if isinstance(value, np.ndarray) and value.ndim:
        if value.size > 12:
            return f"an array of shape {value.shape}"
        return " ".join(np.array2string(value, precision=4, separator=", ").split())
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 80 else f"{type(value).__name__} of {len(text)} characters"


def _in_mapping(got: Any, expected: Mapping[Any, Any], tolerance: float) -> str:
    if not isinstance(got, Mapping) or set(got) != set(expected):
        keys = f"with the keys {', '.join(map(repr, got))}" if isinstance(got, Mapping) else show_value(got)
        return _got(keys, f"a mapping with the keys {', '.join(map(repr, expected))}")
    return _first(
        (f"under the key {key!r}, ", difference(got[key], expected[key], tolerance)) for key in expected
    )


def _in_sequence(got: Any, expected: Any, tolerance: float) -> str:
    if not isinstance(got, tuple | list) or len(got) != len(expected):
        found = _values(got) if isinstance(got, tuple | list) else show_value(got)
        return _got(found, f"{_values(expected)}, one after the other")
    pairs = enumerate(zip(got, expected, strict=True))
    return _first(
        (f"in value {i} of {len(expected)} (counted from 0), ", difference(a, b, tolerance))
        for i, (a, b) in pairs
    )


def _values(items: Any) -> str:
    """How many, and which, as far as they fit in a line."""
    text = repr(items)
    return f"{len(items)} value{'s' * (len(items) != 1)} {text if len(text) <= 80 else text[:79] + '…'}"


def _in_numbers(got: Any, expected: Any, tolerance: float) -> str:
    try:
        a, b = np.asarray(got), np.asarray(expected)
    except ValueError:
        return f"the rows have different lengths; expected an array of shape {np.shape(expected)}"
    if a.dtype.kind not in "biufc":
        return _got(show_value(got), f"{'an array' if b.ndim else 'a number'}")
    if a.shape != b.shape:
        turned = "; that is its transpose, so rows and columns are exchanged" if a.T.shape == b.shape else ""
        return f"got {_shape(a)}, expected {_shape(b)}{turned}"
    if isinstance(expected, np.ndarray) and _KINDS[a.dtype.kind] != _KINDS[b.dtype.kind]:
        return f"it holds {_KINDS[a.dtype.kind]} ({a.dtype}), expected {_KINDS[b.dtype.kind]} ({b.dtype})"
    finite = np.abs(b[np.isfinite(b)])
    near = np.isclose(a, b, rtol=tolerance, atol=tolerance * 1e-3 * finite.max(initial=0), equal_nan=True)
    if near.all():
        return ""
    index = tuple(int(i) for i in np.argwhere(~near)[0])
    place = f"at [{', '.join(map(str, index))}], " if index else ""
    share = f" ({(~near).sum()} of {near.size} entries differ)" if near.size > 1 else ""
    return place + _got(show_value(a[index]), show_value(b[index])) + share


def _shape(array: Any) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a single number"


def _first(differences: Any) -> str:
    return next((place + problem for place, problem in differences if problem), "")


def _got(got: str, expected: str) -> str:
    return f"got {got}, expected {expected}"
