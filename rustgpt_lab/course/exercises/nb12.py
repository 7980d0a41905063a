"""12 A real one."""
# mypy: allow-untyped-defs
# ruff: noqa: E501

from functools import partial

import numpy as np

from ..exercise import Exercise, Mistake, Question

FIELDS = {
    "attn_norm": "0.gamma",
    "attn_q": "1.w_q",
    "attn_k": "1.w_k",
    "attn_v": "1.w_v",
    "attn_output": "1.w_o",
    "ffn_norm": "0.gamma",
    "ffn_gate": "1.w_gate",
    "ffn_up": "1.w_up",
    "ffn_down": "1.w_down",
}
"""What a file calls the parts of a block -> what we call them inside their layer."""


def our_name(theirs):
    _, block, part, _ = theirs.split(".")
    layer = 2 * int(block) + (1 if part.startswith("attn") else 2)
    return f"{layer}.{FIELDS[part]}"


def our_name_cases():
    for theirs in ("blk.0.attn_q", "blk.0.ffn_up", "blk.1.attn_norm", "blk.7.ffn_norm", "blk.29.attn_output"):
        yield (f"{theirs}.weight",)


def named(theirs, layer=lambda block, network: 2 * block + 1 + network, part=lambda part: FIELDS[part]):
    """The solution with a part exchanged, for the mistakes below."""
    _, block, name, _ = theirs.split(".")
    return f"{layer(int(block), name.startswith('ffn'))}.{part(name)}"


def dequantize(block):
    scale = block[:2].view(np.float16).astype(np.float32)
    return scale * block[2:].view(np.int8)


def dequantize_cases():
    rng = np.random.default_rng(122)
    for scale, numbers in (
        (0.5, np.arange(-16, 16)),
        (0.0371, rng.integers(-127, 128, 32)),
        (1.7e-3, rng.integers(-127, 128, 32)),
    ):
        parts = np.array([scale], np.float16), numbers.astype(np.int8)
        yield (np.concatenate([part.view(np.uint8) for part in parts]),)


def dequantized(
    block, scale=lambda b: b[:2].view(np.float16).astype(np.float32), numbers=lambda b: b[2:].view(np.int8)
):
    """The solution with a part exchanged, for the mistakes below."""
    return scale(block) * numbers(block)


def to_halves(w, heads):
    pairs = w.reshape(heads, -1, 2, w.shape[1])  # (heads, h/2, 2, in)
    return pairs.swapaxes(1, 2).reshape(w.shape)


def to_halves_cases():
    rng = np.random.default_rng(123)
    yield np.arange(12.0).reshape(6, 2), 1
    yield rng.normal(size=(12, 5)), 2
    yield rng.normal(size=(24, 12)), 3


def turned(w, shape, axes=(1, 2)):
    return w.reshape(shape).swapaxes(*axes).reshape(w.shape)


EXERCISES = [
    Exercise(
        id="12.1",
        title="Name by name",
        difficulty="easy",
        minutes=6,
        hints=(
            '`theirs.split(".")` gives four parts: `"blk"`, the block\'s number, the part\'s name, `"weight"`.',
            "Layer 0 is the embeddings. Block 0 is layers 1 (attention) and 2 (network), block 1 is layers 3 and 4: `2 * block + 1` and `2 * block + 2`.",
            'It is attention if `part.startswith("attn")`. The rest of our name is `FIELDS[part]`, behind a dot.',
        ),
        solution=our_name,
        cases=our_name_cases,
        mistakes=(
            Mistake(
                "a block is two layers of ours, so block i begins at layer 2i + 1, not i + 1",
                partial(named, layer=lambda block, network: block + 1 + network),
            ),
            Mistake(
                "layer 0 is the embeddings: block 0 begins at layer 1",
                partial(named, layer=lambda block, network: 2 * block + network),
            ),
            Mistake(
                "attention and network of a block are two layers, one after the other; here both have one number",
                partial(named, layer=lambda block, network: 2 * block + 1),
            ),
            Mistake(
                "the network comes after attention, not before it",
                partial(named, layer=lambda block, network: 2 * block + 2 - network),
            ),
            Mistake(
                "this is the file's name for the part; ours is `FIELDS[part]`",
                partial(named, part=lambda part: part),
            ),
            Mistake("our names do not end in `.weight`", lambda theirs: f"{our_name(theirs)}.weight"),
        ),
    ),
    Exercise(
        id="12.2",
        title="Eight bits a number",
        difficulty="medium",
        minutes=7,
        hints=(
            "`block[:2].view(np.float16)` reads the first two bytes as one float16, an array of shape `(1,)`.",
            "`block[2:].view(np.int8)` reads the others as numbers from -128 to 127. `np.uint8` would read 0 to 255.",
            "Make the scale a float32 before you multiply, `.astype(np.float32)`: float16 times int8 is float16 again, and rounds.",
        ),
        solution=dequantize,
        cases=dequantize_cases,
        mistakes=(
            Mistake(
                "the 32 bytes are read without a sign, 0 to 255; they have one: `np.int8`",
                partial(dequantized, numbers=lambda b: b[2:].astype(np.float32)),
            ),
            Mistake(
                "float16 times int8 is float16, and rounds to 11 bits; make the scale a float32 first",
                partial(dequantized, scale=lambda b: b[:2].view(np.float16)),
            ),
            Mistake(
                "this divides by the scale; each number is the scale *times* a whole number",
                partial(dequantized, scale=lambda b: 1 / b[:2].view(np.float16).astype(np.float32)),
            ),
            Mistake("the scale is missing", partial(dequantized, scale=lambda b: np.float32(1))),
            Mistake(
                "the scale's two bytes are read the other way round; the file has the lower one first",
                partial(dequantized, scale=lambda b: b[:2].view(">f2").astype(np.float32)),
            ),
            Mistake(
                "the scale's two bytes are read as a whole number; they are a float16",
                partial(dequantized, scale=lambda b: b[:2].view(np.uint16).astype(np.float32)),
            ),
            Mistake(
                "the scale is read at the end of the block; it stands at its beginning",
                partial(
                    dequantized,
                    scale=lambda b: b[-2:].copy().view(np.float16).astype(np.float32),
                    numbers=lambda b: b[:-2].view(np.int8),
                ),
            ),
        ),
    ),
    Exercise(
        id="12.3",
        title="Turned back",
        difficulty="medium",
        minutes=8,
        hints=(
            "Take the rows apart: `w.reshape(heads, -1, 2, w.shape[1])` has the axes head, pair, first or second of the pair, input.",
            "In halves, all first ones of a head stand before all second ones: exchange the axes of the pair and of first or second, `.swapaxes(1, 2)`.",
            "Then put them together again: `.reshape(w.shape)`.",
        ),
        solution=to_halves,
        cases=to_halves_cases,
        mistakes=(
            Mistake(
                "this goes the other way, from halves to neighbours: take each head apart into (h/2, 2), not (2, h/2)",
                lambda w, heads: turned(w, (heads, 2, -1, w.shape[1])),
            ),
            Mistake(
                "the rows of all heads are mixed; each head is turned by itself",
                lambda w, heads: turned(w, (1, -1, 2, w.shape[1])),
            ),
            Mistake(
                "nothing is turned: without `swapaxes` the two reshapes undo each other",
                lambda w, heads: w.copy(),
            ),
            Mistake(
                "columns are turned, which is the input; pairs are rows, what comes out",
                lambda w, heads: (
                    turned(w.T.copy(), (1, -1, 2, w.shape[0])).T if w.shape[1] % 2 == 0 else w[:, ::-1]
                ),
            ),
            Mistake(
                "the heads are taken as the inner axis; the first h rows are the first head",
                lambda w, heads: turned(w, (-1, 2, heads, w.shape[1]), (0, 1)) if heads > 1 else w[::-1],
            ),
        ),
    ),
]

QUESTIONS = [
    Question(
        id="12.q1",
        text="The model reads “The capital of France is”. What leaves each of its 30 blocks can be sent through the last norm and the output, as if it were the end. From which block on has “ Paris” more than half of the probability?",
        choices={
            "a": "from one of the blocks 1 to 10: it is an easy fact",
            "b": "from one of the blocks 11 to 20, in the middle",
            "c": "from one of the blocks 21 to 28",
            "d": "only from block 29 or 30",
        },
        because={
            "a": "There the lens reads spaces and commas. What is easy for us need not be early.",
            "b": "In the middle the fact may be known already, but not in the language that the output reads.",
            "c": "It begins to show there, with less than one in ten.",
            "d": "The last block turns what is known into a word. That it cannot be read earlier does not say that it is not there.",
        },
    ),
    Question(
        id="12.q2",
        text="Random words come twice, and the second time the model often knows what follows. One head, in block 17, gives the word just before each word most of its attention; another, in block 19, looks for what came after this word the first time. If you may silence only one of the 270 heads, which costs more?",
        choices={
            "a": "the one in block 19: it is the one that fetches the answer",
            "b": "the one in block 17",
            "c": "neither costs anything: 269 others are left",
        },
        because={
            "a": "It costs something. But it is not the only one that fetches.",
            "b": "Several heads fetch, and stand in for each other. All of them find the place by a mark that this one head has put there.",
            "c": "Others stand in for one that fetches, but hardly for the one that puts the mark.",
        },
    ),
    Question(
        id="12.q3",
        text="The hundred sums from 0 + 0 to 9 + 9, asked as a text that goes on: “4 + 5 = ”. Few come out right. Now two solved sums stand before each, “1 + 1 = 2” and “3 + 4 = 7”. How many of the hundred come out right?",
        choices={
            "a": "about as few: it cannot calculate, and two examples teach nothing",
            "b": "about a third",
            "c": "about four fifths",
            "d": "all of them",
        },
        because={
            "a": "It had seen many sums in its training. What was missing is what kind of text this is.",
            "b": "More: the examples say what kind of text this is, and that was most of what was missing.",
            "c": "The examples teach no arithmetic. They say what kind of text this is.",
            "d": "What it has is no procedure for adding; some sums it has seen more often than others.",
        },
    ),
]
