"""What speed needs of the machine, kept away from the layers: it changes no result.

NumPy's matrix products run in OpenBLAS on as many threads as there are cores. This model's matrices are so small that
a second thread gains little alone and loses much beside a busy neighbour, so the library uses one. The environment
variable OPENBLAS_NUM_THREADS (or OMP_NUM_THREADS), set before Python starts, says otherwise.
"""

import ctypes
import os
import sys

from threadpoolctl import threadpool_limits

KEEP = 1 << 30
"""Bytes of freed memory that the process keeps for its next arrays: the scores of a large vocabulary fit in."""


def set_up() -> None:
    """Choose the number of BLAS threads, and keep freed memory; called once, when the package's model is imported."""
    if not {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & set(os.environ):
        threadpool_limits(1, user_api="blas")
    if sys.platform == "linux":
        keep_freed_memory()


def keep_freed_memory() -> None:
    """Ask the C library not to hand back memory that the next training step needs again.

    By default glibc returns large freed arrays at once, and the next step pays for thousands of page faults. It does
    so with all that are above 32 MB, whatever the threshold, unless it may map none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # not every C library has it
    if mallopt is not None:
        m_trim_threshold, m_mmap_max = -1, -4  # the numbers of <malloc.h>
        mallopt(m_trim_threshold, KEEP)
        mallopt(m_mmap_max, 0)
