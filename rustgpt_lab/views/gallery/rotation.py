"""A query and a key, turned by their positions: their score depends on the distance alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import ShapeError
from ...layers.rotary import rotate, turns
from ...numerics import Array
from ..base import Table, View
from ..style import ACCENT, CATEGORIES, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RotationData:
    """Two vectors of h numbers, of which each adjacent pair is turned by its position.

    Attributes:
        query, key: (h,).
        base: of the angles, position * base^(-2i / h) for pair i.
        places: the positions of the query and of the key, the second not after the first.
        last: the last position that can be chosen.
    """

    query: Array
    key: Array
    base: float
    places: tuple[int, int]
    last: int

    def turned(self, vector: Array, place: int) -> Array:
        """(h,) as the layer turns it."""
        cos, sin = turns(np.array([place]), len(vector), self.base, vector.dtype)
        return rotate(vector[None, None], cos, sin, "adjacent")[0, 0]

    def score(self, query_at: int, key_at: int) -> float:
        """q·k / sqrt(h) at two positions."""
        product = self.turned(self.query, query_at) @ self.turned(self.key, key_at)
        return float(product / len(self.query) ** 0.5)


class Rotation(View):
    """The live picture; `rotation` makes it."""

    name = "rotation"
    title = "Rotation: a query and a key turned by their positions"
    data: RotationData

    @property
    def sentence(self) -> str:
        (query, key), distance = self.data.places, self.data.places[0] - self.data.places[1]
        return (
            f"Query at {query}, key at {key}: distance {distance}, "
            f"score {self.data.score(query, key):.4g}.".replace("-", "−")
        )

    def figure(self) -> Figure:
        """The first pair at three places of one distance, and the score at each distance."""
        data, distance = self.data, self.data.places[0] - self.data.places[1]
        starts = [0, (data.last - distance) // 2, data.last - distance]

        def draw(figure: Any, axes: Any) -> None:
            longest = max(np.hypot(*data.query[:2]), np.hypot(*data.key[:2]))
            angle = np.linspace(0, 2 * np.pi, 100)
            circle = longest * np.cos(angle), longest * np.sin(angle)
            for ax, start in zip(axes[:3], starts, strict=True):
                ax.plot(*circle, color=INKS["line"], linewidth=1)
                for vector, place, colour, name in (
                    (data.query, start + distance, ACCENT, "query"),
                    (data.key, start, CATEGORIES[1], "key"),
                ):
                    x, y = data.turned(vector, place)[:2]
                    ax.plot([0, x], [0, y], color=colour, linewidth=3, marker="o", markevery=[1])
                    ax.text(1.25 * x, 1.25 * y, f"{name} {place}", ha="center", va="center")
                ax.set(xlim=(-1.7 * longest, 1.7 * longest), ylim=(-1.7 * longest, 1.7 * longest))
                ax.set_aspect("equal")
                ax.set_axis_off()
            distances = np.arange(data.last + 1)
            axes[3].axhline(0, color=INKS["line"], linewidth=1)
            axes[3].plot(distances, [data.score(d, 0) for d in distances.tolist()], color=ACCENT)
            axes[3].plot(distance, data.score(distance, 0), "o", color=ACCENT)
            axes[3].set(xlabel="distance", ylabel="score")
            axes[0].set_title("pair 1, moved along together")

        return plot(draw, 13, 3.4, ncols=4, width_ratios=[1, 1, 1, 1.6])

    def table(self) -> Table:
        data, distance = self.data, self.data.places[0] - self.data.places[1]
        starts = np.linspace(0, data.last - distance, 4).astype(int).tolist()
        rows = [(s + distance, s, distance, data.score(s + distance, s)) for s in starts]
        rows += [(d, 0, d, data.score(d, 0)) for d in range(min(data.last, 8) + 1)]
        return Table(("query at", "key at", "distance", "score"), rows)

    def state(self) -> dict[str, Any]:
        """As plain numbers, of which the browser computes the rest in double precision."""
        return {**super().state(), "query": self.data.query.tolist(), "key": self.data.key.tolist()}


def rotation(
    query: ArrayLike,
    key: ArrayLike,
    places: tuple[int, int] = (12, 8),
    base: float = 10000.0,
    last: int = 63,
) -> Rotation:
    """Rotary positions: drag a query and a key along, and see their pairs turn and what becomes of the score.

    Everything is computed in the browser, as `layers.rotary` computes it.

    Args:
        query, key: (h,) each, h even, before they are turned.
        places: the positions of the query and the key to begin with.
        base: of the angles.
        last: the last position.

    Raises:
        ShapeError: the vectors are not two of the same even length; or a place is not there.

    >>> rotation([1, 0], [1, 0], places=(12, 12)).sentence
    'Query at 12, key at 12: distance 0, score 0.7071.'
    """
    q, k = np.asarray(query, float), np.asarray(key, float)
    if q.shape != k.shape or q.ndim != 1 or not len(q) or len(q) % 2:
        expected = "two vectors of the same even length"
        raise ShapeError(
            "these cannot be turned", where="rotation", expected=expected, got=(q.shape, k.shape)
        )
    if not 0 <= places[1] <= places[0] <= last or last < 1:
        expected = f"0 to {last}, the key not after the query"
        raise ShapeError("there are no such places", where="places", expected=expected, got=places)
    return Rotation(RotationData(q, k, base, places, last))
