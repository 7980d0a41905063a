"""What the figures were measured on: without it they say nothing."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

from .measure import AGAIN, CALM, visits


def load() -> float:
    """Processes that wanted a core during the last minute."""
    return os.getloadavg()[0]


def describe(rounds: int, before: float) -> str:
    import numpy  # noqa: F401 (its BLAS is what we ask about)
    from threadpoolctl import threadpool_info

    blas = next(library for library in threadpool_info() if library["user_api"] == "blas")
    coretype = os.environ.get("OPENBLAS_CORETYPE", "not set")
    return (
        f"{time.strftime('%Y-%m-%d')}, {_processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, NumPy {version('numpy')} ({blas['internal_api']} "
        f"{blas['version']}, kernels for {blas['architecture']}, OPENBLAS_CORETYPE {coretype}), "
        f"PyTorch {version('torch')}. Load of the machine before and after: {before:.1f}, {load():.1f} "
        f"(the benchmark itself is 1 to 2 of it). Medians of {rounds} rounds; ratios are medians of each "
        f"round's ratio. A visit during which the processor was slower than its best by {CALM - 1:.0%} is repeated, "
        f"up to {AGAIN} times (not those of the time to quality); {visits[False]} of {visits.total()} were slow "
        "even so."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
