"""Folders that `transformers` writes are read, and those that we write are read there: GPT-2's and Llama's, tiny."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from rustgpt_lab import LLM
from rustgpt_lab.generation import answers
from rustgpt_lab.persistence import export
from rustgpt_lab.tokenizers import BytePairs

PAIRS = BytePairs.train(["the cat sat on the mat </s>", "a dog ran </s>"] * 3, 280)
V, D, HIDDEN, BLOCKS, LENGTH, HEADS = len(PAIRS), 32, 48, 2, 60, 4
IDS = np.random.default_rng(2).integers(V, size=40).tolist()


def llama(**options: Any) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=V, hidden_size=D, intermediate_size=HIDDEN, num_hidden_layers=BLOCKS,
            num_attention_heads=HEADS, max_position_embeddings=LENGTH, **options,
        )
    )  # fmt: skip


def gpt2(**options: Any) -> GPT2LMHeadModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=V, n_embd=D, n_layer=BLOCKS, n_head=HEADS, n_positions=LENGTH, bos_token_id=None,
            eos_token_id=None, **options,
        )
    )  # fmt: skip


MODELS = {
    "GPT-2": gpt2,
    "GPT-2, a hidden layer and an epsilon of its own": lambda: gpt2(n_inner=HIDDEN, layer_norm_epsilon=1e-3),
    "Llama": llama,
    "Llama, tied, 4 heads over 2, another base": lambda: llama(
        num_key_value_heads=2, tie_word_embeddings=True, rope_theta=500.0, rms_norm_eps=1e-3
    ),
}


def made(make: Any, folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """A model with everything random, in a folder; what the folder then holds, in float32."""
    torch.manual_seed(4)
    model = make()
    for parameter in model.parameters():
        parameter.data += 0.15 * torch.randn_like(parameter)
    model = model.to(dtype)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(PAIRS.to_json(), encoding="utf-8")
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def logits(model: Any) -> np.ndarray:
    with torch.no_grad():
        return model(torch.tensor([IDS])).logits[0].numpy()


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=["F32", "F16", "BF16"])
def test_their_folder_in_our_layers(make: Any, dtype: torch.dtype, tmp_path: Path) -> None:
    theirs = made(make, tmp_path, dtype)
    ours, expected = LLM.load(tmp_path), logits(theirs)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(ours.logits(IDS), expected, atol=1e-4)
    said = theirs.generate(
        torch.tensor([IDS]), do_sample=False, max_new_tokens=15, pad_token_id=0, eos_token_id=None
    )
    text = ours.vocab.decode(IDS)
    assert ours.tokenize(text) == AutoTokenizer.from_pretrained(tmp_path)(text)["input_ids"]
    assert generated(ours, 15) == said[0, len(IDS) :].tolist()


def test_an_answer_ends_where_theirs_does(tmp_path: Path) -> None:
    """The mark is another than the tokenizer's, and one that these random weights say soon."""
    theirs = made(llama, tmp_path)
    prompt, most = "the cat", 15
    ids = torch.tensor([PAIRS.encode(prompt)])
    endless = theirs.generate(ids, do_sample=False, max_new_tokens=most, pad_token_id=0, eos_token_id=None)
    end = endless[0, ids.shape[1] + 3].item()
    theirs.generation_config.eos_token_id = [end]
    theirs.generation_config.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    said = again.generate(ids, do_sample=False, max_new_tokens=most, pad_token_id=0)
    ours = LLM.load(tmp_path)
    [answer] = answers(ours, [prompt], most=most)
    assert list(answer) == said[0, ids.shape[1] :].tolist() and len(answer) <= 4
    assert ours.vocab.end == end != PAIRS.end


def generated(llm: LLM, count: int) -> list[int]:
    ids = list(IDS)
    for _ in range(count):
        ids.append(int(llm.logits(ids)[-1].argmax()))
    return ids[len(IDS) :]


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_our_folder_in_their_layers(make: Any, tmp_path: Path) -> None:
    theirs = made(make, tmp_path)
    export(LLM.load(tmp_path), tmp_path / "ours")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "ours", dtype=torch.float32).eval()
    np.testing.assert_array_equal(logits(again), logits(theirs))
    words = "the cat ran"
    assert AutoTokenizer.from_pretrained(tmp_path / "ours")(words)["input_ids"] == PAIRS.encode(words)
