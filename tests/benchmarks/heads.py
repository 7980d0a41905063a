"""Several heads, beside PyTorch: GPT-2's network learns 16 texts of 256 words at a time; it goes on with 16 prompts."""

import os
from typing import Any

import numpy as np

from .measure import Case, Work, measure, speedup
from .tables import Table

BATCH, LENGTH, V, D, HEADS, HIDDEN, BLOCKS = 16, 256, 530, 256, 8, 1024, 3
PROMPT, WORDS = 32, 96


def sequences() -> list[list[int]]:
    return np.random.default_rng(0).integers(V, size=(BATCH, LENGTH + 1)).tolist()


def ours() -> Work:
    from rustgpt_lab.batch import Batch
    from rustgpt_lab.optim.adam import Adam

    network = gpt2()
    batch, adam = Batch.to_learn(sequences()), Adam(network.parameters)

    def work() -> float:
        _, dlogits, caches = network.loss(batch)
        network.backward(dlogits, caches, batch)
        adam.step(5e-4)
        return BATCH * LENGTH

    return work


def pytorch() -> Work:
    import torch

    from .torch_gpt2 import GPT2

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = GPT2(V, D, HEADS, HIDDEN, BLOCKS, LENGTH)
    adam = torch.optim.Adam(model.parameters(), lr=5e-4, fused=True)
    ids = torch.tensor(sequences())

    def work() -> float:
        adam.zero_grad(set_to_none=True)
        logits = model(ids[:, :-1]).flatten(0, 1)
        torch.nn.functional.cross_entropy(logits, ids[:, 1:].flatten()).backward()
        adam.step()
        return BATCH * LENGTH

    return work


def gpt2() -> Any:
    """Our network; both sides generate with its weights."""
    from rustgpt_lab.layers import family
    from rustgpt_lab.network import Network

    return Network(family("gpt2", V, D, HIDDEN, BLOCKS, LENGTH, heads=HEADS))


def said() -> list[list[int]]:
    """What our network says after each prompt."""
    from rustgpt_lab.generation import Greedy
    from rustgpt_lab.generation.loop import write

    prompts = [ids[:PROMPT] for ids in sequences()]
    *_, (texts, _, _) = write(gpt2(), prompts, Greedy(), [WORDS] * BATCH)
    return [list(text.ids) for text in texts]


def ours_at_once() -> Work:
    from rustgpt_lab.generation import Greedy
    from rustgpt_lab.generation.loop import write

    network, prompts = gpt2(), [ids[:PROMPT] for ids in sequences()]

    def work() -> float:
        for _ in write(network, prompts, Greedy(), [WORDS] * BATCH):
            pass
        return BATCH * WORDS

    return work


def pytorch_at_once(expected: list[list[int]]) -> Work:
    import torch

    from .torch_gpt2 import GPT2

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = GPT2(V, D, HEADS, HIDDEN, BLOCKS, LENGTH).take_over(gpt2().weights).eval()
    ids = torch.tensor(sequences())[:, :PROMPT]

    def work() -> float:
        if model.greedy(ids, WORDS).tolist() != expected:
            raise SystemExit("the two sides say different words")
        return BATCH * WORDS

    return work


def tables(folder: str | None, rounds: int, quick: bool) -> list[Table]:
    """The same numbers whatever the corpus: words drawn at random."""
    results = measure([Case("rustgpt_lab", "heads:ours"), Case("PyTorch", "heads:pytorch")], rounds)
    table = Table(
        f"Training GPT-2's network, d = {D}, {HEADS} heads, {BATCH} texts of {LENGTH} words",
        ["", "tokens/s (CPU)", "ours to it (CPU)"],
    )
    for name, result in results.items():
        table.row(name, f"{result.rate():,.0f}", f"{speedup(results['rustgpt_lab'], result):.2f}")
    table.notes.append(
        f"{BLOCKS} blocks, a hidden width of {HIDDEN}, {V} words, one thread. PyTorch has one matrix for q, k and v, "
        "its own fused attention and a fused Adam."
    )
    results = measure(
        [
            Case("rustgpt_lab", "heads:ours_at_once"),
            Case("PyTorch", "heads:pytorch_at_once", {"expected": said()}),
        ],
        rounds,
    )
    at_once = Table(
        f"The same network goes on with {BATCH} prompts of {PROMPT} words at once, by {WORDS} words each",
        ["", "words/s (CPU)", "ours to it (CPU)"],
    )
    for name, result in results.items():
        at_once.row(name, f"{result.rate():,.0f}", f"{speedup(results['rustgpt_lab'], result):.2f}")
    at_once.notes.append("One thread, greedily, with a key-value cache; both say the same words.")
    return [table, at_once]
