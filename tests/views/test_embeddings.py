"""The map of words against distances, variances and cosines worked out another way."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import ShapeError, TextError, TrainingError
from rustgpt_lab.layers import Embeddings, OutputProjection
from rustgpt_lab.views.gallery import embeddings
from rustgpt_lab.views.gallery.embeddings import ALIKE, embeddings_of, principal_components

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT])


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.build(VOCAB, embedding_dim=6, hidden_dim=4, blocks=1)


def test_components_are_the_covariances_first_eigenvectors() -> None:
    x = np.random.default_rng(0).normal(size=(40, 5)) * [1, 4, 2, 1, 3]
    mean, axes, share = principal_components(x)
    values, vectors = np.linalg.eigh(np.cov(x.T))
    np.testing.assert_allclose(mean, x.sum(0) / 40)
    np.testing.assert_allclose(np.abs(axes @ vectors[:, :-3:-1]), np.eye(2), atol=1e-9)
    assert share == pytest.approx(values[-2:].sum() / values.sum())
    np.testing.assert_allclose(principal_components(x[:, ::-1])[1][:, ::-1], axes)  # the sign is settled


def test_moments_share_one_map(llm: LLM) -> None:
    other = llm.copy()
    other.parameters["0.token_embeddings"][2] += 1
    data = embeddings_of({"before": llm, "after": other}, TEXT)
    moved = np.linalg.norm(data.points[1] - data.points[0], axis=-1)
    assert moved[2] > 0.1
    np.testing.assert_allclose(np.delete(moved, 2), 0, atol=1e-12)


def test_cosines_are_those_of_the_table(llm: LLM) -> None:
    view = views.embeddings(llm, TEXT)
    table = llm.parameters["0.token_embeddings"].astype(np.float64)
    expected = [
        [a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b)) for b in table] for a in table[list(view.data.chosen)]
    ]
    np.testing.assert_allclose(view.data.similarity(list(view.data.chosen)), expected, atol=1e-9)
    first = view.data.chosen[0]
    best = max((c, VOCAB.words[j]) for j, c in enumerate(expected[0]) if j != first)
    assert view.data.nearest(first, 1) == [(best[1], pytest.approx(best[0]))]
    assert f"is “{best[1]}”, with a cosine of {best[0]:.2f}" in view.sentence


def test_a_word_has_the_group_of_the_word_it_is_most_like(llm: LLM) -> None:
    data = embeddings_of({"now": llm}, "sun the sets")
    cosine = data.similarity(list(data.chosen))
    for word, group in enumerate(data.groups):
        most = cosine[:, word].max()
        assert (group == -1) == (most < ALIKE)
        assert group == -1 or cosine[group, word] == most
    assert data.groups[list(data.chosen)].tolist() == [0, 1, 2]


def test_many_moments_travel_as_bytes(llm: LLM, monkeypatch: pytest.MonkeyPatch) -> None:
    view = views.embeddings({"a": llm, "b": llm}, TEXT)
    assert view.state()["directions"] is view.data.directions
    monkeypatch.setattr("rustgpt_lab.views.gallery.embeddings.EXACT", 10)
    sent = view.state()["directions"]
    assert not view.state()["exact"]
    back = sent.low + sent.levels * (sent.high - sent.low) / 255
    data = embeddings_of({"a": llm}, TEXT)
    assert np.abs(back[1] @ back[1].T - data.directions[0] @ data.directions[0].T).max() < 0.02


def test_the_twin(llm: LLM) -> None:
    view = views.embeddings(llm, TEXT)
    assert view.twin() == view.twin()
    assert view.twin()["text/html"].count("<tr>") == 1 + len(view.data.chosen)
    assert "&lt;" in view.twin()["text/html"]


def test_what_has_no_map_is_refused(llm: LLM) -> None:
    with pytest.raises(TextError, match="none of these words"):
        views.embeddings(llm, "zyxx")
    with pytest.raises(ShapeError, match="no embeddings to show"):
        views.embeddings(LLM(VOCAB, [OutputProjection(4, len(VOCAB))]), TEXT)
    with pytest.raises(ShapeError, match="cannot stand on one map"):
        views.embeddings({0: llm, 1: LLM.build(VOCAB, embedding_dim=4)}, TEXT)
    with pytest.raises(ShapeError, match="no points for a map"):
        views.embeddings(LLM(VOCAB, [Embeddings(len(VOCAB), 1)]), TEXT)
    gone = llm.copy()
    gone.parameters.flat[:] = np.nan
    with pytest.raises(TrainingError, match="not finite"):
        views.embeddings(gone, TEXT)


def test_of_a_large_vocabulary_those_nearest_are_shown(llm: LLM, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = views.embeddings(llm, "sun sets")
    monkeypatch.setattr(embeddings, "WHOLE", 3)
    monkeypatch.setattr(embeddings, "NEAR", 2)
    part = views.embeddings(llm, "sun sets")
    assert part.data.of == len(VOCAB) > len(part.data.words) == part.state()["directions"].shape[1]
    for word in ("sun", "sets"):
        found = part.data.nearest(part.data.words.index(word), 2)
        best = whole.data.nearest(VOCAB.ids[word], 2)
        assert [w for w, _ in found] == [w for w, _ in best]
        np.testing.assert_allclose([c for _, c in found], [c for _, c in best], rtol=1e-6)
    assert f"among {len(VOCAB)}" in part.sentence
    assert "rises" in part.answer("rises").words
