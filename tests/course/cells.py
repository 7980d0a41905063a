"""Cells of a notebook, run as IPython runs them: one namespace, and a source for each that can be read."""

import itertools
import linecache
from typing import Any

COUNT = itertools.count()


def run_cells(*cells: str) -> dict[str, Any]:
    """The namespace after the cells."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        name = f"<cell {next(COUNT)}>"
        linecache.cache[name] = len(cell), None, cell.splitlines(keepends=True), name
        exec(compile(cell, name, "exec"), namespace)
    return namespace
