"""Writing on: the model's own words become its next input."""

from .loop import greedy as greedy
