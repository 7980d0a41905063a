"""What `check` says about answers that no exercise foresaw. The wording is part of the course."""
# ruff: noqa: E501

import sys

import numpy as np
import pytest

from rustgpt_lab import ModelError
from rustgpt_lab.course import check
from rustgpt_lab.course.compare import difference, show_value
from rustgpt_lab.course.exercises import nb03, nb06a, nb07


class Looks:
    """An object that looks like something else."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def without_return(q, k, v):
    weights = k @ q  # noqa: F841


def raises(q, k, v):
    weights = k @ q
    return weights @ v.no_such_thing


def half_filled(q, k, v):
    weights = ...
    return weights @ v


def todo(q, k, v):
    raise NotImplementedError


def in_place(scores):
    scores[np.triu(np.ones(scores.shape, bool), k=1)] = -np.inf
    return scores


def with_a_wrong_entry(q, k, v):
    mix = nb03.look(q, k, v)
    mix[1] += 1
    return mix


@pytest.mark.parametrize("answer", [half_filled, todo])
def test_a_half_filled_stub_is_not_yet(answer) -> None:
    assert check("03.1", answer).status == "not yet"


@pytest.mark.parametrize(
    ("id", "answer", "words"),
    [
        ("03.1", without_return, "the function returns nothing: its `return` is missing, or is not reached"),
        ("03.1", with_a_wrong_entry, "at [1], got 1.284, expected 0.283995 (1 of 3 entries differ)"),
        ("03.1", with_a_wrong_entry, "That was for q = [1., 2.]\nand k = [[1., 0.], [0., 1.], [1., 1.]]\nand v ="),
        ("03.1", raises, "`return weights @ v.no_such_thing`, raises AttributeError: 'numpy.ndarray' object has no"),
        ("03.1", lambda q, k, v: k @ k, "a matrix product must agree, (a, b) @ (b, c); here they are 2 and 3"),
        ("03.1", lambda q: q, "it cannot be called with 3 arguments (q, k, v): TypeError: "),
        ("03.1", lambda q, k, v: k, "got an array of shape (3, 2), expected an array of shape (3,)"),
        ("03.1", lambda q, k, v: "no", "got 'no', expected an array"),
        ("03.1", lambda q, k, v: np.array([1, 2, 3]), "it holds whole numbers (int64), expected decimal numbers (float64)"),
        ("03.1", lambda q, k, v: sys.exit("enough"), "raises SystemExit: enough."),
        ("06.2", lambda *a: [*nb06a.feed_forward(*a)[:4], 1], "in `db2`, got a single number, expected an array of shape (2,)"),
        ("07.2", lambda w, *a: (w, *nb07.adam_step(w, *a)[1:]), "in `w`, at [0], got 1, expected 0.9"),
        ("09.4", lambda x: f"{x:.8g}", "That was for x = 1.23449993e-07"),
        ("03.1", 3.5, "A function is expected here, `look` itself; got 3.5."),
        ("03.2", in_place, "the result is right, but your function changed its argument `scores`: work on a copy"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_diagnosed(id: str, answer, words: str) -> None:
    verdict = check(id, answer)
    assert not verdict
    assert words in verdict.message


def test_an_unknown_exercise_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"expected 03\.1, 03\.2, 03\.3, 03\.4[,;] found '03\.9'"):
        check("03.9", None)
    with pytest.raises(ModelError, match="the course has no such exercise"):
        check("3", None)


def test_a_verdict_shows_itself_as_text_and_as_html() -> None:
    verdict = check("03.1", lambda q, k, v: q < 1)
    assert repr(verdict).startswith("✗ 03.1 One word looks: wrong\n    Not right yet")
    assert "<code>" not in repr(verdict)
    html = check("03.1", None)._repr_html_()
    assert '<div role="status"' in html
    assert "<code>look</code>" in html


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (1.0, 1.0, ""),
        (1, 1.0, ""),
        (np.float32(0.1), 0.1, ""),
        (2.0, 1.0, "got 2, expected 1"),
        (True, False, "got True, expected False"),
        ("a", "a", ""),
        ("a", "b", "got 'a', expected 'b'"),
        ([1, 2], (1, 2), ""),
        ([1, 2], (1, 3), "in value 1 of 2 (counted from 0), got 2, expected 3"),
        (1, (1, 3), "got 1, expected 2 values (1, 3), one after the other"),
        (["a"], ["a", "b"], "got 1 value ['a'], expected 2 values ['a', 'b'], one after the other"),
        ([1, 2], [*range(99)], "got 2 values [1, 2], expected 99 values [0, 1, 2, 3, 4, "),
        ({"a": 1}, {"a": 2}, "under the key 'a', got 1, expected 2"),
        ({"a": 1}, {"b": 1}, "got with the keys 'a', expected a mapping with the keys 'b'"),
        ([[1, 2], [3]], np.eye(2), "the rows have different lengths; expected an array of shape (2, 2)"),
        (np.zeros((2, 3)), np.zeros((3, 2)), "got an array of shape (2, 3), expected an array of shape (3, 2); that is its transpose"),
        (np.array([np.nan]), np.array([np.nan]), ""),
        (np.array([np.nan]), np.array([0.0]), "at [0], got nan, expected 0"),
        (np.array([-np.inf, 1.0]), np.array([-np.inf, 1.0]), ""),
        (np.array([1e-12, 1.0]), np.array([0.0, 1.0]), ""),
        (np.zeros(2), np.array(0.0), "got an array of shape (2,), expected a single number"),
        (np.str_("a"), "a", ""),
        (np.array("a"), "a", ""),
        ("a", np.str_("b"), "got 'a', expected 'b'"),
        (bytearray(b"a"), b"a", ""),
        (memoryview(b"a"), b"b", "got b'a', expected b'b'"),
        (np.array(["a", "b"]), ["a", "b"], ""),
        (np.array(["a", "c"]), ("a", "b"), "in value 1 of 2 (counted from 0), got 'c', expected 'b'"),
        (1e-16, 0.0, ""),
        (1.00001, 1.0, "got 1.00001, expected 1"),
        (-1.005484, -1.005482, "got -1.005484, expected -1.005482"),
        (np.array([1.0, 2.00002]), np.array([1.0, 2.00003]), "at [1], got 2.00002, expected 2.00003"),
        (1 + 1e-9, 1.0, ""),
        (1, "1", "got 1, expected '1'"),
        (Looks("1"), 1, "got 1 (Looks), expected 1 (int)"),
        (Looks("'a'"), "a", "got 'a' (Looks), expected 'a' (str)"),
        ("x" * 90 + "a", "x" * 90 + "b", "from place 90 on (counted from 0), got 'a', expected 'b'"),
        (bytes(200), bytes(199), "from place 199 on (counted from 0), got b'\\x00', expected b''"),
        (["b", "a"], ["a", "b"], "in value 0 of 2 (counted from 0), got 'b', expected 'a'; these are the right values, in another order"),
        ([2, 1], np.array([1, 2]), "at [0], got 2, expected 1 (2 of 2 entries differ); these are the right values, in another order"),
        ([[1], [2]], [[2], [1]], "in value 0 of 2 (counted from 0), in value 0 of 1 (counted from 0), got 1, expected 2"),
        ({1, 2}, [1, 2], "got a set, which has no order; a list or an array is expected"),
        ({1: 2}.keys(), [1], "got a dict_keys, whose values have no places"),
        (map(str, [1]), ["1"], "got a map, whose values can be read only once"),
        ([*map(np.str_, "ab")], ["a", "b", "c"], "got 2 values ['a', 'b'], expected 3 values ['a', 'b', 'c']"),
        ({np.str_("a"): 1}, {"b": 1}, "got with the keys 'a', expected a mapping with the keys 'b'"),
        ("ab", ("a", "b"), "got 'ab', expected 2 values ('a', 'b')"),
        ([251, 7], b"\xfb\x07", "got [251, 7], expected b'\\xfb\\x07'"),
        (10**400, 1, "got int of 401 characters, expected 1"),
    ],
)  # fmt: skip
def test_differences_are_named(got, expected, words: str) -> None:
    found = difference(got, expected)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_values_are_shown_in_a_line() -> None:
    assert show_value(np.eye(2)) == "[[1., 0.], [0., 1.]]"
    assert show_value(np.zeros((4, 4))) == "an array of shape (4, 4)"
    assert show_value(np.float64(1 / 3)) == "0.333333"
    assert show_value("x" * 100) == "str of 102 characters"
