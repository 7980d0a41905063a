"""`python3 -m tests` and each `python3 -m tests.MODULE` set themselves up: the environment comes first, if need be."""

from __future__ import annotations

import sys

from rustgpt_lab import bootstrap

EXTRAS = {"tests.benchmarks": "bench", "tests.hub": "hub", "tests.site": "site", "tests.truth": "truth"}
"""Module -> what it needs, where that is not `test`."""

if sys.argv[0] == "-m" and "-m" in sys.orig_argv:  # Python is on its way to the module that it will run
    module, *arguments = sys.orig_argv[sys.orig_argv.index("-m") + 1 :]
    extra = EXTRAS.get(module, "test")
    if not bootstrap.ready(extra):
        sys.exit(bootstrap.run(module, arguments, extra=extra))
