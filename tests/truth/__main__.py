"""`python3 -m tests.truth`: the tests that need the extra `truth`, installed first if need be."""

import sys

from rustgpt_lab import bootstrap
from tests.__main__ import pytest

if __name__ == "__main__":
    if bootstrap.ready("truth"):
        sys.exit(pytest(["tests/truth", *sys.argv[1:]]))
    sys.exit(bootstrap.run("tests.truth", sys.argv[1:], extra="truth"))
