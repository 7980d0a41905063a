"""Training: real tokens a second, batches of 4 in RustGPT's network."""

import os
import shutil
from collections.abc import Sequence

from rustgpt_lab.tokenizers import Vocab

from .measure import Case, Work, corpora, measure, speedup
from .tables import Table

TOKENS = 6000
"""Positions predicted in a round, about."""

Ids = Sequence[Sequence[int]]


def load(folder: str | None) -> tuple[Vocab, list[str], Ids]:
    texts = corpora(folder).texts
    vocab = Vocab.from_texts(texts)
    return vocab, texts, [vocab.encode(text) for text in texts]


def epochs(sequences: Ids) -> tuple[int, int]:
    """How often a round goes through the corpus, and the positions that it predicts in all."""
    once = sum(len(ids) - 1 for ids in sequences)
    times = max(1, round(TOKENS / once))
    return times, times * once


def batches(sequences: Ids, size: int) -> list[Ids]:
    return [sequences[start : start + size] for start in range(0, len(sequences), size)]


def ours(
    folder: str | None, batch: int = 4, d: int = 128, bucketed: bool = False, fast: bool = False
) -> Work:
    from rustgpt_lab import LLM, compiled

    if fast:
        compiled.enable()
    vocab, texts, sequences = load(folder)
    if bucketed:
        texts = sorted(texts, key=lambda text: len(vocab.encode(text)))
    times, tokens = epochs(sequences)
    llm = LLM.build(vocab, embedding_dim=d, hidden_dim=2 * d)

    def work() -> float:
        llm.train(texts, epochs=times, learning_rate=5e-4, batch_size=batch)
        return tokens

    return work


def pytorch(
    folder: str | None, batch: int = 4, d: int = 128, layout: str = "packed", compiled: bool = False
) -> Work:
    import torch

    from .torch_model import GPT, packed, padded

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(0)
    vocab, _, sequences = load(folder)
    times, tokens = epochs(sequences)
    if layout == "bucketed":
        sequences = sorted(sequences, key=len)
    make = packed if layout == "packed" else padded
    ready = [make(part) for part in batches(sequences, batch)]
    model = GPT(len(vocab), d, 2 * d)
    loss = torch.compile(model.loss, dynamic=True) if compiled else model.loss
    adam = torch.optim.Adam(model.parameters(), lr=5e-4, fused=True)

    def work() -> float:
        for _ in range(times):
            for arrays in ready:
                adam.zero_grad(set_to_none=True)
                loss(*arrays).backward()
                adam.step()
        return tokens

    return work


def limit(folder: str | None, batch: int = 4, d: int = 128) -> Work:
    from .limit import Products, adam_in_c

    vocab, _, sequences = load(folder)
    times, tokens = epochs(sequences)
    sizes = [[len(ids) - 1 for ids in part] for part in batches(sequences, batch)]
    products = Products(max(len(part) * max(part) for part in sizes), len(vocab), d, 2 * d)
    floats = sum(w.size for w in products.weights) + (len(vocab) + 80) * d  # and the embeddings
    adam = adam_in_c(floats)

    def work() -> float:
        for _ in range(times):
            for part in sizes:
                products.of_weights(sum(part))
                products.of_attention(len(part), max(part))
                adam()
        return tokens

    return work


def rivals(folder: str | None, quick: bool, **options) -> list[Case]:
    """PyTorch in every way that might be the fastest."""
    found = []
    for threads in (1,) if quick else (1, 2):
        for layout in ("packed", "padded", "bucketed"):
            for compiled in (False, True):
                if compiled and (quick or shutil.which("g++") is None):
                    continue
                name = f"PyTorch {layout}{', compiled' * compiled}, {threads} thread{'s' * (threads > 1)}"
                settings = {"folder": folder, "layout": layout, "compiled": compiled, **options}
                found.append(Case(name, "training:pytorch", settings, threads))
    return found


def tables(folder: str | None, rounds: int, quick: bool) -> list[Table]:
    cases = rivals(folder, quick)
    for threads in (1,) if quick else (1, 2):
        end = f"{threads} thread{'s' * (threads > 1)}"
        cases.append(Case(f"rustgpt_lab, {end}", "training:ours", {"folder": folder}, threads))
        if shutil.which("gcc"):
            cases.append(Case(f"the limit, {end}", "training:limit", {"folder": folder}, threads))
    for name, option in (("sorted by length", "bucketed"), ("compiled", "fast")):
        cases.append(
            Case(f"rustgpt_lab, {name}, 1 thread", "training:ours", {"folder": folder, option: True})
        )
    results = measure(cases, rounds)
    table = Table(
        "Training, batches of 4",
        ["", "tokens/s (CPU)", "tokens/s (clock)", "ours to it (CPU)", "ours to it (clock)"],
    )
    for name, result in sorted(results.items(), key=lambda item: item[1].seconds("wall")):
        own = results[f"rustgpt_lab, {result.case.threads} thread{'s' * (result.case.threads > 1)}"]
        table.row(
            name,
            f"{result.rate():,.0f}",
            f"{result.rate('wall'):,.0f}",
            f"{speedup(own, result):.2f}",
            f"{speedup(own, result, 'wall'):.2f}",
        )
    table.notes.append(
        "Tokens are predicted positions, without padding. PyTorch has fused q-k-v, its own attention and a fused "
        "Adam; its batches lie one after the other in a row with a mask (packed), or are filled up in the order of "
        "the file (padded) or sorted by length (bucketed). The library packs, in the order of the file; compiled "
        "is `rustgpt_lab.compiled.enable()`. The limit "
        "is the step's matrix products alone, in NumPy, and Adam in one pass of C."
    )
    return [table]
