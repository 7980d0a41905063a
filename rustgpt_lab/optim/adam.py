"""Adam: every weight gets a step of its own size."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from ..numerics import Array
from ..parameters import Parameters

BLOCK = 96 << 10  # weights updated at a time: five arrays of so many fit into 2 MB of cache


@dataclass
class Settings:
    """Adam's numbers for one parameter, as the model file keeps them. `timestep` counts the updates so far."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    timestep: int = 0


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) over the flat buffers of a network.

    With g the gradient and t the number of updates:
    m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
    w -= rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon).
    A parameter that declares `adam=False` gets w -= rate * g instead, and its moments stay 0.

    `m` and `v` are `Views` named as the parameters, `settings` has the `Settings` of each that Adam updates.
    """

    def __init__(self, parameters: Parameters):
        self.parameters = parameters
        self.settings = {name: Settings() for name, param in parameters.params.items() if param.adam}

    m = cached_property(lambda self: self.parameters.like())  # allocated when first asked for
    v = cached_property(lambda self: self.parameters.like())

    def step(self, rate: float) -> None:
        """Update every weight with the gradients as they are now; the learning rate is above 0."""
        for settings in self.settings.values():
            settings.timestep += 1
        flats = [v.flat for v in (self.parameters.weights, self.parameters.gradients, self.m, self.v)]
        scratch = np.empty(min(BLOCK, flats[0].size), flats[0].dtype)
        for start, end, shared in self._runs():
            for a in range(start, end, BLOCK):
                w, g, m, v = [flat[a : min(a + BLOCK, end)] for flat in flats]
                if shared is None:
                    w -= rate * g
                else:
                    update(w, g, m, v, rate, shared, scratch[: len(w)])

    def _runs(self) -> Iterator[tuple[int, int, Settings | None]]:
        """The buffer cut into the longest stretches that are updated alike: (start, end, settings)."""
        start = 0
        for _, names in groupby(self.m, key=self.settings.get):
            run = list(names)
            end = start + sum(self.m[name].size for name in run)
            yield start, end, self.settings.get(run[0])
            start = end


def update(w: Array, g: Array, m: Array, v: Array, rate: float, s: Settings, out: Array) -> None:
    """One Adam step in place; both bias corrections are folded into the rate and epsilon."""
    m *= s.beta1
    m += np.multiply(g, 1 - s.beta1, out=out)
    v *= s.beta2
    np.multiply(g, g, out=out)
    v += np.multiply(out, 1 - s.beta2, out=out)
    root = (1 - s.beta2**s.timestep) ** 0.5
    np.sqrt(v, out=out)
    out += s.epsilon * root
    np.divide(m, out, out=out)
    out *= rate * root / (1 - s.beta1**s.timestep)
    w -= out
