"""`python3 -m tests.browser`: everything in a real browser: pictures, Lab, exported pages, decks, the site.

Arguments are pytest's.
"""

import sys

from tests.__main__ import pytest

if __name__ == "__main__":
    sys.exit(pytest(["tests/browser", *sys.argv[1:]]))
