import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import rustgpt_lab
from rustgpt_lab import LLM, Dataset, FeedForward, ModelError, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.errors import DataError, ShapeError, TextError
from rustgpt_lab.gradcheck import numerical_gradient, relative_error
from rustgpt_lab.numerics import softmax
from rustgpt_lab.tokenizers import tokenize

TEXTS = [
    "the cat sat on the mat </s>",
    "a dog </s>",
    "the dog sat </s>",
    "on a mat the cat sat on a dog </s>",
]
VOCAB = Vocab.from_texts(TEXTS)


def small(seed: int = 0, dtype: str = "float64") -> LLM:
    return LLM.build(VOCAB, embedding_dim=8, hidden_dim=10, blocks=2, max_seq_len=12, seed=seed, dtype=dtype)


def test_whole_model_gradients_against_finite_differences():
    llm = small()
    rng = np.random.default_rng(5)
    llm.parameters.flat[:] += 0.2 * rng.normal(size=llm.parameters.flat.size)  # biases away from 0, too
    gradients = llm.gradients(TEXTS)
    for name, array in llm.parameters.items():
        assert relative_error(gradients[name], numerical_gradient(lambda: llm.loss(TEXTS), array)) < 1e-6, (
            name
        )


def test_a_batch_is_the_mean_of_its_sequences():
    llm = small()
    each = [llm.gradients([text]) for text in TEXTS]
    for name, gradient in llm.gradients(TEXTS).items():
        np.testing.assert_allclose(
            gradient, np.mean([g[name] for g in each], axis=0), atol=1e-15, rtol=1e-10, err_msg=name
        )
    assert llm.loss(TEXTS) == pytest.approx(np.mean([llm.loss([text]) for text in TEXTS]), rel=1e-12)
    assert llm.loss(TEXTS * 40) == pytest.approx(llm.loss(TEXTS), rel=1e-12)


def test_loss_is_the_mean_surprise():
    llm = small()
    ids = llm.tokenize(TEXTS[0])
    p = softmax(llm.logits(ids[:-1]))
    assert llm.loss(TEXTS[:1]) == pytest.approx(
        -np.log(p[np.arange(len(ids) - 1), ids[1:]]).mean(), rel=1e-12
    )


def test_a_model_that_knows_nothing_loses_ln_v():
    llm = small()
    llm.parameters.flat[:] = 0
    assert llm.loss(TEXTS) == pytest.approx(np.log(len(VOCAB)), rel=1e-12)


def test_one_seed_one_model():
    assert np.array_equal(small(3).parameters.flat, small(3).parameters.flat)
    assert not np.array_equal(small(3).parameters.flat, small(4).parameters.flat)


def test_rustgpts_network_and_its_first_weights():
    llm = LLM.build(Vocab([str(i) for i in range(532)] + ["</s>"]))
    assert llm.parameters.flat.size == 493_973 and llm.parameters.flat.dtype == "float32"
    kinds = [type(layer).__name__ for layer in llm.network]
    assert kinds == [
        "Embeddings",
        *["SelfAttention", "LayerNorm", "FeedForward", "LayerNorm"] * 3,
        "OutputProjection",
    ]
    p = llm.parameters
    for name, std in (
        ("0.token_embeddings", 0.02),
        ("1.w_q", (2 / 128) ** 0.5),
        ("3.w2", (2 / 256) ** 0.5),
        ("13.w_out", 0.125),
    ):
        assert p[name].std() == pytest.approx(std, rel=0.05), name
    assert (
        (p["2.gamma"] == 1).all()
        and not p["2.beta"].any()
        and not p["3.b1"].any()
        and not p["13.b_out"].any()
    )


def test_trace_has_every_intermediate():
    llm = small()
    trace = llm.trace("the cat sat")
    assert (
        trace["0.output"].shape == (3, 8)
        and trace["1.weights"].shape == (3, 3)
        and trace["3.active"].shape == (3, 10)
    )
    np.testing.assert_allclose(trace["1.weights"], softmax(trace["1.scores"]))
    np.testing.assert_allclose(trace["9.output"], llm.logits("the cat sat"))


def test_parameters_are_live_windows():
    llm = small()
    before = llm.logits("the cat")
    llm.parameters["9.b_out"][0, 2] += 5
    np.testing.assert_allclose(llm.logits("the cat")[:, 2], before[:, 2] + 5)
    with pytest.raises(ShapeError, match="no other ndarray can replace it"):
        llm.parameters["9.b_out"] = np.zeros((1, len(VOCAB)))
    with pytest.raises(AttributeError, match="no parameter 'w_x'; there are w_q, w_k, w_v"):
        llm.network[1].p.w_x  # noqa: B018


def test_a_copy_is_independent():
    llm = small()
    llm.train(TEXTS, epochs=2, learning_rate=1e-3)
    twin = llm.copy()
    llm.train(TEXTS, epochs=2, learning_rate=1e-3)
    untouched = twin.copy()
    twin.train(TEXTS, epochs=2, learning_rate=1e-3)
    assert np.array_equal(twin.parameters.flat, llm.parameters.flat)
    assert not np.array_equal(untouched.parameters.flat, llm.parameters.flat)


def test_deepcopy_copies_and_pickle_refuses():
    llm = small()
    twin = copy.deepcopy(llm)
    twin.parameters["1.w_q"] += 1
    assert twin.parameters.flat.sum() != llm.parameters.flat.sum()
    assert not np.array_equal(twin.logits("the cat sat"), llm.logits("the cat sat"))
    with pytest.raises(TypeError, match=r"use LLM\.copy"):
        pickle.dumps(llm)


def test_a_failed_build_leaves_the_layers_free():
    layer = FeedForward(4, 4)
    with pytest.raises(ShapeError):
        LLM(VOCAB, [layer, FeedForward(5, 5)])
    LLM(VOCAB, [layer])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.logits(""), "no word of this text is in the vocabulary"),
        (lambda m: m.logits("zebra"), "no word of this text is in the vocabulary; found 'zebra'"),
        (
            lambda m: m.logits("cat " * 13),
            "longer than the model can see; expected at most 12 tokens, found 13",
        ),
        (lambda m: m.logits([1, 99]), "an id is not in the vocabulary; expected 0 to 7, found 99"),
        (lambda m: m.logits([-1]), "an id is not in the vocabulary"),
        (lambda m: m.trace(""), "no word of this text"),
    ],
)
def test_bad_texts(ask, message):
    with pytest.raises(TextError, match=message):
        ask(small())


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "nothing to learn from"),
        (
            ["the cat", "cat"],
            "text 1: a text cannot be learned from; expected 2 to 13 tokens that the vocabulary knows, found 1: 'cat'",
        ),
        (["zebra </s>"], "text 0: a text cannot be learned from"),
        (["cat " * 14], "found 14"),
        ("the cat", r"a single text where a list of texts belongs. Write \[text\]"),
    ],
)
def test_bad_corpora(texts, message):
    for ask in (lambda m: m.loss(texts), lambda m: m.gradients(texts), lambda m: m.train(texts, 1, 1e-3)):
        with pytest.raises(DataError, match=message):
            ask(small())


@pytest.mark.parametrize("name", ["embedding_dim", "hidden_dim", "max_seq_len"])
def test_bad_sizes(name):
    with pytest.raises(
        ModelError, match=f"{name}: a size is too small; expected a whole number from 1, found 0"
    ):
        LLM.build(VOCAB, **{name: 0})


def test_the_longest_text_can_be_learned():
    assert np.isfinite(small().loss(["cat " * 13]))


def test_batch_pads_and_packs():
    batch = Batch([[5, 6, 7], [8]])
    rows = np.arange(8.0).reshape(4, 2)
    padded = batch.pad(rows)
    np.testing.assert_array_equal(padded, [[[0, 1], [2, 3], [4, 5]], [[6, 7], [0, 0], [0, 0]]])
    np.testing.assert_array_equal(batch.rows(padded), rows)
    assert batch.positions.tolist() == [0, 1, 2, 0]


def test_the_packaged_model_answers():
    llm, data = LLM.packaged(), Dataset.packaged()
    assert llm.vocab == Vocab.from_texts(data.texts)
    right = 0
    for text in data.chat:
        question, answer = text.split(" Assistant:")
        right += llm.predict(question).split() == tokenize(f"Assistant:{answer}")
    assert right >= 0.95 * len(data.chat)
    assert (Path(rustgpt_lab.__file__).parent / "data" / "model.bin.gz").stat().st_size <= 3_000_000


def test_buffers_begin_where_a_cache_line_begins():
    for dtype in ("float32", "float64"):
        llm = LLM.build(Vocab.default(), embedding_dim=3, hidden_dim=5, dtype=dtype)
        for views in (llm.parameters, llm.network.gradients, llm.adam.m, llm.adam.v):
            assert views.flat.ctypes.data % 64 == 0 and views.flat.flags.c_contiguous
