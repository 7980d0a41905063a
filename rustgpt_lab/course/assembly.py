"""`your_model`: a language model whose parts are the learner's functions, where they have passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ..batch import Batch
from ..errors import ModelError
from ..gradcheck import numerical_gradient
from ..layers import family
from ..llm import LLM
from ..network import Network
from ..numerics import Array, cross_entropy
from ..optim.adam import Adam
from ..optim.clipping import Clipping
from ..optim.report import Arrays, unit_axis
from ..tokenizers import Vocab
from .card import Card
from .checking import examine
from .exercise import find_exercise
from .exercises.nb05 import go_on
from .gradients import agree, gradient_check
from .my_file import PARTS
from .my_gpt import functions_of
from .your_layers import Functions, broken, call, guarded, pieces, yours

ALONE = {"01.2", "07.3", "07.4", "08.1", "09.2", "09.3"}
"""Parts that the file uses when it stands alone; in a model here, the library's own loop and writer do their work."""

ANSWER = 60.0  # seconds for an answer


class YourVocab(Vocab):
    """A vocabulary that reads texts with a learner's function."""

    def __init__(self, words: Sequence[str], functions: Functions):
        super().__init__(words)
        self.functions = functions

    def encode(self, text: str) -> list[int]:
        if "01.3" in self.functions:
            id, read = "01.3", lambda: self.functions["01.3"](text, dict(self.ids))
        elif "01.1" in self.functions:
            id, read = (
                "01.1",
                lambda: [self.ids[word] for word in self.functions["01.1"](text) if word in self.ids],
            )
        else:
            return super().encode(text)
        return guarded(self.functions, id, lambda: [range(len(self))[i] for i in read()])


class YourNetwork(Network):
    """A network whose loss, too, may be a learner's function."""

    functions: Functions = MappingProxyType({})

    def loss(self, batch: Batch) -> tuple[float, Array, list[Any]]:
        if "05.1" not in self.functions:
            return super().loss(batch)
        logits, caches = self.forward(batch)
        each = [
            call(self.functions, "05.1", logits[rows], batch.targets[rows], like=[np.zeros(())])
            for rows in pieces(batch)
        ]
        _, p = cross_entropy(logits, batch.targets)
        p[np.arange(len(p)), batch.targets] -= 1  # glue: p - y
        p *= batch.shares.astype(p.dtype)[:, None]
        return float(np.mean(each)), p, caches

    def unbound(self) -> YourNetwork:
        layers = [layer.unbound() for layer in self.layers]
        twin = YourNetwork(layers, None, self.weights.flat.dtype.name, self.max_seq_len)
        twin.functions = self.functions
        return twin


class YourAdam(Adam):
    """Adam with a learner's step."""

    functions: Functions = MappingProxyType({})

    def step(self, rate: float) -> None:
        if "07.2" not in self.functions:
            super().step(rate)
            return
        for name, w in self.parameters.weights.items():
            g = self.parameters.gradients[name]
            if (settings := self.settings.get(name)) is None:
                w -= rate * g
                continue
            settings.timestep += 1
            state = w, self.m[name], self.v[name]
            new = call(self.functions, "07.2", w, g, *state[1:], settings.timestep, rate, like=state)
            for own, array in zip(state, new, strict=True):
                own[...] = array


class YourClipping(Clipping):
    """Clipping by a learner's function: `clip_by_norm` (08.1), `centralize` (08.2) or `agc` (08.3).

    Args:
        functions: with the function of one of these exercises.
        threshold: of 08.1 and 08.3.
    """

    def __init__(self, functions: Functions, threshold: float = 1.0):
        self.functions, self.threshold = functions, threshold
        [self.id] = {"08.1", "08.2", "08.3"} & functions.keys()

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        if self.id == "08.1":
            copies = {name: g.copy() for name, g in gradients.items()}
            new = guarded(self.functions, self.id, lambda: self.functions[self.id](copies, self.threshold))
            for name, g in gradients.items():
                g[...] = new[name]
            return
        for name, g in gradients.items():
            axis = unit_axis(parameters, name)
            columns, w = (g.T, parameters[name].T) if axis != 0 else (g, parameters[name])
            given = (columns,) if self.id == "08.2" else (w, columns, self.threshold)
            if axis is not None or self.id == "08.3":  # a vector is one unit: a column, too
                [columns[...]] = call(self.functions, self.id, *given, like=[columns])


class YourLLM(LLM):
    """A model made of `functions`, and of ours where there are none; see `your_model`."""

    def __init__(self, like: LLM, functions: Functions):
        network = YourNetwork(
            [yours(layer, functions) for layer in like.network],
            None,
            like.parameters.flat.dtype.name,
            like.network.max_seq_len,
        )
        network.functions = self.functions = functions
        adam = YourAdam(network.parameters)
        adam.functions = functions
        super().__init__(YourVocab(_words(like), functions), network, adam=adam)
        with like.lock:
            self.parameters.flat[:] = like.parameters.flat
            for key in ("m", "v"):
                if key in vars(like.adam):
                    getattr(adam, key).flat[:] = getattr(like.adam, key).flat
            for name, settings in like.adam.settings.items():
                vars(adam.settings[name]).update(vars(settings))

    def _go_on(self, text: str) -> list[int]:
        """The ids that follow a text, by the learner's loop over whole texts, with no cache."""
        ids = self.tokenize(text)
        if not 0 < len(ids) < self.max_seq_len:
            return []
        loop = self.functions.get("05.4", go_on)
        end, most = self.vocab.end, self.max_seq_len

        def said() -> list[int]:
            return [range(len(self.vocab))[i] for i in loop(list(ids), self.logits, end, most)]

        return guarded(self.functions, "05.4", said, ANSWER) if "05.4" in self.functions else said()

    def generate(self, text: str, **options: Any) -> Iterator[str]:
        if options:  # the learner's loop takes the most likely word; other ways are ours, over their network
            return super().generate(text, **options)
        return iter(self.vocab.pieces(self._go_on(text)))

    def predict_all(self, texts: Sequence[str], **options: Any) -> list[str]:
        if options:
            return super().predict_all(texts, **options)
        return [self.vocab.decode(self._go_on(text)) for text in texts]

    def copy(self) -> YourLLM:
        return YourLLM(self, self.functions)

    @property
    def yours(self) -> Card:
        """How much of the model is yours: a line for every part."""
        used = [id for id in PARTS if id not in ALONE]
        done = [id for id in used if id in self.functions]
        lines = [
            f"{'✓' if id in done else '○'} {what}: "
            + (f"your `{find_exercise(id).name}`" if id in done else f"the course's, until {id} passes")
            for id, what in PARTS.items()
            if id in used
        ]
        lines.append("and glue, which no exercise gives: the output projection, p - y, the loop")
        title = f"{len(done)} of {len(used)} parts of this model are yours"
        return Card(title, lines, "good" if len(done) == len(used) else "open")


def _words(like: LLM) -> tuple[str, ...]:
    if isinstance(like.vocab, Vocab):
        return like.vocab.words
    raise ModelError("your tokenizer cuts words, and this model reads other pieces", where="like")


def your_model(mine: Any, like: LLM) -> YourLLM:
    """A model made of your functions, with ours where there are none yet.

    It trains, answers, is drawn and saved as any other. Each function is checked first: by the course's own check, and
    each backward pass by finite differences against its forward pass.

    Args:
        mine: what `course.import_my_gpt()` gives, or exercises and their functions, `{"03.3": self_attention}`.
        like: a model with the words, the sizes and the weights that yours is to have; it stays as it is.

    Raises:
        ModelError: a function is wrong: what the course says of it.

    >>> from rustgpt_lab import LLM, Vocab
    >>> from rustgpt_lab.course.exercises.nb04 import feed_forward
    >>> ours = LLM.build(Vocab.default(), embedding_dim=8, hidden_dim=8, blocks=1)
    >>> your_model({"04.1": feed_forward}, ours).yours.title
    '1 of 13 parts of this model are yours'
    """
    functions = functions_of(mine)
    verify(functions)
    return YourLLM(like, functions)


def with_part(like: LLM, id: str, function: Callable[..., Any]) -> YourLLM:
    """A model like another one with one part exchanged, right or **wrong**: nothing is checked. For a bug, live."""
    return YourLLM(like, {**getattr(like, "functions", {}), id: function})


def verify(functions: Functions) -> None:
    """Check functions before they are used.

    Raises:
        ModelError: one of them is wrong.
    """
    for id, function in functions.items():
        status, message = examine(find_exercise(id), function)
        if status != "passed":
            raise broken(functions, [id], message)
    rng = np.random.default_rng(7)
    batch = Batch.to_learn([[3, 1, 4, 1, 5], [2, 0], [1, 3, 1]])
    n, d = len(batch.ids), 4
    for ours in family("rustgpt", 6, d, 5, 1, 7)[:4]:
        layer = yours(ours, functions)
        used = list(getattr(layer, "functions", ()))
        if not used:
            continue
        dy = rng.normal(size=(n, d))
        x: Any = batch.ids if layer.d_in is None else rng.normal(size=(n, d))
        layer.alone(seed=1)
        for name, pair in _pairs(layer, x, dy, batch).items():
            if not agree(*pair):
                raise broken(functions, used, f"the gradient of {name} is not what nudging says")
    if "05.1" in functions:
        _verify_loss(functions, rng.normal(size=(n, 6)), batch)


def _pairs(layer: Any, x: Array, dy: Array, batch: Batch) -> dict[str, tuple[Array, Array]]:
    """Both gradients of a layer's weights, and of what it takes if that is no ids."""
    if layer.d_in is not None:
        return gradient_check(layer, x, dy, batch)
    layer.backward(dy, layer.forward(x, batch)[1], batch)
    return {
        name: (
            g.copy(),
            numerical_gradient(lambda: float((layer.forward(x, batch)[0] * dy).sum()), layer.p[name]),
        )
        for name, g in layer.g.items()
    }


def _verify_loss(functions: Functions, logits: Array, batch: Batch) -> None:
    """Whether p - y is the gradient of the learner's loss."""
    rows = pieces(batch)[0]
    own, targets = logits[rows], batch.targets[rows]
    p = np.exp(own) / np.exp(own).sum(axis=1, keepdims=True)
    p[np.arange(len(p)), targets] -= 1
    nudged = numerical_gradient(
        lambda: float(call(functions, "05.1", own, targets, like=[np.zeros(())])[0]), own
    )
    if not agree(p / len(p), nudged):
        raise broken(functions, ["05.1"], "its gradient is not (p - y) / T")
