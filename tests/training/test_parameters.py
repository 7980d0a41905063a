"""What would be silently wrong, and is an error: names, windows, and layers that stand twice."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Embeddings, OutputProjection, SelfAttention, Vocab
from rustgpt_lab.errors import ShapeError, TrainingError
from rustgpt_lab.optim.clipping import (
    AdaptiveClippingConfig,
    AdaptiveGradientClipping,
    Chain,
    L2GradientClipping,
)
from rustgpt_lab.optim.rustgpt import RustGPTLogitClipping
from rustgpt_lab.parameters import Param, Views
from tests.training.small import TEXTS, small_llm


@pytest.mark.parametrize("name", ["values", "keys", "items", "get", "flat", "params", "_arrays"])
def test_a_parameter_cannot_have_a_name_that_hides_a_method(name: str) -> None:
    with pytest.raises(ShapeError, match=f"{name}: a parameter cannot have this name"):
        Views({name: Param((2,))}, np.zeros(2))


def test_a_parameter_that_there_is_not_cannot_be_set() -> None:
    llm = small_llm()
    for layer, name in ((llm.network[1].p, "typo"), (llm.parameters, "1.typo")):
        with pytest.raises(ShapeError, match=f"{name}: a parameter is a window .* no other NoneType"):
            setattr(layer, name, None)
    with pytest.raises(ShapeError, match="w_q"):
        llm.network[1].p.w_q = None


def test_one_layer_cannot_stand_twice() -> None:
    vocab, a = Vocab(["a", "b", "c", "</s>"]), SelfAttention(8)
    with pytest.raises(ShapeError, match=r"network\[2\] \(SelfAttention\): this layer stands here twice"):
        LLM(vocab, [Embeddings(4, 8, 80), a, a, OutputProjection(8, 4)])
    LLM(vocab, [Embeddings(4, 8, 80), a, OutputProjection(8, 4)])
    with pytest.raises(ShapeError, match="belongs to a model already"):
        LLM(vocab, [Embeddings(4, 8, 80), a, OutputProjection(8, 4)])


@pytest.mark.parametrize("kind", [AdaptiveGradientClipping, RustGPTLogitClipping])
@pytest.mark.parametrize("threshold", [0.25, np.float32(0.25)])
def test_a_number_is_the_threshold_of_an_adaptive_clipping(kind: type, threshold: float) -> None:
    assert kind(threshold).config == AdaptiveClippingConfig(agc_threshold=0.25)
    assert len(small_llm().train(TEXTS, 1, 0.01, clipping=kind(threshold))) == 7


@pytest.mark.parametrize("kind", [AdaptiveGradientClipping, RustGPTLogitClipping])
def test_what_is_no_config_is_refused_when_the_clipping_is_made(kind: type) -> None:
    with pytest.raises(
        TrainingError, match=r"config: .*expected an AdaptiveClippingConfig, .* found '0\.01'"
    ):
        kind("0.01")


@pytest.mark.parametrize("parts", [[[L2GradientClipping(1.0)]], [0.5], [None]])
def test_what_is_no_clipping_is_refused_when_the_chain_is_made(parts: list) -> None:
    with pytest.raises(TrainingError, match=r"Chain: a part of a Chain is no clipping; expected clippings"):
        Chain(*parts)


@pytest.mark.parametrize("threshold", ["1", 0, float("inf"), float("nan"), None])
def test_a_threshold_is_a_finite_number_above_0(threshold: object) -> None:
    with pytest.raises(TrainingError, match="threshold: a threshold is out of range"):
        L2GradientClipping(threshold)
