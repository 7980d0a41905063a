"""14 Smaller, and served."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

import numpy as np

from ..exercise import Exercise, Mistake, Question


def scale_per_channel(w):
    largest = np.abs(w).max(axis=0)
    return np.where(largest > 0, largest, 127) / 127


def scale_cases():
    yield (np.array([[1.0, -254.0], [0.5, 127.0]]),)
    rng = np.random.default_rng(141)
    w = rng.normal(size=(3, 5)) * [1, 10, 0.1, 0, 3]
    yield (w,)


def scaled(w, size=np.abs, axis=0, steps=127):
    """The solution with a part exchanged, for the mistakes below."""
    largest = size(w).max(axis=axis)
    return np.where(largest > 0, largest, steps) / steps


def quantize(w, scale):
    return np.rint(w / scale).astype(np.int8)


def quantize_cases():
    yield np.array([[1.0, -254.0], [0.3, 123.0]]), np.array([1 / 127, 2.0])
    w = np.random.default_rng(142).normal(size=(4, 3))
    yield w, scale_per_channel(w)


def dequantize(data, scale):
    return data * scale


def dequantize_cases():
    yield np.array([[127, -127], [38, 62]], np.int8), np.array([0.5, 2.0])
    w = np.random.default_rng(143).normal(size=(3, 3))
    scale = scale_per_channel(w)
    yield quantize(w, scale), scale


def product(x, data, scale):
    return (x @ data) * scale


def product_cases():
    yield np.array([[1.0, 2.0]]), np.array([[127, -127], [38, 62]], np.int8), np.array([0.5, 2.0])
    rng = np.random.default_rng(144)
    w = rng.normal(size=(3, 3))
    yield rng.normal(size=(2, 3)), quantize(w, scale_per_channel(w)), scale_per_channel(w)


EXERCISES = [
    Exercise(
        id="14.1",
        title="A scale for every column",
        difficulty="easy",
        minutes=5,
        hints=(
            "Each output's weights are a column. `axis=0` runs down the columns: `(in, out)` becomes `(out,)`.",
            "The largest is meant without its sign: `np.abs(w)`. It becomes 127, so the scale is the largest over 127.",
            "A column of zeros would have the scale 0, and be divided by it. `np.where(largest > 0, largest, 127)` gives it 1.",
        ),
        solution=scale_per_channel,
        cases=scale_cases,
        mistakes=(
            Mistake(
                "this is one for every row; a channel is a column, the weights of one output",
                lambda w: scaled(w, axis=1),
            ),
            Mistake(
                "this is one scale for the whole matrix; each column has its own",
                lambda w: scaled(w, axis=None),
            ),
            Mistake(
                "the sign is in it: -254 is larger than 127, too. Take the largest absolute value",
                lambda w: scaled(w, size=np.asarray),
            ),
            Mistake("this is 128 steps, and the largest int8 is 127", lambda w: scaled(w, steps=128)),
            Mistake("this is 255 steps; 127 lie on each side of 0", lambda w: scaled(w, steps=255)),
            Mistake(
                "a column of zeros has the scale 0, and will be divided by it; give it 1",
                lambda w: np.abs(w).max(axis=0) / 127,
            ),
            Mistake("this is the largest itself; it shall become 127", lambda w: scaled(w, steps=1)),
            Mistake(
                "this is upside down: weights are divided by the scale, so the largest stands above",
                lambda w: 1 / scaled(w),
            ),
        ),
    ),
    Exercise(
        id="14.2",
        title="Quantize",
        difficulty="easy",
        minutes=5,
        hints=(
            "`w / scale` divides every column by its own: `(in, out) / (out,)`.",
            "`np.rint` gives the nearest whole number. Turning to int8 alone cuts off what stands behind the point.",
            "`.astype(np.int8)` at the end: one byte a number.",
        ),
        solution=quantize,
        cases=quantize_cases,
        mistakes=(
            Mistake(
                "what stands behind the point was cut off; take the nearest whole number, `np.rint`",
                lambda w, scale: (w / scale).astype(np.int8),
            ),
            Mistake(
                "these are rounded down; take the nearest whole number",
                lambda w, scale: np.floor(w / scale).astype(np.int8),
            ),
            Mistake(
                "these are rounded up; take the nearest whole number",
                lambda w, scale: np.ceil(w / scale).astype(np.int8),
            ),
            Mistake(
                "the weights are multiplied by the scale; they are to be divided by it",
                lambda w, scale: np.rint(w * scale).astype(np.int8),
            ),
            Mistake(
                "uint8 has no numbers below 0; take int8",
                lambda w, scale: np.rint(w / scale).astype(np.int8).astype(np.uint8),
            ),
            Mistake("these are not whole numbers yet", lambda w, scale: w / scale),
            Mistake(
                "the weights are rounded before they are divided",
                lambda w, scale: (np.rint(w) / scale).astype(np.int8),
            ),
        ),
    ),
    Exercise(
        id="14.3",
        title="And back",
        difficulty="easy",
        minutes=3,
        hints=(
            "What was divided by the scale is multiplied by it.",
            "`(in, out) * (out,)` multiplies every column by its own.",
        ),
        solution=dequantize,
        cases=dequantize_cases,
        mistakes=(
            Mistake("it is divided by the scale once more; multiply", lambda data, scale: data / scale),
            Mistake(
                "every row has a scale here; a channel is a column", lambda data, scale: data * scale[:, None]
            ),
            Mistake(
                "these are whole numbers again; the weights were none",
                lambda data, scale: np.rint(data * scale),
            ),
            Mistake("the scale is missing", lambda data, scale: data * 1.0),
            Mistake("all columns have the first one's scale", lambda data, scale: data * scale[0]),
        ),
    ),
    Exercise(
        id="14.4",
        title="Multiply without the floats",
        difficulty="medium",
        minutes=6,
        hints=(
            "$x W' = x\\,(D\\, s)$: in every column of $W'$ stands one $s$. What can be taken out of a sum?",
            "First the product with the whole numbers, `x @ data`, `(N, out)`. Then every column times its scale.",
        ),
        solution=product,
        cases=product_cases,
        mistakes=(
            Mistake("the scale is missing", lambda x, data, scale: x @ (data * 1.0)),
            Mistake(
                "the scale went to the inputs; it belongs to the outputs, the columns",
                lambda x, data, scale: (x * scale) @ data,
            ),
            Mistake("it is divided by the scale; multiply", lambda x, data, scale: (x @ data) / scale),
            Mistake("all columns have the first one's scale", lambda x, data, scale: (x @ data) * scale[0]),
            Mistake("this is the product with the transpose", lambda x, data, scale: (x @ data.T) * scale),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="14.q1",
        text="All matrices of one kind of layer are rounded to INT8, the others stay. For which kind do the model's scores move the most?",
        choices={
            "a": "the embeddings: their error goes through all layers",
            "b": "attention: a softmax makes much of little",
            "c": "feed-forward: it has the most weights",
            "d": "the output projection: nothing comes after it that could mend it",
        },
        because={
            "a": "It does, and yet the scores move less: of this table, only the rows of the text's own words are read.",
            "b": "Here it moves the scores less than feed-forward does: it has fewer weights, and makes no more of their error.",
            "c": "Each matrix is rounded alike, by 0.6 to 0.7 %. So where the most weights are, and behind one another, the most error comes in.",
            "d": "Nothing mends it, but nothing makes it larger, either.",
        },
    ),
    Question(
        id="14.q2",
        text="Now INT4: whole numbers from -7 to 7, a scale for every output channel. How many of the answers stay the same, word for word?",
        choices={
            "a": "all but one in a hundred, as with INT8",
            "b": "about two in three",
            "c": "fewer than one in five",
        },
        because={
            "a": "The steps are 18 times as wide, and the error grows with them.",
            "b": "Most are sure enough of themselves to bear it. It is the scale for each channel that saves them.",
            "c": "That is what becomes of them with one scale for a whole matrix, whose largest weight then decides for all.",
        },
    ),
]
