"""Every layer of RustGPT, and the new ones, against PyTorch's own: forward and backward, in float32, to 1e-5."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from rustgpt_lab import LLM, Embeddings, FeedForward, LayerNorm, OutputProjection, SelfAttention, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.layers import (
    GELUFeedForward,
    Layer,
    MultiHeadAttention,
    Output,
    Residual,
    RMSNorm,
    StandardLayerNorm,
    SwiGLU,
    TiedOutput,
    multi_head_attention,
)
from rustgpt_lab.network import Network
from rustgpt_lab.optim.descent import Descent

F = torch.nn.functional

D, HIDDEN, V = 24, 40, 30
LENGTHS = (7, 3, 11)
SEQUENCES = [np.random.default_rng(length).integers(V, size=length).tolist() for length in LENGTHS]


def self_attention(x, p):
    """PyTorch's attention, a sequence at a time; x of one sequence (T, d)."""
    q, k, v = (x @ p[name] for name in ("w_q", "w_k", "w_v"))
    return x + F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]


def layer_norm(x, p):
    """RustGPT's form: epsilon is added to the standard deviation, not below the root."""
    std = x.std(dim=-1, keepdim=True, correction=0)
    return p["gamma"] * (x - x.mean(dim=-1, keepdim=True)) / (std + 1e-5) + p["beta"]


def feed_forward(x, p):
    return x + F.linear(F.relu(F.linear(x, p["w1"].T, p["b1"][0])), p["w2"].T, p["b2"][0])


def heads_of(x, p, heads, kv_heads):
    """PyTorch's attention with several heads, a sequence at a time, and our projections."""

    def split(name, count):
        return (x @ p[f"w_{name}"] + p.get(f"b_{name}", 0)).view(1, len(x), count, -1).transpose(1, 2)

    q, k, v = split("q", heads), split("k", kv_heads), split("v", kv_heads)
    found = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=kv_heads < heads)
    return found.transpose(1, 2).reshape(len(x), -1) @ p["w_o"] + p.get("b_o", 0)


def torchs_own_heads(x, p):
    """nn.MultiheadAttention as a function: its weights are (out, in), and q, k and v stand in one matrix."""
    stacked = torch.cat([p[f"w_{name}"].T for name in "qkv"])
    biases = torch.cat([p[f"b_{name}"][0] for name in "qkv"])
    mask = torch.nn.Transformer.generate_square_subsequent_mask(len(x))
    rows = x[:, None]  # (T, 1, d)
    y, _ = F.multi_head_attention_forward(
        rows, rows, rows, D, 4, stacked, biases, None, None, False, 0.0, p["w_o"].T, p["b_o"][0],
        attn_mask=mask, is_causal=True, need_weights=False,
    )  # fmt: skip
    return y[:, 0]


def gelu(x, p):
    return F.gelu(x @ p["w1"] + p["b1"], approximate="tanh") @ p["w2"] + p["b2"]


def swiglu(x, p):
    return (F.silu(x @ p["w_gate"]) * (x @ p["w_up"])) @ p["w_down"]


TRUTH: dict[str, tuple[Callable[[], Layer], Callable]] = {
    "attention": (lambda: SelfAttention(D), self_attention),
    "layer norm": (lambda: LayerNorm(D), layer_norm),
    "feed-forward": (lambda: FeedForward(D, HIDDEN), feed_forward),
    "output": (lambda: OutputProjection(D, V), lambda x, p: F.linear(x, p["w_out"].T, p["b_out"][0])),
    "rms norm": (lambda: RMSNorm(D), lambda x, p: F.rms_norm(x, (D,), p["gamma"][0], 1e-5)),
    "standard layer norm": (
        lambda: StandardLayerNorm(D),
        lambda x, p: F.layer_norm(x, (D,), p["gamma"][0], p["beta"][0], 1e-5),
    ),
    "4 heads": (lambda: MultiHeadAttention(D, 4), lambda x, p: heads_of(x, p, 4, 4)),
    "4 heads over 2": (lambda: MultiHeadAttention(D, 4, 2, bias=True), lambda x, p: heads_of(x, p, 4, 2)),
    "nn.MultiheadAttention": (lambda: MultiHeadAttention(D, 4, bias=True), torchs_own_heads),
    "gelu": (lambda: GELUFeedForward(D, HIDDEN), gelu),
    "swiglu": (lambda: SwiGLU(D, HIDDEN), swiglu),
    "output without bias": (lambda: Output(D, V), lambda x, p: x @ p["w_out"]),
    "residual": (lambda: Residual(RMSNorm(D)), lambda x, p: x + F.rms_norm(x, (D,), p["0.gamma"][0], 1e-5)),
}


def tensors(network: Network) -> dict[str, torch.Tensor]:
    """Its weights as PyTorch's, which collect gradients."""
    return {name: torch.tensor(array.copy(), requires_grad=True) for name, array in network.weights.items()}


@pytest.mark.parametrize("name", TRUTH)
def test_a_layer_and_its_gradients(name: str) -> None:
    make, truth = TRUTH[name]
    network, batch, rng = Network([make()], seed=1), Batch(SEQUENCES), np.random.default_rng(2)
    network.weights.flat[:] += 0.2 * rng.normal(size=network.weights.flat.size).astype(np.float32)
    x = rng.normal(size=(len(batch.ids), D)).astype(np.float32)
    layer = network[0]
    y, cache = layer.forward(x, batch)
    dy = rng.normal(size=y.shape).astype(np.float32)
    network.gradients  # noqa: B018 - allocated when first asked for
    dx = layer.backward(dy, cache, batch)

    weights, rows = tensors(network), torch.tensor(x, requires_grad=True)
    own = {key.removeprefix("0."): tensor for key, tensor in weights.items()}
    theirs = torch.cat([truth(part, own) for part in rows.split(list(LENGTHS))])
    theirs.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dx, rows.grad.numpy(), rtol=1e-5, atol=1e-5)
    for key, tensor in weights.items():
        np.testing.assert_allclose(
            network.gradients[key], tensor.grad.numpy(), rtol=1e-5, atol=2e-5, err_msg=key
        )


@pytest.mark.parametrize("name", ["4 heads", "4 heads over 2", "nn.MultiheadAttention"])
def test_attention_in_tiles_of_rows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is learned from is cut into tiles: here of 4 rows, for sequences of 6, 2 and 10."""
    monkeypatch.setattr(multi_head_attention, "TILE", 4)
    make, truth = TRUTH[name]
    network, batch, rng = Network([make()], seed=1), Batch.to_learn(SEQUENCES), np.random.default_rng(2)
    network.weights.flat[:] += 0.2 * rng.normal(size=network.weights.flat.size).astype(np.float32)
    x = rng.normal(size=(len(batch.ids), D)).astype(np.float32)
    network.gradients  # noqa: B018 - allocated when first asked for
    y, cache = network[0].forward(x, batch)
    assert len(cache.tiles) == 3
    dy = rng.normal(size=y.shape).astype(np.float32)
    dx = network[0].backward(dy, cache, batch)

    weights, rows = tensors(network), torch.tensor(x, requires_grad=True)
    own = {key.removeprefix("0."): tensor for key, tensor in weights.items()}
    theirs = torch.cat([truth(part, own) for part in rows.split([length - 1 for length in LENGTHS])])
    theirs.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dx, rows.grad.numpy(), rtol=1e-5, atol=1e-5)
    for key, tensor in weights.items():
        np.testing.assert_allclose(
            network.gradients[key], tensor.grad.numpy(), rtol=1e-5, atol=2e-5, err_msg=key
        )


def test_embeddings() -> None:
    network, batch = Network([Embeddings(V, D, 12)], seed=1), Batch(SEQUENCES)
    y, cache = network[0].forward(batch.ids, batch)
    dy = np.random.default_rng(3).normal(size=y.shape).astype(np.float32)
    network.gradients  # noqa: B018 - allocated when first asked for
    network[0].backward(dy, cache, batch)
    words, positions = tensors(network).values()
    theirs = F.embedding(torch.tensor(batch.ids), words) + F.embedding(
        torch.tensor(batch.positions), positions
    )
    theirs.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-6)
    for ours, tensor in zip(network.gradients.values(), (words, positions), strict=True):
        np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("tied", [False, True], ids=["RustGPT's output", "tied output"])
def test_the_loss_of_a_whole_model_and_its_gradients(tied: bool) -> None:
    """Embeddings, attention, norm, network, norm, output; cross-entropy, each sequence's mean counting alike."""
    layers: list[Layer] = [
        Embeddings(V, D, 12),
        SelfAttention(D),
        LayerNorm(D),
        FeedForward(D, HIDDEN),
        LayerNorm(D),
    ]
    network = Network([*layers, TiedOutput(D, V) if tied else OutputProjection(D, V)], seed=4)
    batch = Batch.to_learn(SEQUENCES)
    loss, dlogits, caches = network.loss(batch)
    network.backward(dlogits, caches, batch)

    p = tensors(network)
    losses = []
    for ids in SEQUENCES:
        x = p["0.token_embeddings"][ids[:-1]] + p["0.positional_embeddings"][: len(ids) - 1]
        x = self_attention(x, {name: p[f"1.{name}"] for name in ("w_q", "w_k", "w_v")})
        x = layer_norm(x, {name: p[f"2.{name}"] for name in ("gamma", "beta")})
        x = feed_forward(x, {name: p[f"3.{name}"] for name in ("w1", "b1", "w2", "b2")})
        x = layer_norm(x, {name: p[f"4.{name}"] for name in ("gamma", "beta")})
        logits = x @ p["0.token_embeddings"].T if tied else x @ p["5.w_out"] + p["5.b_out"]
        losses.append(F.cross_entropy(logits, torch.tensor(ids[1:])))
    theirs = torch.stack(losses).mean()
    theirs.backward()
    assert loss == pytest.approx(float(theirs.detach()), rel=1e-5)
    for name, tensor in p.items():
        np.testing.assert_allclose(
            network.gradients[name], tensor.grad.numpy(), rtol=1e-4, atol=1e-5, err_msg=name
        )


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_plain_descent(momentum: float) -> None:
    llm = LLM.build(Vocab.default(), 8, 8, 1)
    texts = ["hello world this is rust </s>", "this is </s>"]
    descent = Descent(llm.network.parameters, momentum)
    theirs = [torch.nn.Parameter(torch.tensor(array.copy())) for array in llm.parameters.values()]
    optimizer = torch.optim.SGD(theirs, lr=0.1, momentum=momentum)
    for _ in range(5):
        for tensor, gradient in zip(theirs, llm.gradients(texts).values(), strict=True):
            tensor.grad = torch.tensor(gradient)
        descent.step(0.1)
        optimizer.step()
    for ours, tensor in zip(llm.parameters.values(), theirs, strict=True):
        np.testing.assert_allclose(ours, tensor.detach().numpy(), rtol=1e-5, atol=1e-6)
