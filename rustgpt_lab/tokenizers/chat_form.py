"""The form in which a model was taught to chat: a template of Jinja that comes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import TextError, VocabError

if TYPE_CHECKING:
    from .sandbox import Sandbox

Message = Mapping[str, str]


class ChatForm:
    """How a conversation becomes the text that a model reads.

    Args:
        template: of Jinja, as Hugging Face's and llama.cpp's files bring it; it is rendered within limits.
        special: the words that it may name, such as {"bos_token": "<s>"}.

    >>> form = ChatForm("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}")
    >>> form.render([{"role": "user", "content": "Hello"}])
    '<user>Hello'
    """

    def __init__(self, template: str, special: Mapping[str, str] | None = None):
        self.template, self.special = template, dict(special or {})

    @classmethod
    def from_json(cls, text: str) -> ChatForm:
        """What `to_json` wrote, or a stranger who says so.

        Raises:
            VocabError: it is no such thing.
        """
        try:
            found = orjson.loads(text)
            template, special = found["template"], found["special"]
            texts = [template, *special, *special.values()]
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise VocabError("this is no form of a chat", where="chat", got=f"{error!s:.200}") from error
        if not all(isinstance(each, str) for each in texts):
            raise VocabError(
                "this is no form of a chat", where="chat", expected="texts", got=f"{found!r:.60}"
            )
        return cls(template, special)

    def to_json(self) -> str:
        return orjson.dumps({"template": self.template, "special": self.special}).decode()

    def render(self, messages: Sequence[Message], answer: bool = True) -> str:
        """The text of a conversation; with `answer`, up to where the model's next answer begins.

        Args:
            messages: each has its "role" ("system", "user" or "assistant") and its "content".

        Raises:
            TextError: the template has a mistake, refuses these messages, or takes too much time or memory.
        """
        values = {**self.special, "messages": [dict(m) for m in messages], "add_generation_prompt": answer}
        try:
            self._sandbox.begin()
            return str(self._sandbox.concat(self._template.generate(**values)))
        except (Exception, MemoryError) as error:  # whatever a stranger's program does
            raise TextError(
                "the model's chat form cannot say this conversation",
                where="chat template",
                got=f"{type(error).__name__}: {error!s:.200}",
                remedy="Begin a new conversation, or ask with the model's own words: llm.generate(text).",
            ) from error

    @cached_property
    def _sandbox(self) -> Sandbox:
        from .sandbox import Sandbox

        return Sandbox()

    @cached_property
    def _template(self) -> Any:
        return self._sandbox.from_string(self.template)

    def __eq__(self, other: object) -> bool:
        mine = (self.template, self.special)
        return isinstance(other, ChatForm) and (other.template, other.special) == mine

    def __hash__(self) -> int:
        return hash(self.template)
