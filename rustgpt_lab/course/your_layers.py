"""RustGPT's layers with a learner's functions in them: what has passed is called, our layer does the rest.

Each is a subclass of ours of the same name. It learns, answers, is drawn and is saved as ours is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from .. import layers
from ..batch import Batch
from ..cache import KeyValues
from ..errors import ModelError
from ..layers import Cache, Layer
from ..numerics import Array
from .checking import examine
from .exercise import find_exercise
from .glue import with_epsilon
from .guard import SECONDS, TimeUp, within

Functions = Mapping[str, Callable[..., Any]]
"""Exercise -> the learner's function."""
Result = TypeVar("Result")


def call(functions: Functions, id: str, *arguments: Any, like: Sequence[Array]) -> list[Array]:
    """What the function of an exercise gives: arrays of the shapes and the types of those that are given.

    Raises:
        ModelError: it raises, does not end, or gives something else; with what `check` says of it.
    """

    def arrays() -> list[Array]:
        with np.errstate(all="ignore"):
            found = functions[id](*map(_locked, arguments))
        parts = found if len(like) > 1 else [found]
        return [_like(part, old) for part, old in zip(parts, like, strict=True)]

    return guarded(functions, id, arrays)


def guarded(functions: Functions, id: str, action: Callable[[], Result], seconds: float = 0.0) -> Result:
    """Do something in which the function of an exercise is called; it has so many seconds, or `SECONDS`.

    Raises:
        ModelError: it raises, or does not end; with what `check` says of it.
    """
    try:
        return cast(Result, within(seconds or SECONDS, action))
    except ModelError:
        raise
    except (Exception, SystemExit, TimeUp) as problem:
        raise broken(functions, [id], f"{type(problem).__name__}: {problem}".rstrip(": ")) from problem


def _like(part: Any, old: Array) -> Array:
    array = np.asarray(part, old.dtype)
    if array.shape != old.shape:
        raise ValueError(
            f"an array of shape {old.shape} is expected, and it gives one of shape {array.shape}"
        )
    return array


def _locked(argument: Any) -> Any:
    """The same array, read-only."""
    if isinstance(argument, np.ndarray):
        argument = argument.view()
        argument.flags.writeable = False
    return argument


def broken(functions: Functions, ids: Sequence[str], what: str) -> ModelError:
    """The error that says what is wrong with functions: the course's own diagnosis, if it has one."""
    names = ", ".join(f"`{find_exercise(id).name}` ({id})" for id in ids)
    verdicts = (examine(find_exercise(id), functions[id]) for id in ids)
    said = [message for status, message in verdicts if status != "passed"]
    remedy = f'Mend it; or run its check in the notebook again, then course.keep("{ids[0]}").'
    return ModelError(
        "a function of yours cannot be used", where=names, got=said[0] if said else what, remedy=remedy
    )


def pieces(batch: Batch) -> list[slice]:
    """The rows of each sequence."""
    ends = batch.lengths.cumsum()
    return [slice(end - length, end) for end, length in zip(ends, batch.lengths, strict=True)]


class Yours(Layer):
    """What these layers share."""

    functions: Functions = MappingProxyType({})
    forward_id: ClassVar[str]
    backward_id: ClassVar[str]

    @property
    def stands_for(self) -> type[Layer]:
        """The layer of ours that a file knows it as."""
        return type(self).__mro__[2]

    @property
    def written_by(self) -> str:
        """Who wrote the two passes: "you", "half you" or "the course"."""
        count = sum(id in self.functions for id in (self.forward_id, self.backward_id))
        return ("the course", "half you", "you")[count]

    def call(self, id: str, *arguments: Any, like: Sequence[Array]) -> list[Array]:
        return call(self.functions, id, *arguments, like=like)


class Embeddings(Yours, layers.Embeddings):
    """Learned token and position embeddings, with functions of yours."""

    forward_id, backward_id = "02.1", "02.4"

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        y, c = super().forward(x, batch, past)
        if "02.1" in self.functions:
            for rows in pieces(batch):
                positions = self.p.positional_embeddings[batch.positions[rows][0] :]
                [y[rows]] = self.call("02.1", x[rows], self.p.token_embeddings, positions, like=[y[rows]])
        return y, c

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Any:
        if "02.4" not in self.functions:
            return super().backward(dy, c, batch)
        for ids, g in ((c.ids, self.g.token_embeddings), (batch.positions, self.g.positional_embeddings)):
            [g[...]] = self.call("02.4", ids, dy, len(g), like=[g])


class SelfAttention(Yours, layers.SelfAttention):
    """x + softmax(q k^T / sqrt(d)) v, causal, with functions of yours."""

    forward_id, backward_id = "03.3", "06.3"

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        y, c = super().forward(x, batch, past)  # what the pictures and the way back need
        if (
            "03.3" in self.functions and past is None
        ):  # yours reads whole texts; ours also goes on from a past
            for rows in pieces(batch):
                [y[rows]] = self.call("03.3", x[rows], *self.p.values(), like=[y[rows]])
        return y, c

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        if "06.3" not in self.functions:
            return super().backward(dy, c, batch)
        gradients = [np.empty_like(dy) for _ in range(3)]  # of the queries, keys and values, (N, d)
        for i, rows in enumerate(pieces(batch)):
            n = batch.lengths[i]
            given = dy[rows], c.q[i, :n], c.k[i, :n], c.v[i, :n], c.weights[i, :n, :n]
            found = self.call("06.3", *given, like=[d[rows] for d in gradients])
            for whole, part in zip(gradients, found, strict=True):
                whole[rows] = part
        dx = dy.copy()
        for (name, w), d in zip(self.p.items(), gradients, strict=True):  # glue: from q = x w_q to w_q and x
            np.matmul(c.x.T, d, out=self.g[name])
            dx += d @ w.T
        return dx


class FeedForward(Yours, layers.FeedForward):
    """x + relu(x w1 + b1) w2 + b2, with functions of yours."""

    forward_id, backward_id = "04.1", "06.2"

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        y, c = super().forward(x, batch, past)
        if "04.1" in self.functions:
            [y] = self.call("04.1", x, self.p.w1, self.p.b1[0], self.p.w2, self.p.b2[0], like=[y])
        return y, c

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        if "06.2" not in self.functions:
            return super().backward(dy, c, batch)
        g = [self.g.w1, self.g.b1[0], self.g.w2, self.g.b2[0]]
        dx, *found = self.call("06.2", dy, c.x, self.p.w1, self.p.b1[0], self.p.w2, like=[dy, *g])
        for own, new in zip(g, found, strict=True):
            own[...] = new
        return dx


class LayerNorm(Yours, layers.LayerNorm):
    """gamma * (x - mean) / (std + epsilon) + beta over each row, with functions of yours."""

    forward_id, backward_id = "04.4", "06.4"

    def forward(self, x: Array, batch: Batch, past: KeyValues | None = None) -> tuple[Array, Cache]:
        y, c = super().forward(x, batch, past)
        if "04.4" in self.functions:
            [y] = self.call("04.4", x, self.p.gamma[0], self.p.beta[0], self.epsilon, like=[y])
        return y, c

    def backward(self, dy: Array, c: Cache, batch: Batch) -> Array:
        dx = super().backward(dy, c, batch)  # glue: it also sets the gradients of gamma and beta
        if "06.4" in self.functions:
            [dx] = self.call("06.4", dy, c.x, self.p.gamma[0], like=[dx])
            dx = with_epsilon(dx, dy, c.x, self.p.gamma[0], self.epsilon).astype(dy.dtype)
        return dx


KINDS: dict[type[Layer], type[Yours]] = {
    kind.__mro__[2]: kind for kind in (Embeddings, SelfAttention, FeedForward, LayerNorm)
}


def yours(layer: Layer, functions: Functions) -> Layer:
    """A layer like one of ours, of the same sizes, in no network yet, with a learner's functions in it."""
    kind = KINDS.get(getattr(layer, "stands_for", type(layer)))
    if kind is None:
        return layer.unbound()
    twin = kind(**layer.settings())
    twin.functions = {id: functions[id] for id in (kind.forward_id, kind.backward_id) if id in functions}
    return twin
