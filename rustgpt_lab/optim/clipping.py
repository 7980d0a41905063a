"""Gradient clipping: no single batch may throw the weights far off.

A clipping is a value: give `train` one, or several as `Chain(first, second)`. It changes gradients in place.

A *unit* is what has one norm of its own, the weights of one output:
- of a weight of shape (in, out), a column;
- of embeddings, by their name, a row: one word's or one position's vector;
- of a vector (n,) or (1, n), such as a bias or a LayerNorm's gamma and beta, the whole vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, sqrt

import numpy as np

from ..errors import ShapeError, TrainingError
from ..numerics import Array
from ..parameters import Views
from .report import ClippingReport, dot, norm

Arrays = Mapping[str, Array]
Factors = dict[str, Array | float]
"""Name -> by what a clipping multiplied the gradient's units: one number, or one a unit, each in [0, 1]."""

AGC_EPSILON = 1e-3
"""The least norm that AGC takes a unit's weights to have, so that weights that begin at 0 can grow."""


class Clipping:
    """The base of all clippings. As it stands, it changes nothing.

    A subclass overrides `apply`; or `apply_logits`, if it works on the gradient of the logits.
    """

    def clip(self, parameters: Arrays, gradients: Arrays) -> ClippingReport:
        """Change the gradients in place, and report what that did.

        Args:
            parameters: name -> weights.
            gradients: name -> gradient of the same shape.

        Raises:
            ShapeError: a gradient has no parameter, or one of another shape, or more than two axes.
        """
        _check(parameters, gradients)
        report = ClippingReport()
        if _only_scales(self):
            norms = {name: norm(gradient) for name, gradient in gradients.items()}
            factors = self.apply(parameters, gradients)
            for name, length in norms.items():
                report.add_scaled(name, length, norm(parameters[name]), factors.get(name, 1.0))
        else:
            before = {name: gradient.copy() for name, gradient in gradients.items()}
            factors = self.apply(parameters, gradients)
            for name, gradient in gradients.items():
                weight = norm(parameters[name])
                report.add(name, before[name], gradient, weight, factors.get(name, 1.0))
        return report

    def apply(self, parameters: Arrays, gradients: Arrays) -> Factors:
        """Change the gradients in place, as `clip` does, but check and measure nothing."""
        return {}

    def clip_logits(self, dlogits: Array, lengths: Sequence[int]) -> ClippingReport:
        """Change the gradient of the logits in place, and report that under the name "logits".

        Args:
            dlogits: (N, V), the rows of all sequences of a batch, one sequence after the other.
            lengths: the number of rows of each sequence; their sum is N.
        """
        report = ClippingReport()
        if type(self).apply_logits is Clipping.apply_logits:  # it leaves them alone, and one norm tells all
            report.add_scaled("logits", norm(dlogits), 0.0, 1.0)
            return report
        before = dlogits.copy()
        factors = self.apply_logits(dlogits, lengths)
        report.add("logits", before, dlogits, 0.0, factors.get("logits", 1.0))
        return report

    def apply_logits(self, dlogits: Array, lengths: Sequence[int]) -> Factors:
        """Change the gradient of the logits in place, as `clip_logits` does, but measure nothing."""
        return {}


@dataclass(frozen=True)
class Chain(Clipping):
    """Several clippings, one after the other."""

    parts: tuple[Clipping, ...]

    def __init__(self, *parts: Clipping):
        object.__setattr__(self, "parts", parts)

    def apply(self, parameters: Arrays, gradients: Arrays) -> Factors:
        return _product([part.apply(parameters, gradients) for part in self.parts])

    def apply_logits(self, dlogits: Array, lengths: Sequence[int]) -> Factors:
        return _product([part.apply_logits(dlogits, lengths) for part in self.parts])


@dataclass(frozen=True)
class L2GradientClipping(Clipping):
    """Shorten the gradient as a whole to a norm of at most `threshold` (Pascanu et al. 2013, algorithm 1).

    Over all parameters together: g *= min(1, threshold / ||g||).

    Args:
        threshold: > 0.
    """

    threshold: float

    def __post_init__(self) -> None:
        _check_threshold("threshold", self.threshold)

    def apply(self, parameters: Arrays, gradients: Arrays) -> Factors:
        arrays = [gradients.flat] if isinstance(gradients, Views) else list(gradients.values())
        length = sqrt(sum(dot(array, array) for array in arrays))
        factor = min(1.0, self.threshold / length) if length else 1.0
        if factor < 1:
            for array in arrays:
                array *= factor
        return dict.fromkeys(gradients, factor)


@dataclass(frozen=True)
class Centralization(Clipping):
    """Take the mean away from the gradient of every unit of a matrix; vectors stay as they are.

    Yong et al. 2020 (arXiv:2004.01461), eq. 1.
    """

    def apply(self, parameters: Arrays, gradients: Arrays) -> Factors:
        for name, gradient in gradients.items():
            axis = unit_axis(name, gradient)
            if axis is not None:
                gradient -= gradient.mean(axis=axis, keepdims=True)
        return {}


@dataclass(frozen=True)
class UnitwiseClipping(Clipping):
    """AGC: shorten the gradient of every unit to at most `threshold` times the length of its weights.

    g *= min(1, threshold * max(||w||, 1e-3) / ||g||): Brock et al. 2021 (arXiv:2102.06171), eq. 3.

    Args:
        threshold: the paper's lambda, > 0.
    """

    threshold: float = 0.01

    def __post_init__(self) -> None:
        _check_threshold("threshold", self.threshold)

    def apply(self, parameters: Arrays, gradients: Arrays) -> Factors:
        factors: Factors = {}
        for name, gradient in gradients.items():
            limit = self.threshold * np.maximum(_unit_norms(name, parameters[name]), AGC_EPSILON)
            norms = _unit_norms(name, gradient)
            factor = np.divide(limit, norms, out=np.ones_like(norms), where=norms > limit)
            if (factor < 1).any():
                gradient *= factor
            factors[name] = factor
        return factors


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
        _check_threshold("agc_threshold", self.agc_threshold)
        _check_threshold("l2_threshold", self.l2_threshold)


@dataclass(frozen=True)
class AdaptiveGradientClipping(Clipping):
    """`Centralization` if wanted, then `UnitwiseClipping` or else `L2GradientClipping`."""

    config: AdaptiveClippingConfig = field(default_factory=AdaptiveClippingConfig)

    def apply(self, parameters: Arrays, gradients: Arrays) -> Factors:
        if self.config.use_centralization:
            Centralization().apply(parameters, gradients)
        if self.config.use_agc:
            return UnitwiseClipping(self.config.agc_threshold).apply(parameters, gradients)
        return L2GradientClipping(self.config.l2_threshold).apply(parameters, gradients)


@dataclass(frozen=True)
class RustGPTLogitClipping(Clipping):
    """What RustGPT calls adaptive clipping, where RustGPT does it: for comparison, not for use.

    It acts on each sequence's gradient of the logits, (p - y) / T of shape (T, V), not on any parameter's:
    - it takes the mean away from every row, although the rows of p - y sum to 0 already;
    - with `use_agc` it scales the matrix so that the root of its mean square is at most `agc_threshold`; no
      weight's norm is asked for, so this is not AGC;
    - else it shortens the matrix to a norm of at most `l2_threshold`, but it is no longer than sqrt(2 / T).
    """

    config: AdaptiveClippingConfig = field(default_factory=AdaptiveClippingConfig)

    def apply_logits(self, dlogits: Array, lengths: Sequence[int]) -> Factors:
        factors, start = [], 0
        for count in lengths:
            rows = dlogits[start : start + count]
            start += count
            if self.config.use_centralization:
                rows -= rows.mean(axis=1, keepdims=True)
            length = norm(rows) * len(lengths)  # the batch's mean divided every sequence's gradient
            limit = (
                self.config.agc_threshold * sqrt(rows.size)
                if self.config.use_agc
                else self.config.l2_threshold
            )
            factors.append(min(1.0, limit / length) if length else 1.0)
            if factors[-1] < 1:
                rows *= factors[-1]
        return {"logits": np.array(factors)}


def unit_axis(name: str, array: Array) -> int | None:
    """The axis along which a unit's numbers lie: 0 for columns, 1 for rows, None if the array is one unit."""
    if array.ndim < 2 or array.shape[0] == 1:
        return None
    return 1 if name.endswith("embeddings") else 0


def _unit_norms(name: str, array: Array) -> Array:
    """The norm of every unit, in a shape that multiplies the array: (1, out), (rows, 1) or (1, 1)."""
    match unit_axis(name, array):
        case 0:
            return np.sqrt(np.einsum("io,io->o", array, array))[None, :]
        case 1:
            return np.sqrt(np.einsum("vd,vd->v", array, array))[:, None]
        case _:
            return np.sqrt(np.vdot(array, array)).reshape((1,) * array.ndim)


def _only_scales(clipping: Clipping) -> bool:
    """Whether it multiplies a parameter's gradient by a number, and does nothing else to it."""
    return isinstance(clipping, L2GradientClipping) or type(clipping).apply is Clipping.apply


def _product(all_factors: Sequence[Factors]) -> Factors:
    product: Factors = {}
    for factors in all_factors:
        for name, factor in factors.items():
            product[name] = product.get(name, 1.0) * factor
    return product


def _check(parameters: Arrays, gradients: Arrays) -> None:
    for name, gradient in gradients.items():
        found = parameters[name].shape if name in parameters else "no such parameter"
        if found != gradient.shape:
            raise ShapeError(
                "a gradient needs the parameter that it belongs to",
                where=name,
                expected=gradient.shape,
                got=found,
            )
        if gradient.ndim > 2:
            raise ShapeError(
                "a gradient has too many axes", where=name, expected="one or two", got=gradient.ndim
            )


def _check_threshold(name: str, value: float) -> None:
    if not 0 < value < inf:
        raise TrainingError(
            "a threshold is out of range", where=name, expected="a finite number above 0", got=value
        )
