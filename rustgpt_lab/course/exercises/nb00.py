"""00 Start here."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from dataclasses import dataclass, field

import numpy as np

from ..exercise import Again, Exercise, Mistake, Question


def most_likely(probabilities, words):
    return words[np.argmax(probabilities)]


def likely_cases():
    yield np.array([0.2, 0.5, 0.3]), ("moon", "star", "planet")
    yield np.array([0.7, 0.1, 0.05, 0.15]), ("a", "the", "sun", "rises")
    yield np.array([0.3, 0.2, 0.4, 0.1]), ("is", "was", "shines", "sets")  # the largest is below a half


def speak(text, next_word):
    while not text.endswith("</s>"):
        text += " " + next_word(text)
    return text


@dataclass(frozen=True)
class Script:
    """A model that knows one text only: called with a beginning of it, it gives the next word."""

    text: str
    asked: list[str] = field(default_factory=list, compare=False, repr=False)

    def __call__(self, beginning):
        self.asked.append(beginning)
        if len(self.asked) > 50:
            raise RuntimeError(
                "next_word was asked 50 times: see to it that the text grows, and that the loop ends"
            )
        told, said = "".join(beginning.split()), ""
        for word in self.text.split():
            if said == told:
                return word
            said += word
        raise ValueError(f"next_word knows nothing that comes after {beginning!r}")


def speak_cases():
    yield "The moon", Script("The moon shines </s>")
    yield "User: What do bees make?", Script("User: What do bees make? Assistant : Bees make honey </s>")
    yield "A star", Script("A star </s>")


def only_new_words(text, next_word):
    return speak(text, next_word).removeprefix(text).strip()


EXERCISES = [
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
    Exercise(
        id="00.3",
        title="Let it speak",
        difficulty="easy",
        minutes=5,
        hints=(
            "You do not know how many words will come: `while not text.endswith(...):`.",
            "In the loop, put a space and `next_word(text)` at the end of the text.",
        ),
        solution=speak,
        cases=speak_cases,
        mistakes=(
            Mistake("this is one word only; go on until `</s>` is there", lambda t, n: f"{t} {n(t)}"),
            Mistake("put a space between the words", lambda t, n: t + only_new_words(t, n).replace(" ", "")),
            Mistake("these are the new words only; the text itself belongs before them", only_new_words),
            Mistake(
                "the mark of the end, `</s>`, is a word, too, and belongs to the text",
                lambda t, n: speak(t, n).removesuffix(" </s>"),
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
            "a": "8 of 44 come out right. What it has by heart are the questions as they were worded, and another wording is another question.",
            "b": "It is 8 of 44. What it has by heart are the questions as they were worded, and another wording mostly leads elsewhere.",
            "c": "What it has by heart are the questions as they were worded. Another wording mostly leads elsewhere, and now and then to the same answer.",
            "d": "8 of 44 come out right: now and then another wording leads to the same answer.",
        },
        again=Again(
            text="We write the first word of all its 197 questions with a small letter, as in `what is the sun?`. How many of its 197 answers are still right, word for word?",
            choices={
                "a": "fewer than half, but some",
                "b": "more than half, but not all",
                "c": "all: a letter's size changes no meaning",
                "d": "none",
            },
            truth="a",
            because={
                "a": "`what` is another word than `What`, with another id or with none. Where the words that are left are enough, the answer comes all the same: 74 times.",
                "b": "One letter is enough to make another word of it, and most answers hang on the exact wording.",
                "c": "No meaning, but the word: `what` has another id than `What`, or none, and then it vanishes.",
                "d": "The other words of the question are still there, and often they are enough.",
            },
        ),
    ),
]
