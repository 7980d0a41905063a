"""09 Saving and loading."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

import struct
from decimal import Decimal

import numpy as np

from ...persistence.bincode import varint
from ..compare import difference, plain
from ..exercise import Again, Exercise, Mistake, Question


def read_float(data):
    bits = int.from_bytes(data, "little")
    sign = bits >> 31
    exponent = bits >> 23 & 255
    fraction = bits & 2**23 - 1
    return (-1) ** sign * 2.0 ** (exponent - 127) * (1 + fraction / 2**23)


def float_cases():
    yield (struct.pack("<f", 1.5),)
    yield (struct.pack("<f", -0.15625),)
    yield (struct.pack("<f", 566.0),)


def float_from(data, order="little", bias=127, one=1, signed=True, mask=255):
    """The solution with a part exchanged, for the mistakes below."""
    bits = int.from_bytes(data, order)
    sign = (-1) ** (bits >> 31) if signed else 1
    return sign * 2.0 ** ((bits >> 23 & mask) - bias) * (one + (bits & 2**23 - 1) / 2**23)


def to_varint(n):
    if n < 251:
        return bytes([n])
    if n < 2**16:
        return bytes([251]) + n.to_bytes(2, "little")
    if n < 2**32:
        return bytes([252]) + n.to_bytes(4, "little")
    return bytes([253]) + n.to_bytes(8, "little")


def varint_cases():
    for n in (7, 250, 251, 566, 2**16 - 1, 2**16, 2**32 - 1, 2**32):
        yield (n,)


def varint_from(n, first=251, order="little", markers=(b"\xfb", b"\xfc", b"\xfd"), wide=2**16):
    """The solution with a part exchanged, for the mistakes below."""
    if n < first:
        return bytes([n])
    place = 0 if n < wide else 1 if n < 2**32 else 2
    return markers[place] + n.to_bytes((2, 4, 8)[place], order)


def array_bytes(a):
    rows, columns = a.shape
    head = bytes([1]) + varint(rows) + varint(columns) + varint(a.size)
    return head + a.astype("<f4").tobytes()


def array_cases():
    yield (np.array([[1.0, -0.5]]),)
    yield (np.arange(6.0).reshape(3, 2),)
    yield (np.random.default_rng(93).normal(size=(300, 2)),)


def array_from(a, version=b"\x01", dim=lambda r, c: varint(r) + varint(c), count=varint, form="<f4"):
    """The solution with a part exchanged, for the mistakes below."""
    return version + dim(*a.shape) + count(a.size) + a.astype(form).tobytes()


def shortest(x):
    for digits in range(1, 10):
        text = f"{x:.{digits}g}"
        if np.float32(text) == x:
            return text


def digits(text):
    """How many significant digits a text has: `16777216.0` has as many as `16777216`, `1e+05` as `100000`."""
    number = Decimal(text.removesuffix(".0"))
    is_whole = "." not in f"{number:f}"
    return len((number.normalize() if is_whole else number).as_tuple().digits)


def judge_shortest(text, x):
    """Right is every text that is x again, and has no digit too many."""
    found, right = plain(text), shortest(x)
    is_right = isinstance(found, str) and np.float32(found) == x and digits(found) == digits(right)
    return "" if is_right else difference(found, right)


def shortest_cases():
    for x in (0.1, 0.5, -0.0026420972, 1 / 3, 16777216.0, 1.2345e-7, -0.110010765, 123456792.0):
        yield (np.float32(x),)


EXERCISES = [
    Exercise(
        id="09.1",
        title="Four bytes, one number",
        difficulty="medium",
        minutes=8,
        hints=(
            '`int.from_bytes(data, "little")` makes one whole number of the four bytes: the 32 bits, the sign first.',
            "`bits >> 31` shifts all but the sign away. `bits >> 23 & 255` leaves the eight bits of the exponent.",
            "`bits & 2**23 - 1` leaves the fraction $f$. Then it is the formula, word for word.",
        ),
        solution=read_float,
        cases=float_cases,
        mistakes=(
            Mistake(
                "the bytes are read from the wrong end; in this format the smallest comes first, little-endian",
                lambda data: float_from(data, order="big"),
            ),
            Mistake(
                "the 1 in front of the fraction is missing; it is not stored, because it is always there",
                lambda data: float_from(data, one=0),
            ),
            Mistake(
                "the exponent is taken as it stands; 127 must be taken off, or no number could be below 1",
                lambda data: float_from(data, bias=0),
            ),
            Mistake(
                "128 is taken off the exponent, so every number is half of what it should be; it is 127",
                lambda data: float_from(data, bias=128),
            ),
            Mistake(
                "the sign is still in the exponent: `& 255` leaves only its eight bits",
                lambda data: float_from(data, mask=511),
            ),
            Mistake(
                "the sign is lost: the first of the 32 bits", lambda data: float_from(data, signed=False)
            ),
            Mistake(
                "this is the whole number that the 32 bits would make; they are to be cut in three first",
                lambda data: int.from_bytes(data, "little"),
            ),
        ),
    ),
    Exercise(
        id="09.2",
        title="A whole number, as short as possible",
        difficulty="easy",
        minutes=5,
        hints=(
            '`bytes([7])` is one byte. `n.to_bytes(2, "little")` is `n` in two bytes, the smallest first.',
            "Four cases, from small to large. Two bytes reach to $2^{16} - 1$, four to $2^{32} - 1$.",
            'Bytes are joined with `+`: `bytes([251]) + n.to_bytes(2, "little")`.',
        ),
        solution=to_varint,
        cases=varint_cases,
        mistakes=(
            Mistake(
                "251 to 255 are written as one byte; but these bytes are the markers, so a reader would take them for one",
                lambda n: varint_from(n, first=256),
            ),
            Mistake(
                "`bytes(n)` is n bytes of 0; `bytes([n])` is one byte, n",
                lambda n: bytes(n) if n < 251 else varint(n),
            ),
            Mistake(
                "250 is written wide; one byte still holds it, the markers begin at 251",
                lambda n: varint_from(n, first=250),
            ),
            Mistake(
                "the bytes stand the wrong way round; the smallest comes first, little-endian",
                lambda n: varint_from(n, order="big"),
            ),
            Mistake(
                "the marker is missing: a reader could not tell how many bytes follow",
                lambda n: varint_from(n, markers=(b"", b"", b"")),
            ),
            Mistake(
                "the markers are one too high: 251 stands for two bytes, 252 for four, 253 for eight",
                lambda n: varint_from(n, markers=(b"\xfc", b"\xfd", b"\xfe")),
            ),
            Mistake(
                "65535 is written in four bytes, and two still hold it",
                lambda n: varint_from(n, wide=2**16 - 1),
            ),
            Mistake(
                "this is a list of numbers; `bytes(...)` makes bytes of it", lambda n: list(to_varint(n))
            ),
        ),
    ),
    Exercise(
        id="09.3",
        title="An array",
        difficulty="medium",
        minutes=8,
        hints=(
            "Five parts, joined with `+`: a byte 1, the varints of rows, columns and count, the numbers.",
            "`a.shape` is (rows, columns), and `a.size` is the count of all numbers.",
            '`a.astype("<f4")` is the array in four bytes a number, little-endian, and `.tobytes()` are its bytes, row by row.',
        ),
        solution=array_bytes,
        cases=array_cases,
        mistakes=(
            Mistake("the first byte is missing: the version, 1", lambda a: array_from(a, version=b"")),
            Mistake(
                "the count is missing: the format writes it although rows times columns would say it",
                lambda a: array_from(a, count=lambda n: b""),
            ),
            Mistake(
                "rows and columns are exchanged",
                lambda a: array_from(a, dim=lambda r, c: varint(c) + varint(r)),
            ),
            Mistake(
                "the numbers take eight bytes each: this is float64, and the format keeps float32",
                lambda a: array_from(a, form="<f8"),
            ),
            Mistake(
                "the bytes of each number stand the wrong way round: take `<f4`, little-endian",
                lambda a: array_from(a, form=">f4"),
            ),
            Mistake(
                "the numbers stand column by column; it should be row by row",
                lambda a: array_from(a)[: -4 * a.size] + a.T.astype("<f4").tobytes(),
            ),
            Mistake(
                "the count is one of bytes; it should be one of numbers",
                lambda a: array_from(a, count=lambda n: varint(4 * n)),
            ),
            Mistake(
                "one byte holds no number above 255; write rows, columns and count as varints",
                lambda a: bytes([1, *a.shape, a.size]) + a.astype("<f4").tobytes(),
            ),
        ),
    ),
    Exercise(
        id="09.4",
        title="As few digits as possible",
        difficulty="medium",
        minutes=8,
        hints=(
            "Try 1 digit, then 2, and so on up to 9, and stop at the first text that is good enough.",
            'f"{x:.3g}" is `x` with three significant digits; the 3 may be a variable in braces of its own.',
            "Good enough means: `np.float32(text)` is `x` again.",
        ),
        solution=shortest,
        cases=shortest_cases,
        judge=judge_shortest,
        mistakes=(
            Mistake(
                "always nine digits: they are enough for every float32, but most need fewer",
                lambda x: f"{x:.9g}",
            ),
            Mistake(
                "eight digits are not always enough: `range(1, 9)` ends with 8, so take `range(1, 10)`",
                lambda x: next((t for n in range(1, 9) if np.float32(t := f"{x:.{n}g}") == x), None),
            ),
            Mistake(
                "eight digits are not always enough; some numbers need nine",
                lambda x: next((t for n in range(1, 9) if np.float32(t := f"{x:.{n}g}") == x), f"{x:.8g}"),
            ),
            Mistake(
                "these are the digits of a float64; the text must only lead back to the same float32",
                lambda x: repr(float(x)),
            ),
            Mistake(
                "six digits, which is what `:g` gives: many numbers would come back changed",
                lambda x: f"{x:g}",
            ),
            Mistake(
                "these are places behind the point; a small number would come back as 0, a large one has too many digits. Take significant digits, `g`",
                lambda x: next(t for n in range(1, 20) if np.float32(t := f"{x:.{n}f}") == x),
            ),
            Mistake(
                "this is the number of digits; the text itself is asked for",
                lambda x: next(n for n in range(1, 10) if np.float32(f"{x:.{n}g}") == x),
            ),
            Mistake(
                "this is the text one digit too early: it does not lead back to the same number",
                lambda x: (
                    f"{x:.{max(1, next(n for n in range(1, 10) if np.float32(f'{x:.{n}g}') == x) - 1)}g}"
                ),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="09.q1",
        text="The same trained model, saved in RustGPT's two formats. How much smaller is the binary file than the JSON file?",
        choices={
            "a": "not at all: the same numbers need the same room",
            "b": "by a third or so",
            "c": "by 50 to 70 %, as RustGPT's own report claims",
            "d": "by more than 80 %",
        },
        because={
            "a": "A number is four bytes in one file, and a line of text in the other: its digits, and the spaces before them.",
            "b": "That would leave six bytes for a number in JSON, and the digits alone need about twice as many.",
            "c": "That holds for JSON without white space. RustGPT's has every number on a line of its own, indented.",
            "d": "More than half of the JSON file is spaces and line breaks, and its digits need more than four bytes as well.",
        },
        again=Again(
            text="A small model's file in RustGPT's JSON has 10 MB. How large is the same model's binary file?",
            choices={
                "a": "10 MB",
                "b": "about 7 MB",
                "c": "between 3 and 5 MB",
                "d": "less than 2 MB",
            },
            truth="d",
            because={
                "a": "A number is four bytes in one file, and a whole indented line in the other.",
                "b": "That would leave no room for the white space: it is more than half of the JSON file.",
                "c": "That would be so for JSON without its white space.",
                "d": "It is smaller by about 85 %: of each indented line, four bytes are left.",
            },
        ),
    ),
    Question(
        id="09.q2",
        text="In a binary model file, one single bit is flipped, anywhere. What does loading do?",
        choices={
            "a": "it refuses every such file",
            "b": "it refuses some, and loads the others with a number that is not the same",
            "c": "it loads every such file, with a number that is not the same",
            "d": "it mends the bit",
        },
        because={
            "a": "It can refuse only what contradicts itself, and most bits belong to numbers, each of which could be any other.",
            "b": "A broken count or tag contradicts the rest of the file, and is found. A weight contradicts nothing.",
            "c": "A good part of the file is structure: counts, shapes, words that stand there three times. There a flip is found.",
            "d": "To mend it, the file would need to hold something twice that it holds once.",
        },
        again=Again(
            text="We flip every bit of a small binary model file, one after the other, and load the file each time. What share of these flips is refused?",
            choices={
                "a": "all of them",
                "b": "more than half",
                "c": "less than half, but some",
                "d": "none",
            },
            truth="c",
            because={
                "a": "Most bits belong to numbers, and any pattern of bits is some number.",
                "b": "Even in a small file most bits belong to numbers, in which a flip contradicts nothing.",
                "c": "A flip in a count, a shape or a word contradicts something, and is refused: 30 % of them in the notebook's file. In a larger one it is less.",
                "d": "Counts, shapes and the words' ids are checked against each other, and there a flip is found.",
            },
        ),
    ),
]
