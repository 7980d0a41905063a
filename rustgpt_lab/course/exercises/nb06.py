"""06 Backpropagation."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...numerics import softmax
from ..exercise import Exercise, Mistake, Question


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


def attention_backward(dmix, q, k, v, weights):
    dv = weights.T @ dmix
    dweights = dmix @ v.T
    dscores = weights * (dweights - (dweights * weights).sum(axis=1, keepdims=True))
    dq = dscores @ k / np.sqrt(q.shape[1])
    dk = dscores.T @ q / np.sqrt(q.shape[1])
    return dq, dk, dv


def attention_cases():
    rng = np.random.default_rng(63)
    for positions, d in ((2, 3), (5, 4)):
        dmix, q, k, v = rng.normal(size=(4, positions, d))
        future = np.triu(np.ones((positions, positions), bool), k=1)
        yield dmix, q, k, v, softmax(np.where(future, -np.inf, q @ k.T / np.sqrt(d)))


def attention(
    dmix,
    q,
    k,
    v,
    weights,
    *,
    q_scale=lambda q: q.shape[1] ** -0.5,
    k_scale=lambda q: q.shape[1] ** -0.5,
    scores=lambda dweights, weights: weights * (dweights - (dweights * weights).sum(axis=1, keepdims=True)),
    turn=np.transpose,
):
    """The solution with a part exchanged, for the mistakes below."""
    dscores = scores(dmix @ v.T, weights)
    return dscores @ k * q_scale(q), turn(dscores) @ q * k_scale(q), weights.T @ dmix


def as_rustgpt(q):
    return 1.0


def mended_layer_norm(dy, x, gamma):
    d = x.shape[1]
    std = x.std(axis=1, keepdims=True)
    centred = x - x.mean(axis=1, keepdims=True)
    dnormal = dy * gamma
    dvar = -0.5 * (dnormal * centred).sum(axis=1, keepdims=True) / std**3
    dmean = -dnormal.sum(axis=1, keepdims=True) / std
    return dnormal / std + (2 * dvar * centred + dmean) / d


def layer_norm_cases():
    rng = np.random.default_rng(64)
    for positions, d in ((2, 3), (4, 6)):
        dy, x = rng.normal(size=(2, positions, d))
        yield dy, 3 * x + 1, rng.normal(size=d)


def layer_norm(dy, x, gamma, *, dvar):
    """The solution with another `dvar`, a function of dnormal, centred and std."""
    std = x.std(axis=1, keepdims=True)
    centred = x - x.mean(axis=1, keepdims=True)
    dnormal = dy * gamma
    dmean = -dnormal.sum(axis=1, keepdims=True) / std
    return dnormal / std + (2 * dvar(dnormal, centred, std) * centred + dmean) / x.shape[1]


def row_sum(a):
    return a.sum(axis=1, keepdims=True)


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
        id="06.3",
        title="Back through attention",
        difficulty="hard",
        minutes=15,
        hints=(
            "Three steps, the last one first: the mix, the softmax, the scores. Each is a line or two, and the table above has the formula of each.",
            "The mix: `dv = weights.T @ dmix`, `dweights = dmix @ v.T`.",
            "The softmax, row by row: `dscores = weights * (dweights - (dweights * weights).sum(axis=1, keepdims=True))`.",
            "The scores were `q @ k.T / np.sqrt(d)`. So `dq` is `dscores @ k` and `dk` is `dscores.T @ q`, and each of them meets the same `np.sqrt(d)`, with `d = q.shape[1]`.",
        ),
        solution=attention_backward,
        parts=("dq", "dk", "dv"),
        cases=attention_cases,
        mistakes=(
            Mistake(
                "`dq` and `dk` are √d times too large, RustGPT's mistake: the scores were divided by √d, so their gradients are, too",
                lambda *a: attention(*a, q_scale=as_rustgpt, k_scale=as_rustgpt),
            ),
            Mistake(
                "`dk` lacks the division by √d that `dq` has",
                lambda *a: attention(*a, k_scale=as_rustgpt),
            ),
            Mistake(
                "`dq` and `dk` are divided by d; it should be √d",
                lambda *a: attention(*a, q_scale=lambda q: 1 / q.shape[1], k_scale=lambda q: 1 / q.shape[1]),
            ),
            Mistake(
                "the softmax is passed over: `dweights` is not yet `dscores`",
                lambda *a: attention(*a, scores=lambda dweights, weights: dweights),
            ),
            Mistake(
                "in the softmax, the sum of the row is not taken away: a weight that grows makes the others shrink",
                lambda *a: attention(*a, scores=lambda dweights, weights: weights * dweights),
            ),
            Mistake(
                "in the softmax, the sum runs down the columns; it was the rows that summed to 1, axis=1",
                lambda *a: attention(*a, scores=lambda dw, w: w * (dw - (dw * w).sum(axis=0, keepdims=True))),
            ),
            Mistake(
                "in the softmax, the sums of the rows are a row themselves; `keepdims=True` makes a column of them",
                lambda *a: attention(*a, scores=lambda dw, w: w * (dw - (dw * w).sum(axis=1))),
            ),
            Mistake(
                "`dq` and `dk` are divided by √T; d is the number of columns of `q`, `q.shape[1]`",
                lambda *a: attention(*a, q_scale=lambda q: len(q) ** -0.5, k_scale=lambda q: len(q) ** -0.5),
            ),
            Mistake(
                "`dk` needs the scores' gradient transposed: a row of `dscores` belongs to a query, a column to a key",
                lambda *a: attention(*a, turn=lambda dscores: dscores),
            ),
        ),
    ),
    Exercise(
        id="06.4",
        title="Mend the layer norm",
        difficulty="medium",
        minutes=10,
        hints=(
            "RustGPT multiplies `dnormal` with the normalised row. But what stands above the root of the variance in the forward pass?",
            "`normal = centred * var ** -0.5`. Take its derivative by `var`, and keep `centred` fixed: what is it?",
            "The derivative is `-0.5 * centred * var ** -1.5`, and `var ** 1.5` is `std ** 3`. Multiply with `dnormal`, and sum over the row with `sum(axis=1, keepdims=True)`: every number of the row has felt the variance.",
        ),
        solution=mended_layer_norm,
        cases=layer_norm_cases,
        mistakes=(
            Mistake(
                "this is RustGPT's own formula, with the normalised row where the centred one belongs",
                lambda *a: layer_norm(*a, dvar=lambda dn, c, s: -0.5 * row_sum(dn * c / s) / s**3),
            ),
            Mistake(
                "the sign is wrong: if the variance grows, the normalised numbers shrink",
                lambda *a: layer_norm(*a, dvar=lambda dn, c, s: 0.5 * row_sum(dn * c) / s**3),
            ),
            Mistake(
                "the factor 0.5 is missing, the exponent of the root",
                lambda *a: layer_norm(*a, dvar=lambda dn, c, s: -row_sum(dn * c) / s**3),
            ),
            Mistake(
                "this divides by std²; the derivative of var ** -0.5 has var ** 1.5 below the line, which is std³",
                lambda *a: layer_norm(*a, dvar=lambda dn, c, s: -0.5 * row_sum(dn * c) / s**2),
            ),
            Mistake(
                "this divides by std ** 1.5; it is the variance that has this power, and var ** 1.5 is std³",
                lambda *a: layer_norm(*a, dvar=lambda dn, c, s: -0.5 * row_sum(dn * c) / s**1.5),
            ),
            Mistake(
                "the sum over the row is missing: every number of a row depends on its variance",
                lambda *a: layer_norm(*a, dvar=lambda dn, c, s: -0.5 * dn * c / s**3),
            ),
            Mistake(
                "the mean over the row is taken; the parts that come back from its numbers are summed",
                lambda *a: layer_norm(*a, dvar=lambda dn, c, s: -0.5 * row_sum(dn * c) / s**3 / c.shape[1]),
            ),
            Mistake(
                "the raw `x` takes the place of the centred row; the mean must be taken away first",
                lambda dy, x, gamma: layer_norm(
                    dy, x, gamma, dvar=lambda dn, c, s: -0.5 * row_sum(dn * x) / s**3
                ),
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
    ),
    Question(
        id="06.q2",
        text="A network as deep as RustGPT is trained with one of the three mistakes, everything else being right. Which of them leaves it with the highest loss?",
        choices={
            "a": "the layer norm: in the first block its gradient is many times too large",
            "b": "attention: √d times too large on the way to the queries and keys",
            "c": "the output projection's bias: T times too small",
            "d": "none: Adam makes up for the size of a gradient, so all end up alike",
        },
        because={
            "a": "It is far off where rows are small, and that they are in front of the first norm alone; behind that, they are of a size at which the mistake shows less.",
            "b": "It strikes in every block, and what goes wrong on the way to the queries and keys is handed on to all the layers before it.",
            "c": "A bias with a gradient too small merely learns slowly, and the rest of the network can do its work.",
            "d": "Adam evens out the size of a parameter's own gradient; but a wrong gradient of the input changes the direction for every layer before it.",
        },
    ),
]
