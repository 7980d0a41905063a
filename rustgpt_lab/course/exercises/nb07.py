"""07 Adam and training."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from functools import partial

import numpy as np

from ..compare import difference
from ..exercise import Again, Exercise, Mistake, Question, Sketch


def running_mean(values, beta):
    m, means = 0.0, []
    for t, value in enumerate(values, 1):
        m = beta * m + (1 - beta) * value
        means.append(m / (1 - beta**t))
    return np.array(means)


def mean_cases():
    yield np.array([2.0, 4.0, 0.0]), 0.5
    yield np.random.default_rng(71).normal(3, 1, size=12), 0.9


def averaged(values, beta, correct=lambda m, beta, t: m / (1 - beta**t), old=0, start=0.0):
    """The solution with a part exchanged, for the mistakes below; `old` = 1 gives beta to the new value."""
    m, means = start, []
    keep, take = (1 - beta, beta) if old else (beta, 1 - beta)
    for t, value in enumerate(values, 1):
        m = keep * m + take * value
        means.append(correct(m, beta, t))
    return np.array(means)


def corrected_for_good(values, beta):
    m, means = 0.0, []
    for t, value in enumerate(values, 1):
        m = (beta * m + (1 - beta) * value) / (1 - beta**t)
        means.append(m)
    return np.array(means)


def adam_step(w, g, m, v, t, rate):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    m_hat = m / (1 - 0.9**t)
    v_hat = v / (1 - 0.999**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + 1e-8), m, v


def efficient_step(w, g, m, v, t, rate):
    """Kingma and Ba's other form (end of section 2): the corrections are in the rate, so epsilon weighs more."""
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    rate = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - rate * m / (np.sqrt(v) + 1e-8), m, v


STEP = ("w", "m", "v")


def judge_step(new, *given):
    return difference(new, efficient_step(*given)) and difference(new, adam_step(*given), parts=STEP)


def step_cases():
    yield np.array([1.0, -2.0]), np.array([0.5, -4.0]), np.zeros(2), np.zeros(2), 1, 0.1
    rng = np.random.default_rng(72)
    w, g, m = rng.normal(size=(3, 3, 4))
    yield w, g, m, rng.random((3, 4)), 5, 0.01
    yield w, 1e-5 * g, 1e-5 * m, 1e-10 * rng.random((3, 4)), 9, 0.01  # small beside the root of epsilon


def adam(
    w,
    g,
    m,
    v,
    t,
    rate,
    first=True,
    second=True,
    shift=0,
    power=2,
    root=np.sqrt,
    sign=-1,
    swap=False,
    epsilon=1e-8,
):
    """The solution with a part exchanged, for the mistakes below."""
    b1, b2 = (0.999, 0.9) if swap else (0.9, 0.999)
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * np.abs(g) ** power
    with np.errstate(all="ignore"):
        m_hat = m / (1 - b1 ** (t + shift)) if first else m
        v_hat = v / (1 - b2 ** (t + shift)) if second else v
        return w + sign * rate * m_hat / (root(v_hat) + epsilon), m, v


def batches(texts, size):
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def batch_cases():
    yield ["a", "b", "c", "d", "e"], 2
    yield list(range(12)), 4
    yield list(range(23)), 5


def share(step, warmup, steps):
    if step <= warmup:
        return step / warmup
    way = (step - warmup) / (steps - warmup)
    return (1 + np.cos(np.pi * way)) / 2


def share_cases():
    for step in (1, 4, 5, 14, 20):
        yield step, 4, 20


def scheduled(step, warmup, steps, climb=lambda s, n: s / n, wave=lambda way: (1 + np.cos(np.pi * way)) / 2):
    """The solution with a part exchanged, for the mistakes below."""
    return climb(step, warmup) if step <= warmup else wave((step - warmup) / (steps - warmup))


EXERCISES = [
    Exercise(
        id="07.1",
        title="A running mean that starts well",
        difficulty="easy",
        minutes=8,
        hints=(
            "Keep one number `m`, from 0. For every value: update `m`, then put `m`, corrected, at the end of a list.",
            "`for t, value in enumerate(values, 1)` counts `t` from 1, as the formula wants it.",
            "Divide by `1 - beta**t` only what you hand out. `m` itself goes on uncorrected.",
        ),
        solution=running_mean,
        cases=mean_cases,
        mistakes=(
            Mistake(
                "the correction is missing: the first means are too near to 0, where m began",
                partial(averaged, correct=lambda m, beta, t: m),
            ),
            Mistake(
                "t is counted from 0 in the correction, so the first one divides by 0; count from 1",
                partial(averaged, correct=lambda m, beta, t: np.divide(m, 1 - beta ** (t - 1))),
            ),
            Mistake(
                "beta and 1 - beta are exchanged: beta is the share of the old mean", partial(averaged, old=1)
            ),
            Mistake(
                "`m` goes on corrected; correct only what you hand out, and keep `m` as it was for the next value",
                corrected_for_good,
            ),
            Mistake(
                "the correction divides by 1 - beta at every step; it is beta to the power of t",
                partial(averaged, correct=lambda m, beta, t: m / (1 - beta)),
            ),
            Mistake(
                "the correction multiplies; it must divide, to make small means larger",
                partial(averaged, correct=lambda m, beta, t: m * (1 - beta**t)),
            ),
        ),
    ),
    Exercise(
        id="07.2",
        title="Adam",
        difficulty="medium",
        minutes=10,
        hints=(
            "Five lines, one for each line of the formula, in its order. Return `w`, `m`, `v` as a tuple.",
            "`g**2` squares every entry for itself, and the whole step works on every entry for itself: no loops.",
            "What you return is `m` and `v` before their correction; `m_hat` and `v_hat` are used for the step only.",
        ),
        solution=adam_step,
        cases=step_cases,
        judge=judge_step,
        parts=STEP,
        mistakes=(
            Mistake(
                "both bias corrections are missing, and the first step is three times as long as the rate: divide by 1 - 0.9**t and 1 - 0.999**t",
                partial(adam, first=False, second=False),
            ),
            Mistake("the bias correction of m is missing", partial(adam, first=False)),
            Mistake("the bias correction of v is missing", partial(adam, second=False)),
            Mistake(
                "epsilon is below the root; it is added after the root is taken",
                partial(adam, root=lambda v: np.sqrt(v + 1e-8) - 1e-8),
            ),
            Mistake(
                "epsilon is missing: where there has never been a gradient, this divides 0 by 0",
                partial(adam, epsilon=0),
            ),
            Mistake(
                "the root is missing: v is a mean of squares, and only its root has the size of a gradient",
                partial(adam, root=lambda v: v),
            ),
            Mistake("v takes the gradient's size where its square belongs", partial(adam, power=1)),
            Mistake("the two betas are exchanged: m forgets faster, with 0.9", partial(adam, swap=True)),
            Mistake("the weights went uphill: the step is taken away, not added", partial(adam, sign=1)),
            Mistake(
                "m and v were returned after their correction; keep them as they are for the next step",
                lambda w, g, m, v, t, rate: (
                    adam_step(w, g, m, v, t, rate)[0],
                    adam_step(w, g, m, v, t, rate)[1] / (1 - 0.9**t),
                    adam_step(w, g, m, v, t, rate)[2] / (1 - 0.999**t),
                ),
            ),
            Mistake(
                "the step uses the gradient itself; it is its running mean, m_hat, that shows the way",
                lambda w, g, m, v, t, rate: (
                    w - rate * g / (np.sqrt(adam_step(w, g, m, v, t, rate)[2] / (1 - 0.999**t)) + 1e-8),
                    *adam_step(w, g, m, v, t, rate)[1:],
                ),
            ),
        ),
    ),
    Exercise(
        id="07.3",
        title="Cut an epoch into batches",
        difficulty="easy",
        minutes=5,
        hints=(
            "Where does each batch begin? At 0, `size`, 2 times `size`, and so on: that is a `range` with a step.",
            "`texts[start : start + size]` is a batch. If the list ends sooner, so does the slice; nothing fails.",
            "One line: a list comprehension over `range(0, len(texts), size)`.",
        ),
        solution=batches,
        cases=batch_cases,
        mistakes=(
            Mistake(
                "the rest is lost: when the texts do not come out even, the last batch is a smaller one",
                lambda texts, size: [texts[i * size : (i + 1) * size] for i in range(len(texts) // size)],
            ),
            Mistake(
                "the batches overlap: the next one begins after the last one's end, `size` texts further on",
                lambda texts, size: [texts[i : i + size] for i in range(len(texts))],
            ),
            Mistake(
                "these are `size` batches; there should be as many as it takes, of `size` texts each",
                lambda texts, size: [texts[i::size] for i in range(size)],
            ),
            Mistake(
                "each batch is one text too long: a slice ends before its second number",
                lambda texts, size: [texts[i : i + size + 1] for i in range(0, len(texts), size)],
            ),
        ),
    ),
    Exercise(
        id="07.4",
        title="Climb, then glide",
        difficulty="medium",
        minutes=8,
        hints=(
            "Two cases: `if step <= warmup`, the climb, else the glide.",
            "The climb is `step / warmup`. For the glide, how much of the way from `warmup` to `steps` is done?",
            "With `way = (step - warmup) / (steps - warmup)`, from 0 to 1, the glide is `(1 + np.cos(np.pi * way)) / 2`.",
        ),
        solution=share,
        cases=share_cases,
        mistakes=(
            Mistake(
                "the climb counts from 0, so the first step learns nothing and the last of the climb is not full",
                partial(scheduled, climb=lambda s, n: (s - 1) / n),
            ),
            Mistake(
                "the glide is measured from step 0: it begins at `warmup`, and (steps - warmup) is its whole way",
                lambda s, n, steps: s / n if s <= n else (1 + np.cos(np.pi * s / steps)) / 2,
            ),
            Mistake(
                "the glide is measured from step 0, and takes step `warmup` from the climb: it begins at `warmup`",
                lambda s, n, steps: s / n if s < n else (1 + np.cos(np.pi * s / steps)) / 2,
            ),
            Mistake(
                "the glide is a straight line; it should be half a cosine",
                partial(scheduled, wave=lambda w: 1 - w),
            ),
            Mistake(
                "the cosine runs from 1 to -1 here; add 1 and halve, or the rate becomes negative",
                partial(scheduled, wave=lambda w: np.cos(np.pi * w)),
            ),
            Mistake(
                "the glide takes a whole wave: it goes down and comes up again; use π, not 2π",
                partial(scheduled, wave=lambda w: (1 + np.cos(2 * np.pi * w)) / 2),
            ),
            Mistake("the warm-up is missing", partial(scheduled, climb=lambda s, n: 1.0)),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="07.q1",
        text="A gradient is 1000 times larger than another one. How much larger is Adam's **first** step?",
        choices={
            "a": "1000 times",
            "b": "about 32 times, the root of 1000",
            "c": "not at all: both steps are of the same size",
            "d": "it is 1000 times smaller: Adam brakes where it is steep",
        },
        because={
            "a": "That would be so without the division by the root of v, in which the same 1000 stands.",
            "b": "There is a root in the formula, but the gradient was squared before.",
            "c": "At the first step m is g and v is its square, once corrected, so the quotient is +1 or -1, and the step is the learning rate itself.",
            "d": "Adam divides by the gradient's size, but the gradient is also what it divides.",
        },
        again=Again(
            text="A weight's first gradient is 0.00002, and the learning rate is 0.01. How long is Adam's first step for it?",
            choices={
                "a": "0.0000002",
                "b": "0.00002",
                "c": "about 0.0045, the root of the gradient",
                "d": "about 0.01",
            },
            truth="d",
            because={
                "a": "That is rate times gradient: plain descent.",
                "b": "The gradient's size has no say in the first step: it is divided out.",
                "c": "The root is taken of the gradient's square.",
                "d": "The gradient is divided by the root of its own square: what is left is its sign, times the rate.",
            },
        ),
    ),
    Question(
        id="07.q2",
        text="A model learns well at a learning rate of 0.01. The same model, the same texts, for as many steps, at a rate of 1, **100 times higher**: what happens to its loss?",
        choices={
            "a": "it falls 100 times faster",
            "b": "it falls to the same value, in larger jumps",
            "c": "it ends far above where it began, but stays a finite number",
            "d": "it becomes infinite or not a number within a few steps",
        },
        because={
            "a": "A gradient tells the slope at one place. A step that is 100 times as long ends where that slope no longer holds.",
            "b": "The valley is narrower than the steps are long, so they never get down into it.",
            "c": "Every step moves every weight by up to about the rate, and weights of the wrong size make a model that is sure of the wrong word. But Adam's steps do not grow with the gradient, so nothing runs off to infinity.",
            "d": "That is what plain gradient descent does: the higher it gets, the steeper it is, and the longer its step. Adam's step does not grow with the gradient.",
        },
        again=Again(
            text="One weight, w = 1, and the loss 12.5 w², whose gradient is 25 w. Plain descent and Adam, both at a rate of 0.1, take 30 steps. Which of them runs away, more than a thousand from the bottom?",
            choices={
                "a": "both",
                "b": "only plain descent",
                "c": "only Adam",
                "d": "neither",
            },
            truth="b",
            because={
                "a": "Adam's step does not grow with the gradient: 30 steps of about 0.1 cannot lead a thousand away.",
                "b": "Plain descent multiplies w by 1 - 2.5 = -1.5 each time. Adam's step stays near the rate, however steep it gets.",
                "c": "It is the other way round: the one whose step grows with the gradient runs away.",
                "d": "Plain descent multiplies w by -1.5 each time: the higher it gets, the longer its step.",
            },
        ),
    ),
]

SKETCHES = [
    Sketch(
        id="07.s1",
        text="A fresh model learns the first nine of the twelve facts, for 30 epochs. The other three it never sees. Draw its loss on these three.",
        kind="curve",
        axes=("epoch", "loss on the three facts that were kept back"),
        places=("0", "3", "6", "9", "12", "15", "18", "21", "24", "27", "30"),
        because="At first it falls: how often each word comes, and what follows what, holds for the three as well. Then it rises, while the loss on the nine goes on falling: it learns them by heart, and grows sure of words that are wrong elsewhere. In the end it is worse than knowing nothing. This is called overfitting; it was so with each of three seeds.",
        high=8.0,
        again=Again(
            text="A model learns a few texts by heart, epoch by epoch. Which loss tells you when to stop, if it shall do well on new texts?",
            choices={
                "a": "that on the texts which it learns from: stop where it is lowest",
                "b": "that on texts which were kept back: stop where it is lowest",
                "c": "either: they are lowest at the same time",
                "d": "none: the longer, the better",
            },
            truth="b",
            because={
                "a": "It goes on falling long after new texts have become worse.",
                "b": "It falls as long as what is learned holds elsewhere, too, and rises from when the rest is learned by heart.",
                "c": "The one on the texts that it learns from goes on falling when the other one rises again.",
                "d": "On the texts that it learns from, yes. On new ones, the loss rises again.",
            },
        ),
    ),
]
