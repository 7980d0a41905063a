"""The cache's picture says how many bytes a model's cache really holds."""

from collections.abc import Hashable

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab, views
from rustgpt_lab.batch import Batch
from rustgpt_lab.cache import KeyValues
from rustgpt_lab.errors import ShapeError

TEXT = "the sun <rises> & sets"
VOCAB = Vocab.from_texts([TEXT, "moon stars planets shine at night far away"])
SIZES = {"embedding_dim": 32, "hidden_dim": 8, "blocks": 2, "max_seq_len": 12}


class Counted(KeyValues):
    """A cache that says what every layer left in it."""

    def __init__(self) -> None:
        super().__init__()
        self.nbytes: dict[Hashable, int] = {}

    def extend(self, layer: Hashable, k: np.ndarray, v: np.ndarray) -> np.ndarray:
        filled = super().extend(layer, k, v)
        self.nbytes[layer] = filled.size * filled.itemsize
        return filled


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"architecture": "gpt2", "heads": 4},
        {"architecture": "llama", "heads": 8},
        {"architecture": "llama", "heads": 8, "kv_heads": 2},
        {"architecture": "llama", "heads": 8, "kv_heads": 2, "dtype": "float64"},
    ],
)
def test_it_says_what_a_cache_holds(how) -> None:
    llm = LLM.build(VOCAB, **SIZES, **how)
    data, past, x = views.cache(llm, TEXT).data, Counted(), None
    ids = llm.tokenize(TEXT)
    for count in range(1, len(ids) + 1):
        batch = Batch([ids[count - 1 : count]])
        batch.positions[:] = count - 1
        x = batch.ids
        for layer in llm.network:
            x, _ = layer.forward(x, batch, past)
        past.advance(batch)
        assert sum(past.nbytes.values()) == data.nbytes(count, data.kv_heads)
    assert data.words == tuple(llm.vocab.pieces(ids))


def test_it_compares_with_one_key_a_head_or_with_a_quarter() -> None:
    def view(**how):
        return views.cache(LLM.build(VOCAB, architecture="llama", **SIZES, **how), TEXT)

    shared, own = view(heads=8, kv_heads=2), view(heads=8)
    assert (shared.data.other, own.data.other) == (8, 2)
    assert view(heads=1).data.other == 1 and view(heads=2).data.other == 1
    count = len(own.data.words)
    assert f"keep {2 * count * 2 * 8 * 4 * 4:,} bytes; with 2 it would be " in own.sentence
    assert shared.sentence.startswith(f"After {count} words, 2 key heads of 4 numbers in 2 layers keep ")
    twin = shared.twin()
    assert twin == shared.twin() and twin["text/html"].count("<tr>") == 1 + 4
    assert shared.widget.data["kv_heads"] == 2


def test_a_model_without_attention_has_none() -> None:
    llm = LLM.build(VOCAB, 8, 8, blocks=1)
    alone = LLM(
        VOCAB, [llm.network[0].__class__(len(VOCAB), 8, 12), llm.network[-1].__class__(8, len(VOCAB))]
    )
    with pytest.raises(ShapeError, match="no one cache to show"):
        views.cache(alone, TEXT)
