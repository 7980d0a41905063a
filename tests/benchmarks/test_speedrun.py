"""The speedrun's judge is greedy decoding itself. Run with `pytest tests/benchmarks/test_speedrun.py`."""

import numpy as np

from rustgpt_lab import Dataset

from .speedrun import Speedrun, right_answers, wrong_answers

DATA = Dataset(chat=Dataset.packaged().chat[:24])


def test_every_answer_is_right_at_the_end():
    llm = Speedrun()(DATA, seed=1)
    assert right_answers(llm, DATA.chat) == 24
    assert wrong_answers(llm, llm.sequences(DATA.chat), range(24)) == []


def test_one_pass_finds_what_greedy_decoding_finds():
    llm = Speedrun()(DATA, seed=1)
    weight = llm.parameters["13.w_out"]
    noise = np.random.default_rng(0).normal(scale=0.01, size=weight.shape)
    while not (wrong := wrong_answers(llm, llm.sequences(DATA.chat), range(24))):
        weight += noise  # until the first answers go wrong
    assert len(wrong) < 24
    assert wrong == [row for row, text in enumerate(DATA.chat) if right_answers(llm, [text]) == 0]
