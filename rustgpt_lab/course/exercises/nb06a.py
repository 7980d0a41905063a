"""06a Backpropagation, with the gradient of notebook 02's table."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..exercise import Again, Exercise, Mistake, Question


def central_differences(f, x, h):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


@dataclass(frozen=True)
class Formula:
    """A function that a diagnosis shows as its text."""

    text: str
    function: Callable[..., float]

    def __call__(self, x):
        return self.function(x)

    def __repr__(self):
        return self.text


PRODUCT = Formula("x[0]**2 * x[1]", lambda x: x[0] ** 2 * x[1])
CUBES = Formula("x[0, 0] * np.sum(x**3)", lambda x: x[0, 0] * np.sum(x**3))


def difference_cases():
    yield PRODUCT, np.array([3.0, 2.0]), 0.01
    yield CUBES, np.array([[1.0, -2.0, 0.5], [0.3, 1.5, -0.7]]), 0.1


def nudged(f, x, h, up=1.0, down=1.0, width=2.0):
    """Central differences with parts exchanged, for the mistakes below."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[i] = h
        gradient[i] = (f(x + up * nudge) - f(x - down * nudge)) / (width * h)
    return gradient


def never_put_back(f, x, h):
    gradient, x = np.zeros_like(x), x.copy()
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h  # and here it stays
        gradient[i] = (above - f(x)) / (2 * h)
    return gradient


def feed_forward_backward(dy, x, w1, b1, w2):
    hidden = x @ w1 + b1
    active = np.maximum(hidden, 0)
    dw2 = active.T @ dy
    db2 = dy.sum(axis=0)
    dhidden = dy @ w2.T * (hidden > 0)
    dw1 = x.T @ dhidden
    db1 = dhidden.sum(axis=0)
    dx = dy + dhidden @ w1.T
    return dx, dw1, db1, dw2, db2


def feed_forward_cases():
    rng = np.random.default_rng(62)
    for positions, d, hidden in ((2, 2, 3), (4, 3, 5)):
        dy, x = rng.normal(size=(2, positions, d))
        yield dy, x, rng.normal(size=(d, hidden)), rng.normal(size=hidden), rng.normal(size=(hidden, d))


def feed_forward(dy, x, w1, b1, w2, *, mask=lambda d, hidden: hidden > 0, residual=True, total=np.sum):
    """The solution with a part exchanged, for the mistakes below."""
    hidden = x @ w1 + b1
    active = np.maximum(hidden, 0)
    dactive = dy @ w2.T
    dhidden = dactive * mask(dactive, hidden)
    dx = dhidden @ w1.T + residual * dy
    return dx, x.T @ dhidden, total(dhidden, axis=0), active.T @ dy, total(dy, axis=0)


def before_relu(dy, x, w1, b1, w2):
    """dw2 from what stands before the ReLU."""
    dx, dw1, db1, _, db2 = feed_forward_backward(dy, x, w1, b1, w2)
    return dx, dw1, db1, (x @ w1 + b1).T @ dy, db2


def token_gradient(ids, dy, vocab_size):
    gradient = np.zeros((vocab_size, dy.shape[1]))
    for word, row in zip(ids, dy, strict=True):
        gradient[word] += row
    return gradient


def gradient_cases():
    yield np.array([1, 3, 1]), np.array([[1.0, 2.0], [3.0, 4.0], [10.0, 20.0]]), 4
    yield np.array([2, 0, 2, 4, 2, 4]), np.random.default_rng(24).normal(size=(6, 3)), 6


def last_gradient(ids, dy, vocab_size):
    gradient = np.zeros((vocab_size, dy.shape[1]))
    gradient[ids] += dy
    return gradient


def first_gradient(ids, dy, vocab_size):
    return last_gradient(ids[::-1], dy[::-1], vocab_size)


def mean_gradient(ids, dy, vocab_size):
    times = np.bincount(ids, minlength=vocab_size)
    return token_gradient(ids, dy, vocab_size) / np.maximum(times, 1)[:, None]


EXERCISES = [
    Exercise(
        id="06.1",
        title="Central differences",
        difficulty="easy",
        minutes=6,
        hints=(
            "Loop over all places: `for i in np.ndindex(x.shape)` gives each index as a tuple, so `x[i]` is one number, whatever the shape of `x`.",
            "In each turn of the loop, take two fresh copies of `x`. Add `h` to entry `i` of one of them, take it away in the other.",
            "The entry of the gradient is `(f(up) - f(down)) / (2 * h)`: the two copies are `2 * h` apart.",
        ),
        solution=central_differences,
        cases=difference_cases,
        mistakes=(
            Mistake(
                "this divides by h; from one side to the other it is 2h, so the result is twice too large",
                lambda f, x, h: nudged(f, x, h, width=1.0),
            ),
            Mistake(
                "this nudges upwards only, a forward difference; its error is of order h, that of the central one of order h²",
                lambda f, x, h: nudged(f, x, h, down=0.0, width=1.0),
            ),
            Mistake(
                "the sign is wrong: it is what comes out above minus what comes out below",
                lambda f, x, h: nudged(f, x, h, up=-1.0, down=-1.0),
            ),
            Mistake(
                "all entries are nudged at once; nudge one at a time, so that you see what each of them does",
                lambda f, x, h: np.full_like(x, (f(x + h) - f(x - h)) / (2 * h)),
            ),
            Mistake(
                "an entry is not put back before the next one is nudged; take fresh copies for each",
                never_put_back,
            ),
            Mistake(
                "`up` and `down` are both `x` itself, so one nudge undoes the other; `x.copy()` makes a new array",
                lambda f, x, h: nudged(f, x, h, up=0.0, down=0.0),
            ),
        ),
    ),
    Exercise(
        id="06.2",
        title="Back through the feed-forward layer",
        difficulty="medium",
        minutes=10,
        hints=(
            "Write the forward pass first: `hidden = x @ w1 + b1`, `active = np.maximum(hidden, 0)`. Then go back from the end, step by step.",
            "The last step is a linear layer with the input `active` and the weight `w2`. The three lines of the linear layer give `dw2`, `db2` and the gradient of `active`.",
            "Back through the ReLU: `dhidden = (dy @ w2.T) * (hidden > 0)`. Then comes the other linear layer, with the input `x` and the weight `w1`.",
            "`x` was used twice, in the first linear layer and in the residual. So `dx` is a sum of two parts, one of which is `dy` itself.",
        ),
        solution=feed_forward_backward,
        parts=("dx", "dw1", "db1", "dw2", "db2"),
        cases=feed_forward_cases,
        mistakes=(
            Mistake(
                "the residual is missing in `dx`: x also went straight to y, so add `dy`",
                lambda *a: feed_forward(*a, residual=False),
            ),
            Mistake(
                "the ReLU is missing: where `hidden` was negative, nothing went through, and no gradient comes back",
                lambda *a: feed_forward(*a, mask=lambda d, hidden: 1.0),
            ),
            Mistake(
                "the ReLU looks at the sign of the gradient; it is the sign of `hidden` that decided what went through",
                lambda *a: feed_forward(*a, mask=lambda d, hidden: d > 0),
            ),
            Mistake(
                "the ReLU's mask is the wrong way round: it passes on what it let through, where hidden > 0",
                lambda *a: feed_forward(*a, mask=lambda d, hidden: hidden <= 0),
            ),
            Mistake(
                "the biases' gradients are means over the positions, RustGPT's mistake; they should be sums",
                lambda *a: feed_forward(*a, total=np.mean),
            ),
            Mistake(
                "`dw2` is made from `hidden`; what met `w2` on the way forward was `active`, after the ReLU",
                before_relu,
            ),
            Mistake(
                "these are the right five, but in another order: dx, dw1, db1, dw2, db2",
                lambda *a: feed_forward(*a)[1:] + feed_forward(*a)[:1],
            ),
        ),
    ),
    Exercise(
        id="02.4",
        title="Back into the table",
        difficulty="medium",
        minutes=8,
        hints=(
            "Begin with zeros, `(vocab_size, d)`; `dy.shape[1]` is $d$.",
            "Row $t$ of `dy` belongs to the word `ids[t]`: go through both together with `zip(ids, dy)`.",
            "Add, with `+=`, one row at a time: `gradient[word] += row`.",
        ),
        solution=token_gradient,
        cases=gradient_cases,
        mistakes=(
            Mistake(
                "a word that occurs twice has only its last gradient; add one row after the other, since `gradient[ids] += dy` writes each row once, even if it is named twice",
                last_gradient,
            ),
            Mistake(
                "a word that occurs twice has only its first gradient; the two are added", first_gradient
            ),
            Mistake(
                "a word that occurs twice has the mean of its gradients; the chain rule adds them",
                mean_gradient,
            ),
            Mistake(
                "the rows are filed under their positions; they belong to the words, `ids`",
                lambda ids, dy, vocab_size: token_gradient(range(len(ids)), dy, max(vocab_size, len(ids))),
            ),
            Mistake(
                "every word of the vocabulary got a gradient; words that do not occur have none",
                lambda ids, dy, vocab_size: np.tile(dy.sum(axis=0), (vocab_size, 1)),
            ),
            Mistake(
                "the sign is wrong: this is the gradient itself, not the step against it",
                lambda ids, dy, vocab_size: -token_gradient(ids, dy, vocab_size),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="06.q1",
        text="The last layer of RustGPT is `y = x @ w + b`, with a row of `x` for every position. Its backward pass has three lines. Which of these gradients is wrong?",
        choices={
            "a": "`dw = x.T @ dy`",
            "b": "`db = dy.mean(axis=0)`",
            "c": "`dx = dy @ w.T`",
            "d": "none of them",
        },
        because={
            "a": "Entry (i, j) of `w` carries number i of every row of `x` to number j of `y`, and that is what this product sums up.",
            "b": "Every row of `y` got the same `b`, so a nudge of `b` is felt by all of them: what they feel adds up, and a mean is too small by the number of rows.",
            "c": "Number i of `x` went to every number j of `y` with the weight `w[i, j]`, and comes back the same way.",
            "d": "One of them disagrees with the central differences, entry by entry.",
        },
        again=Again(
            text="`y = x @ w + b`, for 10 positions, and every entry of `dy` is 1. What is each entry of `db`?",
            choices={
                "a": "0.1",
                "b": "1",
                "c": "10",
                "d": "that depends on `x`",
            },
            truth="c",
            because={
                "a": "Nothing is divided here: every position feels the bias fully.",
                "b": "That would be the mean over the positions. But a nudge of `b` moves all ten rows.",
                "c": "A nudge of `b` moves each of the ten rows, and what they feel adds up.",
                "d": "`dw` depends on `x`. The bias is added without it, so `db` is the sum of `dy` over the positions.",
            },
        ),
    ),
]
