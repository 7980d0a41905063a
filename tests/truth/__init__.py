"""Our layers against other people's: PyTorch. `python3 -m tests.truth` makes its own environment's extra and runs it.

They need the extra `truth` (about 1 GB), and are no part of `python3 -m tests`.
"""
