"""13 Longer and larger."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

import numpy as np

from ..exercise import Exercise, Mistake, Question


def join(gradients, sizes):
    total = 0
    for gradient, size in zip(gradients, sizes, strict=True):
        total = total + size * gradient
    return total / sum(sizes)


def join_cases():
    yield [np.array([2.0, 4.0]), np.array([6.0, 0.0])], [3, 1]
    yield [np.array([2.0, 4.0]), np.array([6.0, 0.0])], [2, 2]
    rng = np.random.default_rng(131)
    yield [*rng.normal(size=(3, 2, 4))], [5, 2, 1]


def go_on(w, m, done, gradients, rate):
    for g in gradients[done:]:
        m = 0.9 * m + g
        w = w - rate * m
    return w


def go_on_cases():
    yield np.array([1.0, 2.0]), np.array([0.5, -1.0]), 1, np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]]), 0.1
    rng = np.random.default_rng(132)
    yield *rng.normal(size=(2, 4)), 3, rng.normal(size=(7, 4)), 0.03
    yield *rng.normal(size=(2, 3)), 2, rng.normal(size=(2, 3)), 0.5


def went_on(w, m, done, gradients, rate, *, first=0, keep=0.9, new=1.0):
    """The solution with a part exchanged, for the mistakes below."""
    for g in gradients[done + first :]:
        m = keep * m + new * g
        w = w - rate * m
    return w


def after_the_step(w, m, done, gradients, rate):
    for g in gradients[done:]:
        w = w - rate * m
        m = 0.9 * m + g
    return w


def share(step, warmup, fall, steps, floor):
    if step <= warmup:
        return step / warmup
    if step <= fall:
        return 1.0
    way = min(1, (step - fall) / (steps - fall))
    return 1 - (1 - floor) * way


def share_cases():
    for step in (1, 2, 4, 5, 10, 12, 15, 20, 25):
        yield step, 4, 10, 20, 0.1
    for step in (1, 3, 7, 30):
        yield step, 1, 5, 9, 0.0


def shared(
    step,
    warmup,
    fall,
    steps,
    floor,
    *,
    climb=lambda s, n: s / n,
    most=1.0,
    from_top=lambda way, floor: 1 - (1 - floor) * way,
):
    """The solution with a part exchanged, for the mistakes below."""
    if step <= warmup:
        return climb(step, warmup)
    if step <= fall:
        return 1.0
    return from_top(min(most, (step - fall) / (steps - fall)), floor)


EXERCISES = [
    Exercise(
        id="13.1",
        title="Join the parts",
        difficulty="easy",
        minutes=6,
        hints=(
            "The loss of a batch is the mean over its texts. So is the gradient: every text counts alike.",
            "A part of 3 texts stands for 3 gradients, a part of 1 for one. Its mean times its size is their sum.",
            "Add up size times gradient over the parts, and divide by the number of all texts, `sum(sizes)`.",
        ),
        solution=join,
        cases=join_cases,
        mistakes=(
            Mistake(
                "all parts count alike here; but every text should, so a part of 3 texts weighs three times one of 1",
                lambda gradients, sizes: np.mean(gradients, axis=0),
            ),
            Mistake(
                "the parts are only added; the gradient of a batch is a mean",
                lambda gradients, sizes: np.sum(gradients, axis=0),
            ),
            Mistake(
                "this is the sum over all texts; it is still to be divided by their number",
                lambda gradients, sizes: join(gradients, sizes) * sum(sizes),
            ),
            Mistake(
                "this is divided by the number of parts; it should be the number of texts",
                lambda gradients, sizes: join(gradients, sizes) * sum(sizes) / len(sizes),
            ),
            Mistake("only the first part is left of it", lambda gradients, sizes: gradients[0]),
            Mistake(
                "each part has the weight of another: sizes and gradients go in the same order",
                lambda gradients, sizes: join(gradients, sizes[::-1]),
            ),
        ),
    ),
    Exercise(
        id="13.2",
        title="Go on as if nothing had happened",
        difficulty="medium",
        minutes=8,
        hints=(
            "`gradients[done:]` are those that are still to come.",
            "In each step first the velocity, `m = 0.9 * m + g`, then the weights, by the new velocity.",
            "Write `w = w - …`, not `w -= …`: that would change the checkpoint, which is somebody else's.",
        ),
        solution=go_on,
        cases=go_on_cases,
        mistakes=(
            Mistake(
                "it begins at the first gradient again; `done` steps have been taken already",
                lambda w, m, done, gradients, rate: went_on(w, m, 0, gradients, rate),
            ),
            Mistake(
                "the velocity is forgotten: it begins at 0, though the checkpoint has it",
                lambda w, m, done, gradients, rate: went_on(w, 0 * m, done, gradients, rate),
            ),
            Mistake(
                "one gradient is left out: the first that is still to come is `gradients[done]`",
                lambda *a: went_on(*a, first=1),
            ),
            Mistake(
                "one step is taken twice: `done` of them are over",
                lambda *a: went_on(*a, first=-1),
            ),
            Mistake(
                "this is plain descent; the velocity is lost after every step",
                lambda *a: went_on(*a, keep=0.0),
            ),
            Mistake(
                "this is the mean of Adam's kind; here the velocity is `0.9 * m + g`",
                lambda *a: went_on(*a, new=0.1),
            ),
            Mistake(
                "the step goes by the old velocity; first comes the new one, then the step", after_the_step
            ),
        ),
    ),
    Exercise(
        id="13.3",
        title="Climb, stay, fall",
        difficulty="medium",
        minutes=8,
        hints=(
            "Three parts, three cases: up to `warmup`, up to `fall`, and after it.",
            "Of the way down, `(step - fall) / (steps - fall)` is behind you; `min(1, …)`, for it ends at `steps`.",
            "It falls from 1 to `floor`, which is `1 - floor` deep.",
        ),
        solution=share,
        cases=share_cases,
        mistakes=(
            Mistake(
                "it falls to 0; it should end at `floor`",
                lambda *a: shared(*a, from_top=lambda way, floor: 1 - way),
            ),
            Mistake(
                "it falls on behind the end: the way is 1 at most",
                lambda *a: shared(*a, most=np.inf),
            ),
            Mistake(
                "the first step has the rate 0, and does nothing: steps are counted from 1",
                lambda *a: shared(*a, climb=lambda s, n: (s - 1) / n),
            ),
            Mistake("the warm-up is missing", lambda *a: shared(*a, climb=lambda s, n: 1.0)),
            Mistake(
                "this is cut off at `floor`; it should fall evenly, and be there at `steps`",
                lambda *a: shared(*a, from_top=lambda way, floor: max(1 - way, floor)),
            ),
            Mistake(
                "it goes down as a cosine; this one is a straight line",
                lambda *a: shared(
                    *a, from_top=lambda way, floor: floor + (1 - floor) * (1 + np.cos(np.pi * way)) / 2
                ),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="13.q1",
        text="A batch of 8 texts is cut into two halves, and each gets its own gradient. Is their mean the gradient of the whole batch?",
        choices={
            "a": "yes, to the last bit",
            "b": "yes, but for rounding",
            "c": "no, their sum is",
            "d": "no: a half knows nothing of the other's texts",
        },
        because={
            "a": "The sums are the same numbers in another order, and a computer rounds after every addition.",
            "b": "The loss is a mean over texts, and no text of a batch sees another. Only the order of the additions differs.",
            "c": "Each half is a mean over its own four texts already; the sum of two means is twice too long.",
            "d": "True, and it needs to know nothing: attention stays inside a text, so the gradient of a batch is a mean over texts.",
        },
    ),
    Question(
        id="13.q2",
        text="A run of 24 steps is killed after step 14; its newest checkpoint is of step 10. It goes on from there. How many of its weights are, at the end, those of a run that nobody killed, to the last bit?",
        choices={
            "a": "all of them",
            "b": "nearly all, but for rounding",
            "c": "none: what it learned in steps 11 to 14 is lost",
        },
        because={
            "a": "The checkpoint has all that decides what comes: weights, Adam's moments and its count, the step, and the seed of the orders.",
            "b": "The same sums in the same order round in the same way.",
            "c": "These four steps are lost, and taken again: from the same state, over the same batches.",
        },
    ),
]
