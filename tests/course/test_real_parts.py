"""A model like Llama with a learner's functions in it says what ours says."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.cache import KeyValues
from rustgpt_lab.course.exercises import nb11
from rustgpt_lab.course.my_file import MODERN
from rustgpt_lab.course.real_parts import is_here, with_your_parts
from rustgpt_lab.errors import ModelError

VOCAB = Vocab.from_texts(["the sun rises and sets in the red west"])
SOLUTIONS = {id: getattr(nb11, name) for id, name in zip(
    MODERN, ("rms_norm", "rotate", "grouped_attention", "swiglu"), strict=True
)}  # fmt: skip
SUBSETS = [{id for i, id in enumerate(MODERN) if bits >> i & 1} for bits in range(1, 16)]


def llama(rope: str = "adjacent") -> LLM:
    llm = LLM.build(
        VOCAB, 16, 24, 2, architecture="llama", heads=4, kv_heads=2, rope=rope, tied=True, dtype="float64"
    )
    llm.parameters.flat[:] += np.random.default_rng(1).normal(0, 0.3, llm.parameters.flat.shape)
    return llm


def called(counts: dict[str, int]) -> dict:
    """The solutions, which count their calls."""

    def counted(id: str):
        def function(*arguments):
            counts[id] = counts.get(id, 0) + 1
            return SOLUTIONS[id](*arguments)

        return function

    return {id: counted(id) for id in SOLUTIONS}


@pytest.mark.parametrize("ids", SUBSETS, ids=" ".join)
def test_it_gives_the_same_scores(ids: set[str]) -> None:
    llm = llama()
    yours = with_your_parts(llm, {id: SOLUTIONS[id] for id in ids})
    several = Batch([[1, 2, 3, 4, 0], [5, 1], [2]])
    np.testing.assert_allclose(
        yours.network.scores(several), llm.network.scores(several), rtol=1e-9, atol=1e-12
    )
    assert yours.predict("the sun") == llm.predict("the sun")
    assert yours.yours.title.startswith(f"{len(ids)} of 4 parts")


def test_the_functions_are_called_and_the_weights_are_those_of_the_model() -> None:
    llm, counts = llama(), dict[str, int]()
    yours = with_your_parts(llm, called(counts))
    counts.clear()
    yours.logits("the sun rises")
    assert counts == {"11.1": 5, "11.2": 4, "11.3": 2, "11.4": 2}  # two blocks, and the last norm
    assert yours.parameters["1.1.w_q"] is llm.parameters["1.1.w_q"]
    llm.parameters["2.1.w_down"][:] = 0
    np.testing.assert_allclose(yours.logits("the sun"), llm.logits("the sun"))


def test_a_text_that_goes_on_keeps_its_keys() -> None:
    llm = llama()
    yours = with_your_parts(llm, SOLUTIONS)
    whole = llm.network.scores(Batch([[1, 2, 3, 4]]))
    past = KeyValues()
    first = yours.network.scores(Batch([[1, 2]]), past)
    second = yours.network.scores(Batch([[3, 4]], past.read), past)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-9, atol=1e-12)


def test_pairs_in_halves_are_left_to_us() -> None:
    llm, counts = llama("halves"), dict[str, int]()
    yours = with_your_parts(llm, called(counts))
    counts.clear()
    np.testing.assert_allclose(yours.logits("the sun rises"), llm.logits("the sun rises"))
    assert "11.2" not in counts


def test_a_wrong_function_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"`rms_norm` \(11\.1\)"):
        with_your_parts(llama(), {"11.1": lambda x, gamma, epsilon=1e-5: x})


def test_a_missing_model_is_one_line(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("RUSTGPT_LAB_CACHE", str(tmp_path))
    assert not is_here()
    line = capsys.readouterr().out
    assert line.count("\n") == 1 and "rustgpt-lab get smollm2" in line
