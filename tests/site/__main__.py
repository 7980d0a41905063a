"""`python3 -m tests.site FOLDER`: build the site, with warnings as errors, and check what was built."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    from .build import build
    from .check import check

    parser = argparse.ArgumentParser(prog="python3 -m tests.site", description=__doc__)
    parser.add_argument("folder", type=Path)
    out = parser.parse_args(arguments).folder.resolve()
    build(out)
    pages, links = check(out)
    print(
        f"{out / 'index.html'}: {pages} pages, {links} links within the site, nothing loaded from elsewhere"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
