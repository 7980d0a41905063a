"""One check for every registered layer: a new layer is tested as soon as it stands in the registry."""

import inspect
from contextlib import suppress

import numpy as np
import pytest

from rustgpt_lab import LLM, Embeddings, ModelError, SelfAttention, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.errors import ShapeError
from rustgpt_lab.layers import REGISTRY, Layer, LayerNorm, OutputProjection
from rustgpt_lab.numerics import numerical_gradient, relative_error

SIZES = {"d": 6, "hidden": 7, "vocab_size": 9, "max_seq_len": 8}
BATCHES = {"one": [[3, 1, 4, 1]], "equal": [[3, 1], [4, 1]], "unequal": [[3, 1, 4, 1, 5], [2], [6, 5, 3]]}


def example(kind: type[Layer], dtype: str = "float64") -> Layer:
    """A small layer of the kind: its required sizes from the table, everything in it random."""
    needed = [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
    layer = kind(**{name: SIZES[name] for name in needed}).alone(seed=1, dtype=dtype)
    rng = np.random.default_rng(2)
    for array in layer.p.values():
        array += 0.3 * rng.normal(size=array.shape).astype(dtype)
    return layer


def example_input(layer: Layer, batch: Batch, dtype: str = "float64") -> np.ndarray:
    if layer.takes is None:
        return batch.ids
    return np.random.default_rng(3).normal(size=(len(batch.ids), layer.takes)).astype(dtype)


kinds = pytest.mark.parametrize("kind", REGISTRY.values(), ids=REGISTRY)


@kinds
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype(kind, dtype):
    layer, batch = example(kind, dtype), Batch(BATCHES["unequal"])
    x = example_input(layer, batch, dtype)
    y, cache = layer.forward(x, batch)
    assert y.shape == (9, layer.gives) and y.dtype == dtype
    dx = layer.backward(np.ones_like(y), cache, batch)
    if layer.takes is not None:
        assert dx.shape == x.shape and dx.dtype == dtype


@kinds
@pytest.mark.parametrize("sequences", BATCHES.values(), ids=BATCHES)
def test_gradients_against_finite_differences(kind, sequences):
    layer, batch = example(kind), Batch(sequences)
    x = example_input(layer, batch)
    y, cache = layer.forward(x, batch)
    weigh = np.random.default_rng(4).normal(size=y.shape)

    def loss() -> float:
        return float((layer.forward(x, batch)[0] * weigh).sum())

    dx = layer.backward(weigh, cache, batch)
    if layer.takes is not None:
        assert relative_error(dx, numerical_gradient(loss, x)) < 1e-7
    for name, array in layer.p.items():
        assert relative_error(layer.g[name], numerical_gradient(loss, array)) < 1e-7, name


@kinds
def test_gradients_accumulate_and_forward_keeps_no_state(kind):
    layer, batch = example(kind), Batch(BATCHES["unequal"])
    x = example_input(layer, batch)
    y, cache = layer.forward(x, batch)
    other = Batch([[0, 7]])
    layer.forward(example_input(layer, other), other)  # must not disturb the pending backward pass
    layer.backward(np.ones_like(y), cache, batch)
    once = {name: g.copy() for name, g in layer.g.items()}
    layer.backward(np.ones_like(y), cache, batch)
    for name, g in layer.g.items():
        np.testing.assert_allclose(g, 2 * once[name], rtol=1e-12, err_msg=name)


@kinds
def test_views_stay_windows_into_the_flat_buffer(kind):
    layer = example(kind)
    for name, array in layer.p.items():
        base, before = array.base, array.copy()
        layer.p[name][...] += 1
        with suppress(AttributeError):
            setattr(layer.p, name, getattr(layer.p, name))
        np.testing.assert_array_equal(layer.p[name], before + 1)
        assert layer.p[name].base is base
        with pytest.raises(ModelError, match=f"{name}: a parameter is a window .* Write into it instead"):
            setattr(layer.p, name, before)


@kinds
def test_step_by_step_gives_what_forward_gives(kind):
    layer, batch = example(kind), Batch([[3, 1, 4, 1, 5]])
    x = example_input(layer, batch)
    whole = layer.forward(x, batch)[0]
    start = Batch([[3, 1]])
    memory = layer.remember(layer.forward(x[:2], start)[1], capacity=8)
    steps = [layer.step(x[t], t, memory) for t in range(2, 5)]
    np.testing.assert_allclose(steps, whole[2:], rtol=1e-12)


@kinds
def test_file_round_trip(kind, tmp_path):
    layer = example(kind, "float32")
    model = LLM(
        Vocab([*map(str, range(8)), "</s>"]),
        [type(layer)(**{k: getattr(layer, k) for k in SIZES if hasattr(layer, k)})],
    )
    model.parameters.flat[:] = np.concatenate([array.ravel() for array in layer.p.values()])
    for name in ("m.bin", "m.json"):
        model.save(tmp_path / name)
        loaded = LLM.load(tmp_path / name)
        assert type(loaded.network[0]) is kind
        np.testing.assert_array_equal(loaded.parameters.flat, model.parameters.flat)


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


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ([Embeddings(6, 4), SelfAttention(5)], r"network\[1\] \(SelfAttention\): two layers .* takes width 4"),
        ([Embeddings(7, 4)], r"network\[0\] \(Embeddings\): a layer and the vocabulary do not fit .* 6 words"),
        ([SelfAttention(4), Embeddings(6, 4)], r"found one that takes ids"),
        ([SelfAttention(4).alone()], r"this layer belongs to a model already"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit(network, message):
    with pytest.raises(ShapeError, match=message):
        LLM(Vocab.default(), network)


def test_a_network_that_cannot_read_says_so():
    with pytest.raises(ShapeError, match="cannot read text; expected Embeddings first"):
        LLM(Vocab.default(), [OutputProjection(4, 6)]).logits("hello")
