"""A mistake, live: a small model learns with it, and another one without, from the same weights and the same texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..batch import Batch
from ..dataset import Dataset
from ..errors import DivergenceError, ModelError
from ..gradcheck import relative_error
from ..llm import LLM
from ..numerics import Array
from ..optim.clipping import Clipping
from ..optim.report import Arrays
from ..tokenizers import Vocab
from ..training import Training, TrainingConfig
from ..views.compared import compared
from ..views.versus import VersusCard, VersusData
from .assembly import with_part
from .exercise import find_exercise
from .exercises import nb03
from .your_layers import guarded

EPOCHS, RATE, SIZE = 20, 0.01, 4  # 60 steps
WITH, WITHOUT = "with the mistake", "without it"
PROMPT = "Mars is a"
ENTRIES = 3
"""Of each array of weights, so many are nudged in the gradient check: those with the largest gradients."""


def small_model(epsilon: float = 1e-5) -> tuple[LLM, list[str]]:
    """A model of 6,000 weights, and the dozen facts that it learns; the norms of it have this epsilon."""
    facts = Dataset.packaged().pretraining[:12]
    llm = LLM.build(Vocab.from_texts(facts), 16, 32, 1, 32, dtype="float64")
    for layer in llm.network:
        if hasattr(layer, "epsilon"):
            layer.epsilon = epsilon
    return llm, facts


# ---- how an exercise's function takes its place in a run ------------------------------------------------------------


@dataclass(frozen=True)
class WrittenClipping(Clipping):
    """A clipping by a function of parameters and gradients, which gives the new gradients."""

    id: str
    function: Callable[..., Any]
    new: Callable[[Callable[..., Any], Arrays, Arrays], Mapping[str, Array]]

    def at_parameters(self, parameters: Arrays, gradients: Arrays) -> None:
        copies = {name: gradient.copy() for name, gradient in gradients.items()}
        found = guarded(
            {self.id: self.function}, self.id, lambda: self.new(self.function, parameters, copies)
        )
        for name, gradient in gradients.items():
            array = np.asarray(found[name])
            if array.shape != gradient.shape:
                raise ModelError(
                    "a gradient of another shape", where=name, expected=gradient.shape, got=array.shape
                )
            gradient[...] = array


def of_matrices(
    function: Callable[..., Any], parameters: Arrays, gradients: Arrays, *more: Any
) -> dict[str, Array]:
    """Centralization, which knows the gradient alone, for the weights of layers."""
    return {name: function(g) if min(g.shape) > 1 else g for name, g in gradients.items()}


def of_weights(function: Callable[..., Any], parameters: Arrays, gradients: Arrays) -> dict[str, Array]:
    return {name: function(parameters[name], g, 0.05) for name, g in gradients.items()}


CLIPPINGS: dict[str, Callable[..., Any]] = {
    "08.1": lambda function, parameters, gradients: function(gradients, 2.0),
    "08.2": of_matrices,
    "08.3": of_weights,
}
"""Exercise -> (its function, parameters, gradients) -> the new gradients."""


def by_words(look: Callable[..., Any], x: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
    """Self-attention by the function of 03.1, in which one word looks."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return x + np.stack([look(q[t], k[: t + 1], v[: t + 1]) for t in range(len(x))])


LAYERS = ("02.1", "02.4", "03.3", "04.1", "04.4", "05.1", "06.2", "06.3", "06.4", "07.2")
PARTS: dict[str, Callable[..., Any]] = {
    "03.1": lambda look: partial(by_words, look),
    "03.2": lambda hide: partial(nb03.attention, mask=hide),
}
"""Exercise -> its function -> one that stands for 03.3."""
SCHEDULES = ("07.4",)
FORWARD = ("02.1", "03.1", "03.2", "03.3", "04.1", "04.4", "05.1")
TRAINABLE = (*LAYERS, *PARTS, *SCHEDULES, *CLIPPINGS)
"""The exercises whose functions a model can be trained with: layers, their backward passes, Adam, rates, clipping."""


def run_with(id: str, function: Callable[..., Any], llm: LLM, facts: list[str]) -> Training:
    """A run that has the function of an exercise in its place, and all else is ours."""
    config = TrainingConfig(EPOCHS, RATE, SIZE)
    if id in CLIPPINGS:
        clipping = WrittenClipping(id, function, CLIPPINGS[id])
        return Training(llm.copy(), facts, replace(config, clipping=clipping, learning_rate=10 * RATE))
    if id in SCHEDULES:
        steps = -(-len(facts) // SIZE) * EPOCHS
        schedule = lambda step: guarded({id: function}, id, lambda: float(function(step, steps // 6, steps)))  # noqa: E731
        return Training(llm.copy(), facts, replace(config, schedule=schedule))
    if id in PARTS:
        id, function = "03.3", PARTS[id](function)
    return Training(with_part(llm, id, function), facts, config)


# ---- side by side ---------------------------------------------------------------------------------------------------


def bug(id: str, function: Callable[..., Any]) -> VersusCard:
    """Train a small model with your function of an exercise, right or wrong, beside one with the course's.

    Shown are the loss of both, what they answer, where they look, whether their gradients pass the check, and in a
    sentence what the difference is in this run.

    Args:
        id: the exercise: one of layers, backward passes, Adam, schedules or clipping.
        function: yours, with the mistake.

    Raises:
        ModelError: no model can be trained with that exercise, or with this function: it raises, or gives what does
            not fit.

    >>> from rustgpt_lab.course.exercises.nb03 import attention
    >>> card = bug("03.3", lambda x, w_q, w_k, w_v: attention(x, w_q, w_k, w_v, residual=False))
    >>> card.data.sentence.partition(" ")[0]
    'After'
    """
    if id not in TRAINABLE:
        raise ModelError(
            "no model can be trained with this exercise", where="id", expected=", ".join(TRAINABLE), got=id
        )
    return VersusCard(side_by_side(id, function))


def offered(id: str, function: Callable[..., Any]) -> VersusCard | None:
    """A button that does what `bug` does, if a model can be trained with this function."""
    if id not in TRAINABLE:
        return None
    llm, facts = small_model()
    try:
        with np.errstate(all="ignore"), suppress(DivergenceError):
            run_with(id, function, llm, facts[:SIZE]).step()
    except ModelError:
        return None
    return VersusCard(None, partial(side_by_side, id, function))


def side_by_side(id: str, function: Callable[..., Any]) -> VersusData:
    """Train both models, and compare them."""
    llm, facts = small_model(epsilon=0.1 if id == "04.4" else 1e-5)  # where epsilon matters, it shows
    functions = {WITH: function, WITHOUT: find_exercise(id).solution}
    runs = {name: run_with(id, function, llm, facts) for name, function in functions.items()}
    try:
        checks = {name: gradients_of(run.llm, facts[:3]) for name, run in runs.items()}
        ends = {name: trained(run) for name, run in runs.items()}
    except ModelError as problem:
        name = find_exercise(id).name
        found = str(problem.__cause__ or problem)
        raise ModelError("no model can be trained with this function", where=name, got=found) from problem
    losses = [run.history.loss for run in runs.values()]
    with np.errstate(all="ignore"):
        beside = compared({name: run.llm for name, run in runs.items()}, PROMPT)
    if id in ("03.1", "03.2", "03.3"):
        beside = replace(beside, weights=np.stack([seen(run.llm, PROMPT) for run in runs.values()]))
    return VersusData(
        losses=tuple(losses),
        ends=(ends[WITH], ends[WITHOUT]),
        comparison=beside,
        names=tuple(checks[WITH]),
        errors=np.array([[checks[name][w] for name in (WITH, WITHOUT)] for w in checks[WITH]]),
        sentence=difference(runs[WITH], runs[WITHOUT], ends[WITH], checks, id in FORWARD),
    )


def trained(run: Training) -> str:
    """Take all steps; what ended them before the end, or ""."""
    try:
        with np.errstate(all="ignore"):
            run.run()
    except DivergenceError as error:
        return f"{error.what} at step {len(run.history) + 1}"
    return ""


def gradients_of(llm: LLM, texts: list[str], step: float = 1e-5) -> dict[str, float]:
    """The relative error of the gradient of every array of weights, at its largest entries, by nudging these."""
    batch = Batch.to_learn(llm.sequences(texts))
    with np.errstate(all="ignore"):
        found, errors = llm.gradients(texts), {}
        for name, w in llm.parameters.items():
            flat, g = w.reshape(-1), found[name].reshape(-1)
            places = np.argsort(-np.abs(g), kind="stable")[:ENTRIES]
            nudged = []
            for i in places:
                kept, sides = flat[i], []
                for sign in (1, -1):
                    flat[i] = kept + sign * step
                    sides.append(llm.network.loss(batch)[0])
                flat[i] = kept
                nudged.append((sides[0] - sides[1]) / (2 * step))
            errors[name] = relative_error(g[places], np.array(nudged))
    return errors


def seen(llm: LLM, text: str) -> Array:
    """(T, T) the weights with which the first attention of a model mixes, whoever wrote it.

    With values that are the rows of the identity, the mix is the weights themselves; what does not depend on the
    values, such as the residual, goes away with the output for values that are all 0.
    """
    batch = Batch([llm.tokenize(text)])
    embeddings, attention = llm.network[0], llm.network[1]
    x, _ = embeddings.forward(batch.ids, batch)
    count, w_v = len(x), attention.p.w_v
    kept = w_v.copy()
    outputs = []
    for values in (np.linalg.pinv(x), np.zeros((x.shape[1], count))):
        w_v[...] = 0
        w_v[:, :count] = values
        outputs.append(attention.forward(x, batch)[0][:, :count])
    w_v[...] = kept
    return outputs[0] - outputs[1]


def difference(
    wrong: Training, right: Training, end: str, checks: Mapping[str, Mapping[str, float]], forward: bool
) -> str:
    """What the mistake, of a forward pass or not, did in this run, in a sentence."""
    steps, last = len(right.history), right.history.epoch_loss[-1]
    gap = wrong.network.weights.flat - right.network.weights.flat
    bad = [name for name, error in checks[WITH].items() if not error < 1e-6]
    judged = f" The gradient check refuses {_listed(bad)}" if bad else ""
    judged += (
        (": the backward pass (notebook 06) is that of the right layer." if forward else ".") if bad else ""
    )
    if end:
        return f"With the mistake {end}; without it the loss is {last:.3g} after {steps} steps.{judged}"
    mine = wrong.history.epoch_loss[-1]
    if not np.isfinite(mine):
        return (
            f"After {steps} steps the loss is no number with the mistake, and {last:.3g} without it.{judged}"
        )
    same = f"After {steps} steps both models have the same weights, to the last bit"
    if not gap.any() and np.array_equal(wrong.history.loss, right.history.loss):
        return f"{same}: in this run the mistake does nothing.{judged}"
    if not gap.any():
        return f"{same}; but the run with the mistake reports a loss of {mine:.3g}, and it is {last:.3g}.{judged}"
    if abs(mine - last) > 0.01 * last:
        told = f"After {steps} steps the loss is {mine:.3g} with the mistake, and {last:.3g} without it."
        if abs(mine - last) < 0.2 * last:
            told += " (One run with one seed: so little may be chance.)"
        elif mine < last:
            told += " (A lower loss in one short run does not make it right.)"
        if (leak := looks_ahead(wrong.llm)) > 1e-9:
            told += (
                " The model with the mistake reads what it is to predict: change the last word of a text, and the "
                f"scores after its first word change by up to {leak:.2g}."
            )
        return told + judged
    share = np.linalg.norm(gap) / np.linalg.norm(right.network.weights.flat)
    return (
        f"After {steps} steps the losses are {mine:.3g} with the mistake and {last:.3g} without it, less than a "
        f"hundredth apart; the weights differ by {100 * share:.2g} % of their length.{judged}"
    )


def looks_ahead(llm: LLM) -> float:
    """By how much the scores after the first word change if a later word does."""
    ids = llm.tokenize(PROMPT)
    other = [*ids[:-1], (ids[-1] + 1) % len(llm.vocab)]
    return float(np.abs(llm.logits(ids)[0] - llm.logits(other)[0]).max())


def _listed(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
