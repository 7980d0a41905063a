"""The language model: a tokenizer, a network, and Adam. Text in, text out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .batch import Batch
from .generation import answers, say
from .layers import Layer, check_reads, check_words, family, traced
from .network import Network
from .numerics import Array
from .optim.adam import Adam
from .parameters import Views
from .persistence import Parts, fetched, load, resume, save
from .tokenizers import Texts, Tokenizer, ids_of, sequences_of
from .training import ModelLock, train

if TYPE_CHECKING:
    from .training import History, Training


class LLM:
    """A language model: it reads words and gives, for every position, a score to every word that might come next.

    Args:
        network: a `Network`, or its layers; the first takes ids, the last gives one score for every word.
        seed: of the random first weights; None leaves them all 0, for a caller who fills them in.
        dtype: "float32" or "float64".
        adam: the optimizer's state; it is part of the model, and saved with it. A fresh one unless given.
    """

    def __init__(
        self,
        vocab: Tokenizer,
        network: Network | Sequence[Layer],
        seed: int | None = 0,
        dtype: str = "float32",
        adam: Adam | None = None,
    ):
        check_words(network, len(vocab))
        self.vocab = vocab
        self.network = network if isinstance(network, Network) else Network(network, seed, dtype)
        self.adam = adam or Adam(self.network.parameters)
        self.lock = ModelLock()  # who trains it, and whose turn it is

    @classmethod
    def build(
        cls,
        vocab: Tokenizer,
        embedding_dim: int = 128,
        hidden_dim: int = 256,
        blocks: int = 3,
        max_seq_len: int = 80,
        seed: int = 0,
        dtype: str = "float32",
        architecture: str = "rustgpt",
        **options: Any,
    ) -> LLM:
        """The network of RustGPT ("rustgpt"), of GPT-2 ("gpt2") or Llama ("llama"); see `layers.families`."""
        layers = family(architecture, len(vocab), embedding_dim, hidden_dim, blocks, max_seq_len, **options)
        return cls(vocab, Network(layers, seed, dtype, max_seq_len))

    @property
    def max_seq_len(self) -> int:
        """The number of positions that the model can see, in tokens."""
        return check_reads(self.network.layers, self.network.max_seq_len, len(self.vocab))

    def tokenize(self, text: str) -> list[int]:
        """The ids of a text; words that a vocabulary of words lacks are dropped."""
        return self.vocab.encode(text)

    def sequences(self, texts: Texts) -> Sequence[list[int]]:
        """The ids of texts to learn from; see `tokenizers.sequences_of`."""
        return sequences_of(texts, self.vocab, self.max_seq_len + 1)

    def generate(self, text: str, **options: Any) -> Iterator[str]:
        """The pieces that follow a text, one by one: greedily, or as its options say; see `generation.say`."""
        return (self.vocab.pieces([said.id])[0] for said in say(self, [text], **options))

    def predict(self, text: str, **options: Any) -> str:
        """What follows a text, `</s>` kept; "" if nothing can follow; see `generate`."""
        return self.predict_all([text], **options)[0]

    def predict_all(self, texts: Sequence[str], **options: Any) -> list[str]:
        """What follows each of many texts, as `predict`, all at once: many times faster than one by one."""
        return [self.vocab.decode(ids) for ids in answers(self, texts, **options)]

    @property
    def parameters(self) -> Views:
        """Every weight by name, "index.field" such as "1.w_q": views, to be changed in place."""
        return self.network.weights

    def logits(self, text: str | Sequence[int]) -> Array:
        """The scores of every word at every position, (T, V), for a text or a list of ids."""
        return self.network.scores(Batch([ids_of(text, self.vocab, self.max_seq_len)]))

    def trace(self, text: str | Sequence[int]) -> dict[str, Array]:
        """Every named intermediate of every layer for one text, such as "1.weights"; see `layers.traced`."""
        return traced(self.network, ids_of(text, self.vocab, self.max_seq_len))

    def loss(self, texts: Texts) -> float:
        """The mean loss of some texts, in nats: ln V for a model that knows nothing, 0 for one that knows all."""
        return self.network.mean_loss(self.sequences(texts))

    def gradients(self, texts: Texts) -> dict[str, Array]:
        """The gradient of `loss(texts)` for every parameter, by name; no step is taken."""
        batch = Batch.to_learn(self.sequences(texts))
        with self.lock:  # a training's step has its gradients in the same memory
            _, dlogits, caches = self.network.loss(batch)
            self.network.backward(dlogits, caches, batch)
            return {name: gradient.copy() for name, gradient in self.network.gradients.items()}

    def train(
        self, texts: Texts, epochs: int, learning_rate: float, batch_size: int = 1, **options: Any
    ) -> History:
        """Learn from texts; see `training.train` for every option: clipping, schedule, callbacks and more."""
        return train(self, texts, epochs, learning_rate, batch_size, **options)

    def save(self, path: str | PathLike[str], overwrite: bool = True) -> str:
        """Write the model and its optimizer's state; says what was written, and whether RustGPT reads it."""
        with self.lock:
            return save(Parts(self.vocab, self.network, self.adam), path, overwrite)

    @classmethod
    def load(cls, path: str | PathLike[str], **options: Any) -> LLM:
        """Read a model, ready to train on; see `persistence.load`."""
        return cls(**vars(load(path, **options)))

    @classmethod
    def resume(cls, folder: str | PathLike[str], texts: Texts) -> Training:
        """The run that the newest checkpoint in a folder describes, ready to go on; see `persistence.resume`."""
        return resume(folder, texts, lambda parts: cls(**vars(parts)))

    @classmethod
    def packaged(cls) -> LLM:
        """The trained model that comes with this package: RustGPT's recipe on its corpora, with a fresh optimizer."""
        return cls.load(Path(__file__).parent / "data" / "model.bin.gz")

    @classmethod
    def smollm2(cls) -> LLM:
        """SmolLM2-135M-Instruct, a real language model; `rustgpt-lab get smollm2` fetches it, once."""
        return cls.load(fetched())

    def copy(self) -> LLM:
        """An independent model with the same weights and the same optimizer's state."""
        with self.lock:
            twin = LLM(self.vocab, self.network.unbound())
            twin.parameters.flat[:] = self.parameters.flat
            for name in {"m", "v"} & vars(self.adam).keys():  # a model that only answers has no moments
                getattr(twin.adam, name).flat[:] = getattr(self.adam, name).flat
            twin.adam.settings = copy.deepcopy(self.adam.settings)
        return twin

    def __deepcopy__(self, memo: object) -> LLM:
        return self.copy()  # a copy array by array would cut the windows off from their buffers

    def __repr__(self) -> str:
        count = sum(weights.size for weights in self.parameters.values())
        return f"LLM({len(self.vocab)} words, {count:,} parameters)\n{self.network!r}"
