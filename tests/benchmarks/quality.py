"""Time to quality: seconds from fresh weights until every chat prompt gets its answer, one thread."""

from itertools import count

from .measure import Case, Work, corpora, measure
from .tables import Table

SEEDS = 5


def plain(folder: str | None) -> Work:
    """RustGPT's own recipe: 100 epochs of each part, batches of 4, in the order of the file."""
    from rustgpt_lab import LLM, Vocab

    from .speedrun import right_answers

    data, seeds = corpora(folder), count(-1)
    vocab = Vocab.from_texts(data.texts)

    def work() -> float:
        llm = LLM.build(vocab, seed=next(seeds) % SEEDS)
        llm.train(data.pretraining, epochs=100, learning_rate=5e-4, batch_size=4)
        llm.train(data.chat, epochs=100, learning_rate=1e-4, batch_size=4)
        return right_answers(llm, data.chat)

    return work


def speedrun(folder: str | None) -> Work:
    from .speedrun import Speedrun, right_answers

    data, seeds = corpora(folder), count(-1)
    return lambda: right_answers(Speedrun()(data, seed=next(seeds) % SEEDS), data.chat)


def tables(folder: str | None, rounds: int, quick: bool) -> list[Table]:
    prompts = len(corpora(folder).chat)
    options = {"folder": folder}
    names = {"the plain recipe": "plain", "the speedrun": "speedrun"}
    cases = [Case(name, f"quality:{kind}", options) for name, kind in names.items()]
    results = measure(cases, SEEDS, again=0)  # the next visit has the next seed
    head = ["", *(f"seed {seed}" for seed in range(SEEDS)), "answers right"]
    table = Table("Time to quality, seconds of CPU time", head)
    for name, result in results.items():
        seconds = [f"{cpu * right:.2f}" for cpu, right in zip(result.cpu, result.amounts, strict=True)]
        table.row(name, *seconds, ", ".join(f"{right:.0f}" for right in result.amounts) + f" of {prompts}")
    table.notes.append(
        "Plain: 100 epochs of statements at 5e-4, 100 of chat at 1e-4, batches of 4, in the order of the file. The "
        "speedrun's recipe: `tests/benchmarks/speedrun.py`."
    )
    return [table]
