"""The fuzz target, for as long as a test may take; `fuzz.py` says how to run it for longer."""

import time

import pytest

from .fuzz import SEEDS, SOUND, execute, run

SECONDS = 5


def test_no_mutation_of_a_file_is_a_surprise() -> None:
    end = time.monotonic() + SECONDS
    seed = accepted = 0
    while time.monotonic() < end:
        accepted += run(100, seed)
        seed += 1
    assert 0 < accepted < 100 * seed, "some mutations are models and some are not, or this tests nothing"


@pytest.mark.parametrize("kind", SEEDS)
def test_half_of_the_executions_begin_with_a_sound_file(kind: str) -> None:
    assert all(execute(kind, data) for data in SEEDS[kind][: SOUND[kind]])
