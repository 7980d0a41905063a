"""The real language model: room and speed, beside `transformers` with the same file, and beside its bare products."""

import time

import numpy as np

from rustgpt_lab import LLM
from rustgpt_lab.batch import Batch
from rustgpt_lab.cache import KeyValues
from rustgpt_lab.layers import RMSNorm
from rustgpt_lab.parameters import walk
from rustgpt_lab.persistence import fetched

from .measure import Case, Work, measure, speedup
from .tables import Table

PROMPT, WORDS = 200, 12
IDS = np.random.default_rng(0).integers(1000, 40_000, PROMPT).tolist()


def load() -> Work:
    """Loading, and an answer."""

    def work() -> float:
        LLM.smollm2().network.scores(Batch([IDS[:40]]), KeyValues(), last=True)
        return 1

    return work


def read() -> Work:
    """A prompt, into an empty cache."""
    network = LLM.smollm2().network

    def work() -> float:
        network.scores(Batch([IDS]), KeyValues(), last=True)
        return 1

    return work


def write() -> Work:
    """Words after a prompt, one by one."""
    network, past = LLM.smollm2().network, KeyValues()
    network.scores(Batch([IDS]), past, last=True)

    def work() -> float:
        for i in IDS[:WORDS]:
            network.scores(Batch.of_next(np.array([i]), past.read), past, last=True)
        past.columns, past.read = PROMPT, np.array([PROMPT])
        return WORDS

    return work


def products() -> Work:
    """The bare products of a word with every matrix."""
    network = LLM.smollm2().network
    matrices = [
        array
        for _, layer in walk(network)
        if not isinstance(layer, RMSNorm)
        for name, array in layer.p.items()
        if name.startswith("w_")
    ]
    matrices.append(network[-1].p.token_embeddings.T)
    rows = {len(matrix): np.ones((1, len(matrix)), np.float32) for matrix in matrices}

    def work() -> float:
        for _ in range(WORDS):
            for matrix in matrices:
                rows[len(matrix)] @ matrix
        return WORDS

    return work


def theirs(prompt: bool) -> Work:
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    path = fetched()
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    ids = torch.tensor([IDS])

    @torch.inference_mode()
    def reading() -> float:
        model(ids, logits_to_keep=1)
        return 1

    with torch.inference_mode():
        past = model(ids, logits_to_keep=1).past_key_values

    @torch.inference_mode()
    def writing() -> float:
        for i in IDS[:WORDS]:
            model(torch.tensor([[i]]), past_key_values=past, logits_to_keep=1)
        past.crop(-WORDS)
        return WORDS

    return reading if prompt else writing


def tables(folder: str | None, rounds: int, quick: bool) -> list[Table]:
    cases = [
        Case("loading, and the first word", "real_model:load"),
        Case("a word", "real_model:write"),
        Case("a word, bare products", "real_model:products"),
        Case("a word, transformers", "real_model:theirs", {"prompt": False}),
        Case(f"a prompt of {PROMPT}", "real_model:read"),
        Case(f"a prompt of {PROMPT}, transformers", "real_model:theirs", {"prompt": True}),
    ]
    start = time.perf_counter()
    results = measure(cases, rounds)
    table = Table("SmolLM2-135M, one thread, float32", ["", "ms (CPU)", "MB at the peak", "ours to it"])
    for name, result in results.items():
        own = results.get(name.partition(",")[0], result)
        ratio = speedup(own, result)
        table.row(name, f"{1000 * result.seconds():,.0f}", f"{result.peak / 1e6:,.0f}", f"{ratio:.2f}")
    table.notes.append(
        f"A word after {PROMPT} others, its keys and values kept. Transformers runs in PyTorch. "
        f"Measured in {time.perf_counter() - start:.0f} s."
    )
    return [table]
