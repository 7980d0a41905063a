"""11 Modern attention."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from functools import partial

import numpy as np

from ..exercise import Again, Exercise, Mistake, Question


def rms_norm(x, gamma, epsilon=1e-5):
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + epsilon)
    return gamma * x / rms


def rms_norm_cases():
    rng = np.random.default_rng(111)
    yield np.array([[3.0, 4.0], [0.0, 2.0]]), np.array([1.0, 2.0])
    yield 0.01 * rng.normal(size=(3, 5)) + 0.02, rng.normal(size=5)
    yield rng.normal(size=(2, 4)) + 1, np.ones(4), 0.1


def rms_with(x, gamma, epsilon=1e-5, size=lambda x, e: np.sqrt((x**2).mean(-1, keepdims=True) + e)):
    """The solution with its divisor exchanged, for the mistakes below."""
    return gamma * x / size(x, epsilon)


def rotate(x, positions, base=10000.0):
    width = x.shape[-1]
    angles = positions[:, None] * base ** (-np.arange(0, width, 2) / width)
    cos, sin = np.cos(angles), np.sin(angles)
    a, b = x[..., 0::2], x[..., 1::2]
    y = np.empty_like(x)
    y[..., 0::2] = a * cos - b * sin
    y[..., 1::2] = a * sin + b * cos
    return y


def rotate_cases():
    rng = np.random.default_rng(112)
    yield np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])
    yield rng.normal(size=(3, 6)), np.array([0, 1, 7])
    yield rng.normal(size=(2, 4, 8)), np.array([3, 4, 5, 6]), 100.0


def rotate_with(x, positions, base=10000.0, angle=None, halves=False, sign=1, second=1):
    """The solution with a part exchanged, for the mistakes below."""
    width = x.shape[-1]
    powers = base ** (-np.arange(0, width, 2) / width)
    angles = positions[:, None] * powers if angle is None else angle(positions, powers)
    cos, sin = np.cos(angles), sign * np.sin(angles)
    half = width // 2
    one, two = (np.s_[:half], np.s_[half:]) if halves else (np.s_[0::2], np.s_[1::2])
    a, b = x[..., one], x[..., two]
    y = np.empty(np.broadcast_shapes(x.shape, (*angles.shape[:-1], width)))
    y[..., one] = a * cos - b * sin
    y[..., two] = second * a * sin + b * cos
    return y


def rotate_in_place_of_both(x, positions, base=10000.0):
    width = x.shape[-1]
    angles = positions[:, None] * base ** (-np.arange(0, width, 2) / width)
    y = x.copy()
    y[..., 0::2] = y[..., 0::2] * np.cos(angles) - y[..., 1::2] * np.sin(angles)
    y[..., 1::2] = y[..., 0::2] * np.sin(angles) + y[..., 1::2] * np.cos(angles)
    return y


def grouped_attention(q, k, v):
    H, T, h = q.shape
    k, v = (np.repeat(part, H // len(part), axis=0) for part in (k, v))
    scores = q @ k.swapaxes(1, 2) / np.sqrt(h)
    scores[:, np.triu(np.ones((T, T), bool), 1)] = -np.inf
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True) @ v


def grouped_attention_cases():
    rng = np.random.default_rng(113)
    q = np.array([[[1.0, 0.0], [2.0, 1.0]], [[0.0, 1.0], [1.0, -1.0]]])
    yield q, np.array([[[1.0, 0.0], [0.0, 3.0]]]), np.array([[[1.0, 2.0], [5.0, -4.0]]])
    yield tuple(rng.normal(size=(heads, 4, 6)) for heads in (4, 2, 2))
    yield tuple(rng.normal(size=(heads, 3, 2)) for heads in (3, 3, 3))


def attend_with(q, k, v, share=np.repeat, root=np.sqrt, mask=True, axis=-1, width=None):
    """The solution with a part exchanged, for the mistakes below."""
    H, T, h = q.shape
    k, v = (share(part, H // len(part), 0) for part in (k, v))
    scores = q @ k.swapaxes(1, 2) / root(width(H, h) if width else h)
    if mask is not False:
        scores[:, np.triu(np.ones((T, T), bool), 1 if mask is True else mask)] = -np.inf
    powers = np.exp(scores - np.where(np.isinf(m := scores.max(axis=axis, keepdims=True)), 0, m))
    sums = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(sums == 0, 1, sums) @ v


def in_turn(part, times, axis):
    """The key heads one after the other, again and again."""
    return np.concatenate([part] * times, axis=axis)


def swiglu(x, w_gate, w_up, w_down):
    gate = x @ w_gate
    return (gate / (1 + np.exp(-gate)) * (x @ w_up)) @ w_down


def swiglu_cases():
    rng = np.random.default_rng(114)
    yield (
        np.array([[1.0, -1.0]]),
        np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]]),
        np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]]),
        np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
    )
    yield tuple(rng.normal(size=size) for size in ((3, 4), (4, 6), (4, 6), (6, 4)))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


EXERCISES = [
    Exercise(
        id="11.1",
        title="The root of the mean square",
        difficulty="easy",
        minutes=4,
        hints=(
            "It is notebook 04's layer norm with less in it: no mean is taken away, and nothing is added.",
            "The mean of the squares of each row: `(x**2).mean(axis=-1, keepdims=True)`, of shape `(T, 1)`.",
            "`epsilon` is added to that mean, under the root. Then `gamma * x / root`.",
        ),
        solution=rms_norm,
        cases=rms_norm_cases,
        mistakes=(
            Mistake(
                "this divides by the mean square; its root is missing",
                partial(rms_with, size=lambda x, e: (x**2).mean(-1, keepdims=True) + e),
            ),
            Mistake(
                "this divides by the length of the row, the root of the *sum* of its squares; it should be their mean",
                partial(rms_with, size=lambda x, e: np.sqrt((x**2).sum(-1, keepdims=True) + e)),
            ),
            Mistake(
                "this divides by the standard deviation, which takes the mean away first; here nothing is taken away",
                partial(rms_with, size=lambda x, e: np.sqrt(x.var(-1, keepdims=True) + e)),
            ),
            Mistake(
                "the mean is taken away: that is layer norm; here the row stays where it is",
                lambda x, gamma, epsilon=1e-5: rms_norm(x - x.mean(-1, keepdims=True), gamma, epsilon),
            ),
            Mistake(
                "the mean is taken down the columns; each word, a row, has its own",
                partial(rms_with, size=lambda x, e: np.sqrt((x**2).mean(axis=0) + e)),
            ),
            Mistake(
                "the mean is that of the whole matrix; each row has its own",
                partial(rms_with, size=lambda x, e: np.sqrt((x**2).mean() + e)),
            ),
            Mistake(
                "`epsilon` is added to the root; it belongs under it, beside the mean square",
                partial(rms_with, size=lambda x, e: np.sqrt((x**2).mean(-1, keepdims=True)) + e),
            ),
            Mistake(
                "`epsilon` is missing: a row of zeros would be divided by 0",
                partial(rms_with, size=lambda x, e: np.sqrt((x**2).mean(-1, keepdims=True))),
            ),
            Mistake(
                "this adds 1e-5 whatever `epsilon` is; it is an argument, and only by default 1e-5",
                lambda x, gamma, epsilon=1e-5: rms_norm(x, gamma),
            ),
            Mistake("`gamma` is missing", lambda x, gamma, epsilon=1e-5: rms_norm(x, 1, epsilon)),
            Mistake(
                "this divides by the mean of the absolute values; it should be the root of the mean of the squares",
                partial(rms_with, size=lambda x, e: abs(x).mean(-1, keepdims=True) + e),
            ),
        ),
    ),
    Exercise(
        id="11.2",
        title="Turn every pair",
        difficulty="medium",
        minutes=9,
        hints=(
            "First the angles, `(T, h / 2)`: a row for each position, a column for each pair.",
            "`positions[:, None] * base ** (-np.arange(0, h, 2) / h)`. The first numbers of all pairs are `x[..., 0::2]`, the second ones `x[..., 1::2]`.",
            "Keep both old numbers in variables, `a` and `b`, and write `a * cos - b * sin` and `a * sin + b * cos` into a new array.",
        ),
        solution=rotate,
        cases=rotate_cases,
        mistakes=(
            Mistake(
                "this turns the other way round: the signs of the two sines are exchanged",
                partial(rotate_with, sign=-1),
            ),
            Mistake(
                "the pairs are i and i + h/2, as in Llama's files; here a pair is two neighbours, 2i and 2i + 1",
                partial(rotate_with, halves=True),
            ),
            Mistake(
                "the second number of a pair is computed from the first one *after* its turn; keep the old one",
                rotate_in_place_of_both,
            ),
            Mistake(
                "both sines have a minus; then nothing is turned: the second number gets `a * sin + b * cos`",
                partial(rotate_with, second=-1),
            ),
            Mistake(
                "every pair is turned by the same angle; pair i has `base ** (-2i / h)` a step",
                partial(rotate_with, angle=lambda p, powers: p[:, None] * np.ones_like(powers)),
            ),
            Mistake(
                "the angle does not depend on the position: multiply it by `positions[:, None]`",
                partial(rotate_with, angle=lambda p, powers: np.ones(len(p))[:, None] * powers),
            ),
            Mistake(
                "the positions are counted from 0 here; they are given, and may begin anywhere",
                partial(rotate_with, angle=lambda p, powers: np.arange(len(p))[:, None] * powers),
            ),
            Mistake(
                "the exponent runs over -i / h; for pair i it is -2i / h: `np.arange(0, h, 2)`",
                partial(rotate_with, angle=lambda p, powers: p[:, None] * np.sqrt(powers)),
            ),
            Mistake(
                "the exponent has no minus, so that later pairs turn faster; they should turn slower",
                partial(rotate_with, angle=lambda p, powers: p[:, None] / powers),
            ),
            Mistake(
                "this takes 10000 whatever `base` is; it is an argument, and only by default 10000",
                lambda x, positions, base=10000.0: rotate(x, positions),
            ),
        ),
    ),
    Exercise(
        id="11.3",
        title="Heads that share",
        difficulty="medium",
        minutes=9,
        hints=(
            "Make as many keys as there are queries, then it is attention as above, with a head more in front of each shape.",
            "`np.repeat(k, H // K, axis=0)` gives `k[0], k[0], …, k[1], k[1], …`: the first heads share the first key.",
            "`scores = q @ k.swapaxes(1, 2) / np.sqrt(h)`; future columns to `-np.inf`; softmax along the last axis; `weights @ v`.",
        ),
        solution=grouped_attention,
        cases=grouped_attention_cases,
        mistakes=(
            Mistake(
                "the keys are dealt out in turn, 0, 1, 0, 1; neighbouring heads share one: 0, 0, 1, 1 (`np.repeat`)",
                partial(attend_with, share=in_turn),
            ),
            Mistake("the division by √h is missing", partial(attend_with, root=lambda h: 1)),
            Mistake("this divides by h; it should be its root", partial(attend_with, root=lambda h: h)),
            Mistake(
                "this divides by the root of H·h, the width of the whole row; each head divides by that of its own width",
                partial(attend_with, width=lambda H, h: H * h),
            ),
            Mistake("the causal mask is missing: words see the future", partial(attend_with, mask=False)),
            Mistake(
                "the mask hides the word itself, too; it may look at itself: `np.triu(…, 1)`, not `0`",
                partial(attend_with, mask=0),
            ),
            Mistake(
                "the softmax runs down the columns; each word that looks, a row, shares out 1",
                partial(attend_with, axis=1),
            ),
            Mistake(
                "the softmax runs over the heads; each head has its own",
                partial(attend_with, axis=0),
            ),
            Mistake(
                "the values are not shared out: every head takes those of the first key head",
                lambda q, k, v: attend_with(q, k, np.repeat(v[:1], len(v), axis=0)),
            ),
        ),
    ),
    Exercise(
        id="11.4",
        title="A gate",
        difficulty="easy",
        minutes=4,
        hints=(
            "Two matrices widen the row, `x @ w_gate` and `x @ w_up`. Only the first goes through silu.",
            "silu is $z \\cdot \\sigma(z) = z / (1 + e^{-z})$.",
            "Multiply the two number by number with `*`, then `@ w_down`. No residual: the block adds it.",
        ),
        solution=swiglu,
        cases=swiglu_cases,
        mistakes=(
            Mistake(
                "this is the sigmoid of the gate; silu is the gate times its sigmoid",
                lambda x, w_gate, w_up, w_down: (sigmoid(x @ w_gate) * (x @ w_up)) @ w_down,
            ),
            Mistake(
                "silu is applied to `x @ w_up`; it belongs to the gate",
                lambda x, w_gate, w_up, w_down: swiglu(x, w_up, w_gate, w_down),
            ),
            Mistake(
                "silu is missing: then the gate never closes",
                lambda x, w_gate, w_up, w_down: ((x @ w_gate) * (x @ w_up)) @ w_down,
            ),
            Mistake(
                "this is a ReLU in place of silu",
                lambda x, w_gate, w_up, w_down: (np.maximum(x @ w_gate, 0) * (x @ w_up)) @ w_down,
            ),
            Mistake(
                "silu is applied after the two are multiplied; only the gate goes through it",
                lambda x, w_gate, w_up, w_down: ((z := (x @ w_gate) * (x @ w_up)) * sigmoid(z)) @ w_down,
            ),
            Mistake(
                "the two are added; the gate multiplies",
                lambda x, w_gate, w_up, w_down: ((g := x @ w_gate) * sigmoid(g) + x @ w_up) @ w_down,
            ),
            Mistake(
                "the sign in the exponent is wrong: $\\sigma(z) = 1 / (1 + e^{-z})$",
                lambda x, w_gate, w_up, w_down: ((g := x @ w_gate) * sigmoid(-g) * (x @ w_up)) @ w_down,
            ),
            Mistake(
                "`x` is added; here the block around it does that",
                lambda x, w_gate, w_up, w_down: x + swiglu(x, w_gate, w_up, w_down),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="11.q1",
        text="Attention may be split into heads: each has queries, keys and values of its own, and looks by itself. A row has 128 numbers. How many heads can 128 dimensions carry?",
        choices={
            "a": "any number, and each looks with all 128 dimensions; every head adds weights to the layer",
            "b": "any number up to 128; some are wider than others where it does not come out even",
            "c": "1, 2, 4, 8 and so on up to 128, which share the dimensions evenly; the layer keeps its number of weights",
            "d": "1, 2, 4, 8 and so on up to 128; twice as many heads have twice as many weights",
        },
        because={
            "a": "One could build that. But the heads that everybody builds share the row, so that they cost nothing more.",
            "b": "All heads are computed by one product of arrays, so they must be equally wide.",
            "c": "The four matrices stay 128 by 128: only the way their columns are read changes. What is paid is width: 128 heads have one number each to look with.",
            "d": "The matrices stay as they are; twice as many heads are each half as wide.",
        },
        again=Again(
            text="An attention layer of width 128 has 8 heads. We give it 32 instead. How many weights does it have then?",
            choices={
                "a": "four times as many",
                "b": "twice as many",
                "c": "as many as before",
                "d": "a quarter",
            },
            truth="c",
            because={
                "a": "That would be so if each head were as wide as before. They share the 128.",
                "b": "The heads share the row, whatever their number.",
                "c": "The four matrices stay 128 by 128. Each head is 4 wide now, in place of 16.",
                "d": "Each head is a quarter as wide, but there are four times as many.",
            },
        ),
    ),
    Question(
        id="11.q2",
        text="Queries and keys are turned by their positions: number by number, pair by pair, each by an angle that grows with the position. A query stands at 12, a key at 8. Both move on by 40 positions. What becomes of their score?",
        choices={
            "a": "it shrinks: what is farther along is turned more",
            "b": "it changes, and how depends on the two vectors",
            "c": "it stays exactly as it was",
            "d": "it changes its sign whenever a pair has turned by half a circle",
        },
        because={
            "a": "Both are turned more, by the same angle, and a turn changes no length.",
            "b": "So it would be if only one of them moved.",
            "c": "In each pair both arrows are turned by the same further angle; the angle between them stays, and so does their product.",
            "d": "Each of them does, but both at once: minus times minus.",
        },
        again=Again(
            text="Queries and keys are turned by their positions. A query stands at 12, a key at 8. Only the query moves on, by 5 positions. What becomes of their score?",
            choices={
                "a": "it stays exactly as it was",
                "b": "it changes, and how depends on the two vectors",
                "c": "it shrinks, always: what is farther away counts less",
                "d": "it changes its sign",
            },
            truth="b",
            because={
                "a": "So it is if both move on by the same number of positions.",
                "b": "Now the angle between the two arrows of each pair has changed, and so has their product: up for some vectors, down for others.",
                "c": "A turn changes no length: for some vectors the score grows.",
                "d": "Each pair has turned by an angle of its own; some products grow, others shrink.",
            },
        ),
    ),
    Question(
        id="11.q3",
        text="All four heads of layer 2 have become induction heads. What is left of the ability to continue if one of them is silenced?",
        choices={
            "a": "nothing: a circuit needs all of its parts",
            "b": "about three quarters of it",
            "c": "nearly all of it",
            "d": "nearly all or nearly nothing, depending on which of the four is silenced",
        },
        because={
            "a": "A chain would break. But these four do the same thing side by side.",
            "b": "Their contributions add up to a score, and the right word only has to stay ahead of the others.",
            "c": "The other three still lift the right word above the others. To measure what a head does by silencing it alone misleads where others do the same.",
            "d": "All four do the same: it hardly matters which.",
        },
    ),
]
