"""Strategies against independent truths: all texts one by one, plain Python, and counts of many draws."""

from itertools import product
from math import exp, log

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.errors import GenerationError
from rustgpt_lab.generation import Beam, Greedy, Sampling, answers, hypotheses, say

VOCAB = Vocab.default()
PROMPTS = [
    "hello",
    "this is rust",
    "world hello world hello hello",
    "is is",
    "",
    "rust " * 30,
    "this is this",
]
SAMPLINGS = [
    Sampling(),
    Sampling(temperature=0.5),
    Sampling(temperature=2.0),
    Sampling(top_k=1),
    Sampling(top_k=3),
    Sampling(top_p=0.6),
    Sampling(top_p=0.05),
    Sampling(repetition_penalty=3.0),
    Sampling(temperature=1.7, top_k=4, top_p=0.8, repetition_penalty=1.5),
]
STRATEGIES = [Greedy(), *SAMPLINGS, Beam(), Beam(2, length_penalty=0.0)]


def model(seed: int = 0, contrast: float = 30.0) -> LLM:
    """A small random model that prefers some words."""
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=2, max_seq_len=16, seed=seed)
    llm.parameters["9.w_out"][...] *= contrast
    return llm


def logs_of(llm: LLM, prompt: list[int], said: list[int]) -> list[float]:
    """The log-probability of each word said, without cache, in plain Python."""
    found = []
    for n, i in enumerate(said):
        scores = [float(s) for s in llm.logits([*prompt, *said[:n]])[-1]]
        found.append(scores[i] - log(sum(exp(s) for s in scores)))
    return found


def stated(scores: list[float], strategy: Sampling, before: list[int]) -> list[float]:
    """What `Sampling` says of itself, in plain Python."""
    scores = [float(s) for s in scores]
    for i in set(before):
        scores[i] = (
            scores[i] / strategy.repetition_penalty
            if scores[i] > 0
            else scores[i] * strategy.repetition_penalty
        )
    weights = [exp(s / strategy.temperature) for s in scores]
    best = sorted(range(len(weights)), key=lambda i: -weights[i])[: strategy.top_k]
    whole, reached, kept = sum(weights[i] for i in best), 0.0, []
    for i in best:
        if reached >= (strategy.top_p or 2):
            break
        kept.append(i)
        reached += weights[i] / whole
    total = sum(weights[i] for i in kept)
    return [weights[i] / total if i in kept else 0.0 for i in range(len(weights))]


# ---- beams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_a_beam_of_one_is_greedy(seed):
    for llm in (model(seed), model(seed, contrast=0)):  # the second finds all words equally likely
        assert llm.predict_all(PROMPTS, strategy=Beam(1)) == llm.predict_all(PROMPTS)


@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_all_texts_is_exhaustive_search(seed, length_penalty):
    llm, steps = model(seed), 4
    prompt, end = llm.tokenize("this is"), VOCAB.end
    texts = [
        said
        for n in range(1, steps + 1)
        for said in product(range(len(VOCAB)), repeat=n)
        if end not in said[:-1] and (n == steps or said[-1] == end)
    ]
    truth = {said: logs_of(llm, prompt, list(said)) for said in texts}
    beam = Beam(len(VOCAB) ** steps, length_penalty)
    (found,) = hypotheses(llm, ["this is"], beam, most=steps)
    assert len(found) == len(texts) and {branch.ids for branch in found} == set(texts)
    for branch in found:
        assert branch.logs == pytest.approx(truth[branch.ids], rel=1e-4, abs=1e-4)
        assert branch.score == pytest.approx(branch.log_probability / len(branch.ids) ** length_penalty)
    best = max(texts, key=lambda said: sum(truth[said]) / len(said) ** length_penalty)
    assert found[0].ids == best
    assert [branch.score for branch in found] == sorted((branch.score for branch in found), reverse=True)


@pytest.mark.parametrize("width", [2, 5])
def test_each_turn_keeps_the_likeliest_of_all_that_go_on(width):
    """Against a search that keeps whole texts in a list, without cache and without fork."""
    llm, done = model(4), []
    prompt = llm.tokenize("hello world")
    live = [((), 0.0)]
    while live:
        longer = [
            ((*said, i), total + logs_of(llm, prompt, [*said, i])[-1])
            for said, total in live
            for i in range(6)
        ]
        longer = sorted(longer, key=lambda text: -text[1])[: width - len(done)]
        over = [text for text in longer if text[0][-1] == VOCAB.end or len(text[0]) == 6]
        live = [text for text in longer if text not in over]
        done += over
    (found,) = hypotheses(llm, ["hello world"], Beam(width, length_penalty=0), most=6)
    assert len(found) == width
    done.sort(key=lambda text: -text[1])
    assert [branch.ids for branch in found] == [said for said, _ in done]
    assert [branch.score for branch in found] == pytest.approx([total for _, total in done], rel=1e-4)


def test_a_beam_says_the_best_hypothesis():
    llm = model(1)
    found = hypotheses(llm, PROMPTS, Beam(3))
    assert answers(llm, PROMPTS, Beam(3)) == [branches[0].ids if branches else () for branches in found]
    said = list(say(llm, PROMPTS, Beam(3)))
    for place, branches in enumerate(found):
        words = [word for word in said if word.prompt == place]
        assert tuple(word.id for word in words) == (branches[0].ids if branches else ())
        assert [word.probability for word in words] == [
            exp(x) for x in (branches[0].logs if branches else ())
        ]
    assert "".join(llm.generate("this is", strategy=Beam(3), most=3)).replace("</s>", "")


# ---- chance ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", SAMPLINGS, ids=repr)
def test_the_distribution_is_the_stated_one(strategy):
    for seed in range(5):
        llm, before = model(seed), VOCAB.encode("this is this")
        scores = llm.logits(before)[-1:]
        found = strategy.distribution(scores, [before])
        np.testing.assert_allclose(found[0], stated(list(scores[0]), strategy, before), atol=1e-9)


@pytest.mark.parametrize("strategy", SAMPLINGS, ids=repr)
def test_words_are_drawn_as_often_as_stated(strategy):
    """Chi-squared at one in a thousand, by Wilson and Hilferty's approximation; over the first and the second word."""
    llm, draws = model(2, contrast=8), 800
    prompt = VOCAB.encode("this is this")
    first = stated(list(llm.logits(prompt)[-1]), strategy, prompt)
    expected = np.zeros((6, 6))
    for i in range(6):
        if i == VOCAB.end:
            expected[i, 0] = first[i]  # nothing comes after it
        elif first[i]:
            text = [*prompt, i]
            expected[i] = first[i] * np.array(stated(list(llm.logits(text)[-1]), strategy, text))
    counts = np.zeros((6, 6))
    for seed in range(draws):
        settings = {**vars(strategy), "seed": seed}
        (ids,) = answers(llm, ["this is this"], Sampling(**settings), most=2)
        counts[ids[0], ids[1] if len(ids) > 1 else 0] += 1
    assert not counts[expected == 0].any()
    often = draws * expected >= 5
    rare = ~often & (expected > 0)
    seen, meant = counts[often], draws * expected[often]
    if draws * expected[rare].sum() >= 5:
        seen, meant = np.append(seen, counts[rare].sum()), np.append(meant, draws * expected[rare].sum())
    free = len(seen) - 1
    if free:
        chi_squared = ((seen - meant) ** 2 / meant).sum()
        limit = free * (1 - 2 / (9 * free) + 3.09 * (2 / (9 * free)) ** 0.5) ** 3
        assert chi_squared < limit


def test_temperature_0_and_a_single_candidate_are_greedy():
    llm = model(3)
    for strategy in (Sampling(temperature=0), Sampling(top_k=1, seed=4), Sampling(top_p=1e-9)):
        assert llm.predict_all(PROMPTS, strategy=strategy) == llm.predict_all(PROMPTS)
    assert model(3, contrast=0).predict("hello", strategy=Sampling(temperature=0)) == "hello " * 14 + "hello"


def test_extreme_settings_leave_the_numbers_finite():
    scores = np.array([[80.0, -90.0, 80.0, 3.0]], np.float32)
    for strategy in (
        Sampling(1e-300),
        Sampling(1e300),
        Sampling(top_p=1.0),
        Sampling(repetition_penalty=1e300),
    ):
        p = strategy.distribution(scores, [[0, 1]])
        assert np.isfinite(p).all() and p.sum() == pytest.approx(1)
    assert Sampling(top_p=1.0).distribution(scores, [[]]) == pytest.approx(
        Sampling().distribution(scores, [[]])
    )


def test_one_seed_one_text():
    llm = model(5, contrast=3)
    texts = {llm.predict("this is", strategy=Sampling(seed=seed)) for seed in range(20)}
    assert len(texts) > 10
    for seed in range(20):
        strategy = Sampling(temperature=1.2, seed=seed)
        assert llm.predict("this is", strategy=strategy) == llm.predict("this is", strategy=strategy)


# ---- one loop for all -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_many_unequal_prompts_are_as_one_by_one(seed, strategy):
    llm = model(seed, contrast=5)
    alone = [llm.predict(text, strategy=strategy) for text in PROMPTS]
    assert llm.predict_all(PROMPTS, strategy=strategy) == alone
    assert llm.predict_all(PROMPTS[::-1] * 3, strategy=strategy) == alone[::-1] * 3
    assert [" ".join(llm.generate(text, strategy=strategy)) for text in PROMPTS] == alone
    assert alone[4] == alone[5] == ""  # nothing follows nothing, or too much


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_every_word_has_the_probability_that_the_model_gave_it(strategy):
    llm = model(6, contrast=5)
    prompts = [llm.tokenize(text) for text in PROMPTS]
    said = [[] for _ in PROMPTS]
    for word in say(llm, PROMPTS, strategy):
        logs = logs_of(llm, prompts[word.prompt], [*said[word.prompt], word.id])
        assert word.probability == pytest.approx(exp(logs[-1]), abs=1e-5)
        said[word.prompt].append(word.id)
    assert list(map(tuple, said)) == list(map(tuple, answers(llm, PROMPTS, strategy)))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_stop_words_and_most_end_a_text(strategy):
    llm = model(7, contrast=5)
    whole = [llm.predict(text, strategy=strategy).split() for text in PROMPTS[:4]]
    if not isinstance(strategy, Beam):  # for whom other texts are the best ones then
        for stop in (["rust"], "rust", ["rust", "is is"], ["world hello"]):
            for text, words in zip(PROMPTS, whole, strict=False):
                told = [s.split() for s in ([stop] if isinstance(stop, str) else stop)]
                ends = (n for n in range(1, len(words)) if any(words[:n][-len(s) :] == s for s in told))
                cut = words[: next(ends, len(words))]
                assert llm.predict(text, strategy=strategy, stop=stop).split() == cut
        assert llm.predict_all(PROMPTS[:4], strategy=strategy, most=3) == [
            " ".join(words[:3]) for words in whole
        ]
    for branches in hypotheses(llm, PROMPTS, Beam(4), stop="rust", most=5):
        for branch in branches:
            assert VOCAB.ids["rust"] not in branch.ids[:-1]
            assert len(branch.ids) == 5 or branch.ids[-1] in (VOCAB.ids["rust"], VOCAB.end)


def test_a_word_is_told_before_the_next_is_computed(monkeypatch):
    llm, calls = model(3), []
    scores = type(llm.network).scores
    monkeypatch.setattr(type(llm.network), "scores", lambda *a, **k: calls.append(1) or scores(*a, **k))
    for strategy in (Greedy(), Sampling()):
        calls.clear()
        words = llm.generate("hello", strategy=strategy)
        assert len(calls) == 0
        for n in (1, 2, 3):
            next(words)
            assert len(calls) == n


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            Sampling,
            {"temperature": -0.1},
            "temperature: an argument cannot be used; expected a number, 0 or more",
        ),
        (Sampling, {"temperature": float("nan")}, "found nan"),
        (Sampling, {"temperature": float("inf")}, "found inf"),
        (Sampling, {"temperature": "warm"}, "found 'warm'"),
        (Sampling, {"top_k": 0}, "top_k: an argument cannot be used; expected a whole number, 1 or more"),
        (Sampling, {"top_k": 2.0}, "found 2.0"),
        (Sampling, {"top_p": 0}, "top_p: an argument cannot be used; expected a number above 0, 1 or less"),
        (Sampling, {"top_p": 1.01}, "found 1.01"),
        (Sampling, {"repetition_penalty": 0.9}, "repetition_penalty: an argument cannot be used"),
        (Sampling, {"seed": -1}, "seed: an argument cannot be used"),
        (
            Beam,
            {"width": 0},
            "width: an argument cannot be used; expected a whole number, 1 or more, found 0",
        ),
        (Beam, {"width": True}, "found True"),
        (Beam, {"length_penalty": float("nan")}, "length_penalty: an argument cannot be used"),
    ],
)
def test_nonsense_is_refused_when_the_value_is_made(kind, settings, message):
    with pytest.raises(GenerationError) as error:
        kind(**settings)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"most": 0}, "most: an argument cannot be used; expected a whole number, 1 or more, found 0"),
        ({"stop": ["zebra"]}, "stop: the model cannot say a word that it is to stop at; found 'zebra'"),
        ({"stop": ["hello zebra"]}, "found 'hello zebra'"),
        ({"stop": ""}, "found ''"),
        ({"strategy": "greedy"}, "strategy: an argument cannot be used; expected Greedy(), Sampling(...)"),
    ],
)
def test_nonsense_is_refused_before_the_first_word(options, message):
    with pytest.raises(GenerationError) as error:
        model().generate("hello", **options)
    assert message in str(error.value)


def test_strategies_are_values():
    assert Sampling(top_k=3) == Sampling(top_k=3) != Sampling() and Beam() == Beam(5) and Greedy() == Greedy()
    assert len({Greedy(), Greedy(), Beam(), Beam(), Sampling()}) == 3
    assert repr(Beam()) == "Beam(width=5, length_penalty=1.0)"


def test_a_likelier_text_can_be_the_wrong_one():
    """The packaged model, asked in words that it did not learn: the lessons show this case."""
    llm, question = LLM.packaged(), "User: Can you tell about Mars?"
    greedy = llm.predict(question)
    (found,) = hypotheses(llm, [question], Beam(5))
    assert greedy == "Assistant : Mars is a red rocky planet with two small moons </s>"
    assert llm.vocab.decode(found[0].ids) == (
        "Assistant : Venus is a rocky planet and the hottest of the eight planets </s>"
    )
    assert found[0].log_probability > 0.5 + sum(log(word.probability) for word in say(llm, [question]))
    assert [" ".join(llm.generate(question, strategy=strategy)) for strategy in (Greedy(), Beam())] == [
        greedy,
        llm.vocab.decode(found[0].ids),
    ]
