"""How a text falls into tokens, and which of them a model knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...llm import LLM
from ...tokenizers import Tokenizer, Vocab, tokenize
from ..base import Table, View
from ..style import INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class TokensData:
    """A text, cut.

    Attributes:
        text: as it was given.
        tokens: its words, or its pieces with their white space made visible.
        ids: their ids; None where the vocabulary lacks the word.
        words: the vocabulary; None for byte pairs, which the kernel cuts.
    """

    text: str
    tokens: tuple[str, ...]
    ids: tuple[int | None, ...]
    words: tuple[str, ...] | None


def tokens_of(vocab: Tokenizer, text: str) -> TokensData:
    """Cut a text and look its words up."""
    if not isinstance(vocab, Vocab):
        ids = vocab.encode(text)
        return TokensData(text, tuple(vocab.pieces(ids)), tuple(ids), None)
    found = tuple(tokenize(text))
    return TokensData(text, found, tuple(vocab.ids.get(token) for token in found), vocab.words)


class Tokens(View):
    """The live tokenizer; `tokens` makes it."""

    name = "tokens"
    title = "Tokens: what the model sees of a text"
    data: TokensData

    def __init__(self, vocab: Tokenizer, text: str):
        self.vocab = vocab
        self.alone = isinstance(vocab, Vocab)
        super().__init__(tokens_of(vocab, text))

    @property
    def sentence(self) -> str:
        pairs = zip(self.data.tokens, self.data.ids, strict=True)
        lost = ", ".join(f"“{token}”" for token, id in pairs if id is None)
        count = len(self.data.tokens)
        end = f"the model never sees {lost}." if lost else "none is lost."
        return f"{count} token{'' if count == 1 else 's'}; {end}"

    def figure(self) -> Figure:
        places, line, column = [], 0, 0.0
        for token, id in zip(self.data.tokens, self.data.ids, strict=True):
            width = 0.8 + max(len(token), 3)
            if column and column + width > 90:
                line, column = line + 1, 0.0
            places.append((token, id, column, line, width))
            column += width + 0.6

        def draw(figure: Any, ax: Any) -> None:
            ax.set(xlim=(0, 90), ylim=(line + 1, 0))
            ax.set_axis_off()
            for token, id, x, y, width in places:
                colour = INKS["warn"] if id is None else INKS["before"]
                edge = {"fill": False, "edgecolor": colour, "linestyle": ":"}
                look = edge if id is None else {"facecolor": colour, "alpha": 0.2}
                ax.add_patch(_rectangle(x, y + 0.08, width, 0.8, **look))
                middle = x + width / 2
                ax.text(middle, y + 0.36, token, ha="center", va="center", parse_math=False)
                ax.text(middle, y + 0.7, "lost" if id is None else str(id), ha="center", va="center")

        return plot(draw, 10, 0.62 * (line + 1) + 0.1)

    def table(self) -> Table:
        pairs = zip(self.data.tokens, self.data.ids, strict=True)
        return Table(("token", "id"), [(token, "lost" if id is None else id) for token, id in pairs])

    def state(self) -> dict[str, Any]:
        """The vocabulary, with which the browser cuts a text by itself; or a text that is cut already."""
        cut = ("text", "words") if self.data.words is not None else ("text", "tokens", "ids")
        return {name: getattr(self.data, name) for name in cut}

    def answer(self, question: str) -> TokensData:
        """Cut another text."""
        return tokens_of(self.vocab, question)


def _rectangle(x: float, y: float, width: float, height: float, **look: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, **look)


def tokens(source: LLM | Tokenizer, text: str) -> Tokens:
    """How a text falls into tokens: type, and see each with its id; a word that a vocabulary lacks is lost.

    Args:
        source: a model, or a tokenizer.
        text: to begin with.
    """
    return Tokens(source.vocab if isinstance(source, LLM) else source, text)
