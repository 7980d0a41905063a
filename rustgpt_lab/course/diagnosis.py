"""`check`, with a button below a mistake that has a name: what does it do to a model?"""

from __future__ import annotations

from typing import Any

from ..views.versus import VersusCard
from . import checking
from .bugs import offered
from .checking import CLOSE, Verdict


class Diagnosis(Verdict):
    """A verdict that names a mistake, and a card that shows it live."""

    def __init__(self, verdict: Verdict, live: VersusCard):
        vars(self).update(vars(verdict))
        self.live = live

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/html": self._repr_html_(), "text/plain": repr(self)}, raw=True)
        display(self.live)


def check(id: str, answer: Any = ...) -> Verdict:
    verdict = checking.check(id, answer)
    live = offered(id, answer) if verdict.message.startswith(CLOSE) else None
    return Diagnosis(verdict, live) if live else verdict


check.__doc__ = checking.check.__doc__
