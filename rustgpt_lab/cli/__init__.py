"""The command `rustgpt-lab`: open the course, train a model, talk to it, look into its file, convert it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from ..errors import DivergenceError, ModelError
from .options import parser
from .output import complain, output_failed, set_up_output

MISTAKE, DIVERGED = 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code.

    0: all went well. 2: a mistake, which is told in one line. 3: the training diverged. 1: standard output or error
    could not be written. 128 and its number: a signal ended it, 130 for Ctrl-C; 141 for a closed pipe.
    """
    set_up_output()
    code = 0
    try:
        try:
            code = _run(list(sys.argv[1:] if arguments is None else arguments))
        except SystemExit as end:  # argparse has said why; or a signal
            code = int(end.code or 0)
        except KeyboardInterrupt:
            complain("")
            code = 128 + signal.SIGINT
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as problem:  # of standard output or error: those of files are ModelErrors
        failed = output_failed(problem)
        code = code or failed
    return code


def _run(arguments: list[str]) -> int:
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "lab")
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except ModelError as problem:
        complain(f"rustgpt-lab {options.command}: error: {' '.join(str(problem).split())}")
        return DIVERGED if isinstance(problem, DivergenceError) else MISTAKE
