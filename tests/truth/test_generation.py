"""What sampling draws from, against the processors of `transformers`, in the order in which it applies them."""

import numpy as np
import pytest
import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from rustgpt_lab.generation import Sampling

STRATEGIES = [
    Sampling(),
    Sampling(temperature=0.4),
    Sampling(top_k=7),
    Sampling(top_p=0.35),
    Sampling(repetition_penalty=1.8),
    Sampling(temperature=1.9, top_k=20, top_p=0.8, repetition_penalty=1.3),
]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_the_distribution_is_that_of_transformers(strategy: Sampling) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, said = rng.normal(0, 3, (4, 60)), rng.integers(60, size=(4, 9))
        steps = LogitsProcessorList([RepetitionPenaltyLogitsProcessor(strategy.repetition_penalty)])
        steps.append(TemperatureLogitsWarper(strategy.temperature))
        if strategy.top_k is not None:
            steps.append(TopKLogitsWarper(strategy.top_k))
        if strategy.top_p is not None:
            steps.append(TopPLogitsWarper(strategy.top_p))
        truth = steps(torch.tensor(said), torch.tensor(scores)).softmax(dim=-1).numpy()
        np.testing.assert_allclose(strategy.distribution(scores, said.tolist()), truth, atol=1e-12)
