"""10 Generation."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from functools import partial

import numpy as np

from ..exercise import Again, Exercise, Mistake, Question


def with_temperature(logits, temperature):
    scores = logits / temperature
    e = np.exp(scores - scores.max())
    return e / e.sum()


def temperature_cases():
    yield np.array([1.0, 0.0, -1.0]), 0.5
    rng = np.random.default_rng(101)
    yield rng.normal(0, 2, size=6), 2.0
    yield rng.normal(3, 1, size=9), 0.3


def softened(logits, temperature, scale=lambda scores, T: scores / T, again=True):
    """The solution with a part exchanged, for the mistakes below."""
    e = np.exp(scale(logits, temperature))
    return e / e.sum() if again else e


def probabilities(logits):
    return softened(logits, 1.0)


def top_p(p, share):
    order = np.argsort(-p)  # the likeliest first
    kept = p[order]
    before = np.cumsum(kept) - kept  # reached without this word
    kept[before >= share] = 0
    result = np.zeros(len(p))
    result[order] = kept / kept.sum()
    return result


def nucleus_cases():
    yield np.array([0.1, 0.5, 0.25, 0.15]), 0.7
    yield np.array([0.05, 0.8, 0.15]), 0.9
    yield np.random.default_rng(102).dirichlet(np.ones(8)), 0.8


def nucleus(p, share, order=lambda p: np.argsort(-p), gone=lambda kept, share: np.cumsum(kept) - kept >= share, again=True):  # fmt: skip
    """The solution with a part exchanged, for the mistakes below."""
    places = order(p)
    kept = np.where(gone(p[places], share), 0, p[places])
    result = np.zeros(len(p))
    result[places] = kept / kept.sum() if again else kept
    return result


def beam_step(totals, logs, width):
    sums = totals[:, None] + logs  # (B, V)
    best = np.argsort(-sums.ravel())[:width]  # places among all B * V
    return np.divmod(best, logs.shape[1])  # by the number of words, V


def step_cases():
    yield np.log([0.5, 0.4]), np.log([[0.35, 0.33, 0.32], [0.05, 0.45, 0.5]]), 2
    rng = np.random.default_rng(103)
    yield np.zeros(1), np.log(rng.dirichlet(np.ones(5), size=1)), 3
    yield np.array([-1.0, -1.5, -4.0]), np.log(rng.dirichlet(np.ones(6), size=3)), 4


def step(totals, logs, width, sums=lambda totals, logs: totals[:, None] + logs, sign=-1, split=np.divmod):
    """The solution with a part exchanged, for the mistakes below."""
    found = sums(totals, logs)
    best = np.argsort(sign * found.ravel())[:width]
    return split(best, logs.shape[1])


def one_each(totals, logs, width):
    parents = np.argsort(-totals - logs.max(axis=1))[:width]
    return parents, logs.argmax(axis=1)[parents]


def length_score(logs, penalty):
    return np.sum(logs) / len(logs) ** penalty


def score_cases():
    yield np.array([-0.5, -1.0, -0.3]), 1.0
    yield np.array([-2.0, -0.1, -0.1, -0.7, -0.05]), 0.5
    yield np.array([-0.4, -0.9]), 2.0


EXERCISES = [
    Exercise(
        id="10.1",
        title="With a temperature",
        difficulty="easy",
        minutes=5,
        hints=(
            "Two steps: change the scores, then make probabilities of them as ever.",
            "The scores are *divided* by the temperature. Then the softmax of notebook 03: $e$ to each score, over the sum of all of these.",
            "At a temperature of 0.01 the scores are 100 times as large, and `np.exp` overflows: take `scores.max()` away from all scores first. It changes no probability.",
        ),
        solution=with_temperature,
        cases=temperature_cases,
        mistakes=(
            Mistake(
                "the scores were multiplied by the temperature; they are divided by it, so that a low one makes them differ more",
                partial(softened, scale=lambda scores, T: scores * T),
            ),
            Mistake(
                "the temperature changes nothing here: this is the softmax of the scores as they were (to divide probabilities and make their sum 1 again undoes itself)",
                lambda logits, temperature: probabilities(logits),
            ),
            Mistake(
                "the probabilities were divided, and went through a softmax again; it is the scores that are divided, before the only softmax",
                lambda logits, temperature: softened(probabilities(logits), temperature),
            ),
            Mistake(
                "these do not sum to 1; divide by their sum",
                partial(softened, again=False),
            ),
            Mistake(
                "these are the scores over the temperature; the softmax is still missing",
                lambda logits, temperature: logits / temperature,
            ),
        ),
    ),
    Exercise(
        id="10.2",
        title="Top-p",
        difficulty="medium",
        minutes=9,
        hints=(
            "`order = np.argsort(-p)` puts the likeliest first; `p[order]` are their probabilities, and `np.cumsum` adds them up.",
            "A word stays if what the words *before* it reach together is less than `share`: the cumulated sum without the word's own probability.",
            "Put the numbers back where they belong: `result[order] = kept`. In the end divide by the sum of what stayed.",
        ),
        solution=top_p,
        cases=nucleus_cases,
        mistakes=(
            Mistake(
                "the word that reaches the share is missing; without it, there is too little",
                partial(nucleus, gone=lambda kept, share: (np.cumsum(kept) > share) & (kept < kept[0])),
            ),
            Mistake("these do not sum to 1; divide by their sum", partial(nucleus, again=False)),
            Mistake(
                "the words were taken in the order of the vocabulary; the likeliest come first",
                partial(nucleus, order=lambda p: np.arange(len(p))),
            ),
            Mistake(
                "the right numbers stand in the wrong places; put them back in the order of the vocabulary",
                lambda p, share: np.sort(nucleus(p, share))[::-1],
            ),
            Mistake(
                "each word was judged by itself, by its own probability; what counts is the sum of the likeliest",
                partial(nucleus, gone=lambda kept, share: kept < 1 - share),
            ),
            Mistake(
                "the unlikeliest words were kept; begin with the likeliest",
                partial(nucleus, order=lambda p: np.argsort(p)),
            ),
        ),
    ),
    Exercise(
        id="10.3",
        title="A step of the beam",
        difficulty="medium",
        minutes=12,
        hints=(
            "Every text can go on with every word: `totals[:, None] + logs`, of shape $(B, V)$, holds the log-probabilities of all $B \\cdot V$ longer texts.",
            "`np.argsort(-sums.ravel())[:width]` are the places of the best in one long row.",
            "Place `i` in the long row is text `i // V`, word `i % V`; `np.divmod(best, V)` gives both.",
        ),
        solution=beam_step,
        cases=step_cases,
        parts=("parents", "words"),
        mistakes=(
            Mistake(
                "each text went on with its own best word only; all longer texts compete, and one text may have several among the best",
                one_each,
            ),
            Mistake(
                "what the texts had reached before is missing: add `totals`",
                partial(step, sums=lambda totals, logs: logs + 0 * totals[:, None]),
            ),
            Mistake(
                "log-probabilities were multiplied; probabilities multiply, their logarithms add up",
                partial(step, sums=lambda totals, logs: totals[:, None] * logs),
            ),
            Mistake("these are the worst; the best come first", partial(step, sign=1)),
            Mistake(
                "parents and words are the wrong way round",
                partial(step, split=lambda best, V: np.divmod(best, V)[::-1]),
            ),
        ),
    ),
    Exercise(
        id="10.4",
        title="Score by length",
        difficulty="easy",
        minutes=4,
        hints=(
            "The log-probability of the whole text is the sum of those of its words.",
            "Divide it by `len(logs) ** penalty`: a power, not a product.",
        ),
        solution=length_score,
        cases=score_cases,
        mistakes=(
            Mistake("this is the sum: the length plays no part yet", lambda logs, penalty: np.sum(logs)),
            Mistake(
                "this is the mean, whatever the penalty; the number of words is taken to its power",
                lambda logs, penalty: np.mean(logs),
            ),
            Mistake(
                "the number of words was multiplied by the penalty; it is taken to the power of it",
                lambda logs, penalty: np.sum(logs) / (len(logs) * penalty),
            ),
            Mistake(
                "this multiplies by the length; divide by it",
                lambda logs, penalty: np.sum(logs) * len(logs) ** penalty,
            ),
            Mistake(
                "the sum was taken to the power, too; only the number of words is",
                lambda logs, penalty: -((-np.sum(logs) / len(logs)) ** penalty),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="10.q1",
        text="Greedy has one text, and always adds the likeliest word. Beam search keeps the few likeliest texts so far, and lets all of them grow. Does it always find what greedy finds?",
        choices={
            "a": "yes: greedy's text is always among those that it keeps",
            "b": "no, but then what it says is likelier",
            "c": "no, and what it says can even be less likely",
        },
        because={
            "a": "Greedy's text begins with the likeliest word. But there may come a step at which others have a better sum, and fill all places.",
            "b": "So it is most of the time. But a beam judges texts before they are finished, and a text that it drops may have the best end of all.",
            "c": "What looks better now pushes greedy's text out, and then disappoints: a beam searches more, but not everything.",
        },
        again=Again(
            text="A beam search that keeps a single text. What does it find?",
            choices={
                "a": "always what greedy finds",
                "b": "always the likeliest text of all",
                "c": "sometimes what greedy finds, sometimes something less likely",
            },
            truth="a",
            because={
                "a": "With one place, the text that stays is the one with the likeliest next word: that is greedy.",
                "b": "It would have to look at all texts for that.",
                "c": "To find another text than greedy, it needs a second place, for a text that is behind at the moment.",
            },
        ),
    ),
    Question(
        id="10.q2",
        text="One word has the probability 0.6, another 0.2: three times as likely. At a temperature of 0.5, how many times as likely will it be?",
        choices={
            "a": "1.5 times",
            "b": "3 times: the temperature leaves their order as it is",
            "c": "6 times",
            "d": "9 times",
        },
        because={
            "a": "That would be a temperature above 1, which brings words closer together.",
            "b": "Their order stays, but not their ratio.",
            "c": "The scores are doubled, and scores are logarithms: to double a logarithm is to square the number.",
            "d": "The scores, which are logarithms, are divided by 0.5 and so doubled, and that squares every ratio.",
        },
        again=Again(
            text="One word has the probability 0.9, another 0.1: nine times as likely. At a temperature of 2, how many times as likely will it be?",
            choices={
                "a": "4.5 times",
                "b": "3 times",
                "c": "9 times",
                "d": "81 times",
            },
            truth="b",
            because={
                "a": "It is the scores that are divided by 2, and scores are logarithms.",
                "b": "The logarithm of the ratio is halved, so what is left is its root.",
                "c": "Their order stays, but not their ratio.",
                "d": "That would be a temperature of 0.5, which squares it.",
            },
        ),
    ),
]
