"""05 The whole model."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from dataclasses import dataclass
from functools import partial

import numpy as np

from ...numerics import softmax
from ..exercise import Again, Exercise, Mistake, Question, Sketch


def cross_entropy(logits, targets):
    p = softmax(logits)
    p_came = p[np.arange(len(targets)), targets]
    return -np.log(p_came).mean()


def cross_entropy_cases():
    yield np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.5]]), np.array([2, 0])
    yield np.random.default_rng(51).normal(size=(5, 7)), np.array([6, 0, 3, 3, 1])


def came(logits, targets, normal=softmax):
    return normal(logits)[np.arange(len(targets)), targets]


def perplexity(p):
    return np.exp(-np.log(p).mean())


def perplexity_cases():
    yield (np.array([0.5, 0.125]),)
    yield (np.random.default_rng(52).uniform(0.05, 0.95, size=9),)


def count_parameters(vocab_size, d, hidden, positions, blocks):
    embeddings = vocab_size * d + positions * d
    attention = 3 * d * d
    norm = 2 * d
    feed_forward = d * hidden + hidden + hidden * d + d
    projection = d * vocab_size + vocab_size
    return embeddings + blocks * (attention + norm + feed_forward + norm) + projection


def count_cases():
    yield 5, 2, 3, 4, 1
    yield 566, 128, 256, 80, 3


def more(extra, vocab_size, d, hidden, positions, blocks):
    """The solution plus `extra` of the sizes, for the mistakes below."""
    return count_parameters(vocab_size, d, hidden, positions, blocks) + extra(
        vocab_size, d, hidden, positions, blocks
    )


def go_on(ids, logits, end, most):
    ids, said = list(ids), []
    while len(ids) < most:
        best = int(logits(ids)[-1].argmax())
        ids.append(best)
        said.append(best)
        if best == end:
            break
    return said


@dataclass(frozen=True)
class Toy:
    """A model that scores the next word by the sum of all words so far: it needs the whole text."""

    words: int

    def __call__(self, ids):
        sums = np.cumsum(ids) % self.words
        return np.eye(self.words)[sums] * (1 + sums[:, None])

    def __repr__(self):
        return f"a model of {self.words} words"


def go_on_cases():
    yield [1, 2], Toy(5), 4, 10
    yield [3], Toy(7), 5, 12
    yield [1, 1, 1], Toy(11), 2, 6
    yield [4, 1, 2], Toy(5), 4, 12  # the prompt holds the end word


def wander(ids, logits, end, most, row=-1, sees=lambda ids: ids, stop=True, gives=lambda ids, said: said):
    """The solution with a part exchanged, for the mistakes below."""
    ids, said = list(ids), []
    while len(ids) < most:
        scores = logits(sees(ids))
        best = int((scores if row is None else scores[row]).argmax())
        ids.append(best)
        said.append(best)
        if stop and best == end:
            break
    return gives(ids, said)


EXERCISES = [
    Exercise(
        id="05.1",
        title="How surprised?",
        difficulty="medium",
        minutes=8,
        hints=(
            "Three lines: the probabilities, those of the words that came, the mean of their negative logarithms.",
            "`softmax(logits)` has the shape `(T, V)`. From row 0 you need the column `targets[0]`, from row 1 `targets[1]`, …",
            "`p[np.arange(len(targets)), targets]` takes one entry of every row, and has the shape `(T,)`.",
        ),
        solution=cross_entropy,
        cases=cross_entropy_cases,
        mistakes=(
            Mistake(
                "the losses of the positions are summed; take their mean, or long texts would count more",
                lambda logits, targets: -np.log(came(logits, targets)).sum(),
            ),
            Mistake(
                "the minus is missing: the logarithm of a probability is never above 0, a loss never below",
                lambda logits, targets: np.log(came(logits, targets)).mean(),
            ),
            Mistake(
                "this is in bits (log2); we measure in nats, the natural logarithm np.log",
                lambda logits, targets: -np.log2(came(logits, targets)).mean(),
            ),
            Mistake(
                "the softmax is missing: logits are no probabilities",
                lambda logits, targets: -came(logits, targets, lambda s: s).mean(),
            ),
            Mistake(
                "the softmax runs down the columns; the words of one row, axis=-1, compete with each other",
                lambda logits, targets: -np.log(came(logits, targets, lambda s: softmax(s.T).T)).mean(),
            ),
            Mistake(
                "the mean is taken before the logarithm; every position has a loss of its own, so the logarithm comes first",
                lambda logits, targets: -np.log(came(logits, targets).mean()),
            ),
            Mistake(
                "`p[:, targets]` takes every target from every row; row t needs targets[t] alone",
                lambda logits, targets: -np.log(softmax(logits)[:, targets]).mean(),
            ),
            Mistake(
                "this is the mean of 1 - p; the loss takes -ln p, which makes a sure mistake much dearer",
                lambda logits, targets: (1 - came(logits, targets)).mean(),
            ),
        ),
    ),
    Exercise(
        id="05.2",
        title="Perplexity",
        difficulty="easy",
        minutes=5,
        hints=(
            "First the loss, as in the exercise before: the mean of $-\\ln p$.",
            "Then `np.exp` of it.",
        ),
        solution=perplexity,
        cases=perplexity_cases,
        mistakes=(
            Mistake("this is the loss; the perplexity is e to the power of it", lambda p: -np.log(p).mean()),
            Mistake(
                "the logarithm is missing: the loss is the mean of -ln p, not of -p",
                lambda p: np.exp(-p.mean()),
            ),
            Mistake(
                "this is 1 over the mean of p; average the logarithms instead, as the loss does",
                lambda p: 1 / p.mean(),
            ),
            Mistake(
                "this is the mean of 1 / p; average the logarithms instead, as the loss does",
                lambda p: (1 / p).mean(),
            ),
            Mistake(
                "the minus is missing, so this is 1 over the perplexity",
                lambda p: np.exp(np.log(p).mean()),
            ),
            Mistake(
                "the losses are summed; with the sum, every further word would multiply the perplexity",
                lambda p: np.exp(-np.log(p).sum()),
            ),
            Mistake(
                "2 to the power of a loss in nats: 2 goes with log2, e goes with ln",
                lambda p: 2 ** -np.log(p).mean(),
            ),
        ),
    ),
    Exercise(
        id="05.3",
        title="Count the parameters",
        difficulty="medium",
        minutes=7,
        hints=(
            "Count by kind of layer: embeddings (two tables), attention (three matrices), norm (two vectors), "
            "feed-forward (two matrices, two biases), projection (a matrix and a bias).",
            "A block holds one attention, one feed-forward network and two norms. Embeddings and projection occur once.",
            "With `h` for `hidden`: the feed-forward network has `d*h + h + h*d + d`, a norm `2*d`, attention `3*d*d`.",
        ),
        solution=count_parameters,
        cases=count_cases,
        mistakes=(
            Mistake(
                "only matrices are counted; the norms and the biases, of feed-forward and projection, are parameters, too",
                partial(more, lambda v, d, h, p, b: -b * (h + 5 * d) - v),
            ),
            Mistake(
                "the norms are missing, and so are the biases of the feed-forward network",
                partial(more, lambda v, d, h, p, b: -b * (h + 5 * d)),
            ),
            Mistake(
                "the biases of the feed-forward network are missing, hidden + d in every block",
                partial(more, lambda v, d, h, p, b: -b * (h + d)),
            ),
            Mistake(
                "a block has two norms; only one of them is counted",
                partial(more, lambda v, d, h, p, b: -b * 2 * d),
            ),
            Mistake(
                "the norms are missing: two in a block, each with gamma and beta",
                partial(more, lambda v, d, h, p, b: -b * 4 * d),
            ),
            Mistake(
                "the table of the positions is missing",
                partial(more, lambda v, d, h, p, b: -p * d),
            ),
            Mistake(
                "the bias of the projection is missing, a number for every word",
                partial(more, lambda v, d, h, p, b: -v),
            ),
            Mistake(
                "attention has four matrices here; Vaswani's has an output matrix, RustGPT's has only w_q, w_k, w_v",
                partial(more, lambda v, d, h, p, b: b * d * d),
            ),
            Mistake(
                "attention has biases here; RustGPT's has none",
                partial(more, lambda v, d, h, p, b: b * 3 * d),
            ),
            Mistake(
                "the projection shares the table of the embeddings here, as in some models; in RustGPT it has a matrix of its own",
                partial(more, lambda v, d, h, p, b: -v * d),
            ),
            Mistake(
                "only one block is counted",
                lambda vocab_size, d, hidden, positions, blocks: count_parameters(
                    vocab_size, d, hidden, positions, min(blocks, 1)
                ),
            ),
        ),
    ),
    Exercise(
        id="05.4",
        title="Go on until the end",
        difficulty="medium",
        minutes=10,
        hints=(
            "Work on a copy, `ids = list(ids)`, and loop while it holds fewer than `most` ids.",
            "In the loop: `logits(ids)[-1].argmax()` is the next id. Append it to `ids`, and to a list of what was said.",
            "Leave the loop with `break` when the id is `end`, after it was appended. Return what was said, not the prompt.",
        ),
        solution=go_on,
        cases=go_on_cases,
        mistakes=(
            Mistake(
                "the prompt is in the answer; only the new ids are asked for",
                partial(wander, gives=lambda ids, said: ids),
            ),
            Mistake(
                "the end word is missing; the model said it, so it belongs to the answer",
                lambda ids, logits, end, most: [i for i in go_on(ids, logits, end, most) if i != end],
            ),
            Mistake(
                "it goes on after the end word",
                partial(wander, stop=False),
            ),
            Mistake(
                "it says nothing if the prompt holds the end word; what counts is whether the model has said it",
                lambda ids, logits, end, most: [] if end in ids else go_on(ids, logits, end, most),
            ),
            Mistake(
                "the next word is taken from the first row; the last row is the one that sees the whole text",
                partial(wander, row=0),
            ),
            Mistake(
                "`argmax` is taken over the whole matrix; only the last row speaks about the next word",
                partial(wander, row=None),
            ),
            Mistake(
                "the model sees only the last word; give it the whole text every time",
                partial(wander, sees=lambda ids: ids[-1:]),
            ),
            Mistake(
                "`most` counts the prompt too; this says `most` new words",
                lambda ids, logits, end, most: go_on(ids, logits, end, most + len(ids)),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="05.q1",
        text="A model that knows nothing gives each of its 566 words the same probability. What is its loss?",
        choices={
            "a": "0: it has not made a mistake yet",
            "b": "1: it is wrong nearly always",
            "c": "about 6.3, which is ln 566",
            "d": "566: one for every word",
        },
        because={
            "a": "A loss of 0 needs a probability of 1 for the word that comes: perfect foresight.",
            "b": "The loss is not a share of errors: it is -ln p of the word that came, and has no upper bound.",
            "c": "Each word has p = 1 / 566, and -ln(1 / 566) is ln 566, whichever word comes.",
            "d": "1 / p is 566: that is its perplexity. The loss is the logarithm of that.",
        },
        again=Again(
            text="A model that knows nothing has a loss of 3.0. About how many words does its vocabulary have?",
            choices={
                "a": "3",
                "b": "9",
                "c": "20",
                "d": "1000",
            },
            truth="c",
            because={
                "a": "The loss is the logarithm of the number of words, not the number itself.",
                "b": "The loss is no root: 3 times 3 plays no part.",
                "c": "The loss is ln V, so V is e to the power of 3, about 20.",
                "d": "That would be 10 to the power of 3, but the loss is a natural logarithm.",
            },
        ),
    ),
    Question(
        id="05.q2",
        text="The packaged model reads `User: What is the sun? Assistant: The sun is` and says `a`. After which part of the network does `a` first come out on top, if we ask there already?",
        choices={
            "a": "after the embeddings: `a` often follows `is`",
            "b": "after the first block, which already sees the whole prompt",
            "c": "after the second block",
            "d": "only after the third block, the last one",
        },
        because={
            "a": "Nothing trains the embeddings to be read by the projection directly: the blocks stand between them.",
            "b": "It sees the whole prompt, but writes for the next block, not for the projection.",
            "c": "Even there, the vectors are written for the third block's attention.",
            "d": "Only what the last block gives is trained to be read by the projection.",
        },
        again=Again(
            text="We leave out the last of the packaged model's three blocks, and let the output projection read what is there before it. Over fifty conversations, how often does it name the word that the whole model names?",
            choices={
                "a": "nearly always: one block more adds but little",
                "b": "about two times of three: two of three blocks are there",
                "c": "about one time of three",
                "d": "practically never: nothing is readable before the end",
            },
            truth="c",
            because={
                "a": "In this model it is the last block that brings most words into the form that the projection reads.",
                "b": "Blocks do not each do an equal share of the work.",
                "c": "It was 34 % of the positions. For the others, what is there is written for the next block, not for the projection.",
                "d": "Some words can be read earlier, about a third of them. After the first block it is 4 %.",
            },
        ),
    ),
]

SKETCHES = [
    Sketch(
        id="05.s1",
        text="The packaged model reads “User: Why”, and nothing more. How does it share out the probability of the next word? Draw it, for these four words and all others together.",
        kind="shares",
        axes=("next word", "probability"),
        places=("do", "does", "is", "can", "all others"),
        because="22 of the questions that it was trained on begin with “Why”: 15 go on with “do”, 3 with “does”, 3 with “is”, 1 with “can”. Where several words may come, the lowest loss is had by stating how often each comes, and the model has come near that.",
        again=Again(
            text="In the texts that a model learns, a beginning goes on with `red` 8 times of 10, and with `blue` 2 times. Which probabilities for the two have the lowest loss on these texts?",
            choices={
                "a": "1 and 0: `red` is right most of the time",
                "b": "0.9 and 0.1",
                "c": "0.8 and 0.2",
                "d": "0.5 and 0.5: nobody can know which one comes",
            },
            truth="c",
            because={
                "a": "Then every `blue` costs an infinite loss.",
                "b": "What it gains at `red` it loses at `blue`: a loss of 0.54, and 0.50 is possible.",
                "c": "The mean of -ln p is lowest where p is how often the word comes.",
                "d": "Nobody can know it each time, but how often each comes is known: stating that costs 0.50 in place of 0.69.",
            },
        ),
    ),
]
