"""OpenAI's own client works with the service unchanged, on our model and on the real one."""

from collections.abc import Iterator

import openai
import pytest

from rustgpt_lab import LLM, Dataset
from rustgpt_lab.generation import Chat
from rustgpt_lab.serve import serve

QUESTION = Dataset.packaged().chat[0].split(" Assistant:")[0].removeprefix("User: ")
PROMPT = f"User: {QUESTION} Assistant:"
MESSAGES = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.packaged()


@pytest.fixture(scope="module")
def client(llm: LLM) -> Iterator[openai.OpenAI]:
    with (
        serve(llm, token="secret") as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="secret", max_retries=0) as client,
    ):
        yield client


def test_it_lists_completes_and_chats(client: openai.OpenAI, llm: LLM) -> None:
    assert [model.id for model in client.models.list()] == ["rustgpt"]
    assert client.models.retrieve("rustgpt").owned_by == "rustgpt_lab"
    made = client.completions.create(model="rustgpt", prompt=PROMPT, temperature=0, max_tokens=50)
    assert f"{made.choices[0].text} </s>" == llm.predict(PROMPT)
    said = client.chat.completions.create(model="rustgpt", messages=MESSAGES, temperature=0)
    assert f"{said.choices[0].message.content} </s>" == llm.predict(PROMPT)
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens


def test_it_streams(client: openai.OpenAI, llm: LLM) -> None:
    events = list(
        client.chat.completions.create(
            model="rustgpt",
            messages=MESSAGES,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(event.choices[0].delta.content or "" for event in events if event.choices)
    assert f"{text} </s>" == llm.predict(PROMPT) and events[-1].usage.completion_tokens > 3
    parts = client.completions.create(
        model="rustgpt", prompt=PROMPT, temperature=0, stream=True, max_tokens=50
    )
    assert f"{''.join(part.choices[0].text for part in parts)} </s>" == llm.predict(PROMPT)


def test_its_errors_are_its_own(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="there is no model 'gpt-4'"):
        client.completions.create(model="gpt-4", prompt="The")
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="rustgpt", prompt=PROMPT, max_tokens=1_000_000)
    assert caught.value.code == "context_length_exceeded" and caught.value.param == "max_tokens"
    with pytest.raises(openai.BadRequestError, match="presence_penalty"):
        client.chat.completions.create(model="rustgpt", messages=MESSAGES, presence_penalty=1)
    with pytest.raises(openai.AuthenticationError, match="token"):
        client.with_options(api_key="wrong").models.list()


TALK = [
    {"role": "system", "content": "You answer in one short sentence."},
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Paris."},
    {"role": "user", "content": "And of Italy?"},
]


@pytest.fixture(scope="module")
def real(smollm2: LLM) -> Iterator[openai.OpenAI]:
    with (
        serve(smollm2, "smollm2") as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def test_the_real_model_completes_and_chats(real: openai.OpenAI, smollm2: LLM) -> None:
    assert [model.id for model in real.models.list()] == ["smollm2"]
    prompts = ["The capital of France is", "Water boils at"]
    made = real.completions.create(model="smollm2", prompt=prompts, temperature=0, max_tokens=8)
    expected = [smollm2.predict(prompt, most=8) for prompt in prompts]
    assert [choice.text for choice in made.choices] == expected
    assert [choice.finish_reason for choice in made.choices] == ["length"] * 2
    said = real.chat.completions.create(model="smollm2", messages=TALK, temperature=0, max_tokens=20)
    chat = Chat(smollm2, TALK[0]["content"])
    chat.messages += TALK[1:3]
    assert said.choices[0].message.content == "".join(chat.ask(TALK[3]["content"], most=20))
    assert said.usage.prompt_tokens == len(smollm2.tokenize(smollm2.vocab.chat.render(TALK)))


def test_the_real_model_streams_letters_that_are_whole(real: openai.OpenAI) -> None:
    asked = [{"role": "user", "content": "Repeat exactly: naïve café 日本語 🎉"}]
    ask = {"model": "smollm2", "messages": asked, "temperature": 0, "max_tokens": 24}
    whole = real.chat.completions.create(**ask).choices[0]
    parts = [event.choices[0] for event in real.chat.completions.create(**ask, stream=True)]
    assert "".join(part.delta.content or "" for part in parts) == whole.message.content
    assert not any("\ufffd" in (part.delta.content or "") for part in parts)
    assert parts[-1].finish_reason == whole.finish_reason


def test_the_real_model_refuses_in_words(real: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="sees 8,192 tokens") as caught:
        real.completions.create(model="smollm2", prompt="The sea", max_tokens=1_000_000)
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.NotFoundError, match="'smollm2'"):
        real.models.retrieve("rustgpt")
