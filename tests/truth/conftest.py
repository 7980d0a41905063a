"""What the tests beside other implementations share."""

import pytest

from rustgpt_lab import LLM


@pytest.fixture(scope="session")
def smollm2() -> LLM:
    """The real language model. Here it must be: `rustgpt-lab get smollm2` fetches it, as .ci/run does."""
    return LLM.smollm2()
