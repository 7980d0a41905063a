"""02 Embeddings."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

import numpy as np

from ..exercise import Again, Exercise, Mistake, Question


def embed(ids, token_table, position_table):
    return token_table[ids] + position_table[: len(ids)]


def embed_cases():
    tens = np.arange(1.0, 11).reshape(5, 2) * 10
    yield np.array([3, 0, 3]), tens, np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 9.0]])
    rng = np.random.default_rng(21)
    yield np.array([6, 2, 2, 0, 5]), rng.normal(size=(7, 4)), rng.normal(size=(8, 4))


def similarities(table, v):
    lengths = np.linalg.norm(table, axis=1) * np.linalg.norm(v)
    return table @ v / lengths


def similarity_cases():
    yield np.array([[3.0, 4.0, 0.0], [0.0, 2.0, 0.0], [-1.0, -2.0, -2.0]]), np.array([0.0, 6.0, 8.0])
    rng = np.random.default_rng(22)
    yield rng.normal(size=(6, 4)), rng.normal(size=4)


def cosines(table):
    """(V, d) -> (V, V): the cosine of every row with every row. The notebook gives it to the learner."""
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    return unit @ unit.T


def nearest(table, word, n):
    order = np.argsort(-cosines(table)[word])
    return order[order != word][:n]


def nearest_cases():
    yield np.array([[1.0, 0.0], [0.5, 3.0], [0.1, -1.0], [9.0, 3.0], [-4.0, 0.5]]), 0, 2
    rng = np.random.default_rng(23)
    yield rng.normal(size=(12, 3)) * rng.uniform(0.2, 3, size=(12, 1)), 5, 4
    yield rng.normal(size=(600, 3)), 7, 300  # so many that `argpartition` does not happen to sort them


def without(order, word, n):
    return order[order != word][:n]


EXERCISES = [
    Exercise(
        id="02.1",
        title="Embed a text",
        difficulty="easy",
        minutes=5,
        hints=(
            "`token_table[ids]` takes a row for every id: `(T, d)`.",
            "The positions of T words are 0, 1, …, T - 1, so they need the first T rows of `position_table`.",
            "A slice gives the first T rows, `position_table[:len(ids)]`. Add the two.",
        ),
        solution=embed,
        no_loop=True,
        cases=embed_cases,
        mistakes=(
            Mistake("the positions are missing", lambda ids, token_table, position_table: token_table[ids]),
            Mistake(
                "the rows of `position_table` were chosen by id; a position is a place in the text: 0, 1, 2, …",
                lambda ids, token_table, position_table: token_table[ids] + position_table[ids],
            ),
            Mistake(
                "the positions are counted from 1; the first word stands at position 0",
                lambda ids, token_table, position_table: token_table[ids] + position_table[1 : len(ids) + 1],
            ),
            Mistake(
                "every word got the vector of position 0",
                lambda ids, token_table, position_table: token_table[ids] + position_table[0],
            ),
            Mistake(
                "the two vectors are multiplied; they are added",
                lambda ids, token_table, position_table: token_table[ids] * position_table[: len(ids)],
            ),
            Mistake(
                "these are the first rows of the token table, whatever the ids; look up `token_table[ids]`",
                lambda ids, token_table, position_table: token_table[: len(ids)] + position_table[: len(ids)],
            ),
            Mistake(
                "all words were summed up into a single vector; every word keeps a row of its own",
                lambda ids, token_table, position_table: embed(ids, token_table, position_table).sum(axis=0),
            ),
        ),
    ),
    Exercise(
        id="02.2",
        title="One word against all",
        difficulty="easy",
        minutes=7,
        hints=(
            "`table @ v` is the dot product of every row with `v`: `(V, d)` times `(d,)` gives `(V,)`.",
            "`np.linalg.norm(table, axis=1)` is the length of every row, `(V,)`.",
            "Divide by both lengths: those of the rows, and `np.linalg.norm(v)`.",
        ),
        solution=similarities,
        no_loop=True,
        cases=similarity_cases,
        mistakes=(
            Mistake(
                "these are dot products; the division by the two lengths is missing",
                lambda table, v: table @ v,
            ),
            Mistake(
                "the division by the length of `v` is missing",
                lambda table, v: table @ v / np.linalg.norm(table, axis=1),
            ),
            Mistake(
                "the division by the lengths of the rows is missing",
                lambda table, v: table @ v / np.linalg.norm(v),
            ),
            Mistake(
                "`np.linalg.norm(table)` is one number for the whole table; with axis=1 it is one for each row",
                lambda table, v: table @ v / (np.linalg.norm(table) * np.linalg.norm(v)),
            ),
            Mistake(
                "these lengths are those of the columns; the rows are the words, so it is axis=1",
                lambda table, v: table @ v / (np.linalg.norm(table, axis=0) * np.linalg.norm(v)),
            ),
            Mistake(
                "the lengths are squared; a length is the root of the sum of squares",
                lambda table, v: table @ v / ((table**2).sum(axis=1) * (v**2).sum()),
            ),
            Mistake(
                "this is 1 minus the cosine; the cosine itself is asked for",
                lambda table, v: 1 - similarities(table, v),
            ),
            Mistake(
                "these are distances; the cosine is asked for",
                lambda table, v: np.linalg.norm(table - v, axis=1),
            ),
        ),
    ),
    Exercise(
        id="02.3",
        title="The nearest neighbours",
        difficulty="medium",
        minutes=8,
        hints=(
            "`cosines(table)[word]` holds the similarity of every word with this one.",
            "`np.argsort(s)` gives the indices from the smallest to the largest; `np.argsort(-s)` the other way round.",
            "The word itself comes first, with a cosine of 1. `order[order != word]` leaves it out; `[:n]` keeps the first n.",
        ),
        solution=nearest,
        cases=nearest_cases,
        mistakes=(
            Mistake(
                "the word itself is among its neighbours; leave it out",
                lambda table, word, n: np.argsort(-cosines(table)[word])[:n],
            ),
            Mistake(
                "these are the words that are farthest away: argsort begins with the smallest",
                lambda table, word, n: without(np.argsort(cosines(table)[word]), word, n),
            ),
            Mistake(
                "these are the right neighbours, but the nearest comes last; it should come first",
                lambda table, word, n: nearest(table, word, n)[::-1],
            ),
            Mistake(
                "these are similarities; the numbers of the words are asked for",
                lambda table, word, n: cosines(table)[word][nearest(table, word, n)],
            ),
            Mistake(
                "these are neighbours by dot product, which prefers long vectors; take the cosine",
                lambda table, word, n: without(np.argsort(-table @ table[word]), word, n),
            ),
            Mistake(
                "these are neighbours by distance; take the cosine, which asks for the direction only",
                lambda table, word, n: without(
                    np.argsort(np.linalg.norm(table - table[word], axis=1)), word, n
                ),
            ),
            Mistake(
                "there is one neighbour too few: leave the word itself out first, then take n",
                lambda table, word, n: nearest(table, word, n - 1),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="02.q1",
        text="A new model, not trained yet. Are words with similar meanings, such as `Mars` and `Venus`, nearer to each other than other words?",
        choices={
            "a": "yes, a little: similar words get similar vectors from the start",
            "b": "no: similar words are no nearer than any others",
            "c": "yes, if they stand near each other in the alphabet, since their ids are near",
            "d": "no: similar words are farther apart than others",
        },
        because={
            "a": "Nobody has told the model which words are similar. Training must find that out.",
            "b": "Every vector is drawn at random, so meaning plays no part in it yet.",
            "c": "An id only says which row to take. Two neighbouring rows are drawn independently.",
            "d": "To keep them apart, one would have to know which words are similar. Nobody does yet.",
        },
        again=Again(
            text="We make four hundred new models, each with a seed of its own, and train none of them. In how many of them is the cosine of `Mars` and `Venus` positive?",
            choices={
                "a": "in nearly all: the two are alike",
                "b": "in about half",
                "c": "in nearly none",
                "d": "in all or in none: it depends on their ids alone",
            },
            truth="b",
            because={
                "a": "Nobody has told a new model that they are alike.",
                "b": "Both vectors are drawn at random, so the sign of their cosine is a coin.",
                "c": "To be turned away from each other, somebody would have had to turn them.",
                "d": "The ids only say which two rows are theirs. What stands in these is drawn anew with each seed.",
            },
        ),
    ),
    Question(
        id="02.q2",
        text="We set all position vectors of a trained model with one block to 0. It reads `sheep eat grass and`, then `grass eat sheep and`. What does it expect as the next word?",
        choices={
            "a": "exactly the same in both cases",
            "b": "nearly the same, since the words are the same",
            "c": "something else in each case, since it reads the words in order",
            "d": "nothing: without positions it cannot work at all",
        },
        because={
            "a": "The last word collects from the words before it, and a sum does not depend on the order of its terms: the two agree to fifteen digits, and what is left is rounding. To this model, a text without positions is a heap of cards.",
            "b": "The words are the same, and nothing else is left that could make a difference, not even a small one.",
            "c": "It does not read one word after the other: it sees all of them at once. Only the position vectors tell the order.",
            "d": "It works, but less well: the cell below shows what it expects.",
        },
        again=Again(
            text="In a model with one block, all position vectors are 0. Which of these pairs of texts must it go on with in the same way: 1 `owls see bats and`, `bats see owls and`; 2 `owls see bats`, `bats see owls`?",
            choices={
                "a": "both pairs: the words are the same",
                "b": "only pair 1",
                "c": "only pair 2",
                "d": "neither: the order is another",
            },
            truth="b",
            because={
                "a": "In pair 2 the last words differ, and it is the last word that looks, and to which what it finds is added.",
                "b": "In pair 1 the same word looks last, and it sums over the same words. In pair 2 another word looks.",
                "c": "In pair 2 the last words differ, so the look begins from another vector.",
                "d": "Only the position vectors could tell the order, and they are 0.",
            },
        ),
    ),
]
