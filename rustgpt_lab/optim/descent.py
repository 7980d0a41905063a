"""Plain gradient descent, with momentum if wanted: every weight gets a step as long as its gradient."""

from functools import cached_property

from ..errors import TrainingError
from ..parameters import Parameters, Views


class Descent:
    """w -= rate * u with u = momentum * u + g (Sutskever et al. 2013, section 2, with the rate outside of u).

    Args:
        parameters: the network's memory.
        momentum: in [0, 1); 0 is plain descent, w -= rate * g.

    Attributes:
        velocity: `Views` named as the parameters: u, which starts at 0.

    Raises:
        TrainingError: the momentum is out of range.

    >>> from rustgpt_lab import LLM, Vocab
    >>> llm = LLM.build(Vocab.default(), embedding_dim=4, hidden_dim=4, blocks=1)
    >>> before, gradients = llm.parameters["1.w_q"].copy(), llm.gradients(["hello world"])
    >>> Descent(llm.network.parameters).step(0.5)
    >>> bool(np.allclose(before - llm.parameters["1.w_q"], 0.5 * gradients["1.w_q"]))
    True
    """

    def __init__(self, parameters: Parameters, momentum: float = 0.0):
        if not 0 <= momentum < 1:
            expected = "a number from 0, below 1"
            raise TrainingError(
                "an argument cannot be used", where="momentum", expected=expected, got=momentum
            )
        self.parameters, self.momentum = parameters, momentum

    @cached_property
    def velocity(self) -> Views:
        return self.parameters.like()

    def step(self, rate: float) -> None:
        """Update every weight with the gradients as they are now.

        Args:
            rate: the learning rate, > 0.
        """
        step = self.parameters.gradients.flat
        if self.momentum:
            u = self.velocity.flat
            u *= self.momentum
            u += step
            step = u
        weights = self.parameters.weights.flat
        weights -= rate * step
