"""How the still pictures look: calm, in the colours of the live ones (`js/palette.js`), on the page's own paper.

A figure is drawn in dark ink on nothing. On a dark page a style sheet turns its lightness over and keeps its hues,
which makes the palettes for light pages those for dark ones.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from html import escape
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category, east_asian_width

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

JS = Path(__file__).parent / "js"
_SOURCE = (JS / "palette.js").read_text(encoding="utf-8")
PALETTE: dict[str, Any] = json.loads(_SOURCE.partition("PALETTE =")[2].rstrip(";\n"))
INKS: dict[str, str] = PALETTE["inks"]["light"]
ACCENT = INKS["accent"]
CATEGORIES: list[str] = PALETTE["categories"]

DPI = 144
INCH = 96
"""CSS pixels: so wide is an inch of a figure on the page."""
TEXT, TICK = 14 * 72 / INCH, 12 * 72 / INCH
"""Points of 14 and of 12 CSS pixels."""

FONTS = (
    "DejaVu Sans",
    *("Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei"),
    *("Noto Sans Devanagari", "Kohinoor Devanagari", "Nirmala UI", "Lohit Devanagari"),
    *("Noto Sans Arabic", "Noto Naskh Arabic", "Geeza Pro", "Segoe UI"),
    *("Noto Emoji", "Segoe UI Emoji", "Symbola"),
)
"""Where letters are looked for: the first font that has one."""

_RC: dict[str, Any] = {
    "axes.edgecolor": INKS["before"],
    "axes.facecolor": "none",
    "axes.labelcolor": INKS["text"],
    "axes.labelsize": TEXT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": TEXT,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "font.size": TEXT,
    "hatch.color": INKS["line"],
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "savefig.facecolor": "none",
    "text.color": INKS["text"],
    "xtick.color": INKS["before"],
    "ytick.color": INKS["before"],
    "xtick.labelcolor": INKS["text"],
    "ytick.labelcolor": INKS["text"],
    "xtick.labelsize": TICK,
    "ytick.labelsize": TICK,
}

# Where a page does not take a style sheet from a notebook that it does not trust, the paper stays white.
PAPER = (
    "<style>.rl-figure{background:none!important}"
    '[data-jp-theme-light="false"] .rl-figure{filter:invert(1) hue-rotate(180deg)}</style>'
)


def use() -> None:
    """Give all figures that are drawn from here on the course's look, in a lesson that draws by hand.

    Its palettes are then matplotlib's, too: `cmap="sequential"` and `cmap="diverging"`.
    """
    from matplotlib import colormaps, rcParams

    for kind in {"sequential", "diverging"}.difference(colormaps):
        colormaps.register(colormap(kind))
    rcParams.update(_settings())


def _settings() -> Any:
    from matplotlib.font_manager import fontManager
    from matplotlib.rcsetup import cycler

    installed = {font.name for font in fontManager.ttflist}
    fonts = [name for name in FONTS if name in installed]
    return {**_RC, "axes.prop_cycle": cycler("color", CATEGORIES), "font.family": fonts}


@contextmanager
def look() -> Iterator[None]:
    """The course's look, and nothing of what was set for other figures: a style, LaTeX, another file format.

    A word in letters that no font here has is drawn as boxes, without a warning: tables have it as it is. Nor does
    matplotlib's log say below a lesson's figure that it looked for a font in vain.
    """
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context(), warnings.catch_warnings(), _hushed(logging.getLogger("matplotlib.font_manager")):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        rcdefaults()
        rcParams.update(_settings())
        yield


@contextmanager
def _hushed(log: logging.Logger) -> Iterator[None]:
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


@cache
def colormap(kind: str) -> Colormap:
    """The "sequential" (0 is pale) or the "diverging" (0 in the middle is pale) palette, for matplotlib."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(kind, PALETTE[kind]["light"])


def share(x: float) -> str:
    """A share in [0, 1] in a picture: two digits after the point, nothing below 0.01."""
    return "" if x < 0.01 else f"{x:.2f}"


def shortened(word: str, most: int = 18) -> str:
    """A word in a picture, at most so many letters wide; it is not cut between a letter and its marks.

    >>> shortened("antidisestablishmentarianism")
    'antidisestablishm…'
    """
    ends = list(accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in word))
    if not word or ends[-1] <= most:
        return word
    cut = sum(end < most for end in ends)
    while cut > 1 and (
        category(word[cut]) in ("Mn", "Mc", "Me", "Cf", "Sk") or category(word[cut - 1]) == "Cf"
    ):
        cut -= 1
    return f"{word[:cut]}…"


def named(ax: Any, points: Any, words: Sequence[str]) -> int:
    """Write a word beside each point, on a side where nothing stands; gives how many found no room and are left out.

    To be called when all else of the figure is in its place.

    Args:
        points: (n, 2).
        words: n.
    """
    from matplotlib.transforms import Bbox

    sides = (
        (6, 0, "left", "center"),
        (-6, 0, "right", "center"),
        (0, 6, "center", "bottom"),
        (0, -6, "center", "top"),
    )
    ax.figure.draw_without_rendering()
    dots = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in ax.transData.transform(points)]
    taken: list[Any] = []
    for k, (point, word) in enumerate(zip(points, words, strict=True)):
        for x, y, ha, va in sides:
            place = {"textcoords": "offset points", "ha": ha, "va": va, "parse_math": False}
            text = ax.annotate(shortened(word), point, (x, y), **place)
            box = text.get_window_extent()
            if not box.count_overlaps([*taken, *dots[:k], *dots[k + 1 :]]):
                taken.append(box)
                break
            text.remove()
    return len(words) - len(taken)


def plot(draw: Any, width: float, height: float, **grid: Any) -> Figure:
    """A new figure of width x height inches, drawn by `draw(figure, axes)`, without pyplot's global state.

    Args:
        draw: is given the figure and what `figure.subplots(**grid)` returns.
        grid: see `matplotlib.figure.Figure.subplots`.
    """
    from matplotlib.figure import Figure

    with look():
        figure = Figure(figsize=(width, height))
        draw(figure, figure.subplots(**grid))
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file of 144 dots an inch, the same bytes for the same figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    file = io.BytesIO()
    with look():
        FigureCanvasAgg(figure).print_figure(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def image(file: bytes, alt: str) -> str:
    """A PNG file of a figure as HTML, in its size, on the page's own paper."""
    width = round(int.from_bytes(file[16:20], "big") / DPI * INCH)  # a PNG's header
    data = base64.b64encode(file).decode()
    style = f"max-width:100%;width:{width}px;background:#fff"
    return f'{PAPER}<img alt="{escape(alt)}" src="data:image/png;base64,{data}" class="rl-figure" style="{style}">'
