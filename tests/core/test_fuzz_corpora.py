"""The fuzz target, shortly; `fuzz_corpora.py` says how to run it for longer."""

from tests.core.fuzz_corpora import KINDS, run

EXECUTIONS = 4000


def test_no_mutation_of_a_corpus_is_a_surprise() -> None:
    accepted = run(EXECUTIONS)
    assert set(accepted) == set(KINDS) and all(accepted.values())
    assert accepted.total() < EXECUTIONS, "some mutations are corpora and some are not, or this tests nothing"
