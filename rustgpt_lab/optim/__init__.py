"""How the weights are changed: Adam, gradient clipping, learning-rate schedules."""
