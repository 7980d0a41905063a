"""01 Text to tokens."""
# mypy: allow-untyped-defs, disable-error-code="var-annotated"
# ruff: noqa: E501

from collections import Counter
from itertools import pairwise
from string import punctuation

from ...tokenizers import tokenize
from ..exercise import Again, Exercise, Mistake, Question


def cut(text):
    tokens = []
    for word in text.split():
        if word != "</s>":
            for mark in punctuation:
                word = word.replace(mark, f" {mark} ")
        tokens += word.split()
    return tokens


def cut_cases():
    yield ("Bees, and ants! </s>",)
    yield ("Don't  panic:\nit's 5-a-day (really). </s>",)


def cut_marks_at_the_end(text):
    pairs = [
        [word[:-1], word[-1]] if word[-1] in punctuation and word != "</s>" else [word]
        for word in text.split()
    ]
    return [token for pair in pairs for token in pair]


def build_ids(texts):
    words = {"</s>"}
    for text in texts:
        words |= set(tokenize(text))
    return {word: i for i, word in enumerate(sorted(words))}


def build_cases():
    yield (["the sun is warm </s>", "a moon is cold"],)
    yield (["Ants, bees and flies!", "the flies and the bees"],)


def numbered(words, start=0):
    return {word: i for i, word in enumerate(words, start)}


def all_tokens(texts):
    """For the mistakes below: every token, again and again, and `</s>`."""
    return [token for text in texts for token in tokenize(text)] + ["</s>"]


def encode(text, ids):
    return [ids[word] for word in tokenize(text) if word in ids]


def encode_cases():
    yield "the the warm sun! </s>", {"!": 0, "</s>": 1, "sun": 2, "the": 3}
    yield "Do ants eat, or sleep?", {",": 0, "?": 1, "Do": 2, "ants": 3, "eat": 4, "sleep": 5}


def encode_until_unknown(text, ids):
    found = []
    for word in tokenize(text):
        if word not in ids:
            break
        found.append(ids[word])
    return found


def most_frequent_pair(counts):
    pairs = Counter()
    for word, times in counts.items():
        pieces = word.split()
        for pair in pairwise(pieces):
            pairs[pair] += times
    return pairs.most_common(1)[0][0]


def pair_cases():
    yield ({"t h e": 9, "t h i s": 2, "b e e s": 1, "s e e": 1, "d e e p": 1},)
    yield ({"th e": 9, "r a i n": 3, "t r a i n": 2, "g r a i n": 1, "i n": 5, "n i n e": 5, "th e n": 1},)
    yield ({"d o d o": 4, "t o o": 5, "t o p": 1},)  # a pair that occurs twice in a word
    yield ({"th e": 9, "th is": 4, "i n": 5, "s i t": 1},)  # letters that are no pieces
    yield ({"s o n g s": 4, "s e e": 3, "b e e": 1, "t r e e": 1},)  # twice the same piece, in rare words too


def pairs_of(counts, cut=str.split, order=tuple, step=1, times=lambda n: n):
    """For the mistakes below: the pairs and their counts, with a part exchanged."""
    pairs = Counter()
    for word, n in counts.items():
        pieces = cut(word)
        for i in range(0, len(pieces) - 1, step):
            pairs[order(pieces[i : i + 2])] += times(n)
    return pairs


def top(pairs):
    return pairs.most_common(1)[0][0]


EXERCISES = [
    Exercise(
        id="01.1",
        title="Cut a text",
        difficulty="easy",
        minutes=7,
        hints=(
            "Go through `text.split()` word by word and collect tokens in a list.",
            "For a single word you have seen the steps above: a space on both sides of every mark, then `split()`.",
            "Leave a word as it is `if word == '</s>'`. A list grows by several items with `tokens += word.split()`.",
        ),
        solution=cut,
        cases=cut_cases,
        mistakes=(
            Mistake("this is `text.split()` alone: the punctuation still sticks to its word", str.split),
            Mistake(
                "`</s>` was cut up like any other word; it must stay whole",
                lambda text: [
                    token for word in text.split() for token in cut(word.replace("</s>", "< / s >"))
                ],
            ),
            Mistake(
                "`</s>` is gone; it is a token too",
                lambda text: [token for token in cut(text) if token != "</s>"],
            ),
            Mistake(
                "the punctuation marks are gone; each of them is a token too",
                lambda text: [token for token in cut(text) if token not in punctuation],
            ),
            Mistake(
                "only a mark at the end of a word is cut off; those inside it stand alone too, as in `5-a-day`",
                cut_marks_at_the_end,
            ),
            Mistake(
                "there are empty tokens or line ends: `split(' ')` cuts at every single space, `split()` at any run of white space",
                lambda text: [token for word in text.split(" ") for token in cut(word) or [word]],
            ),
            Mistake(
                "the text is in small letters; here `The` and `the` are two words, so leave it as it is",
                lambda text: cut(text.lower()),
            ),
            Mistake("these are characters; a token is a word, or a punctuation mark", list),
            Mistake(
                "`strip` throws the marks at the ends of a word away; each of them is a token too",
                lambda text: [word if word == "</s>" else word.strip(punctuation) for word in text.split()],
            ),
            Mistake(
                "there are lists in the list: `append` adds a list as one item, `+=` adds its items",
                lambda text: [cut(word) for word in text.split()],
            ),
        ),
    ),
    Exercise(
        id="01.2",
        title="Build a vocabulary",
        difficulty="easy",
        minutes=5,
        hints=(
            "First all different words: a `set` keeps every word once. `words |= set(tokenize(text))` adds those of a text.",
            "Begin with `words = {'</s>'}`, so that it is there even if no text ends with it.",
            "`sorted(words)` is a list, and `enumerate` counts along: `{word: i for i, word in enumerate(...)}`.",
        ),
        solution=build_ids,
        cases=build_cases,
        mistakes=(
            Mistake(
                "`</s>` is missing where no text holds it; every vocabulary needs it, so that a model can stop",
                lambda texts: numbered(sorted(set(all_tokens(texts)[:-1]))),
            ),
            Mistake(
                "the words are in the order in which they first occur; sort them, so that the ids do not depend on the order of the texts",
                lambda texts: numbered(dict.fromkeys(all_tokens(texts))),
            ),
            Mistake(
                "this is the sorted list of words; number it, to get from every word to its place",
                lambda texts: sorted(set(all_tokens(texts))),
            ),
            Mistake(
                "the words are sorted without regard to capitals; plain `sorted` puts capitals first",
                lambda texts: numbered(sorted(sorted(set(all_tokens(texts))), key=str.lower)),
            ),
            Mistake(
                "the most frequent words come first; here the words are in alphabetical order",
                lambda texts: numbered(word for word, _ in Counter(all_tokens(texts)).most_common()),
            ),
            Mistake(
                "the ids begin with 1; they begin with 0",
                lambda texts: numbered(sorted(set(all_tokens(texts))), 1),
            ),
            Mistake(
                "the mapping is the wrong way round: it leads from id to word, not from word to id",
                lambda texts: dict(enumerate(sorted(set(all_tokens(texts))))),
            ),
            Mistake(
                "the texts were cut with `split()`; use `tokenize`, so that `Ants,` gives `Ants` and `,`",
                lambda texts: numbered(sorted({"</s>"}.union(*map(str.split, texts)))),
            ),
            Mistake(
                "these are characters: `set(text)` takes a text letter by letter",
                lambda texts: numbered(sorted({"</s>"}.union(*texts))),
            ),
        ),
    ),
    Exercise(
        id="01.3",
        title="From text to ids",
        difficulty="easy",
        minutes=5,
        hints=(
            "Go through `tokenize(text)` and collect `ids[word]`, but only for words that the vocabulary has.",
            "`word in ids` asks a dictionary whether it has a key.",
            "In one line: `[... for word in tokenize(text) if ...]`.",
        ),
        solution=encode,
        cases=encode_cases,
        mistakes=(
            Mistake(
                "an unknown word raises KeyError; leave it out before you look it up",
                lambda text, ids: [ids[word] for word in tokenize(text)],
            ),
            Mistake(
                "the word with the id 0 is lost: 0 counts as false, so ask `word in ids`",
                lambda text, ids: [ids[word] for word in tokenize(text) if ids.get(word)],
            ),
            Mistake(
                "unknown words became None; leave them out",
                lambda text, ids: [ids.get(word) for word in tokenize(text)],
            ),
            Mistake(
                "unknown words got the id 0, which belongs to another word",
                lambda text, ids: [ids.get(word, 0) for word in tokenize(text)],
            ),
            Mistake(
                "everything after the first unknown word is lost; leave out that word only",
                encode_until_unknown,
            ),
            Mistake(
                "a word that occurs twice has only one id in the result; keep every occurrence",
                lambda text, ids: [ids[word] for word in dict.fromkeys(tokenize(text)) if word in ids],
            ),
            Mistake(
                "the text was cut with `split()`; use `tokenize`, so that `sun!` is found as `sun` and `!`",
                lambda text, ids: [ids[word] for word in text.split() if word in ids],
            ),
        ),
    ),
    Exercise(
        id="01.4",
        title="The most frequent pair",
        difficulty="medium",
        minutes=10,
        hints=(
            "Count in a `Counter()`, whose missing keys are 0: `pairs[pair] += ...`.",
            "`pairwise(pieces)` gives all neighbours: of `b e e s` that is `(b, e)`, `(e, e)`, `(e, s)`.",
            "A word that occurs 4 times adds 4 to each of its pairs. `pairs.most_common(1)` is a list with the most frequent pair and its count.",
        ),
        solution=most_frequent_pair,
        cases=pair_cases,
        mistakes=(
            Mistake(
                "every word counts once here; a pair in a word that occurs 4 times occurs 4 times",
                lambda counts: top(pairs_of(counts, times=lambda n: 1)),
            ),
            Mistake(
                "two equal neighbours, as in `s e e`, are a pair like any other",
                lambda counts: top(
                    Counter({pair: n for pair, n in pairs_of(counts).items() if pair[0] != pair[1]})
                ),
            ),
            Mistake(
                "the pairs do not overlap here; `b e e s` has three, `(b, e)`, `(e, e)` and `(e, s)`",
                lambda counts: top(pairs_of(counts, step=2)),
            ),
            Mistake(
                "a pair that occurs twice in a word, as in `d o d o`, counts once here: a `set` keeps each pair once",
                lambda counts: top(
                    Counter(
                        pair
                        for word, n in counts.items()
                        for pair in set(pairwise(word.split()))
                        for _ in range(n)
                    )
                ),
            ),
            Mistake(
                "these are neighbouring letters, since the spaces were taken out; a piece, such as `th`, may have several: cut with `split()`",
                lambda counts: top(pairs_of(counts, cut=lambda word: word.replace(" ", ""))),
            ),
            Mistake(
                "these are neighbouring characters, spaces among them; cut the word into its pieces first, with `split()`",
                lambda counts: top(pairs_of(counts, cut=str)),
            ),
            Mistake(
                "this is the rarest pair",
                lambda counts: pairs_of(counts).most_common()[-1][0],
            ),
            Mistake(
                "this is how often the most frequent pair occurs; the pair itself is asked for",
                lambda counts: max(pairs_of(counts).values()),
            ),
            Mistake(
                "this is the pair together with its count; the pair alone is asked for",
                lambda counts: pairs_of(counts).most_common(1)[0],
            ),
            Mistake(
                "`most_common(1)` is a list of one entry, the pair with its count; take the pair out of both",
                lambda counts: pairs_of(counts).most_common(1),
            ),
            Mistake(
                "the two are joined already; the pair itself is asked for, two pieces",
                lambda counts: "".join(top(pairs_of(counts))),
            ),
            Mistake(
                "this is the most frequent single piece; two neighbours are asked for",
                lambda counts: top(
                    Counter(piece for word, n in counts.items() for piece in word.split() * n)
                ),
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="01.q1",
        text="Someone asks our model about `purple lions`. It has never met the word `purple`. What becomes of that word?",
        choices={
            "a": "it gets a special id that stands for everything unknown",
            "b": "it vanishes: the model reads on as if it had not been there",
            "c": "there is an error",
            "d": "it is spelled, letter by letter",
        },
        because={
            "a": "Many models have such an id, often called `<unk>`. RustGPT has none.",
            "b": "Only words with an id can become numbers, and RustGPT drops all others without a sound.",
            "c": "An error would at least tell you. RustGPT drops the word and says nothing.",
            "d": "Modern models do something like that, with pieces of words. It is at the end of this notebook; RustGPT does not.",
        },
        again=Again(
            text="The vocabulary lacks `fierce`. We ask our model `What do fierce lions eat?`. How does its answer differ from that to `What do lions eat?`?",
            choices={
                "a": "it speaks of another animal, since it takes the nearest word that it knows",
                "b": "it says that it does not know the word",
                "c": "not at all: the two questions have the same ids",
                "d": "it breaks off at that word",
            },
            truth="c",
            because={
                "a": "There is no nearest word: without an id, nothing of `fierce` is left that could be compared.",
                "b": "To say so, something in it would have to notice. The word is dropped before the model sees it.",
                "c": "What has no id is dropped without a sound, so the model gets the very same numbers.",
                "d": "Nothing breaks off: the word is dropped, and the rest is read on.",
            },
        ),
    ),
    Question(
        id="01.q2",
        text="We turn `Are owls, bats and bees animals?` into ids and the ids back into text. All of its words are known. What comes out?",
        choices={
            "a": "the very same text",
            "b": "the same words and marks in the same order, but with other spaces",
            "c": "the same words, but the marks are gone",
            "d": "the same words, in the order of their ids",
        },
        because={
            "a": "The spaces were used for cutting, and then thrown away. Nothing remembers where there was one.",
            "b": "Nothing remembers where a space was, so `decode` puts one between any two tokens, also before a comma.",
            "c": "Marks are tokens like any other: they have ids, and they come back.",
            "d": "The ids stand in the order of the text, and that order is kept.",
        },
        again=Again(
            text="`What do lions, cows and sheep eat?` has 6 spaces. We turn it into ids and back into text. All of its words are known. How many spaces does it have then?",
            choices={
                "a": "0: spaces are no tokens",
                "b": "6: the text comes back as it was",
                "c": "8: one between any two tokens",
                "d": "9: one for every token",
            },
            truth="c",
            because={
                "a": "They are no tokens; but `decode` puts new ones in, or one could not read what it gives.",
                "b": "Nothing remembers that there was no space in front of the comma.",
                "c": "There are 9 tokens, the two marks among them, so 8 gaps, and each gets a space.",
                "d": "It stands between tokens, so there is one less than there are tokens.",
            },
        ),
    ),
]
