"""Training with several heads on long texts: GPT-2's network, 16 texts of 256 words in a batch."""

import os

import numpy as np

from .measure import Case, Work, measure, speedup
from .tables import Table

BATCH, LENGTH, V, D, HEADS, HIDDEN, BLOCKS = 16, 256, 530, 256, 8, 1024, 3


def sequences() -> list[list[int]]:
    return np.random.default_rng(0).integers(V, size=(BATCH, LENGTH + 1)).tolist()


def ours() -> Work:
    from rustgpt_lab.batch import Batch
    from rustgpt_lab.layers import family
    from rustgpt_lab.network import Network
    from rustgpt_lab.optim.adam import Adam

    network = Network(family("gpt2", V, D, HIDDEN, BLOCKS, LENGTH, heads=HEADS))
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
    return [table]
