"""The picture of a circuit's birth: what was measured is what the kept weights do, and one can go back to it."""

import numpy as np
import pytest

from rustgpt_lab import views
from rustgpt_lab.course import induction
from rustgpt_lab.course.circuits import ability, head_scores
from rustgpt_lab.errors import TrainingError
from rustgpt_lab.views.gallery.circuit import Growth


@pytest.fixture(scope="module")
def recorded() -> induction.Recorded:
    return induction.recorded()


@pytest.mark.parametrize("place", [0, 15, 25])
def test_what_is_recorded_is_what_the_kept_weights_do(recorded, place: int) -> None:
    growth = recorded.growth
    recorded.go_to(int(growth.step[place]))
    able, scores = ability(recorded.llm, induction.TASK), head_scores(recorded.llm)
    assert growth.loss[place] == pytest.approx(able.loss, abs=1e-4)
    assert growth.share[place] == pytest.approx(able.share, abs=1e-3)
    np.testing.assert_allclose(growth.induction[place], scores.induction, atol=1e-4)
    np.testing.assert_allclose(growth.previous[place], scores.previous, atol=1e-4)


def test_a_recording_goes_through_a_file(recorded) -> None:
    again = induction.Recorded.read(recorded.save())
    for name, array in vars(recorded.growth).items():
        assert np.array_equal(array, getattr(again.growth, name))
    again.go_to(300)
    recorded.go_to(300)
    assert np.array_equal(again.llm.parameters.flat, recorded.llm.parameters.flat)
    with pytest.raises(TrainingError, match="not kept; expected a multiple of 20 up to 500, found 301"):
        again.go_to(301)


def test_recording_and_live_run_are_one_run() -> None:
    """But for half precision."""
    record, run = induction.record(seed=3, steps=40), induction.grow(seed=3, steps=40)
    run.session.step(40)
    assert record.growth.step.tolist() == run.growth.step.tolist() == [0, 20, 40]
    np.testing.assert_allclose(record.growth.loss, run.growth.loss, atol=0.01)
    np.testing.assert_allclose(record.llm.parameters.flat, run.llm.parameters.flat, rtol=1e-3, atol=1e-4)


def test_a_circuit_appears_where_its_score_has_half_of_its_end() -> None:
    score = np.array([0.02, 0.1, 0.39, 0.41, 0.7, 0.8])
    induction_scores = np.stack([np.full((6, 2), 0.03), np.stack([score / 2, score], axis=1)], axis=1)
    growth = Growth(np.arange(6) * 20, np.ones(6), np.ones(6), induction_scores, induction_scores)
    assert growth.strongest == (1, 1) and growth.appears == 3
    dull = Growth(np.arange(6), np.ones(6), np.ones(6), induction_scores / 4, induction_scores)
    assert dull.appears is None


def test_the_picture_goes_to_a_moment(recorded) -> None:
    view = views.circuit(recorded)
    view.widget.ask({"do": "go", "step": 200})
    assert view.data.place == recorded.place == 200 and view.data.state == "recorded"
    layer, head = view.data.head
    weights = recorded.llm.trace(recorded.text)[f"{2 + layer}.1.weights"][head]
    np.testing.assert_allclose(view.data.weights, weights, atol=1e-6)
    assert view.sentence.startswith("Step 200: a loss of 3.57, 14% right. Head ")
    assert "of layer 2 comes to an induction score of 0.78, and has half of it at step 300." in view.sentence
    assert len(view.table().rows) == len(recorded.growth.step) == view.widget.data["rows"]["shape"][0]
    view.widget.ask({"do": "start"})
    assert "recorded, and is over" in view.widget.problem
    assert view.twin() == view.twin()


def test_a_run_is_started_by_the_picture_and_rewound() -> None:
    view = views.circuit(induction.grow(steps=60))
    assert view.sentence == "Nothing has been learned yet: press Start."
    view.widget.ask({"do": "start"})
    view.run.session.wait(timeout=120)
    view.widget.ask({"do": "show"})
    assert view.data.state == "finished" and view.data.growth.step.tolist() == [0, 20, 40, 60]
    assert view.sentence.endswith("No head has a clear induction score yet.")
    view.widget.ask({"do": "go", "step": 20})
    assert view.data.place == 20 and view.data.growth.step.tolist() == [0, 20]
    view.widget.ask({"do": "start"})
    view.widget.ask({"do": "pause"})
    view.run.session.wait(timeout=120)
    assert view.data.growth.step[0] == 0 and view.run.session.state in ("paused", "finished")
