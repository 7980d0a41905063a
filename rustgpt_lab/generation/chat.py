"""A conversation: question and answer by turns, in the form that the model was taught, and no word read twice."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from threading import Event
from typing import TYPE_CHECKING

from ..cache import KeyValues
from ..errors import TextError
from ..texts import check_text
from ..tokenizers import ChatForm, spoken
from .beam import Beam
from .loop import write
from .strategy import Greedy, Said, Strategy, check

if TYPE_CHECKING:
    from ..llm import LLM


class Chat:
    """A conversation with a model.

    Keys and values of all that was read are kept; a new question costs its own words. `messages` are the turns so far,
    each with its "role" ("system", "user" or "assistant") and its "content"; they may be changed between two
    questions, and what then differs is read anew.

    Args:
        llm: with byte pairs that have a chat form, as `LLM.smollm2()`; its weights must not change meanwhile.
        system: what the model is told before the first question; by default what its form says.

    Raises:
        TextError: the model was not taught any form.
    """

    def __init__(self, llm: LLM, system: str | None = None):
        form: ChatForm | None = getattr(llm.vocab, "chat", None)
        if form is None:
            remedy = "Ask with the words that it was trained on: llm.generate(text)."
            raise TextError("this model was taught no form of a chat", where="llm.vocab.chat", remedy=remedy)
        self.llm, self.form = llm, form
        self.messages = (
            [] if system is None else [{"role": "system", "content": check_text(system, "system")}]
        )
        self.words = 0  # of the last answer, its end included
        self._past, self._read = KeyValues(), list[int]()  # the ids whose keys and values are kept
        self._stop = Event()

    def ask(self, question: str, strategy: Strategy | None = None, most: int | None = None) -> Iterator[str]:
        """The answer to a question, piece by piece; it is part of the conversation however far it got.

        Args:
            strategy: how words are chosen, `Sampling(temperature=0.7)` for one; greedily unless given.
            most: how many words the answer has at most.

        Raises:
            GenerationError: the strategy is a beam, which knows its first word only at the end.
            TextError: the conversation is longer than the model can see, or its form cannot say it.
        """
        return self._spoken(self.say(question, strategy, most))

    def say(
        self, question: str, strategy: Strategy | None = None, most: int | None = None
    ) -> Generator[Said, None, None]:
        """The same, word by word with probabilities, the mark of its end among them; see `ask`."""
        strategy = strategy or Greedy()
        check("strategy", strategy, not isinstance(strategy, Beam), "Greedy() or Sampling(...)")
        ids = self._ids(self.prompt(question))
        self.messages.append(_asked(question))
        self._stop.clear()
        return self._answer(ids, strategy, most)

    def prompt(self, question: str) -> str:
        """What the model reads when it is asked this: the conversation so far, and the question."""
        return self.form.render([*self.messages, _asked(question)])

    def stop(self) -> None:
        """End the answer that another thread is reading, after its next word."""
        self._stop.set()

    def _ids(self, prompt: str) -> list[int]:
        ids, most = self.llm.tokenize(prompt), self.llm.max_seq_len
        if not 0 < len(ids) < most:
            remedy = "Begin a new conversation, or take the oldest turns out of chat.messages."
            expected = f"fewer than {most:,} tokens"
            raise TextError(
                "the conversation does not fit", expected=expected, got=f"{len(ids):,}", remedy=remedy
            )
        return ids

    def _answer(self, prompt: list[int], strategy: Strategy, most: int | None) -> Generator[Said, None, None]:
        vocab, said = self.llm.vocab, list[int]()
        room = min(self.llm.max_seq_len - len(prompt), most or self.llm.max_seq_len)
        ends = [] if vocab.end is None else [(vocab.end,)]
        self._rewind(prompt)
        try:
            for texts, scores, _ in write(self.llm.network, [prompt], strategy, [room], ends, self._past):
                said.append(texts[0].ids[-1])
                yield Said(0, said[-1], scores[0])
                if self._stop.is_set():
                    return
        finally:
            self.words = len(said)
            self._read = [*prompt, *said][: int(self._past.read[0])]
            content = vocab.decode([i for i in said if i != vocab.end])
            self.messages.append({"role": "assistant", "content": content})

    def _spoken(self, said: Generator[Said, None, None]) -> Iterator[str]:
        vocab = self.llm.vocab
        try:
            yield from spoken(vocab, (word.id for word in said if word.id != vocab.end))
        finally:
            said.close()

    def _rewind(self, prompt: list[int]) -> None:
        """Forget what was read and does not stand so in the prompt, of which the last id must be read in any case."""
        same = 0
        for old, new in zip(self._read, prompt[:-1], strict=False):
            if old != new:
                break
            same += 1
        self._past.columns = same
        self._past.read[:] = same
        self._read = self._read[:same]


def _asked(question: str) -> dict[str, str]:
    return {"role": "user", "content": check_text(question, "question")}
