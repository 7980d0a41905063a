"""00 Start here."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

import numpy as np

from ..exercise import Exercise, Mistake, Question


def clean(reply):
    return reply.removeprefix("Assistant : ").removesuffix(" </s>")


def clean_cases():
    yield ("Assistant : The sun is a star </s>",)
    yield ("Assistant : Two words : yes and no </s>",)
    yield ("Assistant : Ants are insects </s>",)


def most_likely(probabilities, words):
    return words[np.argmax(probabilities)]


def likely_cases():
    yield np.array([0.2, 0.5, 0.3]), ("moon", "star", "planet")
    yield np.array([0.7, 0.1, 0.05, 0.15]), ("a", "the", "sun", "rises")
    yield np.array([0.3, 0.2, 0.4, 0.1]), ("is", "was", "shines", "sets")  # the largest is below a half


EXERCISES = [
    Exercise(
        id="00.1",
        title="Clean the reply",
        difficulty="easy",
        minutes=3,
        hints=(
            "Texts have methods that cut something off: look at `help(str.removeprefix)` and `help(str.removesuffix)`.",
            'The prefix is `"Assistant : "` and the suffix `" </s>"`. Mind the spaces.',
        ),
        solution=clean,
        cases=clean_cases,
        mistakes=(
            Mistake("the end mark `</s>` is still there", lambda reply: reply.removeprefix("Assistant : ")),
            Mistake("`Assistant :` is still there", lambda reply: reply.removesuffix(" </s>")),
            Mistake(
                "`strip` takes off any of the *letters* that you give it, so of `Ants are insects` only `re insect` is left",
                lambda reply: reply.strip("Assistant : ").strip(" </s>"),  # noqa: B005
            ),
            Mistake(
                "a space is left at an end; take it away together with the word",
                lambda reply: reply.removeprefix("Assistant :").removesuffix("</s>"),
            ),
            Mistake(
                "a reply may hold a colon itself; cutting at every colon, or at the last, loses a part of it",
                lambda reply: reply.split(":")[-1].removesuffix("</s>").strip(),
            ),
        ),
    ),
    Exercise(
        id="00.2",
        title="The most likely word",
        difficulty="easy",
        minutes=5,
        hints=(
            "`np.argmax(probabilities)` is the *place* of the largest number.",
            "The word at that place: `words[place]`.",
        ),
        solution=most_likely,
        cases=likely_cases,
        mistakes=(
            Mistake("this is the place of the word, not the word", lambda p, words: int(np.argmax(p))),
            Mistake(
                "this is the largest probability, not the word that has it", lambda p, words: float(np.max(p))
            ),
            Mistake("this is the least likely word", lambda p, words: words[int(np.argmin(p))]),
            Mistake(
                "this is the last word in the order of the alphabet; the probabilities are not used",
                lambda p, words: max(words),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="00.q1",
        text="The model was trained on questions with answers, and has learned them all by heart. How many does it still answer right, word for word, when the same things are asked **in other words**?",
        choices={
            "a": "all of them",
            "b": "more than half",
            "c": "fewer than half, but some",
            "d": "none",
        },
        because={
            "a": "It has learned the questions by heart, not what they mean, so another wording is another question.",
            "b": "It has learned the questions by heart, not what they mean; only where enough words agree does the answer come.",
            "c": "With so few examples it learns wordings rather than meanings. Where enough words agree, the answer comes all the same.",
            "d": "Some of the new wordings share the words that matter with the old ones, and that is enough.",
        },
    ),
]
