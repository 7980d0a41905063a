"""The live form of a view: its JavaScript module, and its data in binary buffers."""

from __future__ import annotations

import base64
import json
import logging
import re
from functools import cache
from posixpath import dirname, normpath
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..errors import ModelError
from .packing import pack
from .style import JS

if TYPE_CHECKING:
    from .base import View

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[\w./]+)\.js";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.M)


@cache
def bundle(name: str) -> str:
    """`js/NAME.js` and all that it imports, as one ES module: a widget's code travels as a single string.

    Every imported module becomes a function that returns its exports, so that names of two modules cannot
    clash. The modules keep to `import { a, b as c } from "./folder/other.js";` and `export` before a function,
    const or class.
    """
    order: list[str] = []

    def collect(module: str) -> None:
        for match in _IMPORT.finditer(_source(module)):
            collect(_beside(module, match[2]))
        if module not in order:
            order.append(module)

    collect(name)
    return "\n".join([*map(_enclosed, order[:-1]), _linked(name)])


def _beside(module: str, path: str) -> str:
    """The name of a module that another one imports: its path in `js`."""
    return normpath(f"{dirname(module)}/{path}").lstrip("/")


def _source(module: str) -> str:
    return (JS / f"{module}.js").read_text(encoding="utf-8")


def _linked(module: str) -> str:
    return _IMPORT.sub(
        lambda m: f"const {{{m[1].replace(' as ', ': ')}}} = {_variable(_beside(module, m[2]))};\n",
        _source(module),
    )


def _variable(module: str) -> str:
    return f"module_{module.replace('/', '_')}"


def _enclosed(module: str) -> str:
    names = ", ".join(m[1] for m in _EXPORT.finditer(_source(module)))
    body = _EXPORT.sub("", _linked(module))
    return f"const {_variable(module)} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();"


_PAGE = """<script class="rl-script">(() => {{
if (!document.body.classList.contains("jp-Notebook")) return; // in Lab the live view stands below
const root = document.createElement("div"), state = {state};
const twin = document.currentScript.parentNode.querySelector(".rl-twin");
{code}
const get = (name) => (name === "_css" ? style.textContent : state[name]);
const style = document.createElement("style");
style.textContent = {css};
document.addEventListener("DOMContentLoaded", () => {{ // a model may stand further down
  if (!state.models.every((key) => document.querySelector(`[data-rl-model="${{key}}"]`))) return;
  twin.replaceWith(style, root);
  view.render({{ model: {{ get, on() {{}}, send() {{}} }}, el: root }});
}});
}})();</script>"""


def page_script(view: View) -> str:
    """What puts a view that needs no kernel into the place of its twin, on a page that nbconvert made.

    Its models are not in it: they stand on the page once, see `portable.on_page`.
    """
    state = {
        "title": view.title,
        "sentence": view.sentence,
        "data": pack(view.state()),
        "fixed": pack(view.fixed()),
        "models": [model.key for model in view.portable],
        "unasked": True,  # no kernel hears a question
    }
    code = bundle(view.name).replace("export default", "const view =")
    return _PAGE.format(state=_in_script(state), code=code, css=_in_script(Canvas._css))


def _in_script(value: Any) -> str:
    """JSON that may stand in a script; bytes as base64, which `unpack` of lab.js reads, too."""
    text = json.dumps(value, ensure_ascii=False, default=lambda sent: base64.b64encode(sent).decode())
    return text.replace("</", "<\\/").replace("<!", "<\\u0021")


def _unforeseen(problem: Exception) -> str:
    """An error that is none of ours, in a sentence; the whole of it goes to the log, which Lab shows."""
    logging.getLogger(__name__).error("a view could not answer", exc_info=problem)
    return f"This went wrong, and not by your doing: {type(problem).__name__}: {problem}"


class Canvas(anywidget.AnyWidget):
    """A view in the browser.

    Attributes:
        data: what the view's module draws, packed.
        fixed: what it draws and no answer changes, packed.
        models: the keys of the models with which the browser answers by itself; it asks for one that its page has not.
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
    models: Any = traitlets.List().tag(sync=True)

    def __init__(self, view: View):
        self._view = view
        self._esm = bundle(view.name)
        data, fixed = pack(view.state()), pack(view.fixed())
        models = [model.key for model in view.portable]
        super().__init__(title=view.title, sentence=view.sentence, data=data, fixed=fixed, models=models)
        self.on_msg(lambda _widget, content, _buffers: self._hear(content))

    def _hear(self, content: dict[str, Any]) -> None:
        if "model" not in content:
            self.ask(content["ask"])
        for model in self._view.portable:
            if model.key == content.get("model"):
                self.send({"model": model.description}, [model.weights])

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
