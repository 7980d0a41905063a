"""What answers a question is shown folded, until the question is answered.

Folding is done in what a cell shows, so it is the same in a fresh clone, after Run All, and in an exported page.
"""

from collections.abc import Callable
from html import escape
from typing import Any

from .exercise import find_question
from .record import progress

Shown = dict[str, str]
"""An output: MIME type -> content."""

_waiting: dict[str, list[Callable[[], None]]] = {}
"""Question -> what opens each output that is folded until it is answered."""


def fold(id: str) -> None:
    """Keep what this cell shows folded, until the question is answered. It stands in the cell's first line.

    Args:
        id: the question, such as "03.q1".

    Raises:
        ModelError: there is no such question.
    """
    from IPython.core.getipython import get_ipython
    from IPython.utils.capture import capture_output

    find_question(id)
    shell = get_ipython()
    if shell is None or progress.answer(id):
        return
    capture = capture_output()
    caught = capture.__enter__()  # until the cell ends, and a cell has no `with` of its own

    def end(_result: object) -> None:
        shell.events.unregister("post_run_cell", end)
        capture.__exit__(None, None, None)
        html, plain = _joined(caught)
        rest = _image(caught) | {"text/plain": plain}
        closed, open_ = ({"text/html": form(id, html), **rest} for form in (folded, opened))
        show_folded(id, closed, lambda: open_)

    shell.events.register("post_run_cell", end)


def folded(id: str, html: str) -> str:
    """HTML that is folded away."""
    summary = f"<summary>Answer {id} first, or open this</summary>"
    return f'<details class="{_class(id)}">{summary}{html}</details>'


def opened(id: str, html: str) -> str:
    """HTML that was folded away, or would have been."""
    return f'<div class="{_class(id)}">{html}</div>'


def _class(id: str) -> str:
    """By this class question.js finds the cells to open."""
    return f"rl-answer-{id.replace('.', '-')}"


def show_folded(id: str, closed: Shown, open_: Callable[[], Shown]) -> None:
    """Show an output, and once the question is answered, `open_()` in its place."""
    from IPython.display import display

    handle = display(closed, raw=True, display_id=True)
    _waiting.setdefault(id, []).append(lambda: handle.update(open_(), raw=True))


def open_folded(id: str) -> None:
    """Open all that waits for an answer to this question."""
    for open_it in _waiting.pop(id, []):
        open_it()


def _joined(caught: Any) -> tuple[str, str]:
    """All that a cell printed and showed, as HTML and as plain text."""
    printed = caught.stdout + caught.stderr
    data = [output.data for output in caught.outputs]
    plain = [printed, *(each.get("text/plain", "") for each in data)]
    html = [_pre(printed), *(each.get("text/html") or _pre(each.get("text/plain", "")) for each in data)]
    return "".join(html), "\n".join(filter(None, plain))


def _image(caught: Any) -> Shown:
    """The picture, if that is all that a cell showed: LaTeX knows no HTML."""
    if len(caught.outputs) != 1 or caught.stdout + caught.stderr:
        return {}
    return {kind: data for kind, data in caught.outputs[0].data.items() if kind == "image/png"}


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>" if text else ""
