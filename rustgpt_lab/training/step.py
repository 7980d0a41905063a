"""One training step, whole: the loss, its gradient, and what it does to the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..batch import Batch
    from ..network import Network
    from ..optim.adam import Adam
    from ..optim.clipping import Clipping
    from ..optim.descent import Descent
    from ..optim.report import Measured


def gradients(network: Network, batch: Batch, clipping: Clipping | Measured) -> float:
    """The loss of a batch; its gradients are then in `network.gradients`, clipped at the logits only."""
    loss, dlogits, caches = network.loss(batch)
    clipping.at_logits(dlogits, batch)  # only RustGPT's own clipper does anything here
    network.backward(dlogits, caches, batch)
    return loss


def step(
    network: Network,
    optimizer: Adam | Descent,
    batch: Batch,
    rate: float,
    clipping: Clipping | Measured,
    check: Callable[[float], None],
    find_gradients: Callable[[Network, Batch, Clipping | Measured], float] = gradients,
) -> float:
    """Learn from one batch at a learning rate above 0, and return its loss.

    `check` is called with the loss when the gradients are there and nothing has changed yet; it may raise.
    `find_gradients` is who computes them, if not this process alone.
    """
    loss = find_gradients(network, batch, clipping)
    check(loss)
    clipping.at_parameters(network.weights, network.gradients)
    optimizer.step(rate)
    return loss
