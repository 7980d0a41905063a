"""Wrong answers that people give: none passes. Those of the exercises' own mistakes are in test_exercises.py."""
# ruff: noqa: E501

from collections import Counter
from itertools import pairwise
from string import punctuation

import numpy as np
import pytest

from rustgpt_lab.course import check
from rustgpt_lab.course.exercises import (
    nb01,
    nb02,
    nb03,
    nb05,
    nb06a,
    nb06b,
    nb07,
    nb08,
    nb09,
    nb10,
    nb13,
    nb14,
)
from rustgpt_lab.numerics import softmax
from rustgpt_lab.persistence.bincode import varint
from rustgpt_lab.tokenizers import tokenize


def pairs_of_letters(counts):
    pairs = Counter()
    for word, times in counts.items():
        for pair in pairwise(word.replace(" ", "")):
            pairs[pair] += times
    return max(pairs, key=pairs.get)


def pairs_once(counts):
    pairs = Counter()
    for word, times in counts.items():
        for pair in set(pairwise(word.split())):
            pairs[pair] += times
    return max(pairs, key=pairs.get)


def unordered_pairs(counts):
    pairs = Counter()
    for word, times in counts.items():
        for pair in pairwise(word.split()):
            pairs[tuple(sorted(pair))] += times
    return max(pairs, key=pairs.get)


def equal_neighbours_once(counts):
    pairs = Counter()
    for word, times in counts.items():
        for a, b in pairwise(word.split()):
            pairs[a, b] += times * (a != b)
    return max(pairs, key=pairs.get)


def embed_in_a_loop(ids, token_table, position_table):
    rows = []
    for place, id in enumerate(ids):
        rows.append(token_table[id] + position_table[place])
    return np.array(rows)


def embed_in_a_comprehension(ids, token_table, position_table):
    return np.array([token_table[id] + position_table[i] for i, id in enumerate(ids)])


def cosines_while(table, v):
    found, i = [], 0
    while i < len(table):
        found.append(table[i] @ v / np.linalg.norm(table[i]) / np.linalg.norm(v))
        i += 1
    return found


def cosines_by_map(table, v):
    return list(map(lambda row: row @ v / np.linalg.norm(row) / np.linalg.norm(v), table))


def cosines_along_an_axis(table, v):
    return np.apply_along_axis(lambda row: row @ v / np.linalg.norm(row) / np.linalg.norm(v), 1, table)


def look_in_a_loop(q, k, v):
    return softmax(np.array([row @ q for row in k]) / np.sqrt(len(q))) @ v


def hide_in_a_loop(scores):
    hidden = scores.copy()
    for i in range(len(scores)):
        hidden[i, i + 1 :] = -np.inf
    return hidden


def nearest_unordered(table, word, n):
    order = np.argpartition(-nb02.cosines(table)[word], n + 1)[: n + 1]
    return order[order != word][:n]


def nearest_by_size(table, word, n):
    return nb02.nearest(abs(table), word, n)


def layer_norm_with_a_fixed_epsilon(x, gamma, beta, epsilon=1e-5):
    return gamma * (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + 1e-5) + beta


def adam_where_needed(w, g, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    return w - rate * (m / (1 - 0.9)) / (np.sqrt(v / (1 - 0.999)) + 1e-8), m, v


def adam_step_with_old_means(w, g, m, v, t, rate):
    new = nb07.adam_step(w, g, m, v, t, rate)
    return w - rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), new[1], new[2]


def eight_digits(x):
    for digits in range(1, 9):
        text = f"{x:.{digits}g}"
        if np.float32(text) == x:
            return text


def eight_digits_at_last(x):
    for digits in range(1, 9):
        text = f"{x:.{digits}g}"
        if np.float32(text) == x:
            break
    return text


SECTION_E = [
    ("01.4", pairs_of_letters, "neighbouring letters, since the spaces were taken out"),
    ("01.4", pairs_once, "a `set` keeps each pair once"),
    ("02.1", embed_in_a_loop, "there is a loop in it"),
    ("02.1", embed_in_a_comprehension, "there is a loop in it"),
    ("02.2", cosines_while, "there is a loop in it"),
    ("02.2", cosines_by_map, "there is a loop in it"),
    ("02.2", cosines_along_an_axis, "there is a loop in it"),
    ("02.3", nearest_unordered, "these are the right values, in another order"),
    ("02.3", lambda *a: np.sort(nb02.nearest(*a)), "these are the right values, in another order"),
    ("02.3", lambda *a: set(nb02.nearest(*a)), "got a set, which has no order"),
    ("03.1", look_in_a_loop, "there is a loop in it"),
    ("03.2", hide_in_a_loop, "there is a loop in it"),
    ("04.4", layer_norm_with_a_fixed_epsilon, "this adds 1e-5 whatever `epsilon` is"),
    ("09.4", eight_digits, "`range(1, 9)` ends with 8"),
    ("09.4", eight_digits_at_last, "some numbers need nine"),
]


def ids_of(words):
    return {word: i for i, word in enumerate(words)}


def hide(scores, value):
    return np.where(np.triu(np.ones(scores.shape, bool), k=1), value, scores)


def attend(x, q, k, v, hidden=-np.inf):
    scores = hide(q @ k.T / np.sqrt(q.shape[1]), hidden)
    return x + softmax(scores) @ v


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, 0.01 * x)


def smooth_growth(factor, layers, residual):
    return np.exp(layers * factor**2 / 2) if residual else factor**layers


def cross_entropy(logits, targets):
    return -np.log(softmax(logits)[np.arange(len(targets)), targets])


def counted(vocab_size, d, hidden, positions, blocks, tables=2, ff_bias=True, norms=2, out=True):
    ff = 2 * d * hidden + ff_bias * (hidden + d)
    return (
        (vocab_size + positions) * d
        + blocks * (3 * d * d + norms * 2 * d + ff)
        + d * vocab_size
        + out * vocab_size
    )


def go_on_changing(ids, logits, end, most):
    start = len(ids)
    while len(ids) < most:
        ids.append(int(logits(ids)[-1].argmax()))
        if ids[-1] == end:
            break
    return ids[start:]


def go_on_one_more(ids, logits, end, most):
    ids, said = list(ids), []
    while len(ids) <= most:
        said.append(int(logits(ids)[-1].argmax()))
        ids.append(said[-1])
        if said[-1] == end:
            break
    return said


def go_on_by_least(ids, logits, end, most):
    return nb05.go_on(ids, lambda ids: -logits(ids), end, most)


def go_on_counting_new(ids, logits, end, most):
    ids, said = list(ids), []
    while len(said) < most:
        said.append(int(logits(ids)[-1].argmax()))
        ids.append(said[-1])
        if said[-1] == end:
            break
    return said


def go_on_from_the_end(ids, logits, end, most):
    """Stops at once if the prompt holds the end."""
    return [] if end in ids else nb05.go_on(ids, logits, end, most)


def nudge_in_place(f, x, h):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += h
        up = f(x)
        x[i] -= 2 * h
        gradient[i] = (up - f(x)) / (2 * h)
    return gradient


def only_vectors(f, x, h):
    return [(f(x + h * np.eye(len(x))[i]) - f(x - h * np.eye(len(x))[i])) / (2 * h) for i in range(len(x))]


def fixed_h(f, x, h):
    return nb06a.central_differences(f, x, 1e-5)


def one_sided(f, x, h):
    return nb06a.nudged(f, x, h, up=0.0, width=1.0)


def mended(dy, x, gamma, dvar):
    return nb06b.layer_norm(dy, x, gamma, dvar=dvar)


def mean_from_first(values, beta):
    m, means = values[0], []
    for value in values:
        m = beta * m + (1 - beta) * value
        means.append(m)
    return means


def clip(gradients, threshold, length):
    return {name: g * min(1, threshold / length(gradients)) for name, g in gradients.items()}


def clip_in_place(gradients, threshold):
    length = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    for g in gradients.values():
        g *= min(1, threshold / length)
    return gradients


def all_numbers(gradients):
    return np.concatenate([g.ravel() for g in gradients.values()])


def centralize_in_place(g):
    g -= g.mean(axis=0)
    return g


def read(data, **changes):
    return nb09.float_from(data, **changes)


def array_in(a, **changes):
    return nb09.array_from(a, **changes)


def forget_to_grow(text, next_word):
    word = ""
    while word != "</s>":
        word = next_word(text)
    return text


def go_on_after_the_end(text, next_word):
    for _ in range(20):
        text = f"{text} {next_word(text)}"
    return text


OTHERS = [
    ("00.3", lambda text, next_word: next_word(text)),
    ("00.3", lambda text, next_word: " ".join([text, *map(next_word, [text] * 3)])),
    ("00.3", lambda text, next_word: text.split()),
    ("00.3", forget_to_grow),
    ("00.3", go_on_after_the_end),
    ("00.2", lambda p, words: words[1]),
    ("00.2", lambda p, words: words[np.argsort(p)[-2]]),
    ("00.2", lambda p, words: words[int(p.max())]),
    ("00.2", lambda p, words: [words[np.argmax(p)]]),
    ("00.2", lambda p, words: words[np.argmax(p) - 1]),
    ("00.2", lambda p, words: words[np.flatnonzero(p >= 0.5)[0]]),
    ("00.2", lambda p, words: max(words, key=len)),
    ("00.2", lambda p, words: sorted(words)[np.argmax(p)]),
    ("00.2", lambda p, words: dict(zip(p, words, strict=True))[0.5]),
    ("01.1", lambda text: tokenize(text)[:-1]),
    ("01.1", lambda text: text.split(" ")),
    ("01.1", lambda text: "".join(f" {c} " if c in ",.!?" else c for c in text).split()),
    ("01.1", lambda text: [t for w in text.split() for t in ([w] if w == "</s>" else [*w])]),
    ("01.1", lambda text: sorted(tokenize(text))),
    ("01.1", lambda text: list(dict.fromkeys(tokenize(text)))),
    ("01.1", lambda text: " ".join(tokenize(text))),
    ("01.1", lambda text: [t for t in tokenize(text) if t.isalnum() or t == "</s>" or t in ",.!?"]),
    ("01.1", lambda text: set(tokenize(text))),
    ("01.1", lambda text: "".join(f" {c} " if c in punctuation else c for c in text).split()),
    ("01.2", lambda texts: ids_of(sorted({"</s>", *tokenize(texts[0])}))),
    ("01.2", lambda texts: ids_of(sorted({"</s>", *(w.lower() for t in texts for w in tokenize(t))}))),
    ("01.2", lambda texts: ids_of(["</s>", *sorted({w for t in texts for w in tokenize(t)} - {"</s>"})])),
    ("01.2", lambda texts: ids_of(sorted({"</s>", *(w for t in texts for w in tokenize(t))}, reverse=True))),
    ("01.2", lambda texts: ids_of(sorted({"</s>", *(w for t in texts for w in tokenize(t))}, key=len))),
    ("01.2", lambda texts: {w: i for i, w in enumerate(sorted(nb01.all_tokens(texts)))}),
    ("01.2", lambda texts: dict(Counter(nb01.all_tokens(texts)))),
    ("01.2", lambda texts: [*nb01.build_ids(texts).items()]),
    ("01.2", lambda texts: {w: str(i) for w, i in nb01.build_ids(texts).items()}),
    ("01.2", lambda texts: nb01.build_ids([t.replace("</s>", "").rstrip(".!?") for t in texts])),
    ("01.3", lambda text, ids: [ids[w] for w in tokenize(text.lower()) if w in ids]),
    ("01.3", lambda text, ids: sorted(nb01.encode(text, ids))),
    ("01.3", lambda text, ids: [ids.get(w, -1) for w in tokenize(text)]),
    ("01.3", lambda text, ids: [w for w in tokenize(text) if w in ids]),
    ("01.3", lambda text, ids: [i for w, i in ids.items() if w in text]),
    ("01.3", lambda text, ids: [ids[w] for w in tokenize(text) if w in ids and w != "</s>"]),
    ("01.3", lambda text, ids: [ids.setdefault(w, len(ids)) for w in tokenize(text)]),
    ("01.3", lambda text, ids: [ids.get(w, len(ids)) for w in tokenize(text)]),
    ("01.3", lambda text, ids: {w: ids[w] for w in tokenize(text) if w in ids}),
    ("01.3", lambda text, ids: set(nb01.encode(text, ids))),
    ("01.4", unordered_pairs),
    ("01.4", equal_neighbours_once),
    ("01.4", lambda counts: nb01.most_frequent_pair(counts)[::-1]),
    ("01.4", lambda counts: " ".join(nb01.most_frequent_pair(counts))),
    ("01.4", lambda counts: set(nb01.most_frequent_pair(counts))),
    ("01.4", lambda counts: max(nb01.pairs_of(counts))),
    ("01.4", lambda counts: next(pairwise(max(counts, key=counts.get).split()))),
    ("01.4", lambda counts: nb01.top(nb01.pairs_of({w: n * len(w.split()) for w, n in counts.items()}))),
    ("01.4", lambda counts: nb01.top(Counter((w[0], w[-1]) for w, n in counts.items() for _ in range(n)))),
    ("01.4", lambda counts: nb01.top(nb01.pairs_of(dict([*counts.items()][:2])))),
    ("01.4", lambda counts: nb01.top(nb01.pairs_of({w: n for w, n in counts.items() if n > 1}))),
    ("01.4", lambda counts: nb01.top(Counter({p: n for w, c in counts.items() for p, n in [(tuple(q), c) for q in pairwise(w.split())]}))),
    ("02.1", lambda ids, words, places: words[ids] + places[len(ids)]),
    ("02.1", lambda ids, words, places: words[ids] + places[-len(ids) :]),
    ("02.1", lambda ids, words, places: np.concatenate([words[ids], places[: len(ids)]], axis=1)),
    ("02.1", lambda ids, words, places: words[ids - 1] + places[: len(ids)]),
    ("02.1", lambda ids, words, places: words[sorted(ids)] + places[: len(ids)]),
    ("02.1", lambda ids, words, places: words[ids] + places[: len(ids)].mean(axis=0)),
    ("02.1", lambda ids, words, places: (words[ids] + places[: len(ids)]) / 2),
    ("02.1", lambda ids, words, places: words[ids] + places[: len(ids)][::-1]),
    ("02.1", lambda ids, words, places: words[ids] + places[np.unique(ids, return_inverse=True)[1]]),
    ("02.2", lambda table, v: abs(nb02.similarities(table, v))),
    ("02.2", lambda table, v: nb02.similarities(table, v)[:, None]),
    ("02.2", lambda table, v: np.arccos(nb02.similarities(table, v))),
    ("02.2", lambda table, v: nb02.similarities(table - table.mean(0), v)),
    ("02.2", lambda table, v: table @ v / np.sqrt(np.linalg.norm(table, axis=1) * np.linalg.norm(v))),
    ("02.2", lambda table, v: table @ v / abs(table @ v).max()),
    ("02.2", lambda table, v: table @ v / (abs(table).sum(1) * abs(v).sum())),
    ("02.2", lambda table, v: nb02.similarities(table, v).round(2)),
    ("02.2", lambda table, v: np.linalg.norm(table * v, axis=1)),
    ("02.3", nearest_by_size),
    ("02.3", lambda table, word, n: nb02.nearest(table, 0, n)),
    ("02.3", lambda table, word, n: nb02.nearest(table, word, 2)),
    ("02.3", lambda table, word, n: nb02.nearest(table, word, n + 1)),
    ("02.3", lambda table, word, n: table[nb02.nearest(table, word, n)]),
    ("02.3", lambda table, word, n: np.argsort(-abs(nb02.cosines(table)[word]))[1 : n + 1]),
    ("02.3", lambda table, word, n: (lambda o: o[o != word][:n])(np.argsort(-nb02.cosines(table).mean(0)))),
    ("02.3", lambda table, word, n: np.argsort(np.argsort(-nb02.cosines(table)[word]))[:n]),
    ("02.3", lambda table, word, n: np.argsort(-np.delete(nb02.cosines(table)[word], word))[:n]),
    ("02.4", lambda ids, dy, V: nb06a.token_gradient(ids, dy, V + 1)),
    ("02.4", lambda ids, dy, V: nb06a.token_gradient(ids, dy, max(ids) + 1)),
    ("02.4", lambda ids, dy, V: nb06a.token_gradient(ids, dy, V).T),
    ("02.4", lambda ids, dy, V: nb06a.token_gradient(ids, dy, V) / len(ids)),
    ("02.4", lambda ids, dy, V: nb06a.token_gradient(ids, dy, V).astype(int)),
    ("02.4", lambda ids, dy, V: np.ones((V, 1)) * dy.mean(0)),
    ("02.4", lambda ids, dy, V: np.bincount(ids, dy.sum(1), V)),
    ("02.4", lambda ids, dy, V: nb06a.token_gradient(ids, abs(dy), V)),
    ("02.4", lambda ids, dy, V: nb06a.token_gradient(sorted(ids), dy, V)),
    ("03.1", lambda q, k, v: softmax(k @ q * np.sqrt(len(q))) @ v),
    ("03.1", lambda q, k, v: softmax(k @ q / np.sqrt(v.shape[1])) @ v),
    ("03.1", lambda q, k, v: softmax(k @ q / np.sqrt(2)) @ v),
    ("03.1", lambda q, k, v: q[:1] + softmax(k @ q / np.sqrt(len(q))) @ v),
    ("03.1", lambda q, k, v: v[np.argmax(k @ q)]),
    ("03.1", lambda q, k, v: v.mean(0)),
    ("03.1", lambda q, k, v: softmax(k @ q / np.linalg.norm(q)) @ v),
    ("03.1", lambda q, k, v: (lambda s: s / s.sum())(k @ q) @ v),
    ("03.1", lambda q, k, v: (lambda s: s / s.sum())(np.exp(k @ q) / np.sqrt(len(q))) @ v),
    ("03.1", lambda q, k, v: (softmax(k @ q / np.sqrt(len(q))) @ v)[None]),
    ("03.2", lambda scores: hide(scores, -1e9)),
    ("03.2", lambda scores: hide(scores, np.nan)),
    ("03.2", lambda scores: hide(scores, np.inf)),
    ("03.2", lambda scores: hide(scores.T, -np.inf).T),
    ("03.2", lambda scores: hide(scores, -np.inf).T),
    ("03.2", lambda scores: hide(scores, -np.inf)[::-1]),
    ("03.2", lambda scores: np.triu(np.ones(scores.shape, bool), k=1)),
    ("03.2", lambda scores: np.where(np.triu(np.ones(scores.shape, bool), k=2), -np.inf, scores)),
    ("03.2", lambda scores: np.where(np.triu(np.ones((3, 3), bool), k=1), -np.inf, scores[:3, :3])),
    ("03.2", lambda scores: hide(np.zeros(scores.shape), -np.inf)),
    ("03.3", lambda x, a, b, c: attend(x, x @ a, x @ b, x @ c, -10)),
    ("03.3", lambda x, a, b, c: attend(x @ a, x @ a, x @ b, x @ c)),
    ("03.3", lambda x, a, b, c: attend(x, x @ a, x @ a, x @ c)),
    ("03.3", lambda x, a, b, c: attend(x, x @ b, x @ b, x @ c)),
    ("03.3", lambda x, a, b, c: attend(x, x @ a, x @ b, x @ b)),
    ("03.3", lambda x, a, b, c: attend(x, x @ a.T, x @ b.T, x @ c.T)),
    ("03.3", lambda x, a, b, c: attend(x, (a @ x.T).T, (b @ x.T).T, x @ c)),
    ("03.3", lambda x, a, b, c: attend(0.5 * x, x @ a, x @ b, 0.5 * x @ c)),
    ("03.3", lambda x, a, b, c: x * attend(0 * x, x @ a, x @ b, x @ c)),
    ("03.3", lambda x, a, b, c: x + softmax(np.tril(x @ a @ (x @ b).T / np.sqrt(x.shape[1]))) @ x @ c),
    ("03.3", lambda x, a, b, c: x + softmax(np.where(np.tril(np.ones((len(x),) * 2, bool), -1), -np.inf, x @ a @ (x @ b).T / np.sqrt(x.shape[1]))) @ (x @ c)),
    ("03.4", lambda s, j, p: np.log(p)),
    ("03.4", lambda s, j, p: np.log(p / (1 - p)) + np.log(np.exp(s).sum() - 1)),
    ("03.4", lambda s, j, p: np.log(p / (1 - p)) + max(np.delete(s, j))),
    ("03.4", lambda s, j, p: np.log(p / (1 - p)) - np.log(np.exp(np.delete(s, j)).sum())),
    ("03.4", lambda s, j, p: np.log((1 - p) / p) + np.log(np.exp(np.delete(s, j)).sum())),
    ("03.4", lambda s, j, p: np.log(p / (1 - p)) + np.log(np.exp(s[:-1]).sum())),
    ("03.4", lambda s, j, p: np.log(p / (1 - p)) + np.log(np.exp(np.delete(s, 1)).sum())),
    ("03.4", lambda s, j, p: np.log2(p / (1 - p)) + np.log2(np.exp(np.delete(s, j)).sum())),
    ("03.4", lambda s, j, p: nb03.score_for(s, j, p).round(2)),
    ("03.4", lambda s, j, p: softmax(s)[j]),
    ("04.1", lambda x, w1, b1, w2, b2: x + leaky(x @ w1 + b1) @ w2 + b2),
    ("04.1", lambda x, w1, b1, w2, b2: x + abs(x @ w1 + b1) @ w2 + b2),
    ("04.1", lambda x, w1, b1, w2, b2: x + relu(x) @ w1 @ w2 + b2),
    ("04.1", lambda x, w1, b1, w2, b2: x + relu(x @ w1 - b1) @ w2 + b2),
    ("04.1", lambda x, w1, b1, w2, b2: x * (relu(x @ w1 + b1) @ w2 + b2)),
    ("04.1", lambda x, w1, b1, w2, b2: x + relu(x @ w1 + b1) @ w2 + len(x) * b2),
    ("04.1", lambda x, w1, b1, w2, b2: x + np.tanh(x @ w1 + b1) @ w2 + b2),
    ("04.1", lambda x, w1, b1, w2, b2: x + np.minimum(1, relu(x @ w1 + b1)) @ w2 + b2),
    ("04.1", lambda x, w1, b1, w2, b2: x + (x @ w1 + b1 > 0) @ w2 + b2),
    ("04.1", lambda x, w1, b1, w2, b2: 2 * x + relu(x @ w1 + b1) @ w2 + b2),
    ("04.2", (np.ones((2, 2)), np.zeros(2), np.ones(2))),
    ("04.2", (np.ones((2, 2)), np.array([0, -1]))),
    ("04.2", (np.zeros((2, 2)), np.zeros(2), np.zeros(2))),
    ("04.2", (np.full((2, 2), np.nan), np.zeros(2), np.ones(2))),
    ("04.2", "w1, b1, w2"),
    ("04.2", (np.ones((2, 2)), np.array([[0, -1]]), np.array([1, -2]))),
    ("04.2", {"w1": 1, "b1": 2, "w2": 3}),
    ("04.3", lambda factor, layers, residual: (1 + factor * residual) ** layers),
    ("04.3", lambda factor, layers, residual: (factor**2 + residual) ** (layers - 1)),
    ("04.3", smooth_growth),
    ("04.3", lambda factor, layers, residual: (np.sqrt(1 + factor**2) if residual else factor) * layers),
    ("04.3", lambda factor, layers, residual: np.sqrt(1 + layers * factor**2) if residual else factor**layers),
    ("04.3", lambda factor, layers, residual: np.sqrt((factor**2 + 1) ** layers)),
    ("04.3", lambda factor, layers, residual: (factor + 1) ** (layers / 2) if residual else factor**layers),
    ("04.3", lambda factor, layers, residual: round(np.sqrt((factor**2 + residual) ** layers), 1)),
    ("04.4", lambda x, g, b, e=1e-5: g * (x - np.median(x, axis=-1, keepdims=True)) / (x.std(-1, keepdims=True) + e) + b),
    ("04.4", lambda x, g, b, e=1e-5: g * (x - x.mean(-1, keepdims=True)) / np.maximum(x.std(-1, keepdims=True), e) + b),
    ("04.4", lambda x, g, b, e=1e-5: g * (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + e**2) + b),
    ("04.4", lambda x, g, b, e=1e-5: g * (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) + e + b),
    ("04.4", lambda x, g, b, e=1e-5: g * (x - x.min(-1, keepdims=True)) / (np.ptp(x, -1, keepdims=True) + e) + b),
    ("04.4", lambda x, g, b, e=1e-5: g * x / (np.linalg.norm(x, axis=-1, keepdims=True) + e) + b),
    ("04.4", lambda x, g, b, e=1e-5: g * x / (np.sqrt((x**2).mean(-1, keepdims=True)) + e) + b),
    ("04.4", lambda x, g, b, e=1e-5: b * (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + e) + g),
    ("04.4", lambda x, g, b, e=1e-5: g * (x - x.mean(-1, keepdims=True)) / (abs(x - x.mean(-1, keepdims=True)).mean(-1, keepdims=True) + e) + b),
    ("05.1", cross_entropy),
    ("05.1", lambda s, t: -np.log(softmax(s).max(-1)).mean()),
    ("05.1", lambda s, t: -np.log10(softmax(s)[np.arange(len(t)), t]).mean()),
    ("05.1", lambda s, t: np.exp(cross_entropy(s, t).mean())),
    ("05.1", lambda s, t: -np.log(softmax(s)[t, np.arange(len(t))]).mean()),
    ("05.1", lambda s, t: -np.log(softmax(s)[-1, t[-1]])),
    ("05.1", lambda s, t: cross_entropy(s[:-1], t[1:]).mean()),
    ("05.1", lambda s, t: -np.log(softmax(s)).mean()),
    ("05.1", lambda s, t: cross_entropy(s, t).sum() / s.size),
    ("05.1", lambda s, t: -np.log(np.exp(s)[np.arange(len(t)), t] / np.exp(s).sum()).mean()),
    ("05.1", lambda s, t: -np.log(softmax(s)[np.arange(len(t)), t] + 1e-3).mean()),
    ("05.2", lambda p: np.exp(p).mean()),
    ("05.2", lambda p: np.exp(-np.log2(p).mean())),
    ("05.2", lambda p: np.exp(-np.log(p)).mean() ** 0.5),
    ("05.2", lambda p: 1 / np.prod(p)),
    ("05.2", lambda p: np.prod(p) ** -0.5),
    ("05.2", lambda p: 1 / np.median(p)),
    ("05.2", lambda p: np.exp(-np.log(p.mean()))),
    ("05.2", lambda p: 10 ** -np.log(p).mean()),
    ("05.2", lambda p: np.exp(-(p * np.log(p)).sum())),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) - v * d - p * d + d * (v + p) * 2),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b, norms=1)),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) + b * (d - h)),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) - b * h),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) - b * d),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) * b),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) - b * 2 * d * d),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) + 2 * d),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) - b * 2 * d + 2 * d),
    ("05.3", lambda v, d, h, p, b: counted(v, d, h, p, b) / 1e6),
    ("05.3", lambda v, d, h, p, b: 502454),
    ("05.3", lambda v, d, h, p, b: counted(v, d, 256, p, b)),
    ("05.4", go_on_changing),
    ("05.4", go_on_one_more),
    ("05.4", go_on_by_least),
    ("05.4", go_on_counting_new),
    ("05.4", go_on_from_the_end),
    ("05.4", lambda ids, logits, end, most: nb05.go_on(ids, logits, end, most)[:1]),
    ("05.4", lambda ids, logits, end, most: nb05.go_on(ids, logits, end, most - 1)),
    ("05.4", lambda ids, logits, end, most: [*nb05.go_on(ids, logits, end, most), end]),
    ("05.4", lambda ids, logits, end, most: sorted(nb05.go_on(ids, logits, end, most))),
    ("05.4", lambda ids, logits, end, most: np.argmax(logits(ids), axis=-1)),
    ("05.4", lambda ids, logits, end, most: nb05.wander(ids, logits, end, most, sees=lambda ids: ids[1:] or ids)),
    ("06.1", nudge_in_place),
    ("06.1", only_vectors),
    ("06.1", fixed_h),
    ("06.1", one_sided),
    ("06.1", lambda f, x, h: nb06a.central_differences(f, x, h / 2)),
    ("06.1", lambda f, x, h: nb06a.central_differences(f, x, h).ravel()),
    ("06.1", lambda f, x, h: nb06a.central_differences(f, x, h) * 2 * h),
    ("06.1", lambda f, x, h: nb06a.nudged(f, x, h, width=4.0)),
    ("06.1", lambda f, x, h: abs(nb06a.central_differences(f, x, h))),
    ("06.1", lambda f, x, h: nb06a.central_differences(f, x, h).round(1)),
    ("06.2", lambda *a: nb06a.feed_forward(*a)[:3]),
    ("06.2", lambda *a: dict(zip(("dx", "dw1", "db1", "dw2", "db2"), nb06a.feed_forward(*a), strict=True))),
    ("06.2", lambda dy, x, w1, b1, w2: nb06a.feed_forward(dy, x, w1, 0 * b1, w2)),
    ("06.2", lambda *a: nb06a.feed_forward(*a, residual=2)),
    ("06.2", lambda *a: nb06a.feed_forward(*a, mask=lambda d, hidden: np.maximum(hidden, 0))),
    ("06.2", lambda *a: nb06a.feed_forward(*a, total=lambda a, axis: a.sum())),
    ("06.2", lambda *a: nb06a.feed_forward(*a, total=lambda a, axis: a.sum(axis, keepdims=True))),
    ("06.2", lambda *a: tuple(-part for part in nb06a.feed_forward(*a))),
    ("06.2", lambda *a: tuple(part.T for part in nb06a.feed_forward(*a))),
    ("06.2", lambda dy, x, *rest: (x + nb06a.feed_forward(dy, x, *rest)[0] - dy, *nb06a.feed_forward(dy, x, *rest)[1:])),
    ("06.3", lambda *a: nb06b.attention_backward(*a)[::-1]),
    ("06.3", lambda *a: nb06b.attention(*a, q_scale=nb06b.as_rustgpt)),
    ("06.3", lambda dmix, q, k, v, w: nb06b.attention_backward(dmix, k, q, v, w)),
    ("06.3", lambda dmix, q, k, v, w: (*nb06b.attention_backward(dmix, q, k, v, w)[:2], w @ dmix)),
    ("06.3", lambda dmix, q, k, v, w: nb06b.attention(dmix, q, k, v, w, scores=lambda dw, w: w * (1 - w) * dw)),
    ("06.3", lambda dmix, q, k, v, w: nb06b.attention(dmix, q, k, v, w, scores=lambda dw, w: dw - (dw * w).sum(1, keepdims=True))),
    ("06.3", lambda dmix, q, k, v, w: nb06b.attention(dmix, q, k, v, w, scores=lambda dw, w: w * (dw - dw.sum(1, keepdims=True)))),
    ("06.3", lambda dmix, q, k, v, w: nb06b.attention(dmix, q, k, v, w, scores=lambda dw, w: w * (dw - (dw * w).mean(1, keepdims=True)))),
    ("06.3", lambda *a: nb06b.attention(*a, q_scale=lambda q: q.shape[1] ** 0.5, k_scale=lambda q: q.shape[1] ** 0.5)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -0.5 * nb06b.row_sum(dn) / s**3)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -0.5 * nb06b.row_sum(c) / s**3)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -0.5 * nb06b.row_sum(dn * c**2) / s**3)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -0.5 * nb06b.row_sum(dn * c) / s)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -0.5 * nb06b.row_sum(dn * c) / (s**2 + 1e-5) ** 1.5)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -0.5 * (dn * c).sum() / s**3)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -1.5 * nb06b.row_sum(dn * c) / s**3)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: 0 * s)),
    ("06.4", lambda *a: mended(*a, lambda dn, c, s: -0.5 * (dn * c).sum(0, keepdims=True) / s**3)),
    ("07.1", mean_from_first),
    ("07.1", lambda values, beta: np.cumsum(values) / np.arange(1, len(values) + 1)),
    ("07.1", lambda values, beta: nb07.running_mean(values, beta)[-1]),
    ("07.1", lambda values, beta: nb07.running_mean(values, 0.9)),
    ("07.1", lambda values, beta: nb07.averaged(values, beta, correct=lambda m, b, t: m / (1 - b ** (t + 1)))),
    ("07.1", lambda values, beta: nb07.averaged(values, beta, correct=lambda m, b, t: m / (1 - b * t))),
    ("07.1", lambda values, beta: nb07.averaged(values, beta, start=values[0])),
    ("07.1", lambda values, beta: nb07.averaged(values, beta, correct=lambda m, b, t: m / b**t)),
    ("07.1", lambda values, beta: [0, *nb07.running_mean(values, beta)]),
    ("07.2", adam_where_needed),
    ("07.2", adam_step_with_old_means),
    ("07.2", lambda *a: nb07.adam_step(*a)[0]),
    ("07.2", lambda *a: nb07.adam_step(*a)[::-1]),
    ("07.2", lambda *a: nb07.adam(*a, shift=1)),
    ("07.2", lambda *a: nb07.adam(*a, shift=-1)),
    ("07.2", lambda *a: nb07.adam(*a, epsilon=1e-6)),
    ("07.2", lambda *a: nb07.adam(*a, epsilon=1e-5)),
    ("07.2", lambda *a: nb07.adam(*a, epsilon=1e-7)),
    ("07.2", lambda w, g, m, v, t, rate: nb07.adam_step(w, g, m, v, t, 0.1)),
    ("07.2", lambda w, g, m, v, t, rate: nb07.adam_step(w, g, m, v, 1, rate)),
    ("07.2", lambda w, g, m, v, t, rate: nb07.adam_step(w, g, m * 0, v * 0, t, rate)),
    ("07.2", lambda w, g, m, v, t, rate: (nb07.adam_step(w, g, m, v, t, rate)[0] - w, *nb07.adam_step(w, g, m, v, t, rate)[1:])),
    ("07.2", lambda w, g, m, v, t, rate: (w - rate * np.sign(g), *nb07.adam_step(w, g, m, v, t, rate)[1:])),
    ("07.3", lambda texts, size: [texts[:size], texts[size:]]),
    ("07.3", lambda texts, size: np.array_split(texts, size)),
    ("07.3", lambda texts, size: np.array_split(texts, -(-len(texts) // size))),
    ("07.3", lambda texts, size: [t for b in nb07.batches(texts, size) for t in b]),
    ("07.3", lambda texts, size: nb07.batches(texts[::-1], size)),
    ("07.3", lambda texts, size: [*nb07.batches(texts, size), []]),
    ("07.3", lambda texts, size: [texts[i * size : (i + 1) * size] for i in range(len(texts) // size + 1)]),
    ("07.3", lambda texts, size: nb07.batches(texts, 2)),
    ("07.3", lambda texts, size: [b + [b[-1]] * (size - len(b)) for b in nb07.batches(texts, size)]),
    ("07.3", lambda texts, size: [set(b) for b in nb07.batches(texts, size)]),
    ("07.4", lambda s, n, end: min(1, s / n)),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end + 1)),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end, wave=lambda w: np.cos(np.pi * w / 2))),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end, wave=lambda w: (1 + np.cos(w)) / 2)),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end, wave=lambda w: (1 + np.cos(180 * w)) / 2)),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end, wave=lambda w: (1 - np.cos(np.pi * w)) / 2)),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end, wave=lambda w: 1 + np.cos(np.pi * w))),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end, climb=lambda s, n: s / (n + 1))),
    ("07.4", lambda s, n, end: nb07.scheduled(s, n, end, climb=lambda s, n: s)),
    ("07.4", lambda s, n, end: s / n if s <= n else (1 + np.cos(np.pi * (s - n) / end)) / 2),
    ("07.4", lambda s, n, end: s / n if s <= n else 0.1 + 0.9 * nb07.share(s, n, end)),
    ("07.4", lambda s, n, end: max(nb07.share(s, n, end), 0.01)),
    ("08.1", clip_in_place),
    ("08.1", lambda g, t: clip(g, t, lambda g: abs(all_numbers(g)).sum())),
    ("08.1", lambda g, t: clip(g, t, lambda g: abs(all_numbers(g)).max())),
    ("08.1", lambda g, t: clip(g, t, lambda g: np.sqrt((all_numbers(g) ** 2).mean()))),
    ("08.1", lambda g, t: clip(g, 1.0, lambda g: np.linalg.norm(all_numbers(g)))),
    ("08.1", lambda g, t: clip(g, t, lambda g: np.linalg.norm(g["w"]))),
    ("08.1", lambda g, t: clip(g, t, lambda g: np.linalg.norm(all_numbers(g)) + 1)),
    ("08.1", lambda g, t: [*nb08.clip_by_norm(g, t).values()]),
    ("08.1", lambda g, t: {n: nb08.clip_by_norm(g, t)[n] for n in ("w", "b")}),
    ("08.1", lambda g, t: g),
    ("08.1", lambda g, t: min(1, t / np.linalg.norm(all_numbers(g)))),
    ("08.1", lambda g, t: {n: a * t / max(1, np.linalg.norm(all_numbers(g))) for n, a in g.items()}),
    ("08.2", centralize_in_place),
    ("08.2", lambda g: g - np.median(g, axis=0)),
    ("08.2", lambda g: g + g.mean(axis=0)),
    ("08.2", lambda g: g - g[0]),
    ("08.2", lambda g: g - g.mean(axis=0) - g.mean(axis=1, keepdims=True)),
    ("08.2", lambda g: (g - g.mean(axis=0)).T),
    ("08.2", lambda g: g - g.sum(axis=0) / g.shape[1]),
    ("08.2", lambda g: g / g.mean(axis=0)),
    ("08.2", lambda g: g - g.mean(axis=0).round()),
    ("08.3", lambda w, g, t: nb08.adapted(g, w, t)),
    ("08.3", lambda w, g, t: nb08.adapted(w, g, 0.1)),
    ("08.3", lambda w, g, t: nb08.adapted(w, g, t, least=1e-6)),
    ("08.3", lambda w, g, t: nb08.adapted(w, g, t, least=0.1)),
    ("08.3", lambda w, g, t: nb08.adapted(w, g, t, size=lambda a: a**2)),
    ("08.3", lambda w, g, t: nb08.adapted(w, g, t, small=np.maximum)),
    ("08.3", lambda w, g, t: g * np.minimum(1, np.maximum(t * np.linalg.norm(w, axis=0), 0.001) / np.linalg.norm(g, axis=0))),
    ("08.3", lambda w, g, t: g * np.minimum(1, t * (np.linalg.norm(w, axis=0) + 0.001) / np.linalg.norm(g, axis=0))),
    ("08.3", lambda w, g, t: g * np.minimum(1, t * np.maximum(abs(w).sum(0), 0.001) / abs(g).sum(0))),
    ("08.3", lambda w, g, t: np.clip(g, -t * abs(w), t * abs(w))),
    ("08.3", lambda w, g, t: g * np.minimum(1, t / np.linalg.norm(g, axis=0))),
    ("08.4", lambda T: np.sqrt(2 * T) / T**2),
    ("08.4", lambda T: 2 / np.sqrt(T)),
    ("08.4", lambda T: np.sqrt(T / 2)),
    ("08.4", lambda T: 1 / T),
    ("08.4", lambda T: np.sqrt(2 / T).round(2)),
    ("08.4", lambda T: T * np.sqrt(2)),
    ("08.4", lambda T: np.sqrt(2 / (T + 1))),
    ("08.4", lambda T: 2 * np.sqrt(2 / T)),
    ("09.1", lambda data: read(data, bias=126)),
    ("09.1", lambda data: read(data, one=2)),
    ("09.1", lambda data: abs(read(data))),
    ("09.1", lambda data: round(read(data), 1)),
    ("09.1", lambda data: int(read(data))),
    ("09.1", lambda data: -read(data)),
    ("09.1", lambda data: str(read(data))),
    ("09.1", lambda data: read(data, mask=127)),
    ("09.1", lambda data: (lambda b: (-1) ** (b >> 31) * 2.0 ** ((b >> 23 & 255) - 127) * (1 + (b & 2**23 - 1) / 2**24))(int.from_bytes(data, "little"))),
    ("09.1", lambda data: (lambda b: (-1) ** (b >> 31) * 2.0 ** ((b >> 23 & 255) - 127) * (1 + (b & 2**22 - 1) / 2**23))(int.from_bytes(data, "little"))),
    ("09.1", lambda data: (lambda b: (1 - (b >> 31)) * 2.0 ** ((b >> 23 & 255) - 127) * (1 + (b & 2**23 - 1) / 2**23))(int.from_bytes(data, "little"))),
    ("09.2", lambda n: bytes([n % 256])),
    ("09.2", lambda n: n.to_bytes(8, "little")),
    ("09.2", lambda n: bytes([n]) if n < 251 else b"\xfd" + n.to_bytes(8, "little")),
    ("09.2", lambda n: bytes([n]) if n < 251 else b"\xfb" + n.to_bytes(4, "little")),
    ("09.2", lambda n: varint(n).hex()),
    ("09.2", lambda n: str(n).encode()),
    ("09.2", lambda n: varint(n)[::-1]),
    ("09.2", lambda n: varint(n + 1)),
    ("09.2", lambda n: bytes([n]) if n < 251 else n.to_bytes(2, "little") + b"\xfb" if n < 2**16 else varint(n)),
    ("09.2", lambda n: varint(n) if n < 2**32 - 1 else b"\xfd" + n.to_bytes(8, "little")),
    ("09.2", lambda n: varint(n) if n < 2**32 else b"\xfc" + n.to_bytes(8, "little")),
    ("09.2", lambda n: varint(n) if n != 2**16 else b"\xfb\x00\x00"),
    ("09.2", lambda n: np.frombuffer(varint(n), np.uint8)),
    ("09.3", lambda a: array_in(a, version=b"\x02")),
    ("09.3", lambda a: array_in(a, version=b"1")),
    ("09.3", lambda a: array_in(a, count=lambda n: varint(n - 1))),
    ("09.3", lambda a: array_in(a, dim=lambda r, c: varint(r))),
    ("09.3", lambda a: array_in(a, form="<i4")),
    ("09.3", lambda a: array_in(a, form="<f2")),
    ("09.3", lambda a: array_in(a).hex()),
    ("09.3", lambda a: [1, *a.shape, a.size, *a.ravel()]),
    ("09.3", lambda a: array_in(a, dim=lambda r, c: varint(2) + varint(r) + varint(c))),
    ("09.3", lambda a: array_in(a, count=lambda n: n.to_bytes(4, "little"))),
    ("09.3", lambda a: array_in(a)[::-1]),
    ("09.3", lambda a: array_in(np.asarray(a)[:, :1])),
    ("09.4", lambda x: str(round(float(x), 8))),
    ("09.4", lambda x: f"{x:.8g}"),
    ("09.4", lambda x: f"{x:e}"),
    ("09.4", lambda x: repr(x)),
    ("09.4", lambda x: float(nb09.shortest(x))),
    ("09.4", lambda x: nb09.shortest(abs(x))),
    ("09.4", lambda x: nb09.shortest(x) + "0"),
    ("09.4", lambda x: next(t for n in range(2, 10) if np.float32(t := f"{x:.{n}e}") == x)),
    ("09.4", lambda x: next(t for n in range(1, 10) if np.isclose(np.float32(t := f"{x:.{n}g}"), x))),
    ("09.4", lambda x: nb09.shortest(x).encode()),
    ("09.4", lambda x: "abc"),
    ("09.4", lambda x: f"{x!s:.6}"),
    ("10.1", lambda logits, T: np.exp(logits / T) / np.exp(logits).sum()),
    ("10.1", lambda logits, T: softmax(logits) ** T / (softmax(logits) ** T).sum()),
    ("10.1", lambda logits, T: softmax(logits - T)),
    ("10.1", lambda logits, T: softmax(logits / 2)),
    ("10.1", lambda logits, T: softmax(logits / T).round(2)),
    ("10.1", lambda logits, T: np.sort(softmax(logits / T))[::-1]),
    ("10.1", lambda logits, T: softmax(logits / T)[None]),
    ("10.1", lambda logits, T: np.log(softmax(logits / T))),
    ("10.1", lambda logits, T: (logits / T) / (logits / T).sum()),
    ("10.2", lambda p, share: nb10.nucleus(p, 0.9)),
    ("10.2", lambda p, share: p[np.argsort(-p)] * (np.cumsum(np.sort(p)[::-1]) - np.sort(p)[::-1] < share)),
    ("10.2", lambda p, share: nb10.top_p(p, share)[nb10.top_p(p, share) > 0]),
    ("10.2", lambda p, share: np.where(p >= share, p, 0) / max(p[p >= share].sum(), 1e-9)),
    ("10.2", lambda p, share: np.flatnonzero(nb10.top_p(p, share))),
    ("10.2", lambda p, share: nb10.nucleus(p, share, gone=lambda kept, share: np.arange(len(kept)) >= 2)),
    ("10.2", lambda p, share: nb10.nucleus(p, share, gone=lambda kept, share: np.cumsum(kept) - kept >= share / 2)),
    ("10.2", lambda p, share: softmax(nb10.top_p(p, share))),
    ("10.3", lambda totals, logs, width: nb10.beam_step(totals, logs, width)[::-1]),
    ("10.3", lambda totals, logs, width: nb10.beam_step(totals, logs, width)[1]),
    ("10.3", lambda totals, logs, width: nb10.beam_step(totals, logs, 2)),
    ("10.3", lambda totals, logs, width: nb10.beam_step(totals, logs, len(totals))),
    ("10.3", lambda totals, logs, width: nb10.step(totals, logs, width, split=lambda best, V: np.divmod(best, len(totals)))),
    ("10.3", lambda totals, logs, width: nb10.step(totals, logs, width, sums=lambda t, g: np.exp(t)[:, None] + np.exp(g))),
    ("10.3", lambda totals, logs, width: nb10.step(totals, logs, width, sums=lambda t, g: g - t[:, None])),
    ("10.3", lambda totals, logs, width: tuple(part[::-1] for part in nb10.beam_step(totals, logs, width))),
    ("10.3", lambda totals, logs, width: tuple(np.sort(part) for part in nb10.beam_step(totals, logs, width))),
    ("10.3", lambda totals, logs, width: [*zip(*nb10.beam_step(totals, logs, width), strict=True)]),
    ("10.3", lambda totals, logs, width: np.argsort(-(totals[:, None] + logs).ravel())[:width]),
    ("10.4", lambda logs, penalty: -nb10.length_score(logs, penalty)),
    ("10.4", lambda logs, penalty: np.exp(nb10.length_score(logs, penalty))),
    ("10.4", lambda logs, penalty: np.prod(logs) / len(logs) ** penalty),
    ("10.4", lambda logs, penalty: np.sum(logs) / (len(logs) + 1) ** penalty),
    ("10.4", lambda logs, penalty: np.sum(logs) / (len(logs) - 1) ** penalty),
    ("10.4", lambda logs, penalty: np.sum(logs) / penalty ** len(logs)),
    ("10.4", lambda logs, penalty: np.sum(logs) / ((5 + len(logs)) / 6) ** penalty),
    ("10.4", lambda logs, penalty: logs / len(logs) ** penalty),
    ("13.1", lambda g, n: nb13.join(g, [size + 1 for size in n])),
    ("13.1", lambda g, n: nb13.join(g, n)[0]),
    ("13.1", lambda g, n: np.median(g, axis=0)),
    ("13.1", lambda g, n: max(g, key=lambda part: abs(part).max())),
    ("13.1", lambda g, n: np.average(g, axis=0, weights=np.square(n))),
    ("13.1", lambda g, n: np.concatenate(g)),
    ("13.2", lambda *a: nb13.went_on(*a, keep=0.99)),
    ("13.2", lambda *a: nb13.went_on(*a, keep=1.0)),
    ("13.2", lambda w, m, done, g, rate: nb13.go_on(w, m, done, g[::-1], rate)),
    ("13.2", lambda w, m, done, g, rate: nb13.go_on(w, m, done, g, -rate)),
    ("13.2", lambda w, m, done, g, rate: nb13.go_on(w, m, done, g[: done + 1], rate)),
    ("13.2", lambda w, m, done, g, rate: w - rate * g[done:].sum(axis=0)),
    ("13.2", lambda w, m, done, g, rate: m),
    ("13.3", lambda *a: 1 - nb13.share(*a)),
    ("13.3", lambda s, up, fall, n, low: nb13.share(s + 1, up, fall, n, low)),
    ("13.3", lambda s, up, fall, n, low: nb13.share(s, up, up, n, low)),
    ("13.3", lambda s, up, fall, n, low: nb13.share(s, up, fall, n, 1 - low)),
    ("13.3", lambda s, up, fall, n, low: round(nb13.share(s, up, fall, n, low))),
    ("14.1", lambda w: nb14.scaled(w, steps=126)),
    ("14.1", lambda w: nb14.scale_per_channel(w)[None]),
    ("14.1", lambda w: abs(w).mean(axis=0) / 127),
    ("14.1", lambda w: np.ptp(w, axis=0) / 254),
    ("14.1", lambda w: nb14.scale_per_channel(w).round(2)),
    ("14.2", lambda w, s: nb14.quantize(-w, s)),
    ("14.2", lambda w, s: abs(nb14.quantize(w, s))),
    ("14.2", lambda w, s: nb14.quantize(w, s.max())),
    ("14.2", lambda w, s: nb14.quantize(w, s) + 1),
    ("14.2", lambda w, s: np.rint(w).astype(np.int8)),
    ("14.3", lambda d, s: d + s),
    ("14.3", lambda d, s: (d * s).astype(np.int8)),
    ("14.3", lambda d, s: d * s**2),
    ("14.4", lambda x, d, s: x @ d + s),
    ("14.4", lambda x, d, s: (x @ d) * s**2),
    ("14.4", lambda x, d, s: np.rint((x @ d) * s)),
    ("14.4", lambda x, d, s: (x * d[0]) * s),
]  # fmt: skip


@pytest.mark.parametrize(("id", "wrong", "words"), SECTION_E)
def test_a_mistake_of_the_first_edition_is_named(id: str, wrong, words: str) -> None:
    assert words in check(id, wrong).message


@pytest.mark.parametrize(
    ("id", "wrong"), OTHERS, ids=[f"{id}-{place}" for place, (id, _) in enumerate(OTHERS)]
)
def test_another_wrong_answer_is_found(id: str, wrong) -> None:
    assert check(id, wrong).status == "wrong"
