"""RustGPT's model in the browser is the library's: every layer, every change, every view's answer."""

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, Dataset, Embeddings, LayerNorm, OutputProjection, SelfAttention, Vocab, views
from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.course.rustgpt import RustGPTLayerNorm
from rustgpt_lab.errors import ModelError
from rustgpt_lab.generation import Greedy, Sampling, say
from rustgpt_lab.tokenizers import BytePairs
from rustgpt_lab.views import portable as portable_module
from rustgpt_lab.views.base import View
from rustgpt_lab.views.gallery.what_if import KINDS, Change, layers_for, run
from rustgpt_lab.views.packing import pack
from rustgpt_lab.views.portable import on_page, portable

TEXTS = [
    "User: What does the sun give? Assistant: The sun",
    "User: What does the moon give? Assistant: The moon shines",  # both begin alike
    "moon",
    "the the the </s>",
]
Ask = Callable[..., list[Any]]


def trained() -> LLM:
    """A model of RustGPT's own form, with a little training behind it: a file of it is one of RustGPT's."""
    data = Dataset.packaged()
    llm = LLM.build(Vocab.from_texts(data.texts), embedding_dim=24, hidden_dim=40, blocks=2, seed=3)
    llm.train(data.chat, epochs=1, learning_rate=1e-3, batch_size=4)
    return llm


@pytest.fixture(scope="module", params=["packaged", "file", "odd"])
def llm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LLM:
    if request.param == "packaged":
        return LLM.packaged()
    if request.param == "odd":  # no width is a multiple of four, no block is whole
        vocab = Vocab(["User", ":", "Assistant", "the", "sun", "moon", "?", "</s>", "don", "'"])
        layers = [
            Embeddings(len(vocab), 7, 9),
            LayerNorm(7, 0.1),
            SelfAttention(7),
            OutputProjection(7, len(vocab)),
        ]
        return LLM(vocab, layers, dtype="float64")
    path = tmp_path_factory.mktemp("file") / "model.bin"
    trained().save(path)
    return LLM.load(path)


@pytest.fixture(scope="module")
def browser_of(node: str) -> Callable[..., Ask]:
    """The browser's side of some models: questions for `tests/js/model_math.js` -> their answers."""

    def of(*llms: LLM) -> Ask:
        models = [
            {**model.description, "weights": base64.b64encode(model.weights).decode()}
            for model in portable(llms)
        ]

        def ask(*asked: dict[str, Any]) -> list[Any]:
            text = json.dumps(
                {"models": models, "asked": asked}, default=lambda sent: base64.b64encode(sent).decode()
            )
            command = [node, "model_math.js"]
            done = subprocess.run(
                command, cwd=ROOT / "tests" / "js", input=text, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        return ask

    return of


def close(found: list[Any] | np.ndarray, array: np.ndarray, where: str = "") -> None:
    """A list from JavaScript is an array, to 1e-5 of its greatest number; -inf stands as a word.

    Both sides round to float32 after every step, each in its own order.
    """
    values = np.array([float(str(x).replace("Infinity", "inf")) for x in found]).reshape(array.shape)
    most = np.abs(array[np.isfinite(array)]).max(initial=1)
    np.testing.assert_allclose(values, array, rtol=0, atol=1e-5 * most, err_msg=where)


def test_every_array_of_the_trace_is_the_same(llm: LLM, browser_of: Callable[..., Ask]) -> None:
    texts = [text for text in TEXTS if len(llm.tokenize(text)) <= llm.max_seq_len]
    assert len(texts) > 1
    asked = [{"ask": "trace", "text": text} for text in texts]
    for text, caches in zip(texts, browser_of(llm)(*asked), strict=True):
        trace = llm.trace(text)
        assert [f"{i}.{name}" for i, cache in enumerate(caches) for name in cache] == list(trace)
        for name, array in trace.items():
            index, field = name.split(".")
            close(caches[int(index)][field], array)


def test_what_was_read_before_changes_no_number(llm: LLM, browser_of: Callable[..., Ask]) -> None:
    """Words that two texts begin with are read once, and a change is followed from the word that it touches."""
    text, *others = ["User : the sun ? the", "User : the moon", "User : the sun ? the sun ? the", "the moon"]
    touched = [i for i, _ in layers_for(llm)["score"]]
    ask = browser_of(llm)
    for asked in (
        {"ask": "trace", "text": text},
        {"ask": "run", "text": text, "change": vars(Change("hide", None, 0, 2)), "touched": touched},
    ):
        [first] = ask(asked)
        found = ask(
            *({"ask": "trace", "text": other} for other in others), asked, {**asked, "text": others[1]}
        )
        assert found[len(others)] == first
    same = ask({"ask": "trace", "text": text})[0]
    score = Change(
        "score", None, 4, 1, None
    )  # it touches words from the fourth on, and leaves them as they are
    [changed] = ask({"ask": "run", "text": text, "change": vars(score), "touched": touched})
    for cache, other in zip(changed[: touched[-1] + 1], same, strict=False):
        assert cache == other


def test_every_change_is_the_same(llm: LLM, browser_of: Callable[..., Ask]) -> None:
    text = TEXTS[0] if len(llm.tokenize(TEXTS[0])) <= llm.max_seq_len else "User : the moon"
    length = len(llm.tokenize(text))
    changes = [
        Change(kind, layer, length - 1, 1, 2.5)
        for kind, places in layers_for(llm).items()
        for layer in (None, places[0][0], places[-1][0])
    ]
    changes += [Change("score"), Change("score", None, 1, 3, -4.0)]
    asked = [
        {
            "ask": "run",
            "text": text,
            "change": vars(change),
            "touched": [i for i, _ in layers_for(llm)[change.kind] if change.layer in (None, i)],
        }
        for change in changes
    ]
    assert {change.kind for change in changes} >= {*KINDS} - {"feed_forward"}
    for change, caches in zip(changes, browser_of(llm)(*asked), strict=True):
        logits, expected = run(llm, text, change)
        close(caches[-1]["output"], logits[-1])  # the last word alone goes to the end
        for cache, truth in zip(caches, expected, strict=True):
            for name in {"scores", "weights"} & {*vars(truth)}:
                close(cache[name], getattr(truth, name))


SAMPLED = Sampling(0.9, top_k=20, top_p=0.95, repetition_penalty=1.2, seed=5)


def test_the_same_words_are_said(llm: LLM, browser_of: Callable[..., Ask]) -> None:
    strategies = [Sampling(0), SAMPLED, Sampling(1.3, seed=2**40 + 1)]
    asked = [
        {"ask": "say", "text": "User: the moon? Assistant:", "strategy": vars(strategy)}
        for strategy in strategies
    ]
    for strategy, words in zip(strategies, browser_of(llm)(*asked), strict=True):
        expected = [*say(llm, ["User: the moon? Assistant:"], strategy if strategy.temperature else Greedy())]
        assert [word["id"] for word in words] == [said.id for said in expected]
        close([word["probability"] for word in words], np.array([said.probability for said in expected]))


@pytest.mark.parametrize("seed", [0, 1, 7, 2**32 - 1, 2**32, 2**53 - 1])
def test_random_numbers_are_numpys(seed: int, browser_of: Callable[..., Ask]) -> None:
    [found] = browser_of()({"ask": "random", "seed": seed, "count": 20})
    assert found == np.random.default_rng(seed).random(20).tolist()


# ---- what the views answer ----------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """What a view sends, with every array as a list of its numbers and a shape."""
    if isinstance(value, dict) and "buffer" in value:
        kind = (
            value["buffer"]
            if isinstance(value["buffer"], list)
            else np.frombuffer(value["buffer"], value["dtype"])
        )
        numbers = [float(str(x).replace("Infinity", "inf")) for x in kind]
        return {"shape": value["shape"], "buffer": np.array(numbers)}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def same(found: Any, expected: Any, where: str = "") -> None:
    assert type(found) is type(expected) or isinstance(found, int | float), where
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name in expected:
            same(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, pair in enumerate(zip(found, expected, strict=True)):
            same(*pair, f"{where}[{i}]")
    elif isinstance(expected, np.ndarray):
        if (
            ".weights" in where and expected.max() > 1.5
        ):  # shares as bytes: rounding may fall to the other side
            assert np.abs(found - expected).max() <= 1
        elif where.endswith("histograms.buffer"):  # and so may a number on the edge of a bin
            assert np.abs(found - expected).sum() <= 2 + 0.002 * expected.sum()
        else:
            close(found, expected, where)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-5), where
    else:
        assert found == expected, where


def check_answers(view: View, ask: Ask, *questions: Any) -> None:
    """Both sides answer every question of a view alike, with the same data and the same sentence."""
    for question in questions:
        before = {"data": pack(view.state()), "sentence": view.sentence}
        asked = {"ask": "view", "view": view.name, "question": question, **before}
        [answers] = ask(asked)
        try:
            view.data = view.answer(question)
            if thread := getattr(view, "_thread", None):
                thread.join()
        except ModelError as problem:
            same(answers, {"problem": str(problem)}, view.name)
            continue
        found, expected = plain(answers[-1]["data"]), plain(pack(view.state()))
        if view.name == "journey":  # the kernel sends only words that are shown
            for data in (found, expected):
                vocabulary = data.pop("vocabulary")
                data["top"] = [vocabulary[int(i)] for i in data["top"]["buffer"]]
        same(found, expected, view.name)
        assert answers[-1]["sentence"] == view.sentence


NOTHING, LONG = "zyxx 'q'", "the sun " * 60


def test_both_answer_what_if(llm: LLM, browser_of: Callable[..., Ask]) -> None:
    text = TEXTS[0] if len(llm.tokenize(TEXTS[0])) <= llm.max_seq_len else "User : the moon"
    view = views.what_if(llm, text, "mask")
    change = vars(view.data.change)
    questions = [
        {"text": text, "change": {**change, "kind": kind, "layer": layer, "column": 1, "score": score}}
        for kind, places in view.data.layers.items()
        for layer in (None, places[0][0])
        for score in ((None, -3.25) if kind == "score" else (None,))
    ]
    questions += [{"text": wrong, "change": change} for wrong in ("the moon", NOTHING, LONG)]
    check_answers(view, browser_of(llm), *questions)


@pytest.mark.parametrize("name", ["journey", "network", "attention"])
def test_both_answer_a_text(name: str, llm: LLM, browser_of: Callable[..., Ask]) -> None:
    check_answers(
        getattr(views, name)(llm, "the sun"), browser_of(llm), "moon the sun", "sun", *TEXTS, NOTHING, LONG
    )


def test_both_answer_with_moments(browser_of: Callable[..., Ask]) -> None:
    moments = {"before": LLM.packaged(), "after": LLM.packaged()}
    moments["after"].parameters["5.w_q"] *= 3
    check_answers(views.attention(moments, "the sun"), browser_of(*moments.values()), *TEXTS)


def test_both_chat(llm: LLM, browser_of: Callable[..., Ask]) -> None:
    hot = {"temperature": 1.5, "top_k": 20, "top_p": None}
    questions = [
        {"say": "the sun", "strategy": {"temperature": 0, "top_k": None, "top_p": None}},
        {"say": "the unheard moon", "strategy": hot},
        {"say": "the moon", "strategy": hot},
        {"look": 1},
        {"look": "the moon"},
        {"look": None},
        {"stop": True},
        {"say": NOTHING, "strategy": hot},
        {"say": LONG, "strategy": hot},
    ]
    check_answers(views.chat(llm, "the moon", strategy=Sampling(0.5, seed=4)), browser_of(llm), *questions)


def test_an_answer_that_was_interrupted_goes_on_where_it_was(browser_of: Callable[..., Ask]) -> None:
    llm = LLM.packaged()
    view = views.chat(llm, "What does the sun give?", strategy=Sampling(1.5, seed=4))
    [whole] = pack(view.state())["turns"]
    words = 4
    begun = {
        **whole,
        "answer": whole["answer"][:words],
        "probabilities": whole["probabilities"][:words],
        "done": False,
    }
    begun["ended"] = False
    [answers] = browser_of(llm)(
        {
            "ask": "view",
            "view": "chat",
            "question": {"look": None},
            "data": {"turns": [begun], "attention": None},
        }
    )
    assert [len(answer["data"]["turns"][0]["answer"]) for answer in answers[:2]] == [words, words + 1]
    same(plain(answers[-1]["data"]["turns"][0]), plain(whole))
    stop = {
        "ask": "view",
        "view": "chat",
        "question": {"stop": True},
        "data": {"turns": [begun], "attention": None},
    }
    [[answer]] = browser_of(llm)(stop)
    assert answer["data"]["turns"][0]["stopped"] and answer["sentence"].endswith(", until it is stopped.")


# ---- which models, and how they travel ----------------------------------------------------------------------------

WORDS = Vocab(["the", "sun", "moon", "</s>"])


def small(**options: Any) -> LLM:
    return LLM.build(WORDS, 4, 4, 1, 8, **options)


def test_one_place_decides_which_models_the_browser_takes() -> None:
    assert len(portable([small()])) == 1 and portable([]) == []
    layers = small().network
    foreign = [*layers[:2], RustGPTLayerNorm(4), *layers[3:]]
    pairs = BytePairs.train(["the sun the sun"], 260)
    refused = [
        small(architecture="gpt2", heads=1),
        small(architecture="llama", heads=1),
        LLM(WORDS, [layer.unbound() for layer in foreign]),
        LLM.build(pairs, 4, 4, 1, 8),
    ]
    for llm in refused:
        assert portable([llm]) == portable([small(), llm]) == []
        view = views.journey(llm, "the sun")
        assert view.widget.models == [] and "rl-script" not in view.twin()["text/html"]


def test_the_kernel_answers_for_large_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portable_module, "MOST", 2 * small().parameters.flat.size - 1)
    assert portable([small()]) and not portable([small(), small(seed=1)])


def test_weights_travel_when_a_page_asks_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = small()
    first, second = views.journey(llm, "the sun").widget, views.network(llm, "the moon").widget
    assert first.models == second.models
    sent = []
    monkeypatch.setattr(type(first), "send", lambda self, content, buffers: sent.append((content, buffers)))
    first._handle_custom_msg({"model": first.models[0]}, [])
    [(content, [weights])] = sent
    assert weights == llm.parameters.flat.tobytes()
    assert content["model"]["key"] == first.models[0] and content["model"]["words"] == list(WORDS.words)
    first._handle_custom_msg({"ask": "the moon"}, [])
    assert first.data["text"] == "the moon" and len(sent) == 1
    llm.parameters["1.w_q"] *= 2
    assert views.journey(llm, "the sun").widget.models != first.models


def test_a_notebook_carries_each_model_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = ["a", "1"]
    monkeypatch.setattr(portable_module, "_CARRIERS", {})
    monkeypatch.setattr(portable_module, "_cell", lambda: tuple(cell))
    one, other = portable([small()]), portable([small(seed=1)])

    def written(models: list, *place: str) -> int:
        cell[:] = place
        return on_page(models).count("<script")

    assert written([*one, *one], "a", "1") == 1
    assert written(one, "a", "1") == 0  # a second view in the same cell
    assert written([*one, *other], "b", "2") == 1
    assert written(one, "a", "3") == 1  # the cell ran again, and its first output is gone
    assert written(other, "a", "4") == 0
    assert "</s>" not in on_page(one)
