"""03 Self-attention."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from functools import partial

import numpy as np

from ...numerics import softmax
from ..exercise import Again, Exercise, Mistake, Question, Sketch, mixed_hint

ROOT_D = "this is the result without the division by √d"
OTHER_D = "the scores are divided by √3, the `d` of the example above; a function takes d from its arguments"


def look(q, k, v):
    scores = k @ q / np.sqrt(len(q))
    weights = softmax(scores)
    return weights @ v


def look_cases():
    rng = np.random.default_rng(31)
    yield np.array([1.0, 2.0]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.eye(3)
    yield rng.normal(size=4), rng.normal(size=(6, 4)), rng.normal(size=(6, 5))


def hide_future(scores):
    future = np.triu(np.ones(scores.shape, bool), k=1)
    return np.where(future, -np.inf, scores)


def hide_cases():
    yield (np.array([[1.0, 0.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),)
    yield (np.random.default_rng(32).normal(size=(6, 6)),)


def self_attention(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[np.triu(np.ones(scores.shape, bool), k=1)] = -np.inf
    return x + softmax(scores) @ v


def attention_cases():
    rng = np.random.default_rng(33)
    yield np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), 2 * np.eye(2), np.eye(2)[::-1].copy(), 3 * np.eye(2)
    yield rng.normal(size=(5, 4)), *rng.normal(size=(3, 4, 4))


def attention(
    x,
    w_q,
    w_k,
    w_v,
    scale=lambda x: x.shape[1] ** -0.5,
    mask=hide_future,
    normal=softmax,
    residual=True,
):
    """The solution with a part exchanged, for the mistakes below."""
    scores = x @ w_q @ (x @ w_k).T * scale(x)
    return x * residual + normal(mask(scores)) @ (x @ w_v)


def score_for(scores, j, share):
    others = np.delete(scores, j)
    total = np.exp(others).sum()
    grown = total * share / (1 - share)
    return np.log(grown)


def score_cases():
    yield np.array([0.0, 0.0, 0.0]), 1, 0.5
    yield np.array([0.3, -1.2, 2.0, 0.1, 0.8]), 3, 0.9


EXERCISES = [
    Exercise(
        id="03.1",
        title="One word looks",
        difficulty="easy",
        minutes=5,
        hints=(
            "Three lines: scores, weights, mix, one for each formula above.",
            "`k @ q` multiplies every row of `k` with `q`: that is all dot products at once, of shape `(T,)`.",
            "`len(q)` is $d$. The mix is `weights @ v`: `(T,)` times `(T, d)` gives `(d,)`.",
        ),
        solution=look,
        no_loop=True,
        cases=look_cases,
        mistakes=(
            Mistake(ROOT_D, lambda q, k, v: softmax(k @ q) @ v),
            Mistake(OTHER_D, lambda q, k, v: softmax(k @ q / np.sqrt(3)) @ v),
            Mistake(
                "the scores are divided by d; it should be √d", lambda q, k, v: softmax(k @ q / len(q)) @ v
            ),
            Mistake(
                "the scores are divided by √T, the number of words; it should be √d, the length of a query",
                lambda q, k, v: softmax(k @ q / np.sqrt(len(k))) @ v,
            ),
            Mistake(
                "the softmax is missing: raw scores are not shares that sum to 1",
                lambda q, k, v: k @ q / np.sqrt(len(q)) @ v,
            ),
            Mistake(
                "these are the weights; the last step, mixing the values with them, is missing",
                lambda q, k, v: softmax(k @ q / np.sqrt(len(q))),
            ),
            Mistake(
                "the keys were mixed; keys only decide who is listened to, it is the values that are handed over",
                lambda q, k, v: softmax(k @ q / np.sqrt(len(q))) @ k,
            ),
        ),
    ),
    Exercise(
        id="03.2",
        title="Hide the future",
        difficulty="easy",
        minutes=5,
        hints=(
            "Entry `[i, j]` lies in the future of `i` if `j > i`: that is the triangle above the diagonal.",
            "`np.triu(a, k=1)` keeps what lies above the diagonal and puts 0 everywhere else.",
            "Make a matrix of truth values, `np.triu(np.ones(scores.shape, bool), k=1)`, and hand it to `np.where`.",
        ),
        solution=hide_future,
        no_loop=True,
        cases=hide_cases,
        mistakes=(
            Mistake(
                "the past is hidden and the future is left open; the triangle is the wrong one",
                lambda scores: np.where(np.tril(np.ones(scores.shape, bool), k=-1), -np.inf, scores),
            ),
            Mistake(
                "the diagonal is hidden too: a word may see itself, and the first word has nothing else to see",
                lambda scores: np.where(np.triu(np.ones(scores.shape, bool)), -np.inf, scores),
            ),
            Mistake(
                "the future has the score 0; after the softmax a score of 0 is a weight like any other, since exp(0) = 1",
                np.tril,
            ),
            Mistake(
                "a score that is 0 by itself is not hidden: `np.triu(scores)` is 0 there, too; take the triangle of a matrix of ones",
                lambda scores: np.where(np.triu(scores, k=1), -np.inf, scores),
            ),
            Mistake(
                "0 times infinity is nan, not 0; choose with `np.where`, do not multiply",
                lambda scores: scores - np.inf * np.triu(np.ones(scores.shape), k=1),
            ),
            Mistake(
                "only the very next word is hidden, not all that follow",
                lambda scores: np.where(np.eye(len(scores), k=1, dtype=bool), -np.inf, scores),
            ),
        ),
    ),
    Exercise(
        id="03.3",
        title="All of self-attention",
        difficulty="medium",
        minutes=10,
        hints=(
            "Five steps: q, k, v; scores; mask; softmax; mix. And then something is added.",
            "`q @ k.T` has the shape `(T, T)`: row `i` holds the scores of the word that looks, word `i`.",
            "$d$ is the width of a query: `q.shape[1]`. What is added at the end is `x` itself, the residual.",
        ),
        solution=self_attention,
        cases=attention_cases,
        mistakes=(
            Mistake(ROOT_D, partial(attention, scale=lambda x: 1)),
            Mistake(OTHER_D, partial(attention, scale=lambda x: 3**-0.5)),
            Mistake(
                "the scores are divided by d; it should be √d",
                partial(attention, scale=lambda x: 1 / x.shape[1]),
            ),
            Mistake(
                "the scores are divided by √T; it should be √d, the width of a query",
                partial(attention, scale=lambda x: len(x) ** -0.5),
            ),
            Mistake("the residual is missing: add `x` to the mix", partial(attention, residual=False)),
            Mistake(
                "the values are added to the mix; the residual is `x` itself",
                lambda x, w_q, w_k, w_v: attention(x, w_q, w_k, w_v, residual=False) + x @ w_v,
            ),
            Mistake("the mask is missing: words look into the future", partial(attention, mask=lambda s: s)),
            Mistake(
                "the softmax runs down the columns; it is the rows, axis=-1, that must sum to 1",
                partial(attention, normal=lambda s: softmax(s.T).T),
            ),
            Mistake(
                "the future was set to 0 after the softmax, so the rows no longer sum to 1; mask the scores before it",
                partial(attention, mask=lambda s: s, normal=lambda s: np.tril(softmax(s))),
            ),
            Mistake(
                "queries and keys are exchanged (k @ q.T): row i must belong to the word that looks",
                lambda x, w_q, w_k, w_v: attention(x, w_k, w_q, w_v),
            ),
            Mistake(
                "the values are `x` itself; they should be x @ w_v",
                lambda x, w_q, w_k, w_v: attention(x, w_q, w_k, np.eye(len(w_v))),
            ),
        ),
    ),
    Exercise(
        id="03.4",
        title="Turn a head",
        difficulty="hard",
        minutes=10,
        hints=(
            "Call the new score $s$ and the sum over the others $E = \\sum_{i \\neq j} e^{s_i}$. "
            "What is the weight of word $j$ then, by the formula of the softmax?",
            "Solve $\\frac{e^s}{e^s + E} = p$ for $e^s$. You should find $e^s = E \\cdot \\frac{p}{1 - p}$. "
            "Then take the logarithm of both sides. `np.delete(scores, j)` gives the others.",
            mixed_hint("03.4", score_for),
        ),
        solution=score_for,
        cases=score_cases,
        mistakes=(
            Mistake(
                "this is by how much the score must be raised; the new score itself is asked for",
                lambda s, j, p: score_for(s, j, p) - s[j],
            ),
            Mistake(
                "the old score of word j is counted among the others; it is replaced, so leave it out of the sum",
                lambda s, j, p: np.log(p / (1 - p)) + np.log(np.exp(s).sum()),
            ),
            Mistake(
                "this takes p where p / (1 - p) belongs: the others share only 1 - p among them",
                lambda s, j, p: np.log(p) + np.log(np.exp(np.delete(s, j)).sum()),
            ),
            Mistake(
                "the sum over the others is missing: the more words there are, the harder they are to outweigh",
                lambda s, j, p: np.log(p / (1 - p)),
            ),
            Mistake(
                "the scores are summed as they are; the softmax sums their exponentials",
                lambda s, j, p: np.log(p / (1 - p)) + np.delete(s, j).sum(),
            ),
            Mistake(
                "this is e to the power of the score; its logarithm is still to be taken",
                lambda s, j, p: p / (1 - p) * np.exp(np.delete(s, j)).sum(),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="03.q1",
        text="In a model like ours, what does the **first** word of a text attend to?",
        choices={
            "a": "to itself, and to nothing else",
            "b": "to every word alike, since it knows nothing yet",
            "c": "to the word that matters most, wherever it stands",
            "d": "to the last word",
        },
        because={
            "a": "Its own is the only score that the mask leaves, and a softmax over one score is 1, whatever the score.",
            "b": "The mask hides all words after it, so there is nobody among whom it could spread its attention.",
            "c": "The word that matters may well stand later, but no word sees the words after it.",
            "d": "The last word sees the first, not the other way round: attention only looks back.",
        },
        again=Again(
            text="An attention map of a text of five words, in a model like ours. What is its first row?",
            choices={
                "a": "0.2, five times",
                "b": "1, 0, 0, 0, 0",
                "c": "0, 0, 0, 0, 1",
                "d": "that depends on the scores",
            },
            truth="b",
            because={
                "a": "That would be so without the mask, and with equal scores. But the first word sees nobody else.",
                "b": "The mask leaves the first word its own score alone, and a softmax over one score is 1.",
                "c": "The last word comes after the first one, so the mask hides it.",
                "d": "Every other row does. This one has a single score left, and whatever it is, its softmax is 1.",
            },
        ),
    ),
    Question(
        id="03.q2",
        text="The model reads `the key is blue and not red . so the door is` and must name the next word. Where does the last word, `is`, look most?",
        choices={
            "a": "at the first `is`: it is the same word",
            "b": "at `door`: that is what the sentence now speaks about",
            "c": "at `blue`: that is what must be said next",
            "d": "at `red`: it is a colour, and the nearer one",
        },
        because={
            "a": "Queries and keys are different maps of a word, so a word need not resemble what it looks for.",
            "b": "In these sentences the thing does not matter: every thing comes in every colour.",
            "c": "The answer is there. With each of three seeds, the last word has learned to look at the first colour, in every sentence that was kept back.",
            "d": "It did learn to look for a colour, but looking at the wrong one cost it loss in every sentence.",
        },
        again=Again(
            text="Now a model learns from other sentences: `the key is not red but blue . so the door is blue`. It names the right colour each time. Where does the last word, `is`, look most?",
            choices={
                "a": "at the first colour, as in the other model",
                "b": "at `not`, which tells what is meant",
                "c": "at the second colour",
                "d": "at `door`, of which it speaks",
            },
            truth="c",
            because={
                "a": "There it was what must be said next. Here that is the second one: attention learns what lowers the loss, not a place.",
                "b": "`not` only says that a wrong colour follows; the right one cannot be copied from there.",
                "c": "That is what must be said next. With each of three seeds it has learned so, in every sentence that was kept back.",
                "d": "Every thing comes in every colour here, so the thing tells nothing.",
            },
        ),
    ),
]

SKETCHES = [
    Sketch(
        id="03.s1",
        text="The packaged model has three attention layers. It reads “User: What is rain? Assistant: Rain is”, ten tokens. In its first attention layer, how does the last word, “is”, share out its attention? Draw it.",
        kind="shares",
        axes=("word looked at", "attention"),
        places=("User", ":", "What", "is", "rain", "?", "Assistant", ":", "Rain", "is"),
        because="In its first layer every word gives all that it sees the same share, to within 2 %, here a tenth to each: it takes home a plain average of what was said so far. So it is in each of the 197 conversations that it was trained on. Whom to prefer is left to the layers above: in the second one, the same “is” gives “Rain” 0.98.",
        again=Again(
            text="The first attention layer of the packaged model reads a text of twenty tokens. How much of its attention does the last one give to the very first?",
            choices={
                "a": "next to nothing: it is too far away",
                "b": "about 0.05",
                "c": "about 0.5",
                "d": "nearly all",
            },
            truth="b",
            because={
                "a": "Attention has no distance in it: a word that is far away costs nothing more.",
                "b": "In its first layer this model gives all that it sees the same share, here a twentieth to each.",
                "c": "It does not choose one of them: it gives all that it sees the same share.",
                "d": "It does not choose one of them: it gives all that it sees the same share.",
            },
        ),
    ),
]
