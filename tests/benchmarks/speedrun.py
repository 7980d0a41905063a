"""`python -m tests.benchmarks.speedrun`: from fresh weights to every answer right, as fast as can be."""

from rustgpt_lab import LLM, Dataset, Vocab


def run(data: Dataset, seed: int) -> LLM:
    """Provisional."""
    llm = LLM.build(Vocab.from_texts(data.texts), seed=seed)
    sequences = llm.sequences(data.chat)
    for _ in range(40):
        for start in range(0, len(sequences), 4):
            llm.loss_and_gradients(sequences[start : start + 4])
            llm.adam.step(1e-3)
    return llm
