"""Predict by hand: draw a curve, or shares, before the notebook shows them; then see the truth over your drawing."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ModelError
from ..numerics import Array
from ..views.sketch import SketchCard, SketchData
from .exercise import Sketch, find_sketch
from .predictions import COMES_BACK, beside, confident_miss, reason
from .record import progress

NEAR = {"shares": 0.75, "curve": 0.5}
"""From which share in the right place, and up to which mean distance, a drawing is near the truth."""


def sketch(id: str, truth: Callable[[], ArrayLike]) -> SketchCard:
    """Draw what comes, with the pointer or the arrow keys, and say how sure you are that it is near the truth.

    Nothing of the truth is computed before you ask for it. Your drawing is kept with the predictions, one that is made
    after the truth was opened as that.

    Args:
        id: what to draw, such as "03.s1".
        truth: computes it: a number for each place.

    Raises:
        ModelError: there is no such sketch.
    """
    asked = find_sketch(id)
    kept = progress.answer(id)
    data = _met(asked, _computed(asked, truth), kept) if "truth" in kept else _asked(asked)
    return SketchCard(data, partial(_answer, asked, truth))


def score(kind: str, drawn: Array, truth: Array) -> tuple[float, bool]:
    """How near a drawing is to the truth, (n,) each, and whether that is near.

    Of shares: how much of the truth lies where it was drawn, in [0, 1]: 1 less the total variation distance
    (Levin and Peres 2017, "Markov Chains and Mixing Times", proposition 4.2). Of a curve: its mean distance.

    >>> score("shares", np.array([0.5, 0.5]), np.array([0.75, 0.25]))
    (0.75, True)
    >>> score("curve", np.array([2.0, 1.0]), np.array([2.0, 1.5]))
    (0.25, True)
    """
    if kind == "shares":
        overlap = float(np.minimum(drawn, truth).sum())
        return overlap, overlap >= NEAR[kind]
    off = float(np.abs(drawn - truth).mean())
    return off, off <= NEAR[kind]


def _answer(sketch: Sketch, truth: Callable[[], ArrayLike], question: dict[str, Any]) -> SketchData:
    """What the card asks for: {drawn, confidence, why}; or to see the truth without a drawing, {opened: true}."""
    values = _computed(sketch, truth)  # first: if this fails, nothing is kept
    if "opened" in question:
        progress.opened(sketch.id)
        return _met(sketch, values, {})
    drawn = _drawn(sketch, question["drawn"])
    more = {"drawn": [round(float(value), 4) for value in drawn], **reason(question["why"])}
    kept = progress.predicted(sketch.id, "near", question["confidence"], **more)  # an earlier one may stay
    if _is_drawing(sketch, kept):
        is_near = score(sketch.kind, np.array(kept["drawn"]), values)[1]
        kept |= {"truth": "near" if is_near else "far"}
        progress.revealed(sketch.id, kept["truth"])
    return _met(sketch, values, kept)


def _computed(sketch: Sketch, truth: Callable[[], ArrayLike]) -> Array:
    values = np.asarray(truth(), dtype=float)
    if values.shape != (len(sketch.places),) or not np.isfinite(values).all():
        expected = f"{len(sketch.places)} finite numbers: {', '.join(sketch.places)}"
        raise ModelError("this is no truth to draw", where=sketch.id, expected=expected, got=values.tolist())
    return values


def _is_drawing(sketch: Sketch, kept: dict[str, Any]) -> bool:
    """Whether what is kept is a drawing of this: the file may come from anywhere."""
    return len(kept.get("drawn", [])) == len(sketch.places)


def _drawn(sketch: Sketch, values: Any) -> Array:
    """(n,) what was drawn; shares are scaled, so that they sum to 1."""
    drawn = np.asarray(values, dtype=float)
    whole = drawn.sum()
    if drawn.shape != (len(sketch.places),) or not (drawn >= 0).all() or not 0 < whole < np.inf:
        raise ModelError("nothing is drawn yet", where=sketch.id, expected="a drawing", got=values)
    return drawn / whole if sketch.kind == "shares" else drawn


def _asked(sketch: Sketch) -> SketchData:
    near = {
        "shares": f"Near is: {NEAR['shares']:.0%} or more of the whole lies where you drew it.",
        "curve": f"Near is: on average, your curve is {NEAR['curve']:g} or less away from the truth.",
    }
    return _data(sketch, sentence=near[sketch.kind])


def _met(sketch: Sketch, truth: Array, kept: dict[str, Any]) -> SketchData:
    """The truth, over what was drawn, if anything was."""
    if not _is_drawing(sketch, kept):
        return _data(sketch, truth=truth, sentence="You have drawn nothing: here is the truth alone.")
    drawn = np.array(kept["drawn"])
    found, is_near = score(sketch.kind, drawn, truth)
    sign = "✓ Near" if is_near else "✗ Not near"
    lines = [
        f"{sign}: {_in_words(sketch, found)}",
        f"You were {kept['confidence']:.0f} % sure that it is near.",
    ]
    lines += beside(kept)
    if sketch.again and confident_miss(kept):
        lines.append(COMES_BACK)
    return _data(sketch, drawn=drawn, truth=truth, sentence=" ".join(lines), kept=kept)


def _in_words(sketch: Sketch, found: float) -> str:
    """What the score means."""
    if sketch.kind == "shares":
        return (
            f"{found:.0%} of the {sketch.axes[1]} lies where you drew it, and the rest elsewhere "
            f"(near is {NEAR['shares']:.0%} or more)."
        )
    return (
        f"on average, your curve is {found:.2f} away from the truth (near is {NEAR['curve']:g} or less). A loss that "
        f"is wrong by so much is a probability of the right word that is wrong by a factor of {np.exp(found):.1f}."
    )


def _data(
    sketch: Sketch, *, sentence: str, kept: dict[str, Any] | None = None, **numbers: Array
) -> SketchData:
    kept = kept or {}
    return SketchData(
        id=sketch.id,
        text=sketch.text,
        kind=sketch.kind,
        axes=sketch.axes,
        places=sketch.places,
        high=sketch.high,
        drawn=numbers.get("drawn"),
        truth=numbers.get("truth"),
        confidence=kept.get("confidence", 50),
        why=kept.get("why", ""),
        sentence=sentence,
        because=sketch.because if "truth" in numbers else "",
    )
