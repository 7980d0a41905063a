"""A model made of a learner's functions: the library's, where they are right; a sentence, where they are not."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, Dataset, TrainingSession, Vocab, views
from rustgpt_lab.batch import Batch
from rustgpt_lab.course import import_my_gpt, keep, your_model
from rustgpt_lab.course.assembly import ALONE, YourClipping, YourLLM, with_part
from rustgpt_lab.course.checking import check
from rustgpt_lab.course.exercise import find_exercise
from rustgpt_lab.course.my_file import PARTS
from rustgpt_lab.errors import ModelError
from rustgpt_lab.gradcheck import numerical_gradient, relative_error
from rustgpt_lab.optim.clipping import AGC, Centralization, Clipping, L2GradientClipping
from rustgpt_lab.persistence import rustgpt_reads

from .cells import run_cells

USED = [id for id in PARTS if id not in ALONE]
TEXTS = ["the sun is a star </s>", "the moon is cold </s>", "rain </s>", "the sun is not the moon </s>"]


def solutions(*ids: str) -> dict[str, Callable[..., Any]]:
    return {id: find_exercise(id).solution for id in ids}


def small(dtype: str = "float64", seed: int = 1, **sizes: int) -> LLM:
    return LLM.build(
        Vocab.from_texts(TEXTS),
        **{"embedding_dim": 4, "hidden_dim": 5, "blocks": 1, **sizes},
        seed=seed,
        dtype=dtype,
    )


@cache
def texts() -> list[str]:
    data = Dataset.packaged()
    return data.pretraining[:60] + data.chat[:60]


@pytest.mark.parametrize("source", ["functions", "file"])
def test_with_all_solutions_it_trains_like_the_library(source: str, tmp_path: Path) -> None:
    if source == "file":
        for id in PARTS:
            check(id, find_exercise(id).solution)
    mine = import_my_gpt() if source == "file" else solutions(*PARTS)
    ours = LLM.build(Vocab.from_texts(texts()), 16, 24, 2, seed=3, dtype="float64")
    model = your_model(mine, ours)
    assert set(model.functions) == set(PARTS)
    history = ours.train(texts(), epochs=1, learning_rate=0.01, batch_size=4)
    learned = model.train(texts(), epochs=1, learning_rate=0.01, batch_size=4)
    assert len(learned.loss) == 30
    assert np.abs(np.array(learned.loss) - history.loss).max() < 1e-6
    assert np.abs(model.parameters.flat - ours.parameters.flat).max() < 1e-6
    starts = [" ".join(text.split()[:4]) for text in texts()[::10]]
    assert model.predict_all(starts) == ours.predict_all(starts)
    assert [" ".join(model.generate(start)) for start in starts[:3]] == ours.predict_all(starts[:3])
    again = your_model(mine, ours)
    again.save(tmp_path / "mine.bin")
    ours.save(tmp_path / "ours.bin")
    assert (tmp_path / "mine.bin").read_bytes() == (tmp_path / "ours.bin").read_bytes()
    assert rustgpt_reads(again.network, "mine.bin") == "yes"
    assert type(LLM.load(tmp_path / "mine.bin").network[1]).__module__ == "rustgpt_lab.layers.self_attention"


@pytest.mark.parametrize("seed", range(20))
def test_with_any_subset_the_gradients_pass_the_check(seed: int) -> None:
    draw = random.Random(seed)
    ids = [id for id in PARTS if draw.random() < 0.5]
    like = small(seed=seed)
    like.parameters.flat[:] += 0.3 * np.random.default_rng(seed).normal(size=like.parameters.flat.size)
    model = your_model(solutions(*ids), like)
    batch = Batch.to_learn(model.sequences(TEXTS))
    _, dlogits, caches = model.network.loss(batch)
    model.network.backward(dlogits, caches, batch)
    for name, gradient in model.network.gradients.items():
        found = gradient.copy()
        nudged = numerical_gradient(lambda: model.network.loss(batch)[0], model.parameters[name])
        assert relative_error(found, nudged) < 1e-6, (name, ids)
    assert model.train(TEXTS, 3, 0.01, 3).loss == pytest.approx(like.train(TEXTS, 3, 0.01, 3).loss)
    assert model.yours.title == f"{len([id for id in ids if id in USED])} of 13 parts of this model are yours"


def test_the_functions_are_really_called() -> None:
    """Each part that is counted as the learner's is called when the model learns and answers."""
    called = set()

    def told(id: str) -> Callable[..., Any]:
        solution = find_exercise(id).solution
        return lambda *a: (called.add(id), solution(*a))[1]

    like = small()
    ids = [id for id in USED if id != "01.1"]
    model = YourLLM(like, {id: told(id) for id in ids})
    model.train(TEXTS, 1, 0.01, 2)
    model.predict("the sun")
    assert called == {*ids}
    model = YourLLM(like, {"01.1": told("01.1")})
    model.train(TEXTS, 1, 0.01, 2)
    assert "01.1" in called


def test_a_copy_a_session_and_float32_are_yours_too() -> None:
    model = your_model(solutions(*PARTS), small("float32"))
    twin = model.copy()
    assert type(twin) is type(model) and twin.functions == model.functions
    session = TrainingSession(twin, TEXTS, 3, 0.01, batch_size=2)
    session.step(4)
    session.rewind(2)
    session.step(2)
    reference = small("float32")
    reference.train(TEXTS, 2, 0.01, 2)
    assert np.allclose(twin.parameters.flat, reference.parameters.flat, atol=1e-4)
    assert np.array_equal(model.parameters.flat, small("float32").parameters.flat)


def test_every_view_draws_it() -> None:
    model = your_model(solutions("03.3", "06.3", "04.1"), small())
    view = views.network(model, "the sun is")
    assert [layer.author for layer in view.data.layers] == [
        "the course",
        "you",
        "the course",
        "half you",
        "the course",
        "the course",
    ]
    assert "1 of the layers are yours, 1 half yours, and 4 the course's." in view.sentence
    assert view.table().headings[-1] == "written by" and view.table().rows[1][-1] == "you"
    view.twin()
    assert view.state()["layers"][3]["author"] == "half you"
    for draw in (views.attention, views.journey, views.what_if, views.chat):
        draw(model, "the sun is").twin()
    assert "written by" not in views.network(small(), "the sun").table().headings


def test_a_part_may_be_exchanged_unchecked() -> None:
    """What a bug, live, is made with."""
    for mistake in find_exercise("06.3").mistakes:
        wrong = with_part(small(), "06.3", mistake.wrong)
        right = with_part(small(), "06.3", find_exercise("06.3").solution)
        assert wrong.loss(TEXTS) == right.loss(TEXTS)
        assert not np.allclose(wrong.gradients(TEXTS)["1.w_k"], right.gradients(TEXTS)["1.w_k"], rtol=1e-3)


@pytest.mark.parametrize(
    ("id", "ours"),
    [("08.1", L2GradientClipping(0.1)), ("08.2", Centralization()), ("08.3", AGC(0.1))],
)
def test_a_clipper_of_yours_clips_as_the_librarys(id: str, ours: Clipping) -> None:
    expected = small().train(TEXTS, 3, 0.1, 2, clipping=ours, optimizer="descent").loss
    mine = YourClipping(solutions(id), 0.1)
    learned = your_model({}, small()).train(TEXTS, 3, 0.1, 2, clipping=mine, optimizer="descent").loss
    assert learned == pytest.approx(expected)
    assert learned != pytest.approx(small().train(TEXTS, 3, 0.1, 2, optimizer="descent").loss)


# ---- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", PARTS)
def test_a_mistake_is_met_with_the_courses_own_diagnosis(id: str) -> None:
    for mistake in find_exercise(id).mistakes[:3]:
        with pytest.raises(ModelError) as caught:
            your_model({id: mistake.wrong}, small())
        assert mistake.message in str(caught.value)
        assert f"`{find_exercise(id).name}` ({id})" in str(caught.value)


def test_a_mistake_made_later_in_the_file(progress_file: Path) -> None:
    file = progress_file.with_name("my_gpt.py")
    check("04.1", find_exercise("04.1").solution)
    right = file.read_text()
    file.write_text(right.replace("x + hidden", "hidden"))
    with pytest.raises(ModelError, match="the residual is missing"):
        your_model(import_my_gpt(), small())
    keep("04.1")
    assert file.read_text() == right
    file.write_text(right.replace("    hidden", "    hidden = x.nothing\n    hidden", 1))
    with pytest.raises(ModelError, match=r"of my_gpt.py, `hidden = x.nothing`, raises AttributeError"):
        your_model(import_my_gpt(), small())


class Turncoat:
    """Right while it is examined, and then no more."""

    def __init__(self, id: str, later: Callable[..., Any]):
        self.id, self.later, self.loyal = id, later, True

    def __call__(self, *a: Any) -> Any:
        return find_exercise(self.id).solution(*a) if self.loyal else self.later(*a)


def change(x: np.ndarray, *a: Any) -> Any:
    x += 1
    return x


LATER = {
    "raises": (lambda *a: 1 / 0, "ZeroDivisionError"),
    "rubbish": (lambda *a: "rubbish", "ValueError"),
    "another shape": (lambda *a: a[0][:1], "an array of shape"),
    "nothing": (lambda *a: None, "an array of shape|TypeError"),
    "changes": (change, "read-only"),
    "leaves": (lambda *a: exit(), "SystemExit"),
    "for ever": (lambda *a: [None for _ in iter(int, 1)], "TimeUp"),
}


@pytest.mark.parametrize("kind", LATER)
def test_a_function_that_goes_wrong_in_the_middle_loses_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "rustgpt_lab.course.your_layers.call.__globals__", None, raising=False
    ) if False else None
    monkeypatch.setattr("rustgpt_lab.course.your_layers.SECONDS", 0.3)
    monkeypatch.setattr("rustgpt_lab.course.checking.SECONDS", 0.3)
    later, words = LATER[kind]
    function = Turncoat("04.1", later)
    model = your_model({"04.1": function}, small())
    model.train(TEXTS, 1, 0.01, 2)
    before = model.parameters.flat.copy()
    function.loyal = False
    with pytest.raises(ModelError, match="a function of yours cannot be used") as caught:
        model.train(TEXTS, 1, 0.01, 2)
    assert any(word in repr(caught.value.__cause__) for word in words.split("|"))
    assert np.array_equal(model.parameters.flat, before)
    function.loyal = True
    model.train(TEXTS, 1, 0.01, 2)


def test_answers_that_do_not_end_or_are_rubbish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rustgpt_lab.course.assembly.ANSWER", 0.3)
    monkeypatch.setattr("rustgpt_lab.course.checking.SECONDS", 0.3)
    for later in (
        lambda *a: [None for _ in iter(int, 1)],
        lambda *a: ["x"],
        lambda *a: [10**6],
        lambda *a: 1 / 0,
    ):
        function = Turncoat("05.4", later)
        model = your_model({"05.4": function}, small())
        function.loyal = False
        with pytest.raises(ModelError, match="go_on"):
            model.predict("the sun")
    assert model.predict("") == ""


def test_what_is_no_part_is_refused() -> None:
    with pytest.raises(ModelError, match="no part of a model"):
        your_model({"00.2": print}, small())
    assert your_model(import_my_gpt(), small()).yours.title.startswith("0 of 13")


def test_a_file_that_prints_a_thousand_lines(progress_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "def feed_forward(x, w1, b1, w2, b2):\n    for i in range(1000):\n        print('line', i)\n"
    source += "    return x + np.maximum(x @ w1 + b1, 0) @ w2 + b2\n"
    assert check("04.1", run_cells("import numpy as np\n", source)["feed_forward"])
    model = your_model(import_my_gpt(), small())
    model.train(TEXTS, 1, 0.01, 2)
    assert len(capsys.readouterr().out) < 10_000
