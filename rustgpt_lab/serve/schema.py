"""What comes in, as OpenAI's service takes it. What we do not compute is refused by name, never ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST = 100_000
"""Characters of one prompt or message."""
Text = Annotated[str, Field(max_length=LONGEST)]
Stop = Annotated[str, Field(min_length=1, max_length=200)]
Zero = Annotated[float, Field(ge=0, le=0, strict=True, description="Anything but 0 is refused.")]
Yes = Annotated[bool, Field(strict=True)]
IGNORED = "Taken, and without effect here."


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")
    include_usage: Yes = False


class Asked(BaseModel):
    """What both kinds of request have."""

    model_config = ConfigDict(extra="forbid")
    model: Annotated[str, Field(max_length=200)]
    temperature: Annotated[float, Field(ge=0, le=2, strict=True)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None
    n: Annotated[int, Field(ge=1, le=8, strict=True)] | None = None
    seed: Annotated[int, Field(strict=True)] | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    stream: Yes | None = None
    stream_options: StreamOptions | None = None
    presence_penalty: Zero | None = None
    frequency_penalty: Zero | None = None
    user: Text | None = Field(None, description=IGNORED)

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []


class CompletionRequest(Asked):
    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=16)]
    max_tokens: Annotated[int, Field(ge=1, strict=True)] | None = None


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["text"]
    text: Text


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "user", "assistant"]
    content: Text | Annotated[list[Part], Field(max_length=100)]
    name: Text | None = Field(None, description=IGNORED)

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class ChatRequest(Asked):
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    max_tokens: Annotated[int, Field(ge=1, strict=True)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, strict=True)] | None = None


class Problem(BaseModel):
    """What an error says."""

    message: str
    type: str
    param: str | None
    code: str | None


class Refusal(BaseModel):
    error: Problem


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionChoice(BaseModel):
    index: int
    text: str
    logprobs: None = None
    finish_reason: str | None


class Completion(BaseModel):
    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage | None = None


class ChatChoice(BaseModel):
    index: int
    message: dict[str, Any]
    logprobs: None = None
    finish_reason: str | None


class ChatCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage


class Model(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "rustgpt_lab"


class Models(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]


class Health(BaseModel):
    status: Literal["ok"] = "ok"
    model: str
    waiting: int
    answered: int
