"""`python3 -m rustgpt_lab`: the `rustgpt-lab` command; in a fresh clone it first makes the environment."""

import sys

from . import bootstrap

if __name__ == "__main__":
    if not {"-h", "--help", "--version"}.isdisjoint(sys.argv) or bootstrap.ready():
        from .cli import main  # help needs nothing but Python

        sys.exit(main())
    sys.exit(bootstrap.run("rustgpt_lab", sys.argv[1:]))
