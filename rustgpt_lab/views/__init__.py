"""Pictures of a learner's own model: each one live in the browser, and readable without a kernel.

    views.attention(llm, "the sun rises")

A view is imported when it is first used (PEP 562): importing this package loads no matplotlib and no widget.

How to add a view called NAME:

1. `gallery/NAME.py`, first floor: a frozen dataclass of arrays, labels and numbers, made by a plain function
   from a model, a trace or a history. No drawing.
2. `gallery/NAME.py`, second floor: a subclass of `base.View` with `name`, `title`, `sentence`, `figure`
   (made by `style.plot`) and `table`. `state` says what the browser gets: arrays travel as bytes, and
   `packing.Quantised` makes large ones small. If the learner can ask something of the model,
   `answer(question)` gives the new data. If the browser needs no model for anything, `alone = True` lets the view
   live in an exported page, too. So does `llms`, where `portable` lets the browser have these models: then a module
   `js/model/NAME_of.js` answers as `answer` does, and `tests/views/test_js_model.py` holds it to that.
3. `js/NAME.js`, third floor: an ES module with `render({ model, el })`, built on `js/lab.js` (card, controls,
   theme, data) and `js/grid.js` (heat map, lines); `stage` gets a line that says how to use it. A part of the
   picture has a function `numbers` for "Copy numbers". What it computes is a module of its own, with a test in
   `tests/js`.
4. The function `NAME(model_or_data, ...)` at the end of `gallery/NAME.py`; its name here in `NAMES`.
5. A cell in `notebooks/gallery.ipynb`, a test in `tests/browser/test_NAME.py` (see its `conftest.py`), and a line
   in `tests/browser/test_theme.py`. `python -m tests.browser.contact_sheet OUT` photographs it in every form.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .gallery.attention import attention as attention
    from .gallery.beam import beam as beam
    from .gallery.byte_pairs import byte_pairs as byte_pairs
    from .gallery.cache import cache as cache
    from .gallery.chat import chat as chat
    from .gallery.circuit import circuit as circuit
    from .gallery.clipping import clipping as clipping
    from .gallery.embeddings import embeddings as embeddings
    from .gallery.four_words import four_words as four_words
    from .gallery.gradient_check import gradient_check as gradient_check
    from .gallery.gradient_flow import gradient_flow as gradient_flow
    from .gallery.heads import heads as heads
    from .gallery.journey import journey as journey
    from .gallery.model_file import model_file as model_file
    from .gallery.network import network as network
    from .gallery.next_word import next_word as next_word
    from .gallery.rotation import rotation as rotation
    from .gallery.runs import runs as runs
    from .gallery.schedule import schedule as schedule
    from .gallery.sweep import sweep as sweep
    from .gallery.tokens import tokens as tokens
    from .gallery.training import training as training
    from .gallery.valley import valley as valley
    from .gallery.what_if import what_if as what_if

NAMES = (
    "attention",
    "beam",
    "byte_pairs",
    "cache",
    "chat",
    "circuit",
    "clipping",
    "embeddings",
    "four_words",
    "gradient_check",
    "gradient_flow",
    "heads",
    "journey",
    "model_file",
    "network",
    "next_word",
    "rotation",
    "runs",
    "schedule",
    "sweep",
    "tokens",
    "training",
    "valley",
    "what_if",
)

__all__ = list(NAMES)


def __getattr__(name: str) -> object:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    view = getattr(import_module(f".gallery.{name}", __name__), name)
    globals()[name] = view
    return view


def __dir__() -> list[str]:
    return sorted({*globals(), *NAMES})
