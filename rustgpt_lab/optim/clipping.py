"""Gradient clipping: no single batch may throw the weights far off.

A clipping is a value: give `train` one, or several as `Chain(first, second)`. It changes gradients in place; what it
did is measured from outside (`clip`, and `report`).

A *unit* is what has one norm of its own, the weights of one output: a column of a weight (in, out), a row of
embeddings, the whole of a vector. A network's parameters say what theirs is (`Param.unit_axis`); in a plain dictionary
of arrays it is a column of a matrix, and the whole of any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot, inf
from numbers import Real

import numpy as np

from ..batch import Batch
from ..errors import ShapeError, TrainingError
from ..numerics import Array
from ..parameters import Views
from .report import Arrays, ClippingReport, Measured, norm, unit_axis, unit_norms

AGC_EPSILON = 1e-3
"""The least norm that AGC takes a unit's weights to have, so that weights that begin at 0 can grow."""


class Clipping:
    """The base of all clippings. As it stands, it changes nothing."""

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        """Change the parameters' gradients in place; `clip` does the same, and checks and reports."""

    def at_logits(self, dlogits: Array, batch: Batch) -> None:
        """Change the gradient of the logits, (N, V), in place; only RustGPT's own clipper does."""

    def clip(self, parameters: Arrays, gradients: Arrays) -> ClippingReport:
        """Change the gradients in place, and report what that did.

        Args:
            parameters: name -> weights.
            gradients: name -> gradient of the same shape.

        Raises:
            ShapeError: a gradient has no parameter, or one of another shape.
        """
        for name, gradient in gradients.items():
            found = parameters[name].shape if name in parameters else "no such parameter"
            if found != gradient.shape:
                raise ShapeError(
                    "a gradient needs the parameter that it belongs to",
                    where=name,
                    expected=gradient.shape,
                    got=found,
                )
        measured = Measured(self)
        measured.at_parameters(parameters, gradients)
        return measured.report


@dataclass(frozen=True)
class Chain(Clipping):
    """Several clippings, one after the other.

    >>> Chain(Centralization(), L2GradientClipping(1.0))
    Chain(parts=(Centralization(), L2GradientClipping(threshold=1.0)))
    """

    parts: tuple[Clipping, ...]

    def __init__(self, *parts: Clipping):
        for part in parts:
            if not isinstance(part, Clipping):
                raise TrainingError(
                    "a part of a Chain is no clipping",
                    where="Chain",
                    expected="clippings, as Chain(Centralization(), L2GradientClipping(1.0))",
                    got=repr(part),
                )
        object.__setattr__(self, "parts", parts)

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        for part in self.parts:
            part.at_parameters(parameters, gradients)

    def at_logits(self, dlogits: Array, batch: Batch) -> None:
        for part in self.parts:
            part.at_logits(dlogits, batch)


@dataclass(frozen=True)
class L2GradientClipping(Clipping):
    """Shorten the gradient as a whole to a norm of at most `threshold` (Pascanu et al. 2013, algorithm 1).

    Over all parameters together: g *= min(1, threshold / ||g||).

    Args:
        threshold: > 0.

    >>> g = {"w": np.array([[3.0, 4.0]])}
    >>> report = L2GradientClipping(1.0).clip({"w": np.ones((1, 2))}, g)
    >>> g["w"], report.before["w"], report.after["w"]
    (array([[0.6, 0.8]]), 5.0, 1.0)
    """

    threshold: float

    def __post_init__(self) -> None:
        check_threshold("threshold", self.threshold)

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        arrays = [gradients.flat] if isinstance(gradients, Views) else list(gradients.values())
        length = hypot(*map(norm, arrays))
        if length > self.threshold:
            for array in arrays:
                array *= self.threshold / length


@dataclass(frozen=True)
class Centralization(Clipping):
    """Take the mean away from the gradient of every unit of a matrix; vectors stay as they are.

    Yong et al. 2020 (arXiv:2004.01461), eq. 1.

    >>> g = {"w": np.array([[1.0, 5.0], [3.0, 1.0]])}
    >>> report = Centralization().clip({"w": np.ones((2, 2))}, g)
    >>> g["w"]
    array([[-1.,  2.],
           [ 1., -2.]])
    """

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        for name, gradient in gradients.items():
            axis = unit_axis(parameters, name)
            if axis is not None:
                gradient -= gradient.mean(axis=axis, keepdims=True)


@dataclass(frozen=True)
class AGC(Clipping):
    """Shorten the gradient of every unit to at most `threshold` times the length of its weights.

    g *= min(1, threshold * max(||w||, 1e-3) / ||g||): Brock et al. 2021 (arXiv:2102.06171), eq. 3.

    Args:
        threshold: the paper's lambda, > 0.

    >>> g = {"w": np.array([[0.6, 0.6], [0.8, 0.8]])}  # columns of norm 1; their weights have norm 5 and 0.5
    >>> report = AGC(1.0).clip({"w": np.array([[3.0, 0.3], [4.0, 0.4]])}, g)
    >>> g["w"], report.clipped["w"]
    (array([[0.6, 0.3], [0.8, 0.4]]), 0.5)
    """

    threshold: float = 0.01

    def __post_init__(self) -> None:
        check_threshold("threshold", self.threshold)

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        for name, gradient in gradients.items():
            axis = unit_axis(parameters, name)
            limits = self.threshold * np.maximum(unit_norms(parameters[name], axis), AGC_EPSILON)
            norms = unit_norms(gradient, axis)
            if (norms > limits).any():
                gradient *= np.divide(limits, norms, out=np.ones_like(norms), where=norms > limits)


@dataclass(frozen=True)
class AdaptiveClippingConfig:
    """What an adaptive clipping does, with RustGPT's names and defaults.

    Args:
        agc_threshold: AGC's lambda, > 0.
        use_centralization: whether to centralize first.
        use_agc: AGC if true, else L2 clipping.
        l2_threshold: the L2 norm allowed when `use_agc` is false, > 0.
    """

    agc_threshold: float = 0.01
    use_centralization: bool = True
    use_agc: bool = True
    l2_threshold: float = 5.0

    def __post_init__(self) -> None:
        check_threshold("agc_threshold", self.agc_threshold)
        check_threshold("l2_threshold", self.l2_threshold)


@dataclass(frozen=True)
class AdaptiveGradientClipping(Clipping):
    """`Centralization` if wanted, then `AGC` or else `L2GradientClipping`.

    Args:
        config: which; a number alone is AGC's threshold.

    Raises:
        TrainingError: it is neither.
    """

    config: AdaptiveClippingConfig = field(default_factory=AdaptiveClippingConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", as_config(self.config))

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        config = self.config
        if config.use_centralization:
            Centralization().at_parameters(parameters, gradients)
        second = AGC(config.agc_threshold) if config.use_agc else L2GradientClipping(config.l2_threshold)
        second.at_parameters(parameters, gradients)


def as_config(value: object) -> AdaptiveClippingConfig:
    """What was given as a config: one, or AGC's threshold alone."""
    if isinstance(value, Real):
        return AdaptiveClippingConfig(float(value))
    if isinstance(value, AdaptiveClippingConfig):
        return value
    expected = "an AdaptiveClippingConfig, or AGC's threshold alone"
    raise TrainingError("an argument cannot be used", where="config", expected=expected, got=repr(value))


def check_threshold(name: str, value: float) -> None:
    """Refuse what is not a finite number above 0."""
    if not (isinstance(value, Real) and 0 < value < inf):
        raise TrainingError(
            "a threshold is out of range", where=name, expected="a finite number above 0", got=repr(value)
        )
