"""The networks of GPT-2 and Llama, whole: built, read with and without a cache, trained, kept in files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.cache import KeyValues
from rustgpt_lab.errors import FileError, ShapeError
from rustgpt_lab.layers import Dropout, MultiHeadAttention
from rustgpt_lab.layers.rotary import rotate, turns

TEXTS = ["the sun gives light </s>", "the moon has no light at night </s>", "at night the sun is gone </s>"]
VOCAB = Vocab.from_texts(TEXTS)
NETWORKS: dict[str, dict[str, Any]] = {
    "rustgpt": {"architecture": "rustgpt"},
    "gpt2": {"architecture": "gpt2"},
    "gpt2, 2 heads": {"architecture": "gpt2", "heads": 2, "dropout": 0.2},
    "llama": {"architecture": "llama"},
    "llama, 4 over 2, tied": {"architecture": "llama", "heads": 4, "kv_heads": 2, "tied": True},
    "llama, 4 over 1, adjacent": {
        "architecture": "llama", "heads": 4, "kv_heads": 1, "rope": "adjacent", "rope_base": 500.0
    },
}  # fmt: skip
networks = pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)


def built(options: dict[str, Any], **more: Any) -> LLM:
    llm = LLM.build(VOCAB, 16, 24, 2, 20, **{"seed": 3, **options, **more})
    llm.parameters.flat[:] += np.random.default_rng(1).normal(0, 0.1, llm.parameters.flat.size)
    return llm


@networks
def test_with_a_cache_or_without_alone_or_in_company_the_logits_are_the_same(options: dict) -> None:
    """In float32, to 1e-5: four prompts of unequal length, then a branch of two of them."""
    network, rng = built(options).network, np.random.default_rng(0)
    prompts = [rng.integers(len(VOCAB), size=length).tolist() for length in (9, 1, 14, 5)]
    past = KeyValues(4)
    scores = network.scores(Batch(prompts), past, last=True)
    for rows in ([0, 1, 2, 3], [2, 0, 2]):
        past, prompts = past.fork(rows), [[*prompts[row]] for row in rows]
        scores = scores[rows]
        for _ in range(3):
            alone = [network.scores(Batch([ids]))[-1] for ids in prompts]
            np.testing.assert_allclose(scores, alone, rtol=1e-5, atol=1e-5)
            ids = rng.integers(len(VOCAB), size=len(prompts))
            for prompt, i in zip(prompts, ids.tolist(), strict=True):
                prompt.append(i)
            scores = network.scores(Batch.of_next(ids, past.read), past, last=True)


@networks
def test_it_learns_and_answers(options: dict) -> None:
    llm = LLM.build(VOCAB, 16, 24, 2, 20, **options)
    llm.train(TEXTS, 60, 0.01, 3)
    assert llm.loss(TEXTS) < 0.5
    assert llm.predict_all(["the moon has", "at night the"]) == ["no light at night </s>", "sun is gone </s>"]
    twin = llm.copy()
    assert (twin.max_seq_len, twin.predict("the moon")) == (20, llm.predict("the moon"))


@networks
@pytest.mark.parametrize("extension", ["bin", "json", "safetensors"])
def test_files_keep_it(options: dict, extension: str, tmp_path: Path) -> None:
    llm = built(options)
    llm.train(TEXTS, 2, 0.01)
    path = tmp_path / f"m.{extension}"
    if options["architecture"] == "llama" and extension != "safetensors":  # no layer says how far it reads
        with pytest.raises(FileError, match=r"max_seq_len=20.*safetensors"):
            llm.save(path)
        return
    llm.save(path)
    loaded = LLM.load(path)
    assert repr(loaded.network) == repr(llm.network) and loaded.max_seq_len == 20
    np.testing.assert_array_equal(loaded.logits(TEXTS[0]), llm.logits(TEXTS[0]))
    np.testing.assert_array_equal(loaded.adam.v.flat, llm.adam.v.flat)


def test_their_parameters_are_as_many_as_their_papers_count() -> None:
    v, d, f, n = len(VOCAB), 16, 24, 2
    gpt2 = n * (4 * d * d + 4 * d + 2 * d * f + f + d + 4 * d) + v * d + 20 * d + 2 * d
    assert LLM.build(VOCAB, d, f, n, 20, architecture="gpt2").parameters.flat.size == gpt2
    shared = 2 * d * 4  # keys and values of 2 heads of 2
    llama = n * (2 * d * d + shared + 3 * d * f + 2 * d) + d + v * d
    for tied in (True, False):
        llm = LLM.build(VOCAB, d, f, n, 20, architecture="llama", kv_heads=2, tied=tied)
        assert llm.parameters.flat.size == llama + (0 if tied else v * d)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"architecture": "gpt3"}, "architecture: there is no such network; expected rustgpt, gpt2, llama, found gpt3"),
        ({"heads": 4}, "LLM.build: rustgpt has no such option; expected none, found heads"),
        ({"architecture": "gpt2", "rope": "x"}, "gpt2 has no such option; expected heads, dropout, found rope"),
        ({"architecture": "gpt2", "heads": 3}, "cannot share a row evenly; expected heads that divide d, found d=16"),
        ({"architecture": "llama", "kv_heads": 3}, "cannot share keys evenly; expected kv_heads that divide heads"),
        ({"architecture": "llama", "kv_heads": 0}, "cannot share keys evenly"),
        ({"architecture": "llama", "heads": 16}, "a head cannot be cut into pairs; expected d / heads even"),
        ({"architecture": "llama", "rope": "thirds"}, 'rope: pairs .*"adjacent" or "halves", found thirds'),
        ({"architecture": "gpt2", "dropout": 1.0}, "a share cannot be dropped.*from 0 to less than 1, found 1.0"),
        ({"architecture": "llama", "blocks": -1}, "blocks: a size is too small"),
    ],
)  # fmt: skip
def test_what_cannot_be_built(options: dict, words: str) -> None:
    with pytest.raises(ShapeError, match=words):
        LLM.build(**{"vocab": VOCAB, "embedding_dim": 16, "hidden_dim": 24, "blocks": 2} | options)


@pytest.mark.parametrize("pairs", ["adjacent", "halves"])
def test_rotated_products_see_only_the_distance(pairs: str) -> None:
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, 3, 8))

    def products(m: int, n: int) -> np.ndarray:
        (cos, sin), (cos2, sin2) = (turns(np.array([at]), 8, 10000.0, q.dtype) for at in (m, n))
        return (rotate(q, cos, sin, pairs) * rotate(k, cos2, sin2, pairs)).sum(axis=-1)

    np.testing.assert_allclose(products(0, 0), (q * k).sum(axis=-1))
    np.testing.assert_allclose(products(7, 3), products(1004, 1000))
    assert not np.allclose(products(7, 3), products(7, 4))


def test_a_block_without_heads_of_its_own_looks_as_one_with_repeated_keys() -> None:
    """Grouped queries are heads that share: the same as all heads with equal matrices."""
    grouped = MultiHeadAttention(8, 4, 2, "halves", bias=True).alone(1)
    every = MultiHeadAttention(8, 4, 4, "halves", bias=True).alone(1)
    for name, array in every.p.items():
        own = grouped.p[name]
        if name[2] in "kv":
            own = own.reshape(len(own), 2, 1, 2).repeat(2, axis=2).reshape(len(own), 8)
        array[...] = own
    batch, x = Batch([[0] * 5, [0] * 3]), np.random.default_rng(0).normal(size=(8, 8))
    np.testing.assert_allclose(grouped.forward(x, batch)[0], every.forward(x, batch)[0], atol=1e-15)


def test_dropout_drops_its_share_while_it_learns_and_nothing_else() -> None:
    layer, x = Dropout(200, 0.3).alone(), np.ones((500, 200), np.float32)
    batch = Batch([[0] * 500])
    np.testing.assert_array_equal(layer.forward(x, batch)[0], x)
    batch.rng = np.random.default_rng(0)
    y, cache = layer.forward(x, batch)
    assert abs((y == 0).mean() - 0.3) < 0.01 and abs(y.mean() - 1) < 0.01  # 3 standard errors are 0.005
    np.testing.assert_array_equal(layer.backward(x, cache, batch), y)
    other, _ = layer.forward(x, batch)
    assert not np.array_equal(y, other)  # another draw


def test_dropout_in_a_block_keeps_gradients_right() -> None:
    llm = built({"architecture": "gpt2", "heads": 2, "dropout": 0.4}, dtype="float64")
    batch, network = Batch.to_learn(llm.sequences(TEXTS)), llm.network

    def loss() -> float:
        batch.rng = np.random.default_rng(5)
        return network.loss(batch)[0]

    batch.rng = np.random.default_rng(5)
    _, dlogits, caches = network.loss(batch)
    network.backward(dlogits, caches, batch)
    rng = np.random.default_rng(0)
    for _ in range(5):
        direction = rng.normal(size=network.weights.flat.size)
        network.weights.flat[:] += 1e-6 * direction
        above = loss()
        network.weights.flat[:] -= 2e-6 * direction
        slope = (above - loss()) / 2e-6
        network.weights.flat[:] += 1e-6 * direction
        assert slope == pytest.approx(float(network.gradients.flat @ direction), rel=1e-6)
