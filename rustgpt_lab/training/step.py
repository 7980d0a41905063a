"""One training step, whole: the loss, its gradient, and what it does to the weights."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..batch import Batch
    from ..network import Network
    from ..optim.clipping import Clipping
    from ..optim.report import Measured
    from .run import Training

QUIET = np.errstate(all="ignore")  # NumPy need not warn of what is checked


def gradients(network: Network, batch: Batch, clipping: Clipping | Measured) -> float:
    """The loss of a batch; its gradients are then in `network.gradients`, clipped at the logits only."""
    loss, dlogits, caches = network.loss(batch)
    clipping.at_logits(dlogits, batch)  # only RustGPT's own clipper does anything here
    network.backward(dlogits, caches, batch)
    return loss


@QUIET
def step(training: Training) -> float:
    """Take the next step of a run, and return its loss; none, but a DivergenceError, where something is not finite."""
    with training.llm.lock:  # whoever else asks for the model waits until the step is whole
        start, network = perf_counter(), training.network
        batch, rate, clipping = training.next_batch(), training.next_rate(), training.clipping()
        loss = training.find_gradients(network, batch, clipping)  # `gradients`, or several workers
        training.check(loss)
        clipping.at_parameters(network.weights, network.gradients)
        training.optimizer.step(rate)
        training.record(batch, loss, rate, clipping, perf_counter() - start)
    return loss
