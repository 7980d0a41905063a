"""What no exercise gives of a GPT: `stand_alone` writes the lines below the mark under the learner's functions.

Here they stand under our own solutions, so this module is such a file, and is tested as one.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

import struct
from pathlib import Path

import numpy as np

from .exercises.nb01 import build_ids, cut, encode
from .exercises.nb02 import embed
from .exercises.nb03 import self_attention
from .exercises.nb04 import feed_forward, layer_norm
from .exercises.nb05 import cross_entropy, go_on
from .exercises.nb06a import feed_forward_backward, token_gradient
from .exercises.nb06b import attention_backward, mended_layer_norm
from .exercises.nb07 import adam_step, batches, share
from .exercises.nb08 import clip_by_norm
from .exercises.nb09 import array_bytes, to_varint

tokenize, varint = cut, to_varint


# ---- mark ----
def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention_back(dy, x, w_q, w_k, w_v):
    """The gradients of the input and the three matrices: `attention_backward` ends at the queries, keys and values."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[np.triu(np.ones(scores.shape, bool), k=1)] = -np.inf
    dq, dk, dv = attention_backward(dy, q, k, v, softmax(scores))
    return dy + dq @ w_q.T + dk @ w_k.T + dv @ w_v.T, x.T @ dq, x.T @ dk, x.T @ dv


def with_epsilon(dx, dy, x, gamma, epsilon=1e-5):
    """`mended_layer_norm` knows no epsilon beside the standard deviation: its gradient, with it."""
    centred, std = x - x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
    along = (dy * gamma * centred).mean(axis=1, keepdims=True) / std**2
    return dx * std / (std + epsilon) + epsilon / (std + epsilon) ** 2 * along * centred


def norm_back(dy, x, gamma, beta):
    normal = layer_norm(x, np.ones(x.shape[1]), np.zeros(x.shape[1]))
    dx = mended_layer_norm(dy, x, gamma)
    return with_epsilon(dx, dy, x, gamma), (dy * normal).sum(axis=0), dy.sum(axis=0)


FORWARD = self_attention, layer_norm, feed_forward, layer_norm  # a block
BACK = attention_back, norm_back, lambda *a: feed_forward_backward(*a[:-1]), norm_back


class MyGPT:
    """A GPT: its words, its weights `p` ("1.w_q" is one of layer 1), and Adam's two means of each."""

    def __init__(self, texts, d=32, hidden=64, blocks=1, positions=80, seed=0):
        self.ids, self.positions, self.last, self.t = build_ids(texts), positions, 4 * blocks + 1, 0
        words, norm = len(self.ids), {"gamma": (1, d), "beta": (1, d)}
        tables = {"token_embeddings": (words, d), "positional_embeddings": (positions, d)}
        look = dict.fromkeys(("w_q", "w_k", "w_v"), (d, d))
        think = {"w1": (d, hidden), "b1": (1, hidden), "w2": (hidden, d), "b2": (1, d)}
        layers = [tables, *[look, norm, think, norm] * blocks, {"w_out": (d, words), "b_out": (1, words)}]
        rng, self.p = np.random.default_rng(seed), {}
        for i, name, shape in ((i, *item) for i, layer in enumerate(layers) for item in layer.items()):
            std = 0.02 if i == 0 else (2 / shape[0]) ** 0.5
            first = np.full(shape, float(name == "gamma")) if shape[0] == 1 else rng.normal(0, std, shape)
            self.p[f"{i}.{name}"] = first
        self.m, self.v = ({name: np.zeros(w.shape) for name, w in self.p.items()} for _ in range(2))

    def layer(self, i):
        """Name -> weights of a layer, as the exercises take them: what has one row is a vector."""
        return {n: w[0] if len(w) == 1 else w for n, w in self.p.items() if n.startswith(f"{i}.")}

    def forward(self, ids):
        """Ids (T,) -> logits (T, V), and what every layer was given."""
        x, given = embed(np.asarray(ids), *self.layer(0).values()), []
        for i in range(1, self.last):
            given.append(x)
            x = FORWARD[(i - 1) % 4](x, *self.layer(i).values())
        w_out, b_out = self.layer(self.last).values()
        return x @ w_out + b_out, [*given, x]

    def backward(self, dlogits, given, ids):
        """Name -> gradient of every weight."""
        dy = dlogits @ self.p[f"{self.last}.w_out"].T
        found = {self.last: [given[-1].T @ dlogits, dlogits.sum(axis=0)]}
        for i in range(self.last - 1, 0, -1):
            dy, *found[i] = BACK[(i - 1) % 4](dy, given[i - 1], *self.layer(i).values())
        tables = (ids, len(self.ids)), (np.arange(len(ids)), self.positions)
        found[0] = [token_gradient(rows, dy, size) for rows, size in tables]
        return {name: g for i in found for name, g in zip(self.layer(i), found[i], strict=True)}

    def gradients(self, sequences):
        """The mean loss of some sequences of ids, and its gradient for every weight."""
        loss, total = 0.0, {name: np.zeros(w.shape) for name, w in self.p.items()}
        for ids in sequences:
            read, targets = np.array(ids[:-1]), np.array(ids[1:])
            logits, given = self.forward(read)
            loss += cross_entropy(logits, targets) / len(sequences)
            p = softmax(logits)
            p[np.arange(len(targets)), targets] -= 1  # p - y
            for name, g in self.backward(p / len(targets) / len(sequences), given, read).items():
                total[name] += g
        return loss, total

    def train(self, texts, epochs, rate, size=4, warmup=0, threshold=0.0):
        """Learn from texts; the loss of every step."""
        plan, losses = batches([encode(text, self.ids) for text in texts], size) * epochs, []
        for step, sequences in enumerate(plan, 1):
            loss, g = self.gradients(sequences)
            g = clip_by_norm(g, threshold) if threshold else g
            now = rate * share(step, warmup, len(plan)) if warmup else rate
            self.t += 1
            for n, w in self.p.items():
                new = adam_step(w, g[n].reshape(w.shape), self.m[n], self.v[n], self.t, now)
                plain = w - now * g[n], self.m[n], self.v[n]  # so RustGPT moves b_out, without Adam
                self.p[n], self.m[n], self.v[n] = plain if n.endswith("b_out") else new
            losses.append(float(loss))
        return losses

    def answer(self, text):
        """The words that follow a text."""
        end, words = self.ids["</s>"], list(self.ids)
        said = go_on(encode(text, self.ids), lambda ids: self.forward(ids)[0], end, self.positions)
        return " ".join(words[i] for i in said)

    def save(self, path):
        """Write a file that RustGPT loads."""
        words = [(varint(len(word.encode())) + word.encode(), varint(i)) for word, i in self.ids.items()]
        orders = [word + i for word, i in words], [i + word for word, i in words], [word for word, _ in words]
        parts = [part for order in orders for part in (varint(len(words)), *order)] + [varint(self.last + 1)]
        adam = struct.pack("<3f", 0.9, 0.999, 1e-8) + varint(self.t)
        for i, kind in enumerate([0, *[1, 3, 2, 3] * (self.last // 4), 4]):
            names = list(self.layer(i))
            size = {1: varint(len(self.p[names[0]])), 3: struct.pack("<f", 1e-5)}.get(kind, b"")
            parts += [varint(kind), size, *(array_bytes(self.p[n]) for n in names)]
            caches = bytes((1, 1, 3, 3, 1)[kind])  # what RustGPT's last forward pass left: nothing
            states = [(self.m[n], self.v[n]) for n in names if not n.endswith("b_out")]
            moments = [adam + array_bytes(m) + array_bytes(v) for m, v in states]
            parts += [*moments, caches] if kind == 4 else [caches, *moments]
        Path(path).write_bytes(b"".join(parts))


if __name__ == "__main__":  # python my_gpt.py: put texts of your own here
    facts = "the sun is a star </s>", "the moon is cold </s>", "rain is wet </s>"
    model = MyGPT(facts)
    losses = model.train(facts, epochs=60, rate=0.01)
    print(f"{len(losses)} steps: the loss went from {losses[0]:.2f} to {losses[-1]:.2f}")
    for start in (" ".join(fact.split()[:2]) for fact in facts):
        print(f"{start} -> {model.answer(start)}")
