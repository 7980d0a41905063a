"""`python3 -m tests.generation_table`: a beam of 5 against greedy, on 200 prompts of the packaged corpora.

The prompts: the held-out wordings of questions, the first three words of every statement, and the first learned
questions. Right is what the corpus says, word for word. Whose text is more likely, and whose is right, is counted.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rustgpt_lab import LLM

PROMPTS = 200
SAME = 1e-4
"""Log-probabilities as near as this are a tie: they come from sums in another order."""


class Case(NamedTuple):
    kind: str
    prompt: str
    right: str


def cases(llm: LLM) -> list[Case]:
    from rustgpt_lab import Dataset

    def asked(kind: str, text: str) -> Case:
        question, answer = text.split(" Assistant:")
        return Case(kind, question, "Assistant:" + answer)

    def begun(text: str) -> Case:
        ids = llm.tokenize(text)
        return Case("statements", llm.vocab.decode(ids[:3]), llm.vocab.decode(ids[3:]))

    data = Dataset.packaged()
    found = [asked("held-out questions", text) for text in data.held_out] + [*map(begun, data.pretraining)]
    return [*found, *(asked("learned questions", text) for text in data.chat)][:PROMPTS]


def compared(llm: LLM, length_penalty: float) -> list[tuple[str, int, int, int]]:
    """By prompt: its kind; 1, 0 or -1 if the beam's text is more, as or less likely; is greedy right; is the beam."""
    from rustgpt_lab.generation import Beam, hypotheses, say

    chosen = cases(llm)
    prompts = [case.prompt for case in chosen]
    said: list[list[int]] = [[] for _ in prompts]
    likely = [0.0] * len(prompts)
    for word in say(llm, prompts):
        said[word.prompt].append(word.id)
        likely[word.prompt] += log(word.probability)
    rows = []
    for case, ids, total, found in zip(
        chosen, said, likely, hypotheses(llm, prompts, Beam(5, length_penalty)), strict=True
    ):
        more = found[0].log_probability - total
        right = tuple(llm.tokenize(case.right))
        rows.append(
            (case.kind, (more > SAME) - (more < -SAME), tuple(ids) == right, tuple(found[0].ids) == right)
        )
    return rows


def main() -> None:
    from rustgpt_lab import LLM

    from .benchmarks.tables import Table

    llm = LLM.packaged()
    for length_penalty, what in ((1.0, "the mean log-probability, as by default"), (0.0, "the sum")):
        rows = compared(llm, length_penalty)
        table = Table(
            f"Beam 5 against greedy; a text's score is {what}",
            ["", "prompts", "likelier", "as likely", "less", "right: won", "both", "neither", "lost"],
        )
        for kind in [*dict.fromkeys(row[0] for row in rows), "all"]:
            of = [row[1:] for row in rows if kind in (row[0], "all")]
            counts = [sum(more == sign for more, _, _ in of) for sign in (1, 0, -1)]
            pairs = [(False, True), (True, True), (False, False), (True, False)]
            counts += [sum((greedy, beam) == pair for _, greedy, beam in of) for pair in pairs]
            table.row(kind, str(len(of)), *map(str, counts))
        print(table.text(), flush=True)


if __name__ == "__main__":
    main()
