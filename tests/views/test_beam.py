"""The tree of a beam is the search itself, branch by branch."""

from math import log

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import GenerationError, TextError
from rustgpt_lab.generation import Beam, hypotheses, say

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([f"{TEXT} </s>"])


@pytest.fixture(scope="module", params=range(3))
def llm(request: pytest.FixtureRequest) -> LLM:
    llm = LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=1, max_seq_len=16, seed=request.param)
    llm.parameters["5.w_out"][...] *= 10
    return llm


def path(data, node: int) -> list[int]:
    return [] if node < 0 else [*path(data, data.parents[node]), node]


def test_the_tree_is_the_search(llm: LLM) -> None:
    data = views.beam(llm, TEXT, width=3, most=6).data
    (found,) = hypotheses(llm, [TEXT], Beam(3), most=6)
    assert [each.text for each in data.hypotheses] == [llm.vocab.decode(branch.ids) for branch in found]
    assert [each.score for each in data.hypotheses] == [branch.score for branch in found]
    prompt = llm.tokenize(TEXT)
    for node in range(len(data.words)):
        nodes = path(data, node)
        assert [data.turns[at] for at in nodes] == [*range(len(nodes))]
        ids = [VOCAB.ids[data.words[at]] for at in nodes]
        scores = llm.logits([*prompt, *ids[:-1]])[-1].astype(float)
        assert data.probabilities[node] == pytest.approx(
            np.exp(scores)[ids[-1]] / np.exp(scores).sum(), abs=1e-5
        )
        assert data.totals[node] == pytest.approx(sum(log(data.probabilities[at]) for at in nodes))
    for each in data.hypotheses:
        assert " ".join(data.words[at] for at in path(data, each.node)) == each.text


def test_a_turn_has_its_branches_the_likeliest_first_and_no_more_than_the_width(llm: LLM) -> None:
    data = views.beam(llm, TEXT, width=4, most=8).data
    for turn in range(max(data.turns) + 1):
        totals = data.totals[data.turns == turn]
        assert 1 <= len(totals) <= 4 and (np.diff(totals) <= 0).all()


def test_a_branch_is_dropped_when_nothing_goes_through_it(llm: LLM) -> None:
    data = views.beam(llm, TEXT, width=3, most=6).data
    ends = {each.node for each in data.hypotheses}
    for node in range(len(data.words)):
        through = [other for other in range(len(data.words)) if node in path(data, other)]
        alive = max(data.turns) if ends & set(through) else max(data.turns[other] for other in through)
        assert data.last[node] == alive


def test_greedy_stands_beside_it(llm: LLM) -> None:
    view = views.beam(llm, TEXT, width=3, most=6)
    data, said = view.data, list(say(llm, [TEXT], most=6))
    assert data.greedily.text == llm.predict(TEXT, most=6)
    assert data.greedily.log_probability == pytest.approx(sum(log(word.probability) for word in said))
    words = data.greedily.text.split()
    for node in range(len(data.words)):
        texts = [data.words[at] for at in path(data, node)]
        assert data.greedy[node] == (texts == words[: len(texts)])
    alone = views.beam(llm, TEXT, width=1, most=6)
    assert alone.data.greedy.all() and "The beam and greedy both say" in alone.sentence
    assert alone.data.hypotheses[0].score == pytest.approx(alone.data.greedily.score, abs=1e-5)
    assert [row[0] for row in view.table().rows] == ["beam 1", "beam 2", "beam 3", "greedy"]


def test_where_the_likelier_text_is_wrong_it_says_so() -> None:
    view = views.beam(LLM.packaged(), "User: Can you tell about Mars?")
    assert view.sentence.startswith("The beam says “Assistant : Venus is a rocky planet")
    assert "likelier than what greedy says, “Assistant : Mars is a red rocky planet" in view.sentence


def test_questions(llm: LLM) -> None:
    view = views.beam(llm, TEXT)
    view.widget.ask({"text": "the sun", "width": 2})
    assert (view.data.text, view.data.width, len(view.data.hypotheses)) == ("the sun", 2, 2)
    view.widget.ask({"text": "the " * 16, "width": 2})
    assert "nothing can follow" in view.widget.problem
    with pytest.raises(TextError, match="no word of this text"):
        views.beam(llm, "zyxx")
    with pytest.raises(GenerationError, match="width"):
        views.beam(llm, TEXT, width=0)


def test_the_twin(llm: LLM) -> None:
    view = views.beam(llm, TEXT, width=3, most=5)
    assert view.twin() == view.twin()
    assert view.twin()["text/html"].count("<tr>") == 1 + 3 + 1
