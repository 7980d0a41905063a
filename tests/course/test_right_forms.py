"""Right answers in odd forms pass: what counts is the value."""

from collections import OrderedDict, UserDict, UserList, deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from rustgpt_lab.course import check
from rustgpt_lab.course.exercise import Exercise
from rustgpt_lab.course.exercises import nb02, nb07, nb08, nb09, nb10

from .test_exercises import EACH, answer

Form = Callable[[Any], Any]


def same(value: Any) -> Any:
    return value


class Forms(NamedTuple):
    """How each kind of value is written; by default as Python does."""

    text: Form = same
    data: Form = same
    number: Form = same
    array: Form = np.ndarray.tolist
    row: Form = list
    mapping: Form = dict

    def of(self, value: Any) -> Any:
        """A value with every part of it in this form."""
        if isinstance(value, str):
            return self.text(str(value))
        if isinstance(value, bytes):
            return self.data(value)
        if isinstance(value, np.ndarray) and value.ndim:
            return self.array(value)
        if isinstance(value, Mapping):
            return self.mapping({np.str_(key): self.of(item) for key, item in value.items()})
        if isinstance(value, tuple | list):
            return self.row([self.of(item) for item in value])
        return self.number(np.asarray(value).item())


def objects(values: list[Any]) -> Any:
    """An array of objects, whatever they are."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def an_array(values: list[Any]) -> Any:
    """An array, if the values fit in one."""
    try:
        return np.array(values)
    except ValueError:
        return objects(values)


class Foreign:
    """An array of another library's."""

    def __init__(self, values: Any):
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.values)


def single(number: Any) -> Any:
    """A number of NumPy's in fewer bytes, if it has any to spare."""
    return np.float32(number) if isinstance(number, float) else np.int32(number)


def to_single(array: Any) -> Any:
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def exact(number: Any) -> Any:
    return Fraction(number) if np.isfinite(number) else number


def to_long(array: Any) -> Any:
    whole = np.int64 if array.size and array.min() < 0 else np.uint64
    return array.astype(np.longdouble if array.dtype.kind == "f" else whole)


FORMS = {
    "Python's": Forms(),
    "arrays": Forms(np.str_, np.bytes_, np.asarray, np.array, an_array, OrderedDict),
    "scalars": Forms(np.str_, bytearray, lambda x: np.asarray(x)[()], np.array, tuple, UserDict),
    "single": Forms(np.array, memoryview, single, to_single, tuple, MappingProxyType),
    "long": Forms(number=np.longdouble, array=to_long),
    "objects": Forms(np.str_, bytearray, exact, lambda a: a.astype(object), objects),
    "decimals": Forms(number=Decimal, array=np.asfortranarray, row=deque),
    "foreign": Forms(data=memoryview, number=Foreign, array=Foreign, row=UserList),
    "lists of 0-d arrays": Forms(np.array, bytearray, np.array, lambda a: [*map(np.array, a)]),
}


@EACH
@pytest.mark.parametrize("name", FORMS)
def test_an_odd_form_passes(exercise: Exercise, name: str) -> None:
    def odd(*arguments):
        return FORMS[name].of(exercise.solution(*arguments))

    assert check(exercise.id, answer(exercise, odd)).status == "passed"


@pytest.mark.parametrize(
    ("id", "right"),
    [
        ("07.2", nb07.efficient_step),
        ("07.4", lambda t, n, end: t / n if t <= n else np.cos(np.pi / 2 * (t - n) / (end - n)) ** 2),
        ("09.4", lambda x: str(np.float32(x))),
        ("09.4", np.format_float_scientific),
        ("09.4", np.format_float_positional),
        ("09.4", lambda x: nb09.shortest(x).replace("e-0", "E-").replace("0.", ".")),
        ("07.3", lambda texts, size: np.split(np.array(texts), range(size, len(texts), size))),
        ("02.1", lambda ids, words, places: np.take(words, ids, 0) + places[np.arange(len(ids))]),
        ("02.3", lambda table, word, n: np.argsort(-nb02.cosines(table)[word])[1 : n + 1]),
        ("09.4", lambda x: next(t for n in range(1, 10) if float(t := f"{x:.{n}g}") == x)),  # in float32, too
        ("02.2", lambda table, v: np.vecdot(table, v) / np.sqrt((table**2).sum(1) * (v @ v))),
        ("08.3", nb08.adapted),
        ("10.1", nb10.softened),
        ("10.1", lambda logits, T: np.exp(logits) ** (1 / T) / (np.exp(logits) ** (1 / T)).sum()),
        ("10.2", nb10.nucleus),
        ("10.3", nb10.step),
        ("10.4", lambda logs, penalty: np.mean(logs) * len(logs) ** (1 - penalty)),
    ],
)  # fmt: skip
def test_another_way_passes(id: str, right) -> None:
    assert check(id, right).status == "passed"


def test_a_generator_of_the_right_values_is_named() -> None:
    def batches(texts: list[Any], size: int) -> Iterator[Any]:
        yield from nb07.batches(texts, size)

    assert "got a generator, whose values can be read only once; a list" in check("07.3", batches).message
