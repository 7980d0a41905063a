"""Branches: bit-equal while nothing is changed, their own way from then on, and one memory for the snapshots of all."""

import gc
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, TrainingSession
from rustgpt_lab.course.rustgpt import RustGPTSelfAttention
from rustgpt_lab.errors import TrainingError
from rustgpt_lab.layers import FeedForward, SelfAttention
from rustgpt_lab.optim.adam import Adam
from rustgpt_lab.optim.clipping import L2GradientClipping
from tests.training.small import TEXTS, small_llm

STATE = 3 * 4 * small_llm().parameters.flat.size


def session_of(llm: LLM | None = None, memory: int = 40 * STATE, **options: Any) -> TrainingSession:
    options = {"batch_size": 2, "shuffle": True} | options
    return TrainingSession(llm or small_llm(), TEXTS, 100, 0.01, memory=memory, **options)


def weights(session: TrainingSession) -> Any:
    return session.training.llm.parameters.flat


@pytest.mark.parametrize("options", [{}, {"optimizer": "descent", "momentum": 0.9}, {"norms": True}])
@pytest.mark.parametrize("step", [0, 7, 20, 33, None])
def test_a_fork_with_nothing_changed_takes_the_same_steps_to_the_same_bits(step: int, options: Any) -> None:
    session = session_of(**options)
    session.step(12)
    session.set(learning_rate=0.02, clipping=L2GradientClipping(0.5))
    session.step(21)
    before = weights(session).copy()
    branch = session.fork(step)
    at = 33 if step is None else step
    assert branch.state == ("paused" if at else "ready")
    assert (branch.begins, branch.training.state.steps, len(branch.history)) == (at, at, at)
    assert (weights(session) == before).all()
    session.step(20)
    if at < 12:
        branch.step(12 - at)
        branch.set(learning_rate=0.02, clipping=L2GradientClipping(0.5))
    branch.step(53 - branch.training.state.steps)
    assert (weights(branch) == weights(session)).all()
    ours, theirs = branch.history.columns(averages=True), session.history.columns(averages=True)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours if name != "seconds")
    if session.config.optimizer == "adam":
        assert (branch.training.llm.adam.v.flat == session.training.llm.adam.v.flat).all()


def test_a_fork_of_a_fork_and_back_and_forth() -> None:
    session = session_of()
    session.step(30)
    first = session.fork(25, learning_rate=0.03)
    first.step(30)
    second = first.fork(40)
    second.step(15)
    assert (weights(second) == weights(first)).all()
    kept = weights(first).copy()
    first.rewind(31)
    first.step(24)
    assert (weights(first) == kept).all()
    assert (session.model_at(25).parameters.flat == first.model_at(25).parameters.flat).all()
    assert session.branches == first.branches == (session, first, second)


@pytest.mark.parametrize(
    "change", [{"learning_rate": 0.1}, {"clipping": L2GradientClipping(0.01)}, {"seed": 5}, {"batch_size": 3}]
)
def test_what_is_changed_is_changed_in_the_branch_alone(change: dict[str, Any]) -> None:
    session = session_of()
    session.step(20)
    branch = session.fork(10, **change)
    for name, value in change.items():
        assert getattr(branch.config, name) == value != getattr(session.config, name)
    branch.step(10)
    assert not (weights(branch) == weights(session)).all()
    assert (branch.history.loss[:10] == session.history.loss[:10]).all()


class Halved(FeedForward):
    """Its gradient of w2 is half of what it should be."""

    def backward(self, dy: Any, c: Any, batch: Any) -> Any:
        dx = super().backward(dy, c, batch)
        self.g.w2[...] /= 2
        return dx


class Backwards(Adam):
    """It climbs."""

    def step(self, rate: float) -> None:
        super().step(-rate)


@pytest.mark.parametrize("bug", [RustGPTSelfAttention, Halved, Backwards])
def test_a_bug_takes_the_place_of_what_it_derives_from(bug: type) -> None:
    session = session_of(optimizer="adam")
    session.step(20)
    branch = session.fork(10, bug=bug)
    assert np.array_equal(weights(branch), session.model_at(10).parameters.flat)
    branch.step(10)
    assert branch.bug is bug
    assert not (weights(branch) == weights(session)).all()
    again = branch.fork(15)
    again.step(5)
    assert again.bug is bug
    assert (weights(again) == weights(branch)).all()
    kinds = {type(layer) for layer in session.training.network} | {type(session.training.optimizer)}
    assert not kinds & {RustGPTSelfAttention, Halved, Backwards}


def test_a_bug_of_another_model_is_refused() -> None:
    session = session_of(optimizer="descent")
    with pytest.raises(TrainingError, match=r"bug: nothing in this run is of the kind.*Descent"):
        session.fork(bug=Backwards)
    assert session.branches == (session,)


def test_the_defective_part_has_the_weights_of_the_right_one() -> None:
    session = session_of()
    session.step(5)
    branch = session.fork(bug=RustGPTSelfAttention)
    mine, theirs = branch.training.network[1], session.training.network[1]
    assert (type(mine), type(theirs)) == (RustGPTSelfAttention, SelfAttention)
    assert np.shares_memory(mine.p.w_q, weights(branch))
    assert not np.shares_memory(mine.p.w_q, theirs.p.w_q)


@pytest.mark.parametrize("step", [-1, 21])
def test_there_is_no_fork_of_a_moment_that_never_was(step: int) -> None:
    session = session_of()
    session.step(20)
    for go in (session.fork, session.model_at):
        with pytest.raises(
            TrainingError, match=f"no such moment to go back to; expected 0 to 20, found {step}"
        ):
            go(step)


def test_a_branch_does_not_go_back_to_before_it_was_one() -> None:
    session = session_of()
    session.step(20)
    branch = session.fork(15)
    branch.step(5)
    branch.rewind(15)
    assert branch.state == "paused"
    with pytest.raises(
        TrainingError, match=r"expected 15 to 15, found 3\. Earlier moments are those of the run"
    ):
        branch.rewind(3)


@pytest.mark.parametrize("name", ["optimizer", "momentum"])
def test_a_branch_keeps_its_optimizer(name: str) -> None:
    with pytest.raises(TrainingError, match="a run keeps its optimizer"):
        session_of().fork(**{name: "descent"})


def test_the_snapshots_of_all_branches_stay_within_one_memory_and_every_moment_can_be_reached() -> None:
    session, most = session_of(memory=9 * STATE), 0
    session.step(55)
    branches = [session.fork(step) for step in (30, 50, 55)]
    for _ in range(6):
        for run in (session, *branches):
            run.step(15)
            snapshots = {id(s): s for one in session.branches for s in one.snapshots.values()}
            most = max(most, sum(s.buffers.nbytes for s in snapshots.values()))
    assert 6 * STATE <= most <= 9 * STATE
    with pytest.raises(TrainingError, match=r"for two snapshots of each of 5 branches.*Let go of branches"):
        session.fork()
    for run in (session, *branches):
        kept = weights(run).copy()
        end = run.training.state.steps
        for step in (end, 100, 61, run.begins):
            assert run.model_at(step).parameters.flat.size
            run.rewind(step)
        run.step(end - run.begins)
        assert (weights(run) == kept).all()


def test_a_branch_that_nobody_has_any_more_is_gone() -> None:
    session = session_of(memory=4 * STATE)
    session.step(3)
    for _ in range(5):
        branch = session.fork()
        branch.start()
        branch.pause()
        del branch
        gc.collect()
    assert session.branches == (session,)


def test_branches_run_side_by_side() -> None:
    session = session_of(memory=12 * STATE)
    session.step(10)
    branches = [session, session.fork(5), session.fork(5)]
    for run in branches:
        run.start()
    for run in branches:
        run.wait(timeout=60)
    assert [run.state for run in branches] == ["finished"] * 3
    assert (weights(branches[1]) == weights(branches[2])).all()
    assert (weights(branches[0]) == weights(branches[1])).all()


def test_a_session_that_has_not_begun_is_forked_with_the_weights_of_now() -> None:
    llm = small_llm()
    session = session_of(llm)
    llm.parameters["1.w_q"][...] = 0
    assert (session.model_at(0).parameters.flat == llm.parameters.flat).all()


def test_the_averages_are_those_of_every_step_and_the_same_after_going_back() -> None:
    session = session_of()
    session.step(37)
    before = session.history.columns(averages=True)
    session.rewind(13)
    session.step(24)
    after = session.history.columns(averages=True)
    assert all(np.array_equal(before[name], after[name]) for name in before if name != "seconds")
