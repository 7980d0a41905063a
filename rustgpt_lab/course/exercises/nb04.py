"""04 Feed-forward and layer norm."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from functools import partial

import numpy as np

from ..exercise import Again, Exercise, Mistake, Question


def feed_forward(x, w1, b1, w2, b2):
    hidden = np.maximum(x @ w1 + b1, 0)
    return x + hidden @ w2 + b2


def feed_forward_cases():
    rng = np.random.default_rng(41)
    yield (
        np.array([[1.0, 0.0], [-1.0, 2.0]]),
        np.array([[1.0, -1.0, 0.5], [0.0, 1.0, -1.0]]),
        np.array([0.5, -0.5, 0.25]),
        np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]]),
        np.array([0.1, -0.2]),
    )
    yield tuple(rng.normal(size=size) for size in ((5, 4), (4, 7), 7, (7, 4), 4))


def relu(x):
    return np.maximum(x, 0)


def either_cases():
    """The four inputs of the network, and what it should say."""
    return [((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0)]


def judge_either(answer):
    try:
        w1, b1, w2 = (np.asarray(part, float) for part in answer)
    except (TypeError, ValueError):
        return "three arrays are expected, in brackets: `(w1, b1, w2)`"
    if (w1.shape, b1.shape, w2.shape) != ((2, 2), (2,), (2,)):
        return f"the shapes must be (2, 2), (2,) and (2,); they are {w1.shape}, {b1.shape} and {w2.shape}"
    for x, expected in either_cases():
        said = relu(np.array(x) @ w1 + b1) @ w2
        if not np.isclose(said, expected):
            return f"for the input {x[0]:.0f}, {x[1]:.0f} the network says {said:.2g}, and should say {expected:.0f}"
    return ""


def either_weights():
    return (
        np.array([[1.0, 1.0], [1.0, 1.0]]),  # w1: both units sum the two inputs
        np.array([0.0, -1.0]),  # b1: the second fires only for a sum above 1
        np.array([1.0, -2.0]),  # w2: and takes away twice what is too much
    )


def either_with(b1, w2):
    return lambda: (np.ones((2, 2)), np.array(b1), np.array(w2))


def growth(factor, layers, residual):
    per_layer = factor**2 + 1 if residual else factor**2
    return np.sqrt(per_layer**layers)


def growth_cases():
    yield 2.0, 3, False
    yield 2.0, 3, True
    yield 0.35, 20, False
    yield 0.35, 20, True


def layer_norm(x, gamma, beta, epsilon=1e-5):
    centred = x - x.mean(axis=-1, keepdims=True)
    std = x.std(axis=-1, keepdims=True)
    return gamma * centred / (std + epsilon) + beta


def layer_norm_cases():
    rng = np.random.default_rng(43)
    yield (
        np.array([[1.0, 2.0, 3.0], [10.0, 10.0, 40.0]]),
        np.array([1.0, 2.0, 1.0]),
        np.array([0.0, 0.5, 1.0]),
    )
    yield 0.01 * rng.normal(size=(3, 5)) + 2, rng.normal(size=5), rng.normal(size=5)
    yield rng.normal(size=(2, 4)), np.ones(4), np.zeros(4), 0.1


def norm(
    x,
    gamma,
    beta,
    epsilon=1e-5,
    mean=lambda x: x.mean(axis=-1, keepdims=True),
    size=lambda x, epsilon: x.std(axis=-1, keepdims=True) + epsilon,
    last=lambda z, gamma, beta: gamma * z + beta,
):
    """The solution with a part exchanged, for the mistakes below."""
    return last((x - mean(x)) / size(x, epsilon), gamma, beta)


EXERCISES = [
    Exercise(
        id="04.1",
        title="A word thinks",
        difficulty="easy",
        minutes=5,
        hints=(
            "Three steps: the hidden layer, its ReLU, and back to width $d$. And the residual.",
            "`x @ w1 + b1` is `(T, h)`; `np.maximum(…, 0)` of it is the ReLU.",
            "The way back is `hidden @ w2 + b2`, without a second ReLU. What is added is `x` itself.",
        ),
        solution=feed_forward,
        cases=feed_forward_cases,
        mistakes=(
            Mistake(
                "the residual is missing: add `x` to what the network found",
                lambda x, w1, b1, w2, b2: relu(x @ w1 + b1) @ w2 + b2,
            ),
            Mistake(
                "the ReLU is missing: without it, two matrices are no more than one",
                lambda x, w1, b1, w2, b2: x + (x @ w1 + b1) @ w2 + b2,
            ),
            Mistake(
                "`b1` is added after the ReLU; it belongs inside, where it decides from where on a unit fires",
                lambda x, w1, b1, w2, b2: x + (relu(x @ w1) + b1) @ w2 + b2,
            ),
            Mistake(
                "the result of the second matrix went through a ReLU too; then a word could only ever gain, never lose",
                lambda x, w1, b1, w2, b2: x + relu(relu(x @ w1 + b1) @ w2 + b2),
            ),
            Mistake(
                "the sum with `x` went through a ReLU; the residual must pass unchanged",
                lambda x, w1, b1, w2, b2: relu(x + relu(x @ w1 + b1) @ w2 + b2),
            ),
            Mistake(
                "`np.max(…, 0)` is the largest number of each column; `np.maximum(…, 0)` compares every number with 0",
                lambda x, w1, b1, w2, b2: x + np.max(x @ w1 + b1, 0) @ w2 + b2,
            ),
            Mistake("`b1` is missing", lambda x, w1, b1, w2, b2: x + relu(x @ w1) @ w2 + b2),
            Mistake("`b2` is missing", lambda x, w1, b1, w2, b2: x + relu(x @ w1 + b1) @ w2),
            Mistake(
                "this keeps the negative numbers; the ReLU keeps the positive ones: np.maximum, not np.minimum",
                lambda x, w1, b1, w2, b2: x + np.minimum(x @ w1 + b1, 0) @ w2 + b2,
            ),
        ),
    ),
    Exercise(
        id="04.2",
        title="Either, but not both",
        difficulty="medium",
        minutes=7,
        hints=(
            "Let both units sum the two inputs: `w1` is all ones. The sum is 0, 1, 1, 2 for the four inputs.",
            "The first unit has the bias 0, so it says 0, 1, 1, 2. Only the last is too large, by 2. "
            "Which bias makes the second unit fire for the last input alone?",
            "With the bias -1 it says 0, 0, 0, 1. How many of it must be taken away from the first?",
        ),
        solution=either_weights,
        judge=judge_either,
        mistakes=(
            Mistake(
                "for the input 1, 1 the network says 2, and should say 0",
                either_with([0.0, -1.0], [1.0, 0.0]),
            ),
            Mistake(
                "for the input 1, 1 the network says 1, and should say 0",
                either_with([0.0, -1.0], [1.0, -1.0]),
            ),
            Mistake(
                "for the input 0, 1 the network says -1, and should say 1",
                either_with([0.0, 0.0], [1.0, -2.0]),
            ),
            Mistake(
                "for the input 0, 0 the network says -2, and should say 0",
                either_with([0.0, 1.0], [1.0, -2.0]),
            ),
            Mistake(
                "the shapes must be (2, 2), (2,) and (2,)",
                lambda: (np.ones((2, 2)), np.array([0.0, -1.0]), np.array([[1.0], [-2.0]])),
            ),
        ),
    ),
    Exercise(
        id="04.3",
        title="How large after n layers?",
        difficulty="medium",
        minutes=8,
        hints=(
            "Think of variances, the squares of the sizes: variances of unrelated numbers add up.",
            "In a layer without a residual, the variance is multiplied by `factor**2`. "
            "With it, $x$ adds its own variance: by `1 + factor**2`.",
            "Over `layers` layers: to the power of `layers`. The square root makes a size of it again.",
        ),
        solution=growth,
        cases=growth_cases,
        mistakes=(
            Mistake(
                "the sizes are added, 1 + factor; it is the variances of unrelated numbers that add up, 1 + factor²",
                lambda factor, layers, residual: np.float64(factor + residual) ** layers,
            ),
            Mistake(
                "this is the variance; its square root is the size",
                lambda factor, layers, residual: np.float64(factor**2 + residual) ** layers,
            ),
            Mistake(
                "every layer multiplies, so it is to the power of `layers`; this multiplies by `layers`",
                lambda factor, layers, residual: layers * np.sqrt(factor**2 + residual),
            ),
            Mistake(
                "this is the same with and without a residual",
                lambda factor, layers, residual: np.float64(factor) ** layers,
            ),
            Mistake(
                "the residual is added once, at the end; it is there in every layer",
                lambda factor, layers, residual: np.sqrt(factor ** (2 * layers) + residual),
            ),
            Mistake(
                "x is added once, after all layers; it is added in every layer, and there the variances add up",
                lambda factor, layers, residual: np.float64(factor) ** layers + residual,
            ),
        ),
    ),
    Exercise(
        id="04.4",
        title="Layer norm",
        difficulty="medium",
        minutes=8,
        hints=(
            "Every row by itself: its mean, its standard deviation, both over the last axis.",
            "`x.mean(axis=-1, keepdims=True)` has the shape `(T, 1)`, so it can be taken away from `x`. The same for `x.std`.",
            "`gamma * (x - mean) / (std + epsilon) + beta`. `gamma` and `beta` have the shape `(d,)`: NumPy uses them for every row.",
        ),
        solution=layer_norm,
        cases=layer_norm_cases,
        mistakes=(
            Mistake(
                "the mean and the standard deviation are taken down the columns; each word, a row, is normalised by itself",
                partial(norm, mean=lambda x: x.mean(axis=0), size=lambda x, e: x.std(axis=0) + e),
            ),
            Mistake(
                "the mean and the standard deviation are those of the whole matrix; each row has its own",
                partial(norm, mean=np.mean, size=lambda x, e: x.std() + e),
            ),
            Mistake(
                "this divides by the variance; it should be its square root, the standard deviation",
                partial(norm, size=lambda x, e: x.var(axis=-1, keepdims=True) + e),
            ),
            Mistake(
                "brackets are missing: first take the mean away, then divide the difference",
                lambda x, gamma, beta, e=1e-5: (
                    gamma * x - x.mean(axis=-1, keepdims=True) / (x.std(axis=-1, keepdims=True) + e) + beta
                ),
            ),
            Mistake("the mean is not taken away", partial(norm, mean=lambda x: 0)),
            Mistake(
                "the result is centred, but not divided by the standard deviation",
                partial(norm, size=lambda x, e: 1),
            ),
            Mistake(
                "`epsilon` stands under the root, as in most libraries; in RustGPT it is added to the standard deviation",
                partial(norm, size=lambda x, e: np.sqrt(x.var(axis=-1, keepdims=True) + e)),
            ),
            Mistake(
                "`epsilon` is missing: a row of equal numbers would be divided by 0",
                partial(norm, size=lambda x, e: x.std(axis=-1, keepdims=True)),
            ),
            Mistake(
                "this standard deviation divides by d - 1 (`ddof=1`); layer norm divides by d",
                partial(norm, size=lambda x, e: x.std(axis=-1, keepdims=True, ddof=1) + e),
            ),
            Mistake(
                "this adds 1e-5 whatever `epsilon` is; it is an argument, and only by default 1e-5",
                partial(norm, size=lambda x, e: x.std(axis=-1, keepdims=True) + 1e-5),
            ),
            Mistake("`gamma` is missing", partial(norm, last=lambda z, gamma, beta: z + beta)),
            Mistake("`beta` is missing", partial(norm, last=lambda z, gamma, beta: gamma * z)),
            Mistake(
                "`beta` is added before `gamma` multiplies; first stretch, then shift",
                partial(norm, last=lambda z, gamma, beta: gamma * (z + beta)),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="04.q1",
        text="Twenty feed-forward networks $f$ in a row, each of which gives numbers about a third as large as those that it takes. "
        "How large are the numbers at the end, with the residual, $x + f(x)$, and without it, $f(x)$ alone?",
        choices={
            "a": "in both cases nearly nothing is left; with the residual it only takes longer",
            "b": "without it nearly nothing is left; with it, they are a few times larger than at first",
            "c": "without it nearly nothing is left; with it, they are thousands of times larger",
            "d": "both about as at first: weights are chosen so that sizes stay",
        },
        because={
            "a": "The residual hands over all of x in every layer, so nothing can get lost.",
            "b": "A third to the 20th power is next to nothing. The residual only adds a little to x, twenty times.",
            "c": "Sizes add like the sides of a right angle: 1 and a third make about 1.05, and 1.05 to the 20th is small.",
            "d": "One could choose the weights so, but these make every layer's output a third of its input.",
        },
        again=Again(
            text="Twenty networks in a row with random weights, each of which gives numbers twice as large as those that it takes. Where are the numbers larger at the end?",
            choices={
                "a": "without residuals, f(x): twice as large twenty times; the residual holds them back",
                "b": "with residuals, x + f(x): they make it more than double each time",
                "c": "in both cases the same: the residual only hands x over",
                "d": "in neither are they large: the residual and the random weights even them out",
            },
            truth="b",
            because={
                "a": "A residual adds x, it takes nothing away: sizes add like the sides of a right angle.",
                "b": "Sizes add like the sides of a right angle: 1 and 2 make about 2.24 each time, in place of 2. A residual keeps numbers from dying, not from growing.",
                "c": "What it hands over is added, and so each layer has more to double.",
                "d": "Twice as large twenty times is a million times as large, and nothing here brings it down. That would be a norm's task.",
            },
        ),
    ),
    Question(
        id="04.q2",
        text="With a norm after every layer, nothing fades any more, even without residuals. We train a stack of 2 layers and one of 20, each with and without residuals. What do the residuals change?",
        choices={
            "a": "nothing: the norms do their work already",
            "b": "nothing for 2 layers, but with 20 the stack with residuals learns clearly faster",
            "c": "both stacks learn clearly faster with residuals",
            "d": "both learn clearly slower with them: the layers have to work against x",
        },
        because={
            "a": "The norm keeps the size, but what a word was is transformed anew in each layer all the same.",
            "b": "So it was with each of three seeds: less than 0.2 apart for 2 layers, more than 0.4 for 20. With a residual, a layer has only to learn what to add to x (He et al. 2016, Deep Residual Learning).",
            "c": "With 2 layers the two losses are nearly the same, with each of three seeds.",
            "d": "A layer need not work against x: it learns what to add to it, which may well be nothing.",
        },
        again=Again(
            text="Somebody has forgotten the residuals, but the norms after every layer are there. In which stack will one notice it first, by the loss after the same training?",
            choices={
                "a": "in the one of 2 layers: it has no layer to spare",
                "b": "in the one of 20 layers",
                "c": "in both alike",
                "d": "in neither: the norms do their work",
            },
            truth="b",
            because={
                "a": "Two layers can still pass on what they were given: the two losses are nearly the same.",
                "b": "What a word was is transformed anew twenty times, and the longer the stack, the more the way through it matters.",
                "c": "Over three seeds, the difference was less than 0.2 for 2 layers and more than 0.4 for 20.",
                "d": "A norm keeps the size of a vector, but not what it says.",
            },
        ),
    ),
]
