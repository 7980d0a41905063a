"""Several workers give what one gives."""

import threading
from typing import Any

import joblib
import numpy as np
import pytest

from rustgpt_lab.errors import DivergenceError
from rustgpt_lab.gradcheck import relative_error
from rustgpt_lab.network import Network
from rustgpt_lab.optim.clipping import AdaptiveClippingConfig, AdaptiveGradientClipping, Clipping
from rustgpt_lab.optim.rustgpt import RustGPTLogitClipping
from rustgpt_lab.training import Training, TrainingConfig, workers
from tests.training.small import TEXTS, small_llm


@pytest.mark.parametrize(("backend", "workers"), [("threading", 3), ("threading", 9), ("loky", 2)])
def test_workers_give_the_gradients_of_one(backend: str, workers: int) -> None:
    """Also when there are more workers than texts. Two steps, so that the workers see the weights change."""
    one, many = (
        Training(small_llm(), TEXTS, TrainingConfig(9, 0.01, 7, workers=n), norms=True) for n in (1, workers)
    )
    with joblib.parallel_config(backend=backend):
        for _ in range(2):
            one.step()
            many.step()
            error = relative_error(one.llm.network.gradients.flat, many.llm.network.gradients.flat)
            assert error < 1e-6
        many.close()
    np.testing.assert_allclose(one.history.loss, many.history.loss, rtol=1e-6)


@pytest.mark.parametrize(
    "clipping", [AdaptiveGradientClipping(), RustGPTLogitClipping(AdaptiveClippingConfig(agc_threshold=1e-3))]
)
def test_a_whole_run_and_its_norms_are_those_of_one_worker(clipping) -> None:
    one, many = small_llm(dtype="float64"), small_llm(dtype="float64")
    options = {"epochs": 5, "learning_rate": 0.01, "batch_size": 4, "clipping": clipping, "norms": True}
    a, b = one.train(TEXTS, **options), many.train(TEXTS, workers=2, **options)
    np.testing.assert_allclose(many.parameters.flat, one.parameters.flat, rtol=1e-6, atol=1e-9)
    for name, column in a.columns().items():
        if name != "seconds":
            np.testing.assert_allclose(b.columns()[name], column, rtol=1e-6, atol=1e-9, err_msg=name)


def test_workers_leave_with_the_run_and_come_again() -> None:
    training = Training(small_llm(), TEXTS, TrainingConfig(2, 0.01, 4, workers=2))
    training.run()
    assert training._workers is None
    training.config = TrainingConfig(3, 0.01, 4, workers=3)
    training.step()
    training.config = TrainingConfig(3, 0.01, 4, workers=2)
    training.run()
    assert (training.finished, training._workers) == (True, None)


def test_divergence_is_found_with_workers() -> None:
    with pytest.raises(DivergenceError):
        small_llm().train(TEXTS, 1, 0.01, batch_size=4, workers=2, loss_limit=1e-9)


def test_every_worker_builds_one_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    class Counted(Network):
        def __init__(self, *args: Any):
            built.append(threading.current_thread())
            super().__init__(*args)

    monkeypatch.setattr(workers, "Network", Counted)
    training = Training(small_llm(), TEXTS * 6, TrainingConfig(9, 0.01, 40, workers=20))
    for _ in range(3):
        training.step()
    assert 1 <= len(built) == len(set(built)) <= 20
    training.close()


def test_two_parts_of_a_batch_in_one_worker_do_not_share_their_gradient() -> None:
    llm = small_llm()
    pool = workers.Workers(llm.network, 2)
    sequences = llm.sequences(TEXTS)
    (_, one, _), (_, other, _) = (
        workers.part_gradients(pool._plan, llm.parameters.flat, part, Clipping(), False)
        for part in (sequences[:3], sequences[3:])
    )
    pool.close()
    assert not (one == other).all()
