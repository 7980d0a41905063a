"""The engine: many texts side by side are each as alone; stops, limits, and what becomes of those who are gone."""

import threading
import time

import pytest

from rustgpt_lab import LLM, Dataset
from rustgpt_lab.generation import Sampling
from rustgpt_lab.serve.engine import Busy, Engine, Job, first_stop, withheld

PROMPTS = [text.split(" Assistant:")[0] + " Assistant:" for text in Dataset.packaged().chat[:40]]


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.packaged()


class Heard:
    """What a job says, and how it ends."""

    def __init__(self) -> None:
        self.text, self.reason, self.done = "", "", threading.Event()

    def __call__(self, text: str, reason: str) -> None:
        assert not self.reason, "nothing is said after the end"
        self.text += text
        self.reason = reason
        if reason:
            self.done.set()


def job(llm: LLM, prompt: str, heard: Heard, seconds: float = 60, most: int = 0, stops=(), **settings) -> Job:
    ids = llm.tokenize(prompt)
    strategy = Sampling(**{"temperature": 0, **settings})
    return Job(ids, strategy, most or llm.max_seq_len - len(ids), stops, heard, time.monotonic() + seconds)


def say(llm: LLM, *jobs: Job) -> None:
    engine = Engine(llm)
    engine.add(jobs)
    for each in jobs:
        assert each.hear.done.wait(60)
    engine.close()


def test_side_by_side_each_is_as_alone(llm: LLM) -> None:
    greedy = [Heard() for _ in PROMPTS]
    drawn = [Heard() for _ in PROMPTS[:10]]
    jobs = [job(llm, prompt, heard) for prompt, heard in zip(PROMPTS, greedy, strict=True)]
    jobs += [
        job(llm, prompt, heard, temperature=1.5, seed=i)
        for i, (prompt, heard) in enumerate(zip(PROMPTS, drawn, strict=False))
    ]
    say(llm, *jobs)
    for prompt, heard in zip(PROMPTS, greedy, strict=True):
        assert f"{heard.text} </s>" == llm.predict(prompt) and heard.reason == "stop"
    for i, heard in enumerate(drawn):
        alone = llm.predict(PROMPTS[i], strategy=Sampling(1.5, seed=i))
        assert heard.text == alone.removesuffix("</s>").rstrip()


def test_a_stop_text_ends_it_and_is_not_said(llm: LLM) -> None:
    whole = llm.predict(PROMPTS[0]).removesuffix(" </s>")
    words = whole.split()
    for stop in (words[2], f"{words[1]} {words[2]}", f"{words[1][-1]} {words[2][:1]}"):
        heard = Heard()
        say(llm, job(llm, PROMPTS[0], heard, stops=[stop, "never said"]))
        assert (heard.text, heard.reason) == (whole[: whole.index(stop)], "stop")


def test_what_may_yet_become_a_stop_is_held_back() -> None:
    assert withheld("a ca", ["cat", "dog"]) == 2 and withheld("a bird", ["cat"]) == 0
    assert withheld("half a letter \ufffd", []) == 1
    assert first_stop("abc", []) is None


def test_a_length(llm: LLM) -> None:
    heard = Heard()
    say(llm, job(llm, PROMPTS[0], heard, most=2))
    assert heard.reason == "length" and heard.text == " ".join(llm.predict(PROMPTS[0]).split()[:2])


def test_who_is_late_or_gone_is_let_go_and_the_others_go_on(llm: LLM) -> None:
    late, gone, good = Heard(), Heard(), Heard()
    jobs = [job(llm, PROMPTS[0], late, seconds=-1), job(llm, PROMPTS[1], gone), job(llm, PROMPTS[2], good)]
    jobs[1].reason = "gone"
    gone.done.set()
    say(llm, *jobs)
    assert late.reason == "timeout" and not gone.text
    assert f"{good.text} </s>" == llm.predict(PROMPTS[2])


def test_too_many_are_refused_all_or_none(llm: LLM) -> None:
    engine = Engine(llm, waiting=3)
    with llm.lock:  # so that nothing is begun
        first = [job(llm, PROMPTS[0], Heard()) for _ in range(2)]
        engine.add(first)
        deadline = time.monotonic() + 10
        while len(engine) and time.monotonic() < deadline:
            time.sleep(0.01)
        engine.add([job(llm, PROMPTS[0], Heard()) for _ in range(2)])
        with pytest.raises(Busy):
            engine.add([job(llm, PROMPTS[0], Heard()) for _ in range(2)])
        assert len(engine) == 2
    engine.close()
    with pytest.raises(Busy):
        engine.add([job(llm, PROMPTS[0], Heard())])


def test_closing_ends_those_who_wait(llm: LLM) -> None:
    engine, heard = Engine(llm), [Heard() for _ in range(50)]
    with llm.lock:
        engine.add([job(llm, PROMPTS[0], each) for each in heard])
        closing = threading.Thread(target=engine.close)
        closing.start()
    closing.join(20)
    assert all(each.reason for each in heard) and not closing.is_alive()
