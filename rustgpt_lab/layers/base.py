"""What every layer is: named parameters, a forward pass with an explicit cache, and the backward pass that reads it."""

from copy import copy
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from ..batch import Batch
from ..numerics import Array
from ..parameters import Parameters, Shapes, Views


class Cache(SimpleNamespace):
    """What a layer's forward pass found on its way: its backward pass needs it, and the pictures show it."""


class Layer:
    """A step of the network, (N, takes) -> (N, gives), row by row unless it says otherwise.

    A layer holds its sizes; its weights `p` and gradients `g` are windows into the memory of the model that it belongs
    to (see `parameters`). `forward` keeps no state, so that any number of passes can be under way at once.
    """

    p: Views
    g: Views
    takes: int | None
    """The width of a row of the input; None for a layer that takes ids."""
    gives: int
    """The width of a row of the output."""
    plain_sgd: ClassVar[tuple[str, ...]] = ()
    """Parameters that RustGPT updates without Adam, w -= rate * gradient."""

    def shapes(self) -> Shapes:
        """Name -> shape of every parameter, in the order of the file format."""
        raise NotImplementedError

    def initialize(self, rng: np.random.Generator) -> None:
        """Fill the parameters with their first, random values."""
        raise NotImplementedError

    def forward(self, x: Array, batch: Batch) -> tuple[Array, Cache]:
        """(N, takes) -> (N, gives), and the cache."""
        raise NotImplementedError

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Any:
        """The gradient of the output, (N, gives) -> of the input, (N, takes); adds the parameters' to `g`."""
        raise NotImplementedError

    def remember(self, seen: Cache, capacity: int) -> Any:
        """What the layer keeps of the positions of one sequence for those that are yet to be generated.

        Args:
            seen: what `forward` found for the positions so far, a batch of one.
            capacity: the number of positions for which there must be room in all.
        """
        return None

    def step(self, x: Array, position: int, memory: Any) -> Array:
        """The forward pass of one more position, (takes,) -> (gives,), with the memory of those before it.

        In place and on plain vectors, because for a single row NumPy's own calls cost more than the arithmetic.
        """
        raise NotImplementedError

    def alone(self, seed: int = 0, dtype: str = "float64") -> "Layer":
        """Give a layer that belongs to no model a memory of its own, with random weights; returns the layer."""
        Parameters([self], dtype)
        self.initialize(np.random.default_rng(seed))
        return self

    def unbound(self) -> "Layer":
        """A layer of the same kind and sizes that belongs to no model and has no weights yet."""
        twin = copy(self)
        del twin.p, twin.g
        return twin

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in self.shapes().items())
        return f"{type(self).__name__}({sizes})"


def random_weight(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """N(0, sqrt(2 / fan_in)) for a weight of shape (fan_in, fan_out) (He et al. 2015, eq. 10)."""
    return rng.normal(0.0, (2.0 / max(shape[0], 1)) ** 0.5, shape)
