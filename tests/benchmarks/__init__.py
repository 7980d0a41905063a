"""How fast the library is, against what a user would take instead, and against what the machine can do.

    python -m tests.benchmarks [FOLDER] [--only training,generation,...] [--markdown FILE] [--readme]
    python -m tests.benchmarks.speedrun [FOLDER]

Every configuration runs in a process of its own; all are visited in random order, round after round, so that
all see the same weather on the machine. Figures are medians over the rounds; ratios are medians of the ratios
in each round.
"""
