"""08 Gradient clipping."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from functools import partial

import numpy as np

from ..exercise import Again, Exercise, Mistake, Question


def clip_by_norm(gradients, threshold):
    length = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    factor = min(1, threshold / length)
    return {name: factor * g for name, g in gradients.items()}


def norm_cases():
    yield {"w": np.array([[3.0, 0.0]]), "b": np.array([4.0])}, 1.0
    yield {"w": np.array([[3.0, 0.0]]), "b": np.array([4.0])}, 10.0
    rng = np.random.default_rng(81)
    yield {"w": rng.normal(size=(3, 5)), "b": rng.normal(size=5), "gamma": rng.normal(size=(1, 3))}, 2.5


def clipped(gradients, threshold, length=lambda squares: np.sqrt(sum(squares)), limit=min):
    """The solution with a part exchanged, for the mistakes below."""
    factor = limit(1, threshold / length([(g**2).sum() for g in gradients.values()]))
    return {name: factor * g for name, g in gradients.items()}


def centralize(g):
    return g - g.mean(axis=0)


def centre_cases():
    yield (np.array([[1.0, 0.0], [3.0, 0.0], [5.0, 6.0]]),)
    yield (np.random.default_rng(82).normal(1, 2, size=(4, 6)),)


def agc(w, g, threshold):
    w_norm = np.sqrt((w**2).sum(axis=0))
    g_norm = np.sqrt((g**2).sum(axis=0))
    limit = threshold * np.maximum(w_norm, 0.001)
    return g * np.minimum(1, limit / g_norm)


def agc_cases():
    yield np.array([[3.0, 0.0], [4.0, 1.0]]), np.array([[0.0, 0.6], [5.0, 0.8]]), 0.5
    rng = np.random.default_rng(83)
    w, g = rng.normal(size=(2, 3, 5))
    w[:, 0] = 0
    g[:, 4] *= 0.01
    yield w, g, 0.1


def adapted(w, g, threshold, axis=0, least=0.001, small=np.minimum, size=lambda a: a):
    """The solution with a part exchanged, for the mistakes below."""
    w_norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    g_norm = np.sqrt((g**2).sum(axis=axis, keepdims=True))
    return g * small(1, threshold * size(np.maximum(w_norm, least)) / g_norm)


def largest_norm(T):
    return np.sqrt(2 / T)


def largest_cases():
    for length in (1, 2, 8, 79):
        yield (length,)


EXERCISES = [
    Exercise(
        id="08.1",
        title="Shorten the whole",
        difficulty="easy",
        minutes=6,
        hints=(
            "Three steps: one length for all arrays together, one factor, and every array times this factor.",
            "The length is the root of the sum of all squares: `(g**2).sum()` of each array, all added up, then the root.",
            "The factor is `min(1, threshold / length)`: a short gradient keeps its length.",
        ),
        solution=clip_by_norm,
        cases=norm_cases,
        mistakes=(
            Mistake(
                "every array has a length of its own here; all of them together have one, so that the direction stays",
                lambda gradients, threshold: {
                    n: g * min(1, threshold / np.sqrt((g**2).sum())) for n, g in gradients.items()
                },
            ),
            Mistake(
                "short gradients were made longer; the factor must be 1 at most",
                partial(clipped, limit=lambda a, b: b),
            ),
            Mistake(
                "every number was cut off by itself; that is clipping by value, and it changes the direction",
                lambda gradients, threshold: {
                    n: np.clip(g, -threshold, threshold) for n, g in gradients.items()
                },
            ),
            Mistake("the root is missing: this is the square of the length", partial(clipped, length=sum)),
            Mistake(
                "the lengths of the arrays were added; it is their squares that add up, under one root",
                partial(clipped, length=lambda squares: sum(np.sqrt(s) for s in squares)),
            ),
        ),
    ),
    Exercise(
        id="08.2",
        title="Centralize",
        difficulty="easy",
        minutes=4,
        hints=(
            "Each output's weights are a column. So each column loses its own mean.",
            "`g.mean(axis=0)` runs down the columns: for `(in, out)` it gives `(out,)`.",
            "`(in, out) - (out,)` takes its own mean from each column: that is NumPy's broadcasting.",
        ),
        solution=centralize,
        cases=centre_cases,
        mistakes=(
            Mistake(
                "the mean was taken along the rows; a unit is a column, the weights of one output",
                lambda g: g - g.mean(axis=1, keepdims=True),
            ),
            Mistake("all units share one mean here; each column has its own", lambda g: g - g.mean()),
            Mistake("this is the mean itself; it is still to be taken away", lambda g: g.mean(axis=0)),
            Mistake(
                "this also divides by the standard deviation; that is layer norm's business",
                lambda g: (g - g.mean(axis=0)) / g.std(axis=0),
            ),
            Mistake("the sum was taken away where the mean belongs", lambda g: g - g.sum(axis=0)),
        ),
    ),
    Exercise(
        id="08.3",
        title="Adaptive clipping",
        difficulty="medium",
        minutes=10,
        hints=(
            "Two norms a column, of `w` and of `g`, both of shape `(out,)`: the root of `(w**2).sum(axis=0)`.",
            "The limit of each column is `threshold` times the norm of its weights, taken to be 0.001 at least: `np.maximum`.",
            "The factors are `np.minimum(1, limit / g_norm)`, of shape `(out,)`. `g` times them scales every column by its own.",
        ),
        solution=agc,
        cases=agc_cases,
        mistakes=(
            Mistake("the norms run along the rows; a unit is a column", partial(adapted, axis=1)),
            Mistake(
                "the whole matrix has one norm here; every column has its own", partial(adapted, axis=None)
            ),
            Mistake(
                "the least norm of 0.001 is missing: weights that are 0 could never grow",
                partial(adapted, least=0),
            ),
            Mistake(
                "short gradients were made longer; the factor must be 1 at most",
                partial(adapted, small=lambda a, b: b),
            ),
            Mistake(
                "the weights' norm is missing: the limit is the same for all, so nothing adapts",
                partial(adapted, size=lambda a: 1.0),
            ),
            Mistake(
                "the limit is turned over: large weights may take large steps, so their norm multiplies",
                partial(adapted, size=lambda a: 1 / a),
            ),
        ),
    ),
    Exercise(
        id="08.4",
        title="The longest gradient that there is",
        difficulty="medium",
        minutes=6,
        hints=(
            "What is the longest that one row of $p - y$ can be? You have it above.",
            "There are $T$ rows, each divided by $T$. The square of the matrix's norm is the sum of the squares of its rows' norms.",
            "Each row contributes at most $2 / T^2$ to that sum, and there are $T$ of them. Take the root.",
        ),
        solution=largest_norm,
        cases=largest_cases,
        mistakes=(
            Mistake(
                "this is right for a single row, T = 1; T rows are divided by T each", lambda T: np.sqrt(2)
            ),
            Mistake(
                "this is one row's norm, divided by T; there are T such rows, and their squares add up",
                lambda T: np.sqrt(2) / T,
            ),
            Mistake("the root is missing: this is the square of the norm", lambda T: 2 / T),
            Mistake(
                "this counts the right word's entry only; the wrong ones can contribute as much again",
                lambda T: 1 / np.sqrt(T),
            ),
            Mistake("the division by T is missing", lambda T: np.sqrt(2 * T)),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="08.q1",
        text="RustGPT has a clipper that shortens the gradient of the **logits**, $(p - y) / T$, when its norm is above a threshold of 5. Will this ever happen?",
        choices={
            "a": "yes, in the first steps, when the model knows nothing",
            "b": "yes, but rarely: when the model is sure, and wrong",
            "c": "never, whatever the model says",
            "d": "it depends on the number of words that it knows",
        },
        because={
            "a": "In the first steps p is spread over many words, so its squares are small, and a row is hardly longer than the 1 of y.",
            "b": "That is the worst case indeed. But even there a row is only as long as the root of 2.",
            "c": "p and y are shares that sum to 1, so the difference of the two can be no longer than the root of 2, and a mean over T rows makes it shorter still.",
            "d": "More words only share out the same 1 further, which makes p shorter.",
        },
        again=Again(
            text="A text with 8 words to guess. How long can the gradient of its logits, (p - y) / 8 for all 8 rows together, be at most?",
            choices={
                "a": "1/2",
                "b": "√2, about 1.41",
                "c": "5",
                "d": "as long as you like, if the model is sure enough and wrong",
            },
            truth="a",
            because={
                "a": "A row of p - y is at most √2 long, eight of them together at most √16 = 4, and an eighth of that is 1/2.",
                "b": "That is one row of p - y. Eight rows together are at most 4 long, and then they are divided by 8.",
                "c": "5 is the threshold, which is never reached.",
                "d": "Sure and wrong is the worst case: p is 1 at one word, y at another, and the row is √2 long. More is not possible.",
            },
        ),
    ),
    Question(
        id="08.q2",
        text="Multiply every gradient by the same positive number, and Adam's steps do not change (notebook 07). So what will L2 clipping do to a run of Adam at a **low** learning rate, compared with no clipping?",
        choices={
            "a": "nothing: Adam cancels the factor",
            "b": "it learns more slowly: shorter gradients, shorter steps",
            "c": "it learns faster",
        },
        because={
            "a": "It would, if the factor were the same at every step. But a clipper shortens the long gradients only, and v is a mean over many steps.",
            "b": "The size of Adam's step does not come from the length of the gradient, but from its length compared with earlier ones.",
            "c": "Without clipping, the long gradients of the first steps stay in v, and the divisor is too large for a long time.",
        },
        again=Again(
            text="The first ten gradients of a weight are 10, all later ones are 1. In another run all are 1. At step 50, how long is Adam's step in the first run, beside that of the second?",
            choices={
                "a": "just as long: only the present gradient counts",
                "b": "shorter",
                "c": "longer: there is still momentum from the first ten",
                "d": "ten times as long",
            },
            truth="b",
            because={
                "a": "v is a mean over many steps: of its weight, 0.999 is left after each one.",
                "b": "The long first gradients are still in v, by which it divides, but no longer in m. This is why it can help to shorten them.",
                "c": "m forgets a gradient within some twenty steps. v remembers it for a thousand, and v divides.",
                "d": "The first ten count in v most of all, and v divides.",
            },
        ),
    ),
]
