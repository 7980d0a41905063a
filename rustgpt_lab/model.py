"""The language model: a vocabulary and a list of layers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .batch import Batch
from .errors import DataError, ShapeError, TextError
from .layers import Cache, Embeddings, FeedForward, Layer, LayerNorm, OutputProjection, SelfAttention
from .machine import set_up
from .numerics import Array, cross_entropy
from .optim.adam import Adam
from .parameters import Parameters, Views
from .texts import UNSPACED, check_texts
from .vocab import Vocab

set_up()

if TYPE_CHECKING:
    from os import PathLike

    from .training import History

CHUNK = 64
"""Sequences whose loss is computed at a time, so that a large corpus does not need a large memory."""


class LLM:
    """A language model: it reads words and gives, for every position, a score to every word that might come next.

    Args:
        vocab: its words.
        network: its layers, each of which takes the width that the one before it gives. To read text, the first must
            be `Embeddings`, and the last must give one score for every word of the vocabulary.
        seed: of the random first weights; None leaves them all 0, for a caller who fills them in.
        dtype: "float32" or "float64".

    Attributes:
        memory: the flat buffers of all weights and gradients (`Parameters`).
        adam: the optimizer's state; it is part of the model, and saved with it.

    Raises:
        ShapeError: two layers, or a layer and the vocabulary, do not fit together; a layer belongs to another model.
    """

    def __init__(self, vocab: Vocab, network: Sequence[Layer], seed: int | None = 0, dtype: str = "float32"):
        self.vocab, self.network = vocab, list(network)
        self._check()
        self.memory = Parameters(self.network, dtype)
        sgd = {f"{i}.{name}" for i, layer in enumerate(self.network) for name in layer.plain_sgd}
        self.adam = Adam(self.memory, plain_sgd=sgd)
        if seed is not None:
            rng = np.random.default_rng(seed)
            for layer in self.network:
                layer.initialize(rng)

    @classmethod
    def build(
        cls,
        vocab: Vocab,
        embedding_dim: int = 128,
        hidden_dim: int = 256,
        blocks: int = 3,
        max_seq_len: int = 80,
        seed: int = 0,
        dtype: str = "float32",
    ) -> LLM:
        """RustGPT's network: embeddings, `blocks` times (attention, norm, feed-forward, norm), output projection."""
        sizes = {"embedding_dim": embedding_dim, "hidden_dim": hidden_dim, "max_seq_len": max_seq_len}
        for name, size in {**sizes, "blocks": blocks + 1}.items():
            if size < 1:
                raise ShapeError(
                    "a size is too small", where=name, expected="a whole number from 1", got=size
                )
        d = embedding_dim
        network: list[Layer] = [Embeddings(len(vocab), d, max_seq_len)]
        for _ in range(blocks):
            network += [SelfAttention(d), LayerNorm(d), FeedForward(d, hidden_dim), LayerNorm(d)]
        return cls(vocab, [*network, OutputProjection(d, len(vocab))], seed=seed, dtype=dtype)

    def _check(self) -> None:
        width = None
        for i, layer in enumerate(self.network):
            where = f"network[{i}] ({type(layer).__name__})"
            if hasattr(layer, "p"):
                raise ShapeError(
                    "this layer belongs to a model already",
                    where=where,
                    remedy="Make a new one, and copy the weights: new.parameters.flat[:] = old.parameters.flat.",
                )
            if i and layer.takes != width:
                expected = f"a layer that takes width {width}, as the layer before it gives"
                got = "one that takes ids" if layer.takes is None else f"one that takes {layer.takes}"
                raise ShapeError("two layers do not fit together", where=where, expected=expected, got=got)
            rows = getattr(layer, "vocab_size", len(self.vocab))
            if rows != len(self.vocab):
                expected = f"{len(self.vocab)} words, as in the vocabulary"
                raise ShapeError(
                    "a layer and the vocabulary do not fit together", where=where, expected=expected, got=rows
                )
            width = layer.gives

    # ---- reading text -------------------------------------------------------------------------------------------

    @property
    def max_seq_len(self) -> int:
        """The number of positions that the model can see, in tokens."""
        first = self.network[0] if self.network else None
        if not isinstance(first, Embeddings) or self.network[-1].gives != len(self.vocab):
            raise ShapeError(
                "this network cannot read text",
                where="network",
                expected=f"Embeddings first, and a last layer that gives {len(self.vocab)} scores, one for every word",
                got=[type(layer).__name__ for layer in self.network],
            )
        return first.max_seq_len

    def tokenize(self, text: str) -> list[int]:
        """The ids of a text's words; words that the vocabulary lacks are dropped."""
        return self.vocab.encode(text)

    def _ids(self, text: str | Sequence[int]) -> list[int]:
        ids = self.tokenize(text) if isinstance(text, str) else [int(i) for i in text]
        if not ids:
            raise TextError(
                "no word of this text is in the vocabulary", got=repr(text), remedy="Try another text."
            )
        if len(ids) > self.max_seq_len:
            expected = f"at most {self.max_seq_len} tokens"
            raise TextError("a text is longer than the model can see", expected=expected, got=len(ids))
        bad = next((i for i in ids if not 0 <= i < len(self.vocab)), None)
        if bad is not None:
            raise TextError("an id is not in the vocabulary", expected=f"0 to {len(self.vocab) - 1}", got=bad)
        return ids

    def sequences(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids of texts to learn from.

        Raises:
            DataError: there is no text, one that is no string, one with fewer than two known tokens (one to read, one
                to predict), or one with more than `max_seq_len` + 1.
        """
        texts = check_texts(texts)
        sequences, most = [self.tokenize(text) for text in texts], self.max_seq_len + 1
        if not sequences:
            raise DataError(
                "there is nothing to learn from", where="texts", expected="at least one text", got="none"
            )
        for row, ids in enumerate(sequences):
            if not 2 <= len(ids) <= most:
                one_word = len(ids) == 1 and not self.vocab.unknown(texts[row])
                raise DataError(
                    "a text cannot be learned from",
                    where=f"text {row}",
                    expected=f"2 to {most} tokens that the vocabulary knows",
                    got=f"{len(ids)}: {self.vocab.decode(ids[:8])!r}",
                    remedy=UNSPACED
                    if one_word
                    else "Take it out, split it, or build the vocabulary from it.",
                )
        return sequences

    # ---- forward and backward -----------------------------------------------------------------------------------

    def forward(self, batch: Batch) -> tuple[Array, list[Cache]]:
        """A batch of N positions -> logits (N, V), and what every layer kept for its backward pass."""
        x: Any = batch.ids
        caches = []
        for layer in self.network:
            x, cache = layer.forward(x, batch)
            caches.append(cache)
        return x, caches

    def backward(self, dlogits: Array, caches: list[Cache], batch: Batch) -> None:
        """The chain rule, from the last layer to the first: sets every gradient in `memory.gradients`.

        Every cache leaves `caches` when it has been used: its memory serves the layers that follow.
        """
        self.memory.gradients.flat[:] = 0
        dy: Any = dlogits
        for layer in reversed(self.network):
            dy = layer.backward(dy, caches.pop(), batch)

    def loss_and_gradients(
        self, sequences: Sequence[Sequence[int]], at_logits: Callable[[Array], None] | None = None
    ) -> float:
        """The mean loss of some sequences, in nats; their mean gradient is then in `memory.gradients`.

        Every position predicts the word after it. A sequence's loss is the mean over its positions, and a batch's the
        mean over its sequences, so every sequence counts alike.

        Args:
            sequences: ids, two or more in each.
            at_logits: may change the gradient of the logits, (N, V), in place, before it goes back through the layers.
        """
        batch = Batch([ids[:-1] for ids in sequences])
        targets = np.array([i for ids in sequences for i in ids[1:]])
        logits, caches = self.forward(batch)
        losses, p = cross_entropy(logits, targets)
        share = np.repeat(1 / (batch.lengths * batch.size), batch.lengths).astype(p.dtype)  # (N,), sums to 1
        dlogits = p
        dlogits[np.arange(len(targets)), targets] -= 1  # the gradient of cross-entropy after softmax is p - y
        dlogits *= share[:, None]
        if at_logits is not None:
            at_logits(dlogits)
        self.backward(dlogits, caches, batch)
        return float(losses @ share)

    # ---- what a user asks for -----------------------------------------------------------------------------------

    @property
    def parameters(self) -> Views:
        """Every weight by name, "index.field" such as "1.w_q": views, to be changed in place."""
        return self.memory.weights

    def logits(self, text: str | Sequence[int]) -> Array:
        """The scores of every word at every position, (T, V), for a text or a list of ids."""
        return self.forward(Batch([self._ids(text)]))[0]

    def loss(self, texts: Iterable[str]) -> float:
        """The mean loss of some texts, in nats: ln V for a model that knows nothing, 0 for one that knows all."""
        sequences = self.sequences(texts)
        total = 0.0
        for start in range(0, len(sequences), CHUNK):
            part = sequences[start : start + CHUNK]
            batch = Batch([ids[:-1] for ids in part])
            losses, _ = cross_entropy(self.forward(batch)[0], np.array([i for ids in part for i in ids[1:]]))
            total += float(losses @ np.repeat(1 / batch.lengths, batch.lengths))
        return total / len(sequences)

    def gradients(self, texts: Iterable[str]) -> dict[str, Array]:
        """The gradient of `loss(texts)` for every parameter, by name; no step is taken."""
        self.loss_and_gradients(self.sequences(texts))
        return {name: gradient.copy() for name, gradient in self.memory.gradients.items()}

    def trace(self, text: str | Sequence[int]) -> dict[str, Array]:
        """Every named intermediate of every layer for one text, "index.name" such as "1.weights".

        Each layer's `output` (T, gives) is there, and all that its cache holds; the batch axis is left out.
        """
        batch = Batch([self._ids(text)])
        x: Any = batch.ids
        trace: dict[str, Array] = {}
        for i, layer in enumerate(self.network):
            x, cache = layer.forward(x, batch)
            found = {name: a[0] if a.ndim == 3 else a for name, a in vars(cache).items()}
            trace |= {f"{i}.{name}": array for name, array in {**found, "output": x}.items()}
        return trace

    def generate(self, text: str) -> Iterator[str]:
        """The words that follow a text, one by one, the most likely each time; see `generation.greedy`."""
        from .generation import greedy

        return (self.vocab.words[i] for i in greedy(self, self.tokenize(text)))

    def predict(self, text: str) -> str:
        """What follows a text, greedily, words joined by one space, `</s>` kept; "" if nothing can follow."""
        return " ".join(self.generate(text))

    def train(
        self, texts: Iterable[str], epochs: int, learning_rate: float, batch_size: int = 1, **options: Any
    ) -> History:
        """Learn from texts; see `training.train` for every option: clipping, schedule, callbacks and more."""
        from .training import train

        return train(self, texts, epochs, learning_rate, batch_size, **options)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model and its optimizer's state, in the format that the extension names; see `persistence`."""
        from .persistence import save

        save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str], **options: Any) -> LLM:
        """Read a model, ready to train on; see `persistence.load`."""
        from .persistence import load

        return load(path, **options)

    @classmethod
    def packaged(cls) -> LLM:
        """The trained model that comes with this package: RustGPT's recipe on the packaged corpora, seed 0.

        Its optimizer starts afresh, which keeps the file small.
        """
        return cls.load(Path(__file__).parent / "data" / "model.bin.gz")

    def copy(self) -> LLM:
        """An independent model with the same weights and the same optimizer's state."""
        twin = LLM(
            self.vocab, [layer.unbound() for layer in self.network], None, self.parameters.flat.dtype.name
        )
        twin.parameters.flat[:] = self.parameters.flat
        twin.adam.m.flat[:], twin.adam.v.flat[:] = self.adam.m.flat, self.adam.v.flat
        twin.adam.settings = copy.deepcopy(self.adam.settings)
        return twin

    def __deepcopy__(self, memo: object) -> LLM:
        return self.copy()  # a copy array by array would cut the windows off from their buffers

    def __repr__(self) -> str:
        layers = "\n".join(f"{i:>4} {layer!r}" for i, layer in enumerate(self.network))
        return f"LLM({len(self.vocab)} words, {self.parameters.flat.size:,} parameters)\n{layers}"
