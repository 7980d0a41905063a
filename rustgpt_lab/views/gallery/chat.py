"""A conversation with a model: every word as it comes, and the attention behind every answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from ...errors import TextError
from ...generation import Chat as Conversation, Sampling, say
from ...tokenizers import ids_of
from ..base import Table, View
from ..chance import in_words
from ..style import ACCENT, INKS, plot
from .attention import Attention

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...llm import LLM

GREEDY = Sampling(temperature=0)
MOST = 300
"""Words of an answer, of a model with room for thousands."""


@dataclass(frozen=True)
class Turn:
    """A question and its answer.

    Attributes:
        question: as it was typed.
        prompt: what the model read: the question between "User:" and "Assistant:", as in its training, or the whole
            conversation in the model's own form.
        unknown: words of the question that the model could not read, and dropped.
        strategy: how its words are chosen.
        answer: what each word or piece adds to the text, the mark of its end left out.
        probabilities: what the model gave to each, its end among them.
        ended: whether the model ended by itself.
        done: whether no more words come.
        stopped: whether somebody said "stop" first.
    """

    question: str
    prompt: str
    unknown: tuple[str, ...]
    strategy: Sampling
    answer: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    ended: bool = False
    done: bool = False
    stopped: bool = False

    @property
    def said(self) -> str:
        """The text of the answer; the bytes of its last character may not all be there yet."""
        return "".join(self.answer).rstrip("\ufffd").strip()

    @property
    def how(self) -> str:
        """How the words were chosen, unless it was the usual way."""
        return "" if self.strategy.temperature == 0 else in_words(self.strategy)


@dataclass(frozen=True)
class ChatData:
    """A conversation so far.

    A model without a form of its own reads each question alone: RustGPT has no memory of the earlier ones.

    Attributes:
        turns: the first one first.
        attention: the attention of an answer, packed as its own view packs it, or None.
    """

    turns: tuple[Turn, ...]
    attention: dict[str, Any] | None = None


class Chat(View):
    """The live conversation; `chat` makes it.

    Answers to questions from the browser are written in a thread of their own, so that the kernel can hear "stop".
    """

    name = "chat"
    title = "Chat: talk to the model"
    data: ChatData

    def __init__(self, llm: LLM, question: str, suggestions: Sequence[str], strategy: Sampling):
        self.llm = llm
        self.strategy = strategy
        self.suggestions = tuple(suggestions)
        self._stop = Event()
        self._thread: Thread | None = None
        has_form = getattr(llm.vocab, "chat", None) is not None
        self._conversation = Conversation(llm) if has_form else None
        super().__init__(ChatData((self._turn(question),)))
        self._write(self._stop)

    @property
    def sentence(self) -> str:
        turn = self.data.turns[-1]
        if not turn.done:
            return "The model is writing."
        ended = "and ends by itself" if turn.ended else "until it has no room left"
        if turn.stopped:
            ended = "until it is stopped"
        lost = ", ".join(f"“{word}”" for word in turn.unknown)
        answered = f"To “{turn.question}” the model says “{turn.said}”, {ended}"
        return f"{answered}; it does not know {lost}." if lost else f"{answered}."

    def figure(self) -> Figure:
        lines = [
            (who, text)
            for turn in self.data.turns
            for who, text in (("You", turn.question), ("Model", turn.said))
        ]

        def draw(figure: Any, ax: Any) -> None:
            ax.set(xlim=(0, 1), ylim=(len(lines) - 0.5, -0.5))
            ax.axis("off")
            for y, (who, text) in enumerate(lines):
                colour = ACCENT if who == "Model" else INKS["text"]
                ax.text(0, y, who, va="center", weight="bold", color=colour)
                ax.text(0.08, y, text, va="center", wrap=True, parse_math=False)

        return plot(draw, 10, 0.5 * len(lines) + 0.2)

    def table(self) -> Table:
        rows = [
            (
                turn.question,
                turn.said,
                ", ".join(f"{p:.2f}" for p in turn.probabilities),
                " ".join(turn.unknown),
            )
            for turn in self.data.turns
        ]
        return Table(("question", "answer", "probability of each word", "unknown words"), rows)

    def state(self) -> dict[str, Any]:
        turns = [
            {**vars(turn), "strategy": vars(turn.strategy), "said": turn.said, "how": turn.how}
            for turn in self.data.turns
        ]
        return {"turns": turns, "attention": self.data.attention}

    def fixed(self) -> dict[str, Any]:
        return {"suggestions": self.suggestions, "strategy": vars(self.strategy)}

    def llms(self) -> Sequence[LLM]:
        return [self.llm]

    def answer(self, question: dict[str, Any]) -> ChatData:
        """Talk for {say: text, strategy}, fall silent for {stop}; the attention of {look: text} or {look: a turn}.

        {look: None} closes that again.
        """
        if "say" in question:
            self.strategy = replace(self.strategy, **question.get("strategy", {}))
            return self._reply(question["say"])
        if "stop" in question:
            self._stop.set()
            return self.data
        look = question["look"]
        if look is None:
            return replace(self.data, attention=None)
        if isinstance(look, int):
            turn = self.data.turns[look]
            end = self.llm.vocab.end
            last = self.llm.vocab.decode([end]) if turn.ended and end is not None else ""
            look = f"{turn.prompt} {turn.said} {last}"
            if self._conversation:
                look = f"{turn.prompt}{''.join(turn.answer)}{last}"
        view = Attention({"now": self.llm}, look)
        return replace(self.data, attention={**view.state(), "sentence": view.sentence})

    def _turn(self, question: str) -> Turn:
        """A question without an answer."""
        prompt = self._conversation.prompt(question) if self._conversation else f"User: {question} Assistant:"
        if not self.llm.tokenize(question):
            raise TextError(
                "no word of this question is in the vocabulary", got=repr(question), remedy="Try other words."
            )
        ids_of(prompt, self.llm.vocab, self.llm.max_seq_len)  # refuses a question that is too long
        strategy, self.strategy = self.strategy, self.strategy.next()
        return Turn(question, prompt, tuple(self.llm.vocab.unknown(question)), strategy)

    def _reply(self, question: str) -> ChatData:
        """Begin a turn, and end the one before it if that is not done."""
        turn = self._turn(question)
        self._stop.set()
        self._stop = Event()
        place = len(self.data.turns)
        self.data = replace(self.data, turns=(*self.data.turns, turn), attention=None)
        # In a copy of this context: ipykernel 7.0 sends nothing from a thread that begins with an empty one.
        run = self._write, self._stop, place, self._thread
        self._thread = Thread(target=copy_context().run, args=run, daemon=True)
        self._thread.start()
        return self.data

    def _write(self, stop: Event, place: int = 0, before: Thread | None = None) -> None:
        """Write the answer of a turn, word by word, until it is said or to be stopped, once the one before is done."""
        if before:
            before.join()
        turn, vocab, ids, text = self.data.turns[place], self.llm.vocab, list[int](), ""
        try:
            for said in self._say(turn):
                if stop.is_set():
                    turn = replace(turn, stopped=True)
                    break
                turn = replace(turn, probabilities=(*turn.probabilities, said.probability))
                if said.id == vocab.end:
                    turn = replace(turn, ended=True)
                else:
                    ids.append(said.id)
                    old, text = text, vocab.decode(ids)
                    kept = len(old.rstrip("\ufffd"))  # what was no whole character yet is told anew
                    told = (*turn.answer[:-1], turn.answer[-1].rstrip("\ufffd")) if turn.answer else ()
                    turn = replace(turn, answer=(*told, text[kept:]))
                self._show(place, turn)
        finally:
            self._show(place, replace(turn, done=True))

    def _say(self, turn: Turn) -> Iterator[Any]:
        if self._conversation:
            return self._conversation.say(turn.question, turn.strategy, MOST)
        return say(self.llm, [turn.prompt], turn.strategy)

    def _show(self, place: int, turn: Turn) -> None:
        """Put a turn in its place, and send it to the browser, if there is one."""
        with self.lock:
            turns = (*self.data.turns[:place], turn, *self.data.turns[place + 1 :])
            self.data = replace(self.data, turns=turns)
            if "widget" in vars(self):
                self.widget.show()


def chat(
    llm: LLM,
    question: str = "What does the sun give?",
    suggestions: Sequence[str] = (),
    strategy: Sampling = GREEDY,
) -> Chat:
    """Talk to a model: type a question, Enter sends it, every word appears as it is generated, Escape stops it.

    The model reads "User: question Assistant:", as in RustGPT's training, and nothing of what was said before; one with
    a form of its own reads the whole conversation in it, each word once. It goes on with the most likely word each
    time, or by chance where the temperature is above 0. Words that it does not know are named. The probability of
    every word is shown, and the attention behind an answer is one click away.

    Args:
        llm: a model.
        question: the first one.
        suggestions: questions that a click asks.
        strategy: how words are chosen to begin with; each turn draws anew.
    """
    return Chat(llm, question, suggestions, strategy)
