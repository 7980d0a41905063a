"""Figures that can be read, too."""

import base64
import io
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 144


class Picture:
    """A figure as an image with alternative text, which is also what stands where no image can be shown.

    Args:
        png: the image.
        alt: what it shows.
        width: in CSS pixels.
    """

    def __init__(self, png: bytes, alt: str, width: int):
        self.png, self.alt, self.width = png, alt, width

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode()
        style = f"max-width: 100%; width: {self.width}px; background: white"
        return f'<img alt="{escape(self.alt)}" style="{style}" src="data:image/png;base64,{data}">'


def show(figure: "Figure", alt: str) -> Picture:
    """Show a matplotlib figure once, with alternative text. (Lab itself gives a figure none.)

    Args:
        figure: it is closed, so that the notebook does not show it a second time.
        alt: what the figure shows, in a sentence, with the numbers that matter.
    """
    from matplotlib import pyplot

    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    pyplot.close(figure)
    inches = int.from_bytes(buffer.getvalue()[16:20], "big") / DPI  # the width in a PNG's header
    return Picture(buffer.getvalue(), alt, round(inches * 96))
