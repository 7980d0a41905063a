"""06b The bug hunt."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

import numpy as np

from ...numerics import softmax
from ..exercise import Again, Exercise, Mistake, Question, mixed_hint


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
        id="06.3",
        title="Back through attention",
        difficulty="hard",
        minutes=15,
        hints=(
            "Three steps, the last one first: the mix, the softmax, the scores. Each is a line or two, and the table above has the formula of each.",
            "The mix: `dv = weights.T @ dmix`, `dweights = dmix @ v.T`. The softmax: "
            "`weights * (dweights - (dweights * weights).sum(axis=1, keepdims=True))`. And `np.sqrt(d)` comes again in `dq` and `dk`.",
            mixed_hint("06.3", attention_backward),
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
            "The derivative is `-0.5 * centred * var ** -1.5`, and `var ** 1.5` is `std ** 3`. Multiply with `dnormal`, and sum over the row, `axis=1, keepdims=True`: all of it felt the variance.",
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
            "b": "It had the highest loss with each of the three seeds. In every block, what it hands on to all the layers before it is wrong, by a factor that grows with d.",
            "c": "This bias is trained without Adam and hardly moves, right or wrong: the loss is the same when it is frozen at 0.",
            "d": "Adam evens out the size of a parameter's own gradient; but a wrong gradient of the input changes the direction for every layer before it.",
        },
        again=Again(
            text="A mistake makes the gradients of attention's own `w_q`, `w_k` and `w_v` 5 times too large, at every step; what attention hands on to the layers before it is right. The model is trained with Adam. What becomes of it?",
            choices={
                "a": "hardly anything: it ends nearly where the right one ends",
                "b": "it ends far higher: attention goes 5 times too far at each step",
                "c": "it cannot be trained at all",
                "d": "it learns 5 times as fast",
            },
            truth="a",
            because={
                "a": "Adam divides a parameter's gradient by its usual size, so a factor that is always the same cancels. What does harm is a wrong gradient that is handed on: it changes directions.",
                "b": "So it would be with plain descent. Adam divides by the size of the gradient, and the 5 is in both.",
                "c": "Adam divides by the size of the gradient, and the 5 is in both.",
                "d": "Adam's steps do not grow with the gradient.",
            },
        ),
    ),
]
