"""The live form of a view: its JavaScript module, and its data in binary buffers."""

from __future__ import annotations

import json
import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..errors import ModelError
from .packing import pack
from .style import JS

if TYPE_CHECKING:
    from .base import View

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.M)


@cache
def bundle(name: str) -> str:
    """`js/NAME.js` and all that it imports, as one ES module: a widget's code travels as a single string.

    Every imported module becomes a function that returns its exports, so that names of two modules cannot
    clash. The modules keep to `import { a, b as c } from "./other.js";` and `export` before a function,
    const or class.
    """
    order: list[str] = []

    def collect(module: str) -> None:
        for match in _IMPORT.finditer(_source(module)):
            collect(match[2])
        if module not in order:
            order.append(module)

    collect(name)
    return "\n".join([*map(_enclosed, order[:-1]), _linked(name)])


def _source(module: str) -> str:
    return (JS / f"{module}.js").read_text(encoding="utf-8")


def _linked(module: str) -> str:
    return _IMPORT.sub(
        lambda m: f"const {{{m[1].replace(' as ', ': ')}}} = module_{m[2]};\n", _source(module)
    )


def _enclosed(module: str) -> str:
    names = ", ".join(m[1] for m in _EXPORT.finditer(_source(module)))
    body = _EXPORT.sub("", _linked(module))
    return f"const module_{module} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();"


_PAGE = """<script class="rl-script">(() => {{
if (!document.body.classList.contains("jp-Notebook")) return; // in Lab the live view stands below
const root = document.createElement("div"), state = {state};
document.currentScript.parentNode.querySelector(".rl-twin").replaceWith(root);
{code}
const get = (name) => (name === "_css" ? style.textContent : state[name]);
const style = document.createElement("style");
style.textContent = {css};
root.before(style);
view.render({{ model: {{ get, on() {{}}, send() {{}} }}, el: root }});
}})();</script>"""


def page_script(view: View) -> str:
    """What puts a view that needs no kernel into the place of its twin, on a page that nbconvert made.

    Its `state` must be plain numbers, words, lists and dicts.
    """
    state = {"title": view.title, "sentence": view.sentence, "data": view.state()}
    code = bundle(view.name).replace("export default", "const view =")
    return _PAGE.format(state=_in_script(state), code=code, css=_in_script(Canvas._css))


def _in_script(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/").replace("<!", "<\\u0021")


def _unforeseen(problem: Exception) -> str:
    """An error that is none of ours, in a sentence; the whole of it goes to the log, which Lab shows."""
    logging.getLogger(__name__).error("a view could not answer", exc_info=problem)
    return f"This went wrong, and not by your doing: {type(problem).__name__}: {problem}"


class Canvas(anywidget.AnyWidget):
    """A view in the browser.

    Attributes:
        data: what the view's module draws, packed.
        fixed: what it draws and no answer changes, packed.
        sentence: what it says until the learner points at something.
        problem: why the last question has no answer, or "".
        answered: how many questions were.
    """

    _css = (JS / "lab.css").read_text(encoding="utf-8")
    title = traitlets.Unicode().tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)
    fixed = traitlets.Dict().tag(sync=True)

    def __init__(self, view: View):
        self._view = view
        self._esm = bundle(view.name)
        data, fixed = pack(view.state()), pack(view.fixed())
        super().__init__(title=view.title, sentence=view.sentence, data=data, fixed=fixed)
        self.on_msg(lambda _widget, content, _buffers: self.ask(content["ask"]))

    def ask(self, question: Any) -> None:
        """Let the view answer a question from the browser: either its data or `problem` changes."""
        with self._view.lock:
            try:
                self._view.data = self._view.answer(question)
            except Exception as problem:  # whatever it is, a card that is never answered would stay frozen
                self.problem = ""  # so that the same problem twice is news twice
                self.problem = str(problem) if isinstance(problem, ModelError) else _unforeseen(problem)
                return
            with self.hold_sync():
                self.problem = ""
                self.show()
                self.answered += 1

    def show(self) -> None:
        """Send the browser the view as it is now."""
        with self.hold_sync():
            self.sentence, self.data = self._view.sentence, pack(self._view.state())

    def __repr__(self) -> str:
        return f"Canvas({self.title!r})"
