"""One check for every registered layer: a new layer is tested as soon as it stands in the registry."""

import numpy as np
import pytest

from rustgpt_lab import LLM, Embeddings, FeedForward, LayerNorm, ModelError, SelfAttention, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.cache import KeyValues
from rustgpt_lab.errors import ShapeError
from rustgpt_lab.gradcheck import numerical_gradient, relative_error
from rustgpt_lab.layers import (
    OutputProjection,
    PositionEmbeddings,
    Residual,
    RMSNorm,
    TiedOutput,
    multi_head_attention,
    traced,
)
from rustgpt_lab.network import Network
from tests.core.layer_examples import (
    BATCHES,
    KINDS,
    VARIANTS,
    backward,
    bound,
    example,
    example_input,
    forward,
)

kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def check_shapes_and_types(kind) -> None:
    for dtype in ("float32", "float64"):
        network, batch = bound(example(kind), dtype), Batch(BATCHES["unequal"])
        x = example_input(network, batch, dtype)
        y, caches = forward(network, x, batch)
        assert y.shape == (9, network[-1].d_out) and y.dtype == dtype
        dx = backward(network, np.ones_like(y), caches, batch)
        if network[0].d_in is not None:
            assert dx.shape == x.shape and dx.dtype == dtype


def check_gradients(layers, sequences) -> None:
    """Of the input and of every parameter, against finite differences in float64."""
    network, batch = bound(layers), Batch(sequences)
    x = example_input(network, batch)
    y, caches = forward(network, x, batch)
    weigh = np.random.default_rng(4).normal(size=y.shape)

    def loss() -> float:
        return float((forward(network, x, batch)[0] * weigh).sum())

    for _ in range(2):  # gradients are set: what was there before does not matter
        dx = backward(network, weigh, caches, batch)
    if network[0].d_in is not None:
        assert relative_error(dx, numerical_gradient(loss, x)) < 1e-7
    for name, array in network.weights.items():
        ours, theirs = network.gradients[name], numerical_gradient(loss, array)
        if (
            name.endswith("b_k") and not network[0].rope
        ):  # it moves all scores of a row alike: softmax sees nothing
            assert max(np.abs(ours).max(), np.abs(theirs).max()) < 1e-9
        else:
            assert relative_error(ours, theirs) < 1e-7, name


def check_cache(kind) -> None:
    """What was read before is not read again: one text, many unequal ones, a fork of them, and fewer of them."""
    network = bound(example(kind))
    texts = [[3, 1, 4, 1, 5, 2, 6], [2, 7], [6, 5, 3, 5]]
    more = [[1, 2], [3], [4, 5]]
    whole_batch = Batch([a + b for a, b in zip(texts, more, strict=True)])
    whole = forward(network, example_input(network, whole_batch), whole_batch)[0]
    inputs = np.split(example_input(network, whole_batch), whole_batch.last[:-1] + 1)
    outputs = np.split(whole, whole_batch.last[:-1] + 1)

    past = KeyValues(3)
    batch = Batch(texts)
    first, _ = forward(
        network, np.concatenate([x[: len(t)] for x, t in zip(inputs, texts, strict=True)]), batch, past
    )
    expected = np.concatenate([y[: len(t)] for y, t in zip(outputs, texts, strict=True)])
    np.testing.assert_allclose(first, expected, rtol=1e-10, atol=1e-12)
    assert past.read.tolist() == [7, 2, 4]

    fork = past.fork([2, 0, 2])
    for cache, rows in ((past, [0, 1, 2]), (fork, [2, 0, 2])):
        batch = Batch([more[i] for i in rows], cache.read)
        x = (
            batch.ids
            if network[0].d_in is None
            else np.concatenate([inputs[i][len(texts[i]) :] for i in rows])
        )
        second, _ = forward(network, x, batch, cache)
        expected = np.concatenate([outputs[i][len(texts[i]) :] for i in rows])
        np.testing.assert_allclose(second, expected, rtol=1e-10, atol=1e-12)

    past.drop(0)  # the last text takes its place
    assert past.read.tolist() == [6, 3]
    ids, x = np.array([1, 1]), example_input(network, Batch([[1, 1]]))
    alone = [
        forward(network, np.concatenate([inputs[i], x[:1]]), Batch([[*texts[i], *more[i], 1]]))[0][-1]
        for i in (2, 1)
    ]
    step = Batch.of_next(ids, past.read)
    third, _ = forward(network, ids if network[0].d_in is None else x[[0, 0]], step, past)
    np.testing.assert_allclose(third, alone, rtol=1e-10, atol=1e-12)


def check_trace(kind) -> None:
    """Every array in a layer's cache is there, without the batch's axis."""
    network = bound(example(kind))
    if network[0].d_in is not None:
        network = (
            Network([Embeddings(9, network[0].d_in, 8), *example(kind)]) if len(network) == 1 else network
        )
    if network[0].d_in is None:
        trace = traced(network, [3, 1, 4])
        for name, array in trace.items():
            assert 3 in array.shape, name
        np.testing.assert_array_equal(
            trace[f"{len(network) - 1}.output"], network.forward(Batch([[3, 1, 4]]))[0]
        )


def check_files(kind, folder) -> None:
    """Every format keeps the layer, its settings, its weights and Adam's state."""
    layers = example(kind)
    if kind is TiedOutput:
        layers.pop(0)
    if layers[0].d_in is not None:
        layers.insert(0, Embeddings(9, 8, 8))
    if not hasattr(layers[0], "max_seq_len"):
        layers.append(PositionEmbeddings(8, 8))
    if layers[-1].d_out == 8:
        layers.append(OutputProjection(8, 9))
    model = LLM(Vocab([*map(str, range(8)), "</s>"]), layers, seed=3)
    model.train(["1 2 3 </s>", "4 5 </s>"], 2, 1e-3)
    for name in ("m.bin", "m.json", "m.safetensors"):
        model.save(folder / name)
        loaded = LLM.load(folder / name)
        assert repr(loaded.network) == repr(model.network)
        assert [layer.settings() for layer in loaded.network if not layer.layers] == [
            layer.settings() for layer in model.network if not layer.layers
        ]
        np.testing.assert_array_equal(loaded.parameters.flat, model.parameters.flat)
        np.testing.assert_array_equal(loaded.adam.v.flat, model.adam.v.flat)
        assert loaded.predict("1 2") == model.predict("1 2")


@kinds
def test_shape_and_dtype(kind):
    check_shapes_and_types(kind)


@kinds
@pytest.mark.parametrize("sequences", BATCHES.values(), ids=BATCHES)
def test_gradients_against_finite_differences(kind, sequences):
    check_gradients(example(kind), sequences)


@kinds
def test_with_a_cache_as_without(kind):
    check_cache(kind)


@kinds
def test_trace(kind):
    check_trace(kind)


@kinds
def test_file_round_trip(kind, tmp_path):
    check_files(kind, tmp_path)


@kinds
def test_forward_keeps_no_state(kind):
    network, batch = bound(example(kind)), Batch(BATCHES["unequal"])
    y, caches = forward(network, example_input(network, batch), batch)
    backward(network, np.ones_like(y), caches, batch)
    once = network.gradients.flat.copy()
    _, caches = forward(network, example_input(network, batch), batch)
    other = Batch([[0, 7]])
    forward(network, example_input(network, other), other)  # must not disturb the pending backward pass
    backward(network, np.ones_like(y), caches, batch)
    np.testing.assert_array_equal(network.gradients.flat, once)


@kinds
def test_views_stay_windows_into_the_flat_buffer(kind):
    for layer in bound(example(kind)):
        for name, array in layer.p.items():
            before = array.copy()
            layer.p[name][...] += 1
            setattr(layer.p, name, layer.p[name])  # as `p.name += 1` does
            np.testing.assert_array_equal(layer.p[name], before + 1)
            with pytest.raises(ModelError, match=f"{name}: a parameter is a window .* Write into it instead"):
                setattr(layer.p, name, before)
        with pytest.raises(ModelError, match="typo: a parameter is a window"):
            layer.p.typo = None


@pytest.mark.parametrize("name", ["values", "items", "get", "keys", "flat", "params"])
def test_a_parameter_cannot_take_a_name_that_is_in_use(name):
    class Bad(FeedForward):
        def parameters(self):
            return {name: super().parameters()["w1"]}

    with pytest.raises(ShapeError, match=f"{name}: a parameter cannot have this name"):
        Bad(2, 2).alone()


@pytest.mark.parametrize("sequences", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize(
    "layers",
    [
        lambda: [
            Embeddings(9, 6, 8),
            Residual(RMSNorm(6), SelfAttention(6)),
            Residual(RMSNorm(6), FeedForward(6, 7)),
            RMSNorm(6),
            TiedOutput(6, 9),
        ],
        lambda: [
            Embeddings(9, 6, 8),
            TiedOutput(6, 9),
            Residual(LayerNorm(9)),
            OutputProjection(9, 6),
            TiedOutput(6, 9),
        ],
    ],
    ids=["pre-norm block, tied output", "one weight used three times"],
)
def test_gradients_of_blocks_and_of_shared_weights(layers, sequences):
    check_gradients(layers(), sequences)


def test_a_tied_parameter_is_one_weight():
    network = Network([Embeddings(9, 6, 8), TiedOutput(6, 9)], dtype="float64")
    assert network[1].p.token_embeddings.base is network[0].p.token_embeddings.base
    assert list(network.weights) == ["0.token_embeddings", "0.positional_embeddings"]
    twin = network.unbound()
    assert not twin[1].p.token_embeddings.any() and network[1].p.token_embeddings.any()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (TiedOutput(6, 9, "0.table"), "1.token_embeddings: a parameter cannot be tied so; expected 0.table"),
        (TiedOutput(6, 8), r"expected 0.token_embeddings, of shape \(8, 6\), found one of shape \(9, 6\)"),
    ],
)
def test_what_cannot_be_tied(layer, message):
    with pytest.raises(ShapeError, match=message):
        Network([Embeddings(9, 6, 8), layer])


@pytest.mark.parametrize("name", [name for name in VARIANTS if "GELU" not in name])
@pytest.mark.parametrize("sequences", BATCHES.values(), ids=BATCHES)
def test_gradients_in_tiles_of_rows(name, sequences, monkeypatch):
    """As a long text is learned from: the future is not masked but left out, tile by tile."""
    monkeypatch.setattr(multi_head_attention, "TILE", 2)
    monkeypatch.setattr(Batch, "targets", None, raising=False)  # a batch that is there to be learned from
    check_gradients([VARIANTS[name]()], sequences)


def test_a_constant_row_survives_layer_norm():
    layer, batch = LayerNorm(4).alone(), Batch([[0, 0]])
    y, cache = layer.forward(np.full((2, 4), 3.0), batch)
    assert np.array_equal(y, np.zeros((2, 4)))
    assert np.isfinite(layer.backward(np.ones((2, 4)), cache, batch)).all()


def test_attention_sees_only_the_past():
    layer, batch = SelfAttention(6).alone(), Batch([[0] * 5])
    x = np.random.default_rng(0).normal(size=(5, 6))
    before, cache = layer.forward(x.copy(), batch)
    assert np.array_equal(np.triu(cache.weights[0], 1), np.zeros((5, 5)))
    x[3] += 1
    after, _ = layer.forward(x, batch)
    np.testing.assert_array_equal(before[:3], after[:3])
    assert not np.allclose(before[3:], after[3:])


def twice(layer):
    return [layer, layer]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ([Embeddings(6, 4), SelfAttention(5)], r"network\[1\] \(SelfAttention\): two layers .* takes width 4"),
        ([Embeddings(7, 4)], r"network\[0\] \(Embeddings\): a layer and the vocabulary do not fit .* 6 words"),
        ([SelfAttention(4), Embeddings(6, 4)], r"found one that takes ids"),
        ([SelfAttention(4).alone()], r"this layer belongs to a model already"),
        (twice(SelfAttention(4)), r"network\[1\] \(SelfAttention\): this layer stands here twice"),
        ([Residual(*twice(RMSNorm(4)))], r"network\[0.1\] \(RMSNorm\): this layer stands here twice"),
        ([Residual(RMSNorm(4), SelfAttention(5))], r"network\[0.1\] \(SelfAttention\): two layers do not fit"),
        ([Residual(OutputProjection(4, 6))], r"network\[0\] \(Residual\): what goes around .* width 4, found 6"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit(network, message):
    with pytest.raises(ShapeError, match=message):
        LLM(Vocab.default(), network)


@pytest.mark.parametrize("dtype", ["float16", "int32", "longdouble"])
def test_weights_are_float32_or_float64(dtype):
    with pytest.raises(
        ShapeError, match=f"dtype: weights cannot have this type; expected float32 or float64, found {dtype}"
    ):
        LLM.build(Vocab.default(), dtype=dtype)


def test_a_network_that_cannot_read_says_so():
    with pytest.raises(ShapeError, match="cannot read text; expected Embeddings first"):
        LLM(Vocab.default(), [OutputProjection(4, 6)]).logits("hello")
