"""How the static pictures look: calm, on white, in the same colours as the live ones (`js/palette.js`)."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

JS = Path(__file__).parent / "js"
_SOURCE = (JS / "palette.js").read_text(encoding="utf-8")
PALETTE: dict[str, Any] = json.loads(_SOURCE.partition("PALETTE =")[2].rstrip(";\n"))
INKS: dict[str, str] = PALETTE["inks"]["light"]
ACCENT = INKS["accent"]
CATEGORIES: list[str] = PALETTE["categories"]

_RC: dict[str, Any] = {
    "axes.edgecolor": "#8a8f94",
    "axes.labelcolor": "#33383d",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 9,
    "text.color": "#22262a",
    "xtick.color": "#33383d",
    "ytick.color": "#33383d",
}


@cache
def colormap(kind: str) -> Colormap:
    """The "sequential" (0 is pale) or the "diverging" (0 in the middle is pale) palette, for matplotlib."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(kind, PALETTE[kind]["light"])


def plot(draw: Any, width: float, height: float, **grid: Any) -> Figure:
    """A new figure of width x height inches, drawn by `draw(figure, axes)`, without pyplot's global state.

    Args:
        draw: is given the figure and what `figure.subplots(**grid)` returns.
        grid: see `matplotlib.figure.Figure.subplots`.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.rcsetup import cycler

    settings: Any = {**_RC, "axes.prop_cycle": cycler("color", CATEGORIES)}
    with rc_context(settings):
        figure = Figure(figsize=(width, height))
        draw(figure, figure.subplots(**grid))
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file of 144 dots an inch, the same bytes for the same figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    file = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(file, dpi=144, metadata={"Software": None})
    return file.getvalue()
