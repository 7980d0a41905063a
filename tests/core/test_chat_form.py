"""Chat templates: what models bring is rendered; no template takes much time, much memory, or what is not its own."""

import json
import time
import tracemalloc

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rustgpt_lab.errors import TextError, VocabError
from rustgpt_lab.tokenizers import ChatForm, sandbox
from tests.corpus import templates

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": " Hello {{ 1 }} "},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "Bye"},
]
MARKS = {"bos_token": "<s>", "eos_token": "</s>"}


@pytest.mark.parametrize("template", templates.SOUND, ids=["smollm2", "llama2", "many parts"])
@pytest.mark.parametrize("answer", [True, False])
def test_a_conversation_is_rendered_as_by_jinja_itself(template: str, answer: bool) -> None:
    plain = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    plain.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    expected = plain.from_string(template).render(messages=TALK, add_generation_prompt=answer, **MARKS)
    form = ChatForm(template, MARKS)
    assert form.render(TALK, answer) == expected
    assert "Bye" in form.render(TALK, answer), "a second time, too"
    assert ChatForm.from_json(form.to_json()) == form


@pytest.mark.parametrize("what", templates.BAD)
def test_a_bad_template_is_refused_soon_and_small(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.3)
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(TextError, match="chat template: the model's chat form cannot say this") as caught:
        ChatForm(templates.BAD[what]).render(TALK)
    seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 5 and peak < 100 << 20
    assert len(str(caught.value)) < 500


def test_what_is_asked_is_no_template() -> None:
    form = ChatForm("{% for m in messages %}{{ m.content }}{% endfor %}")
    assert form.render([{"role": "user", "content": "{{ 9 * 9 }}{% for %}"}]) == "{{ 9 * 9 }}{% for %}"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"template": 1, "special": {}}', '{"template": "", "special": [1]}']
)
def test_a_form_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(VocabError, match="no form of a chat"):
        ChatForm.from_json(text)
