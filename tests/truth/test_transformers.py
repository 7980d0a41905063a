"""Whole models against `transformers`: tiny, random, made here, their weights copied one by one."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.batch import Batch
from rustgpt_lab.cache import KeyValues

V, D, HIDDEN, BLOCKS, LENGTH, HEADS = 41, 32, 48, 3, 90, 4
VOCAB = Vocab([*map(str, range(V - 1)), "</s>"])
IDS = np.random.default_rng(1).integers(V, size=LENGTH).tolist()


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()


def randomize(model: torch.nn.Module) -> None:
    """Everything random, biases and norms, too, so that nothing is right by being 0 or 1."""
    torch.manual_seed(3)
    for parameter in model.parameters():
        parameter.data += 0.15 * torch.randn_like(parameter)
    model.eval()


def gpt2() -> tuple[LLM, torch.nn.Module]:
    config = GPT2Config(
        vocab_size=V, n_positions=LENGTH, n_embd=D, n_layer=BLOCKS, n_head=HEADS, n_inner=HIDDEN
    )
    theirs: Any = GPT2LMHeadModel(config)
    randomize(theirs)
    ours = LLM.build(VOCAB, D, HIDDEN, BLOCKS, LENGTH, architecture="gpt2", heads=HEADS)
    p, body = ours.parameters, theirs.transformer
    p["0.token_embeddings"][...] = array(body.wte.weight)
    p["1.positional_embeddings"][...] = array(body.wpe.weight)
    for block, (attention, network) in zip(
        body.h, ((2 + 2 * i, 3 + 2 * i) for i in range(BLOCKS)), strict=True
    ):
        for i, norm in ((attention, block.ln_1), (network, block.ln_2)):
            p[f"{i}.0.gamma"][...], p[f"{i}.0.beta"][...] = array(norm.weight), array(norm.bias)
        for letter, w, b in zip(
            "qkv",
            np.split(array(block.attn.c_attn.weight), 3, axis=1),  # Conv1D keeps (in, out), as we do
            np.split(array(block.attn.c_attn.bias), 3),
            strict=True,
        ):
            p[f"{attention}.1.w_{letter}"][...], p[f"{attention}.1.b_{letter}"][...] = w, b
        p[f"{attention}.1.w_o"][...] = array(block.attn.c_proj.weight)
        p[f"{attention}.1.b_o"][...] = array(block.attn.c_proj.bias)
        for n, layer in ((1, block.mlp.c_fc), (2, block.mlp.c_proj)):
            p[f"{network}.1.w{n}"][...], p[f"{network}.1.b{n}"][...] = array(layer.weight), array(layer.bias)
    last = len(ours.network) - 2
    p[f"{last}.gamma"][...], p[f"{last}.beta"][...] = array(body.ln_f.weight), array(body.ln_f.bias)
    return ours, theirs


def llama(kv_heads: int, tied: bool) -> tuple[LLM, torch.nn.Module]:
    config = LlamaConfig(
        vocab_size=V, hidden_size=D, intermediate_size=HIDDEN, num_hidden_layers=BLOCKS, num_attention_heads=HEADS,
        num_key_value_heads=kv_heads, max_position_embeddings=LENGTH, rms_norm_eps=1e-5, tie_word_embeddings=tied,
    )  # fmt: skip
    theirs: Any = LlamaForCausalLM(config)
    randomize(theirs)
    ours = LLM.build(
        VOCAB, D, HIDDEN, BLOCKS, LENGTH, architecture="llama", heads=HEADS, kv_heads=kv_heads, tied=tied
    )
    p, body = ours.parameters, theirs.model
    p["0.token_embeddings"][...] = array(body.embed_tokens.weight)
    for block, (attention, network) in zip(
        body.layers, ((1 + 2 * i, 2 + 2 * i) for i in range(BLOCKS)), strict=True
    ):
        p[f"{attention}.0.gamma"][...] = array(block.input_layernorm.weight)
        p[f"{network}.0.gamma"][...] = array(block.post_attention_layernorm.weight)
        for letter in "qkvo":  # Linear keeps (out, in)
            p[f"{attention}.1.w_{letter}"][...] = array(getattr(block.self_attn, f"{letter}_proj").weight).T
        for name in ("gate", "up", "down"):
            p[f"{network}.1.w_{name}"][...] = array(getattr(block.mlp, f"{name}_proj").weight).T
    p[f"{len(ours.network) - 2}.gamma"][...] = array(body.norm.weight)
    if not tied:
        p[f"{len(ours.network) - 1}.w_out"][...] = array(theirs.lm_head.weight).T
    return ours, theirs


MODELS = {
    "GPT-2": gpt2,
    "Llama": lambda: llama(HEADS, False),
    "Llama, tied, 4 heads over 2": lambda: llama(2, True),
    "Llama, 4 heads over 1": lambda: llama(1, False),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_logits_of_a_whole_model(make: Any) -> None:
    ours, theirs = make()
    with torch.no_grad():
        expected = array(theirs(torch.tensor([IDS])).logits[0])
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(ours.logits(IDS), expected, atol=1e-4)

    past = KeyValues(1)
    first = ours.network.scores(Batch([IDS[:50]]), past)
    rest = [ours.network.scores(Batch([[i]], past.read), past) for i in IDS[50:]]
    np.testing.assert_allclose(np.concatenate([first, *rest]), expected, atol=1e-4)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_loss_and_its_gradient(make: Any) -> None:
    """90 words, more than a tile of rows."""
    ours, theirs = make()
    loss = theirs(torch.tensor([IDS]), labels=torch.tensor([IDS])).loss
    loss.backward()
    batch = Batch.to_learn([IDS])
    own, dlogits, caches = ours.network.loss(batch)
    ours.network.backward(dlogits, caches, batch)
    assert own == pytest.approx(float(loss.detach()), rel=1e-5)
    embeddings = theirs.get_input_embeddings().weight.grad
    np.testing.assert_allclose(ours.network.gradients["0.token_embeddings"], array(embeddings), atol=1e-5)
    total = float(sum((p.grad**2).sum() for p in theirs.parameters()) ** 0.5)
    assert float(np.linalg.norm(ours.network.gradients.flat)) == pytest.approx(total, rel=1e-4)
