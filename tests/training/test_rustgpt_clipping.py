"""Two facts that the course states: RustGPT's clipping, at the logits, and clipping where it belongs.

The model has RustGPT's sizes, and the recipe is RustGPT's; but the corpus is small, and the epochs are few.
"""

from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.optim.clipping import (
    AdaptiveClippingConfig,
    Centralization,
    Clipping,
    L2GradientClipping,
)
from rustgpt_lab.optim.rustgpt import RustGPTLogitClipping
from rustgpt_lab.training import History
from tests.training.small import TEXTS


def history_with(clipping: Clipping) -> History:
    recipe: dict[str, Any] = {"epochs": 10, "learning_rate": 5e-4, "batch_size": 4, "norms": True}
    return LLM.build(Vocab.from_texts(TEXTS)).train(TEXTS, clipping=clipping, **recipe)


def test_at_the_logits_the_l2_threshold_of_5_never_fires() -> None:
    config = AdaptiveClippingConfig(use_centralization=False, use_agc=False, l2_threshold=5.0)
    history = history_with(RustGPTLogitClipping(config))
    assert history.clipped["logits"].tolist() == [0.0] * 20
    assert (history.before["logits"] == history.after["logits"]).all()
    assert history.before["logits"].max() < 2**0.5


def test_on_the_parameters_the_l2_threshold_of_5_fires() -> None:
    history = history_with(L2GradientClipping(5.0))
    names = [name for name in history.names if name != "logits"]
    before, after = (
        np.sqrt(sum(norms[name] ** 2 for name in names)) for norms in (history.before, history.after)
    )
    fired = before > 5
    assert fired.any()
    np.testing.assert_allclose(after[fired], 5.0, rtol=1e-5)
    assert (history.clipped["1.w_q"] == fired).all()


def test_at_the_logits_centralization_changes_nothing_above_rounding() -> None:
    config = AdaptiveClippingConfig(use_centralization=True, use_agc=False, l2_threshold=5.0)
    history = history_with(RustGPTLogitClipping(config))
    np.testing.assert_allclose(history.after["logits"], history.before["logits"], rtol=1e-6)
    assert history.cosine["logits"].min() > 1 - 1e-6


@pytest.mark.parametrize("name", ["0.token_embeddings", "1.w_v", "3.w2"])
def test_on_the_parameters_centralization_changes_the_gradient(name: str) -> None:
    history = history_with(Centralization())
    assert (history.after[name] < 0.999 * history.before[name]).all()
    assert history.cosine[name].max() < 0.999


@pytest.mark.parametrize("name", ["3.w1", "5.w_q", "13.w_out"])
def test_behind_a_layer_norm_the_columns_are_almost_centred_already(name: str) -> None:
    """A LayerNorm's rows sum to 0 while gamma is 1 and beta 0, and so do the columns of x^T dy."""
    history = history_with(Centralization())
    assert history.cosine[name].min() > 0.999
