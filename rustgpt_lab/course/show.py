"""Figures that can be read, too."""

import io
from typing import TYPE_CHECKING

from ..views.style import DPI, image, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Picture:
    """A figure as an image with alternative text, which is also what stands where no image can be shown.

    Args:
        png: the image.
        alt: what it shows.
    """

    def __init__(self, png: bytes, alt: str):
        self.png, self.alt = png, alt

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"

    def _repr_html_(self) -> str:
        return image(self.png, self.alt)

    def _repr_png_(self) -> bytes:  # LaTeX knows no HTML
        return self.png


def show(figure: "Figure", alt: str) -> Picture:
    """Show a matplotlib figure once, with alternative text. (Lab itself gives a figure none.)

    Args:
        figure: it is closed, so that the notebook does not show it a second time.
        alt: what the figure shows, in a sentence, with the numbers that matter.
    """
    from matplotlib import pyplot

    buffer = io.BytesIO()
    with look():
        figure.savefig(
            buffer, format="png", dpi=DPI, bbox_inches="tight", transparent=True, metadata={"Software": None}
        )
    pyplot.close(figure)
    return Picture(buffer.getvalue(), alt)
