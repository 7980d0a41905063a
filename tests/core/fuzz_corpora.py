"""A fuzz target for the readers of corpora; the suite runs it shortly, and by hand it runs as long as one likes.

python -m tests.core.fuzz_corpora EXECUTIONS [SEED]
"""

import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from rustgpt_lab import Vocab
from rustgpt_lab.corpora import parse_corpus
from rustgpt_lab.corpora.formats import FORMATS
from rustgpt_lab.corpora.records import HEADER_NAMES
from rustgpt_lab.dataset import doubts
from rustgpt_lab.errors import DataError, VocabError
from rustgpt_lab.tokenizers import tokenize
from tests.corpus.corpora import AS_THEY_STAND, REFUSED, UNDERSTOOD

KINDS = list(FORMATS)
SEEDS: dict[str, list[bytes]] = {kind: [] for kind in KINDS}
for cases in (AS_THEY_STAND, UNDERSTOOD, REFUSED):
    for name, data, *_ in cases.values():
        if Path(name).suffix.lower() in FORMATS and len(data) < 1000:
            SEEDS[Path(name).suffix.lower()].append(data)

ANYWHERE = [b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\xe9", "\u2028".encode(), b"\x1c", b"\x85", b"\r\n", b"\r", b"\n\n",
            b" ", b" </s>", b"</s>\n", "太阳".encode(), "\U0001f600".encode(), b"User:"]  # fmt: skip
JSON = [b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"NaN", b"-", b"1e999", b"9" * 5000, b"[" * 1500,
        b"\\ud83d", b"\\ude00", b"\\u0000", b"\\", b'"text"', b'"answer"', b'"messages": []', b'"role": "user"',
        b'{"text": "a"}']  # fmt: skip
CSV = [b'"', b'""', b",", b";", b"\t", b",,,\n", b"text\n", b"question,answer\n", b"id,", b"a" * 200]
PIECES = {".json": ANYWHERE + JSON, ".jsonl": ANYWHERE + JSON, ".csv": ANYWHERE + CSV, ".txt": ANYWHERE}


NAMES = [*sorted(HEADER_NAMES), "from", "value", "Text", " ", "\ud83d"]
VALUES = ["a", "User: What?", "Assistant: b </s>", "", " ", "</s>", "user", "human", "gpt", "assistant", "system",
          "\ud83d", "\x1c", "\0", None, True, 3, 0.5, float("nan")]  # fmt: skip


def execute(kind: str, data: bytes, longest: int | None = None) -> bool:
    """Read bytes as one kind of file; whether they were a corpus. All but a typed error or sound texts is a finding."""
    try:
        corpus = parse_corpus(data, f"x{kind}", longest=longest)
    except (DataError, VocabError) as error:
        message = str(error).encode()  # whatever the file holds, its fault can be told
        assert message.startswith(b"x."), message
        return False
    assert corpus.understood.startswith(f"x{kind}: ") and corpus.understood.isprintable(), corpus.understood
    vocab = Vocab.from_texts(corpus.texts)
    assert corpus.texts
    for text in corpus.texts:
        words = tokenize(text.encode().decode())
        assert words and vocab.decode(vocab.encode(text)) == " ".join(words)
        if longest and kind == ".txt" and not text.startswith("User:"):
            assert len(words) <= longest
    doubts(corpus.texts, vocab)
    return True


def mutate(rng: random.Random, kind: str, data: bytes) -> bytes:
    """One to four small changes."""
    new = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(new) + 1)
        change = rng.randrange(6)
        if change == 0 and new:
            new[at % len(new)] ^= 1 << rng.randrange(8)
        elif change == 1:
            new[at:at] = bytes([rng.randrange(256)])
        elif change == 2:
            new[at:at] = rng.choice(PIECES[kind])
        elif change == 3:
            new[at : at + rng.randint(1, 8)] = rng.choice(PIECES[kind])
        elif change == 4:
            del new[at : at + rng.randint(1, 16)]
        else:
            other = rng.choice(SEEDS[kind])
            start = rng.randrange(len(other) + 1)
            new[at:at] = other[start : start + rng.randint(1, 64)]
    return bytes(new)


def invent(rng: random.Random, depth: int = 0) -> object:
    """A value of JSON with the names that are looked for: most changes of bytes do not even leave JSON."""
    chance = rng.random()
    if depth > 4 or chance < 0.5:
        return rng.choice(VALUES[: rng.choice((2, 10, None))])
    if chance < 0.65:
        return [invent(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    if chance < 0.75:
        turns = [dict(zip(rng.choice((("role", "content"), ("from", "value"))), pair, strict=True)) for pair in
                 (("user", "a"), ("gpt", "b"), ("human", invent(rng, 5)), ("assistant", "d"))]  # fmt: skip
        return {rng.choice(("messages", "conversations")): turns[: rng.randint(0, 4)]}
    return {name: invent(rng, depth + 1) for name in rng.sample(NAMES, rng.randint(0, 4))}


def new_file(rng: random.Random, kind: str) -> bytes:
    """A changed seed, or for the two kinds of JSON as often a new file."""
    if kind not in (".json", ".jsonl") or rng.random() < 0.5:
        return mutate(rng, kind, rng.choice(SEEDS[kind]))
    values = [invent(rng, 1) for _ in range(rng.choice((0, 1, 1, 2)))]
    made = json.dumps(values) if kind == ".json" else "\n".join(map(json.dumps, values))
    return made.encode() if rng.random() < 0.9 else mutate(rng, kind, made.encode())


def run(executions: int, seed: int = 0) -> Counter[str]:
    """Execute random mutations; of each kind, the number of them that were corpora.

    Raises:
        AssertionError: a finding, with the input that caused it.
    """
    rng = random.Random(seed)
    accepted: Counter[str] = Counter()
    for i in range(executions):
        kind = rng.choice(KINDS)
        data = new_file(rng, kind)
        longest = rng.choice((None, 3, 81))
        if rng.random() < 0.05:  # a file under a wrong name
            kind = rng.choice(KINDS)
        try:
            accepted[kind] += execute(kind, data, longest)
        except BaseException as error:
            raise AssertionError(f"execution {i} of seed {seed}: {kind} {longest} {data!r}") from error
    return accepted


def main(executions: int, seed: int = 0) -> None:
    started = time.perf_counter()
    accepted = run(executions, seed)
    seconds = time.perf_counter() - started
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(accepted.items()))
    print(f"{executions} executions (seed {seed}), corpora: {kinds}; no finding, {seconds:.0f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
