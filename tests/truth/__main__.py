"""`python3 -m tests.truth`: the tests that need the extra `truth`, installed first if need be."""

import sys

from tests.__main__ import pytest

if __name__ == "__main__":
    sys.exit(pytest(["tests/truth", *sys.argv[1:]]))
