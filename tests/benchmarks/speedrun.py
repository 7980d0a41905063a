"""From fresh weights to every answer right, as fast as can be: `python -m tests.benchmarks.speedrun [FOLDER]`.

RustGPT's network, its words and its chat pairs; the recipe alone is different. Instead of 100 epochs of statements
and 100 of chat, at rates of 5e-4 and 1e-4, in the order of the file, four texts a step:

- the chat pairs alone, in a new order every epoch, so that the texts of a batch have little in common;
- a question's own words count a tenth: nobody asks the model to guess the question;
- fewer, larger steps: more texts, and the highest rate that holds. It climbs for an epoch and a half, then halves
  every three and a half;
- for the matrices between the words' vectors and the words' scores, a tenth of that rate. Every step moves those,
  but a word gets a gradient only in the few steps in which it occurs;
- shorter memories for Adam, because the whole run has no more than a few dozen steps;
- at the end, when few answers are wrong, each batch holds those, and others to keep them from being forgotten.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from rustgpt_lab import LLM, Dataset, Vocab
from rustgpt_lab.batch import Batch

from .measure import corpora


@dataclass(frozen=True)
class Speedrun:
    """A recipe: what one may change.

    Attributes:
        batch_size: texts a step.
        prompt: the share of the gradient of the logits that stays where the words of a prompt are predicted.
        rate: the highest learning rate, that of the token embeddings and the output weights.
        inner: the share of it that all other weights get.
        warmup: epochs in which the rate climbs.
        half_life: epochs in which it halves after that.
        floor: the share of it that stays.
        betas: Adam's.
        epochs: before the answers are looked at for the first time.
        few: when so few answers are wrong, batches are made for them.
    """

    batch_size: int = 11
    prompt: float = 0.1
    rate: float = 1.6e-2
    inner: float = 0.1
    warmup: float = 1.5
    half_life: float = 3.5
    floor: float = 0.15
    betas: tuple[float, float] = (0.7, 0.96)
    epochs: int = 8
    few: int = 12

    def __call__(self, data: Dataset, seed: int) -> LLM:
        """Fresh weights, trained until every answer is right."""
        llm = LLM.build(Vocab.from_texts(data.texts), seed=seed)
        for settings in llm.adam.settings.values():
            settings.beta1, settings.beta2 = self.betas
        sequences, random = llm.sequences(data.chat), np.random.default_rng(seed)
        texts, step = len(sequences), 0

        def learn(rows: Sequence[int]) -> None:
            nonlocal step
            step += self.batch_size / texts  # in epochs
            rate = min(step / self.warmup, max(self.floor, 0.5 ** ((step - self.warmup) / self.half_life)))
            chosen = [sequences[row] for row in rows]
            batch = Batch.to_learn(chosen)
            _, dlogits, caches = llm.network.loss(batch)
            self.hush_prompts(llm, chosen, dlogits)
            llm.network.backward(dlogits, caches, batch)
            self.update(llm, self.rate * rate)

        def learn_all() -> None:
            order = random.permutation(texts)
            for start in range(0, texts, self.batch_size):
                learn(order[start : start + self.batch_size])

        for _ in range(self.epochs):
            learn_all()
        wrong = range(texts)
        while wrong := wrong_answers(llm, sequences, wrong) or wrong_answers(llm, sequences, range(texts)):
            if len(wrong) > self.few:
                learn_all()
            else:
                wrong_half = wrong[: self.batch_size // 2]
                learn([*wrong_half, *random.permutation(texts)[: self.batch_size - len(wrong_half)]])
        return llm

    def hush_prompts(self, llm: LLM, batch: Sequence[list[int]], dlogits: np.ndarray) -> None:
        """Shorten the rows of a batch's gradient of the logits that come before each answer's first word."""
        start = 0
        for ids in batch:
            dlogits[start : start + answer_start(llm, ids) - 1] *= self.prompt
            start += len(ids) - 1

    def update(self, llm: LLM, rate: float) -> None:
        """A step of Adam, shortened for all weights between the token embeddings and the output weights."""
        first, *_, w_out, b_out = llm.parameters.values()
        inner = llm.parameters.flat[first.size : -(w_out.size + b_out.size)]
        before = inner.copy()
        llm.adam.step(rate)
        inner -= before
        inner *= self.inner
        inner += before


def answer_start(llm: LLM, ids: Sequence[int]) -> int:
    """Where the answer begins in a text: at the word "Assistant"."""
    return ids.index(llm.vocab.ids["Assistant"])


def wrong_answers(llm: LLM, sequences: Sequence[list[int]], rows: Sequence[int]) -> list[int]:
    """Which of these texts have an answer that greedy decoding would not give.

    One pass looks at all words: greedy decoding goes right if and only if, after the right words so far, the right
    one is always the likeliest.
    """
    batch = Batch([sequences[row][:-1] for row in rows])
    likeliest = np.split(llm.network.scores(batch).argmax(axis=1), np.cumsum(batch.lengths)[:-1])
    wrong = []
    for row, guesses in zip(rows, likeliest, strict=True):
        start = answer_start(llm, sequences[row])
        if sequences[row][start:] != guesses[start - 1 :].tolist():
            wrong.append(row)
    return wrong


def right_answers(llm: LLM, chat: list[str]) -> int:
    """How many prompts ("User: …") get their answer ("Assistant: … </s>"), word for word."""
    pairs = [text.partition("Assistant:") for text in chat]
    wanted = [llm.vocab.decode(llm.tokenize(name + answer)) for _, name, answer in pairs]
    return sum(llm.predict(prompt) == answer for (prompt, _, _), answer in zip(pairs, wanted, strict=True))


def race(recipe: Callable[[Dataset, int], LLM], data: Dataset, seeds: int = 5) -> None:
    """Print the seconds of a recipe for every seed, from fresh weights, and how many answers are right then."""
    print("seed  seconds of CPU time  of the clock  answers right")
    for seed in range(seeds):
        wall, cpu = time.perf_counter(), time.process_time()
        llm = recipe(data, seed)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        right = f"{right_answers(llm, data.chat)} of {len(data.chat)}"
        print(f"{seed:4}  {cpu:19.2f}  {wall:12.2f}  {right:>13}")


if __name__ == "__main__":
    race(Speedrun(), corpora(sys.argv[1] if len(sys.argv) > 1 else None))
