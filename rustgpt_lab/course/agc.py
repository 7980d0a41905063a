"""When AGC was measured to help: notebook 13's table, made by `python3 -m tests.course.agc_sweep`."""

from importlib import resources

from ..experiments import Results


def agc_sweep() -> Results:
    """120 runs: two optimizers at three rates each, two batch sizes, with and without AGC, five seeds."""
    with resources.as_file(resources.files("rustgpt_lab") / "data" / "agc_sweep.csv") as path:
        return Results.from_csv(path)
