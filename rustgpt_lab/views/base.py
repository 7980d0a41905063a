"""What every view is: data, three still forms (figure, table, sentence), and one that can be touched."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar

from .style import image, png

if TYPE_CHECKING:
    from ipywidgets import DOMWidget
    from matplotlib.figure import Figure

    from ..llm import LLM
    from .portable import Portable

WIDGET = "application/vnd.jupyter.widget-view+json"

# The twin gives way to the live view below it; a live view without a kernel does not leave an error message.
SWAP = (
    "<style>"
    ".jp-OutputArea-child:has(.rl-twin):has(+ .jp-OutputArea-child .rl-live),"
    ".jp-OutputArea-child:has(.rl-twin) + .jp-OutputArea-child:not(:has(.rl-live))"
    "{display:none}</style>"
)


@dataclass(frozen=True)
class Table:
    """Some rows under headings: strings, or numbers that are shown with four significant digits."""

    headings: Sequence[str]
    rows: Sequence[Sequence[object]]

    def html(self) -> str:
        def row(tag: str, cells: Sequence[object]) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(_shown(cell))}</{tag}>" for cell in cells) + "</tr>"

        body = "".join(row("td", cells) for cells in self.rows)
        return f"<table><thead>{row('th', self.headings)}</thead><tbody>{body}</tbody></table>"


def _shown(cell: object) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


class View:
    """One picture. As the last expression of a cell it shows itself twice, and the page chooses.

    First comes the twin, a figure with a sentence and a table; then the live view. Where the live view comes
    up, the twin hides; on a page without a kernel, the twin stays. A subclass gives `name`, `title`,
    `sentence`, `figure` and `table`, and `answer` if the learner can ask it something.

    Args:
        data: what is shown: a frozen dataclass of arrays, labels and numbers.
    """

    name: ClassVar[str]
    """Of its module `js/NAME.js`."""
    title: ClassVar[str]
    """What the picture is, in a few words: its heading, and its name for a screen reader."""
    alone: bool = False
    """Whether the browser needs no model for what it shows: then it lives in an exported page, too."""

    note: ClassVar[str] = "A still picture: run the cell to touch it."
    """What the still picture says of itself."""

    def __init__(self, data: Any):
        self.data = data
        self.lock = RLock()
        """Held while a question is answered; a thread that changes `data` at other times holds it, too."""

    @property
    def sentence(self) -> str:
        """What the picture says, in one sentence."""
        raise NotImplementedError

    def figure(self) -> Figure:
        """The picture, still."""
        raise NotImplementedError

    def table(self) -> Table:
        """The picture's main numbers."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """What the browser gets: the fields of `data`. A view overrides this to leave out or to quantise."""
        return dict(vars(self.data))

    def fixed(self) -> dict[str, Any]:
        """What the browser gets once, because no answer changes it."""
        return {}

    def answer(self, question: Any) -> Any:
        """New `data` for what the learner asked in the browser; a ModelError is shown to them."""
        raise NotImplementedError

    def llms(self) -> Sequence[LLM]:
        """The models whose answers the browser can give, too: its module must have `answering` in it."""
        return ()

    @cached_property
    def portable(self) -> Sequence[Portable]:
        """Those models as they were when the view was first shown, if the browser takes them."""
        from .portable import portable

        return portable(self.llms())

    @cached_property
    def widget(self) -> DOMWidget:
        """The live form. It holds its data in the browser; only questions go back to the kernel."""
        from .canvas import Canvas

        return Canvas(self)

    def twin(self) -> dict[str, str]:
        """The form that needs no kernel: MIME type -> content, the same for the same data."""
        file = png(self.figure())
        html = (
            f'{SWAP}<figure class="rl-twin" style="margin:0">{image(file, self.title)}'
            f'<figcaption style="max-width:66ch">{escape(self.sentence)}<br>'
            f'<small style="font-size:inherit">{self.note}</small></figcaption>'
            f"<details><summary>The numbers</summary>{self.table().html()}</details></figure>"
        )
        if self.alone or self.portable:
            from .canvas import page_script

            html += page_script(self)
        # The image once more on its own: that is what an export to LaTeX takes.
        return {
            "text/plain": self.sentence,
            "text/html": html,
            "image/png": base64.b64encode(file).decode(),
        }

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from .portable import on_page

        twin = self.twin()
        display({**twin, "text/html": twin["text/html"] + on_page(self.portable)}, raw=True)
        bundle = self.widget._repr_mimebundle_()
        live, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display({WIDGET: live[WIDGET], "text/plain": ""}, raw=True, metadata=metadata)

    def __repr__(self) -> str:
        return self.sentence


def snapshots_of(models: LLM | Mapping[Any, LLM]) -> dict[str, LLM]:
    """The models of a picture by snapshot, such as {"epoch 0": llm}; a single one is "now"."""
    return (
        {str(label): llm for label, llm in models.items()} if isinstance(models, Mapping) else {"now": models}
    )
