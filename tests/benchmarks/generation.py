"""Generation: words a second, one thread, greedily, with a key-value cache; the answers to all chat prompts.

All sides have the same weights, trained until every answer is right; so all must give the same answers.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from rustgpt_lab.tokenizers import Vocab

from .measure import Case, Work, corpora, measure, speedup
from .tables import Table


def load(folder: str | None) -> tuple[Vocab, list[list[int]], list[list[int]]]:
    """The vocabulary, the prompts ("User: …"), and what must follow each."""
    data = corpora(folder)
    vocab = Vocab.from_texts(data.texts)
    pairs = [text.split(" Assistant:") for text in data.chat]
    prompts = [vocab.encode(question) for question, _ in pairs]
    return vocab, prompts, [vocab.encode("Assistant:" + answer) for _, answer in pairs]


def check(found: list[list[int]], answers: list[list[int]]) -> float:
    """The number of words, if they are the right ones."""
    if found != answers:
        raise SystemExit("an answer is not the one that was learned")
    return sum(map(len, answers))


def with_weights(vocab: Vocab, weights: str) -> Any:
    """RustGPT's model with weights that were saved."""
    from rustgpt_lab import LLM

    llm = LLM.build(vocab)
    for name, array in np.load(weights).items():
        llm.parameters[name][...] = array
    return llm


def ours(folder: str | None, weights: str) -> Work:
    vocab, prompts, answers = load(folder)
    llm = with_weights(vocab, weights)
    texts = [vocab.decode(ids) for ids in prompts]

    def work() -> float:
        return check([vocab.encode(llm.predict(text)) for text in texts], answers)

    return work


def ours_at_once(folder: str | None, weights: str, size: int = 32) -> Work:
    """The same prompts, many of unequal length in each call."""
    vocab, prompts, answers = load(folder)
    llm = with_weights(vocab, weights)
    texts = [vocab.decode(ids) for ids in prompts]

    def work() -> float:
        parts = (texts[start : start + size] for start in range(0, len(texts), size))
        return check([vocab.encode(text) for part in parts for text in llm.predict_all(part)], answers)

    return work


def pytorch(folder: str | None, weights: str, compiled: bool = False) -> Work:
    import torch

    from .torch_model import GPT, Decoder

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    vocab, prompts, answers = load(folder)
    decoder = Decoder(GPT(len(vocab), 128, 256).take_over(np.load(weights)), compiled)

    def work() -> float:
        return check([list(decoder.greedy(ids, vocab.end)) for ids in prompts], answers)

    return work


def limit(folder: str | None, weights: str) -> Work:
    """The products alone: a prompt's all at once, then those of one word after the other."""
    from .limit import Decoding

    vocab, prompts, answers = load(folder)
    products = Decoding(len(vocab), 128, 256)

    def work() -> float:
        for prompt, answer in zip(prompts, answers, strict=True):
            products.of_text(len(prompt), len(answer))
        return sum(map(len, answers))

    return work


def tables(folder: str | None, rounds: int, quick: bool) -> list[Table]:
    from .speedrun import Speedrun

    with tempfile.TemporaryDirectory() as temporary:
        options = {"folder": folder, "weights": str(Path(temporary, "weights.npz"))}
        llm = Speedrun()(corpora(folder), seed=0)
        np.savez(options["weights"], **llm.parameters)
        cases = [
            Case("rustgpt_lab", "generation:ours", options),
            Case("rustgpt_lab, 32 prompts at once", "generation:ours_at_once", options),
            Case("PyTorch", "generation:pytorch", options),
        ]
        if not quick:
            cases.append(Case("PyTorch, compiled", "generation:pytorch", {**options, "compiled": True}))
        cases.append(Case("the limit", "generation:limit", options))
        results = measure(cases, rounds)
    table = Table(
        "Generation with cache, one thread", ["", "words/s (CPU)", "words/s (clock)", "ours to it (CPU)"]
    )
    for name, result in sorted(results.items(), key=lambda item: item[1].seconds()):
        ratio = speedup(results["rustgpt_lab"], result)
        table.row(name, f"{result.rate():,.0f}", f"{result.rate('wall'):,.0f}", f"{ratio:.2f}")
    table.notes.append(
        "Words of the right answers to all chat prompts, each prompt read anew, one after another unless it says more. "
        "PyTorch reads a prompt at once, into "
        "a cache made before, in inference mode. The limit is the matrix products alone, in NumPy."
    )
    return [table]
