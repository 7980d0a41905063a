"""What the views of chance share."""

from ..generation import Sampling


def in_words(strategy: Sampling) -> str:
    """The settings of a strategy, those that change something."""
    if strategy.temperature == 0:
        return "temperature 0, which is greedy"
    parts = [f"temperature {strategy.temperature:g}"]
    if strategy.top_k is not None:
        parts.append(f"top-k {strategy.top_k}")
    if strategy.top_p is not None and strategy.top_p < 1:
        parts.append(f"top-p {strategy.top_p:g}")
    if strategy.repetition_penalty != 1:
        parts.append(f"repetition penalty {strategy.repetition_penalty:g}")
    return ", ".join(parts)
