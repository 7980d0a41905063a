"""`python3 -m tests.attention_table`: kinds of attention in RustGPT's network, compared on both of its corpora.

RustGPT's network as it is, with 8 heads, with 8 heads and rotary positions, and with 8 over 2 grouped: each has blocks
of RustGPT's own norms and feed-forward networks, the same widths, recipe and seeds. Quality is the loss on the texts of
a corpus, and the share of questions answered word for word, learned ones and wordings that were held out. Words a
second are those learned from, of processor time; memory is the weights', and the cache's of 80 words.

`--epochs N` of each phase, 30 by default; `--seeds N`.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rustgpt_lab import LLM
    from rustgpt_lab.tokenizers import Vocab

D, HIDDEN, BLOCKS, LENGTH = 128, 256, 3, 80
KINDS = {
    "RustGPT's network": None,
    "8 heads": {},
    "8 heads, rotary": {"rope": "adjacent"},
    "8 over 2, rotary": {"rope": "adjacent", "kv_heads": 2},
}
"""Name -> what its `MultiHeadAttention` is given."""


def model(vocab: Vocab, how: dict | None, seed: int) -> LLM:
    """RustGPT's network, with another attention in place of its own; rotary positions replace the learned ones."""
    from rustgpt_lab import LLM
    from rustgpt_lab.layers import (
        Embeddings,
        FeedForward,
        LayerNorm,
        MultiHeadAttention,
        OutputProjection,
        Residual,
        TokenEmbeddings,
    )
    from rustgpt_lab.network import Network

    if how is None:
        return LLM.build(vocab, D, HIDDEN, BLOCKS, LENGTH, seed)
    words = len(vocab)
    first = TokenEmbeddings(words, D) if "rope" in how else Embeddings(words, D, LENGTH)
    blocks = [
        layer
        for _ in range(BLOCKS)
        for layer in (
            Residual(MultiHeadAttention(D, 8, **how)),
            LayerNorm(D),
            FeedForward(D, HIDDEN),
            LayerNorm(D),
        )
    ]
    return LLM(vocab, Network([first, *blocks, OutputProjection(D, words)], seed, max_seq_len=LENGTH))


def right(llm: LLM, texts: list[str]) -> float:
    """The share of questions that are answered word for word."""
    pairs = [text.split(" Assistant:") for text in texts]
    said = llm.predict_all([question for question, _ in pairs])
    expected = ["Assistant:" + answer for _, answer in pairs]
    return float(np.mean([llm.tokenize(a) == llm.tokenize(b) for a, b in zip(said, expected, strict=True)]))


def measured(how: dict | None, seed: int, epochs: int) -> tuple[list[float], int, int]:
    """Loss on statements, after learning them; loss on chats, and shares right; words a second; bytes."""
    from rustgpt_lab import Dataset, Vocab, views

    data = Dataset.packaged()
    llm = model(Vocab.from_texts(data.texts), how, seed)
    start = process_time()
    llm.train(data.pretraining, epochs, 5e-4, 4)
    statements = llm.loss(data.pretraining)
    llm.train(data.chat, epochs, 5e-4, 4)
    seconds = process_time() - start
    words = epochs * sum(len(ids) - 1 for ids in llm.sequences(data.texts))
    found = [statements, llm.loss(data.chat), llm.loss(data.held_out), right(llm, data.chat)]
    cache = views.cache(llm, data.chat[0]).data
    return [*found, right(llm, data.held_out), words / seconds], llm.parameters.flat.nbytes, cache.nbytes(
        LENGTH, cache.kv_heads
    )  # fmt: skip


def main(epochs: int, seeds: int) -> None:
    from .benchmarks.tables import Table

    losses = ["statements' loss", "chats' loss", "held-out loss"]
    head = ["", *losses, "right", "held out: right", "words/s", "weights, kB", "cache, kB"]
    table = Table(
        f"Kinds of attention, {epochs} epochs of each corpus, {seeds} seeds: mean (least to most)", head
    )
    found: dict[str, list[list[float]]] = {name: [] for name in KINDS}
    sizes = {}
    for seed in range(seeds):  # in turn, so that a busy machine is busy for all
        for name, how in KINDS.items():
            numbers, *sizes[name] = measured(how, seed, epochs)
            found[name].append(numbers)
            print(name, f"seed {seed}:", *(f"{x:.3g}" for x in numbers), file=sys.stderr, flush=True)
    for name, rows in found.items():
        columns = np.array(rows).T
        forms = ["{:.3f}"] * 3 + ["{:.0%}"] * 2 + ["{:,.0f}"]
        cells = [
            f"{form.format(c.mean())} ({form.format(c.min())} to {form.format(c.max())})"
            for form, c in zip(forms, columns, strict=True)
        ]
        table.row(name, *cells, *(f"{size / 1000:,.0f}" for size in sizes[name]))
    table.notes.append("One thread; batches of 4 at a rate of 5e-4, first all statements, then all chats.")
    print(table.text())


if __name__ == "__main__":
    parser = ArgumentParser(prog="tests.attention_table")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5)
    main(**vars(parser.parse_args()))
