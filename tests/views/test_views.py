"""The forms of a view that need no browser."""

import dataclasses
import inspect
import re
import subprocess
import sys

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.errors import ShapeError, TextError
from rustgpt_lab.layers import Embeddings, OutputProjection
from rustgpt_lab.views.base import WIDGET, Table, View
from rustgpt_lab.views.canvas import Canvas
from rustgpt_lab.views.gallery.attention import attention_of
from rustgpt_lab.views.packing import Quantised, pack
from tests.views.large import LAYERS, MOMENTS, TOKENS, large_attention

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT])


@pytest.fixture(scope="module")
def llm() -> LLM:
    return LLM.build(VOCAB, embedding_dim=8, hidden_dim=8, blocks=2)


@pytest.fixture(scope="module", params=["attention", "tokens"])
def view(request: pytest.FixtureRequest, llm: LLM) -> View:
    return getattr(views, request.param)(llm, TEXT)


def test_the_twin_reads_whole_and_is_always_the_same(view: View) -> None:
    twin = view.twin()
    assert twin == view.twin()
    assert twin["text/plain"] == repr(view) == view.sentence
    html = twin["text/html"]
    assert re.search(r'<img alt="[^"]{10,}" src="data:image/png;base64,', html)
    assert "&lt;" in html
    assert "&amp;" in html
    assert html.count("<tr>") > 4
    assert "0x" not in re.sub(r"base64,[^\"]*", "", html)
    assert view.sentence.endswith(".")


def test_a_view_shows_its_twin_and_then_itself(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **_: shown.append(bundle))
    view._ipython_display_()
    twin, live = shown
    still = view.twin()
    assert twin == {**still, "text/html": twin["text/html"]}
    assert twin["text/html"].startswith(still["text/html"])  # and perhaps the weights of its model
    assert live.keys() == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert repr(view.widget) == f"Canvas({view.title!r})"


def test_data_is_frozen_and_free_of_drawing(view: View) -> None:
    assert dataclasses.fields(view.data)
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.data.text = ""


def test_every_view_is_exported_with_a_docstring() -> None:
    for name in views.NAMES:
        function = getattr(views, name)
        assert "Args:" in inspect.getdoc(function)
        assert function.__module__ == f"rustgpt_lab.views.gallery.{name}"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        views.nothing  # noqa: B018


def test_what_needs_no_kernel_carries_its_code_and_its_data_along(llm: LLM) -> None:
    view = views.byte_pairs("the </script> <!-- thin")
    html = view.twin()["text/html"]
    script = html.partition('<script class="rl-script">')[2]
    assert script.count("</script>") == 1 and script.endswith("</script>")
    assert r'"text": "the <\/script> <\u0021-- thin"' in script
    assert "const view = { render };" in script
    assert "rl-script" not in views.next_word(llm, TEXT).twin()["text/html"]


def test_importing_views_loads_nothing_heavy() -> None:
    code = "import sys; from rustgpt_lab import views; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "rustgpt_lab.views" in loaded
    assert not {"matplotlib", "ipywidgets", "anywidget"} & set(loaded)


def test_attention_is_what_the_model_computes(llm: LLM) -> None:
    data = attention_of({"now": llm}, TEXT)
    ids = llm.tokenize(TEXT)
    x = llm.parameters["0.token_embeddings"][ids] + llm.parameters["0.positional_embeddings"][: len(ids)]
    scores = (x @ llm.parameters["1.w_q"]) @ (x @ llm.parameters["1.w_k"]).T / 8**0.5
    seen = np.tril(np.ones((len(ids), len(ids)), bool))
    share = np.exp(scores) * seen
    np.testing.assert_allclose(data.weights[0, 0, 0], share / share.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(data.scores[0, 0, 0][seen], scores[seen], rtol=1e-4, atol=1e-7)
    assert data.weights.shape == (1, 2, 1, len(ids), len(ids))
    assert data.sqrt_d == 8**0.5
    assert data.causal


def test_attention_opens_at_the_greatest_look_of_the_last_word(llm: LLM) -> None:
    view = views.attention(llm, TEXT)
    layer, head, column = view.state()["opening"]
    looks = view.data.weights[-1, :, :, -1, :-1]
    assert looks[layer, head, column] == looks.max()
    assert f"In layer {layer + 1} the last word, “sets”, gives “{view.data.words[column]}” " in view.sentence
    assert f" {looks.max():.2f} of its attention, more than" in view.sentence
    assert views.attention(llm, "sun").data.opening == (0, 0, 0)


def test_what_colab_needs_to_know_of_a_widget_is_handed_on(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own anywidget says in the metadata where the widgets' manager is."""
    bundle = (
        {WIDGET: {"model_id": "1"}, "text/plain": ""},
        {WIDGET: {"colab": {"custom_widget_manager": {}}}},
    )
    shown: list[dict] = []
    monkeypatch.setattr(type(view.widget), "_repr_mimebundle_", lambda self, **told: bundle)
    monkeypatch.setattr("IPython.display.display", lambda data, metadata=None, **told: shown.append(metadata))
    view._ipython_display_()
    assert shown[-1] == bundle[1]


def test_attention_over_a_few_moments_is_exact(llm: LLM) -> None:
    other = llm.copy()
    other.parameters["5.w_q"] *= 3
    view = views.attention({"before": llm, 9: other}, TEXT)
    state = view.state()
    assert view.data.snapshots == state["snapshots"] == ("before", "9")
    cells = np.tril_indices(len(view.data.words))
    np.testing.assert_array_equal(state["weights"], view.data.weights[..., *cells])
    np.testing.assert_array_equal(state["scores"], view.data.scores[..., *cells])


def test_attention_over_many_moments_sends_bytes_and_no_scores() -> None:
    view = large_attention()
    state = view.state()
    assert state["scores"] is None
    cells = np.tril_indices(len(view.data.words))
    back = state["weights"].levels[::10] / 255
    assert np.abs(back - view.data.weights[::10][..., *cells]).max() <= 0.5 / 255 + 1e-6


def test_the_largest_picture_stays_below_ten_megabytes() -> None:
    weights = pack(large_attention().state())["weights"]
    assert weights["shape"] == [MOMENTS, LAYERS, 8, TOKENS * (TOKENS + 1) // 2]
    assert len(weights["buffer"]) < 10e6


def test_a_question_changes_the_data_or_says_why_not(llm: LLM) -> None:
    view = views.attention(llm, TEXT)
    canvas = view.widget
    assert isinstance(canvas, Canvas)
    canvas.ask("the sun")
    assert view.data.words == ("the", "sun")
    assert canvas.data["words"] == ["the", "sun"]
    assert canvas.sentence == view.sentence
    canvas.ask("zyxx")
    assert "no word of this text is in the vocabulary" in canvas.problem
    assert view.data.words == ("the", "sun")
    canvas.ask("sun")
    assert canvas.problem == ""
    assert view.sentence == "“sun” is alone and gives itself all of its attention."


def test_a_network_without_attention_is_refused() -> None:
    llm = LLM(VOCAB, [Embeddings(len(VOCAB), 4, 9), OutputProjection(4, len(VOCAB))])
    with pytest.raises(ShapeError, match="no attention"):
        views.attention(llm, TEXT)


def test_a_text_without_known_words_is_refused(llm: LLM) -> None:
    with pytest.raises(TextError):
        views.attention(llm, "zyxx")


def test_tokens_says_what_is_lost() -> None:
    view = views.tokens(VOCAB, "the moon sets")
    assert view.data.ids == (VOCAB.ids["the"], None, VOCAB.ids["sets"])
    assert view.sentence == "3 tokens; the model never sees “moon”."
    assert views.tokens(VOCAB, "sun").sentence == "1 token; none is lost."
    assert views.tokens(VOCAB, "").sentence == "0 tokens; none is lost."
    assert views.tokens(VOCAB, "").twin()["text/plain"]


def test_packing_keeps_values_and_order() -> None:
    packed = pack(
        {"a": [np.arange(6.0).reshape(2, 3).T, np.float32(2)], "b": np.array([True, False]), "c": None}
    )
    array = packed["a"][0]
    assert (array["shape"], array["dtype"]) == ([3, 2], "float32")
    assert np.frombuffer(array["buffer"], "float32").tolist() == [0, 3, 1, 4, 2, 5]
    assert packed["a"][1] == 2.0
    assert packed["b"]["buffer"] == b"\1\0"
    assert packed["c"] is None
    assert Quantised.of(np.full(3, 7.0)).levels.tolist() == [0, 0, 0]


def test_a_table_escapes_and_rounds() -> None:
    html = Table(("a<b",), [(1 / 3,), (5,)]).html()
    assert html == (
        "<table><thead><tr><th>a&lt;b</th></tr></thead>"
        "<tbody><tr><td>0.3333</td></tr><tr><td>5</td></tr></tbody></table>"
    )


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyError("ask"), ZeroDivisionError(), RecursionError("deep")]
)
def test_an_unforeseen_error_is_shown_and_logged_and_the_card_goes_on(
    error, llm, monkeypatch, caplog
) -> None:
    view = views.journey(llm, TEXT)
    canvas = Canvas(view)

    def answer(question: object) -> object:
        raise error

    monkeypatch.setattr(view, "answer", answer)
    canvas.ask("the sun")
    assert canvas.problem.startswith("This went wrong, and not by your doing: " + type(error).__name__)
    assert "a view could not answer" in caplog.text
    monkeypatch.undo()
    canvas.ask("the sun")
    assert canvas.problem == "" and canvas.answered == 1
