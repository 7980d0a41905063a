"""Formulas as MathML, made while the site is built: a page needs no script for them, and a screen reader reads them."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(writer: Any, node: Any) -> None:
    writer.body.append(rendered(node.astext(), "inline"))
    raise SkipNode


def block(writer: Any, node: Any) -> None:
    # What is too wide for the page scrolls, and can be scrolled by the keyboard.
    writer.body.append(
        f'<div class="math" tabindex="0" role="group" aria-label="Formula">{rendered(node.astext(), "block")}</div>'
    )
    raise SkipNode


def rendered(tex: str, display: str) -> str:
    """A formula; its TeX stays beside it, as the text that is copied and searched."""
    return convert(tex, display=display).replace("<math ", f'<math alttext="{escape(tex, quote=True)}" ', 1)
