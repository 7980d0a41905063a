"""The limit: what a step of training, or a word of generation, cannot do without, and nothing else.

That is, the matrix products in NumPy, into memory that is there already, and Adam in one pass over the floats
in C.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ADAM = """
#include <math.h>
void adam(long n, float *w, const float *g, float *m, float *v,
          float b1, float b2, float rate, float epsilon) {
    for (long i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        w[i] -= rate * m[i] / (sqrtf(v[i]) + epsilon);
    }
}
"""


def adam_in_c(n: int) -> Callable[[], None] | None:
    """A step of Adam over n floats; None where there is no C compiler."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "adam.c"), Path(folder, "adam.so")
        source.write_text(ADAM)
        options = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        subprocess.run([compiler, *options, str(source), "-o", str(library), "-lm"], check=True)
        adam = ctypes.CDLL(str(library)).adam
    arrays = [np.full(n, value, np.float32) for value in (0.1, 1e-3, 1e-3, 1e-6)]
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
    numbers = [ctypes.c_float(x) for x in (0.9, 0.999, 5e-4, 1e-8)]

    def step() -> None:
        adam(ctypes.c_long(arrays[0].size), *pointers, *numbers)

    return step


class Products:
    """The products of `rows` positions with the weights of RustGPT's network, forward and both ways back.

    Every array is made once; the products of batches of different sizes share them.
    """

    def __init__(self, most: int, vocab_size: int, d: int, hidden: int, blocks: int = 3):
        shapes = [(d, 3 * d), (d, hidden), (hidden, d)] * blocks + [(d, vocab_size)]
        rng = np.random.default_rng(0)
        self.d, self.blocks = d, blocks
        self.weights = [rng.random(shape, np.float32) for shape in shapes]
        self.gradients = [np.empty(shape, np.float32) for shape in shapes]
        self.x = [rng.random((most, shape[0]), np.float32) for shape in shapes]
        self.y = [rng.random((most, shape[1]), np.float32) for shape in shapes]
        self.dx = [np.empty((most, shape[0]), np.float32) for shape in shapes]
        self.qkv = rng.random((4, most, d), np.float32)
        self.scores = np.empty(most * most, np.float32)

    def of_weights(self, rows: int) -> None:
        """y = x w forward; x^T dy and dy w^T backward."""
        for w, g, x, y, dx in zip(self.weights, self.gradients, self.x, self.y, self.dx, strict=True):
            np.matmul(x[:rows], w, out=y[:rows])
            np.matmul(x[:rows].T, y[:rows], out=g)
            np.matmul(y[:rows], w.T, out=dx[:rows])

    def of_attention(self, sequences: int, longest: int) -> None:
        """q k^T and weights v forward, and the four products backward, of every block; with padding."""
        n = sequences * longest
        scores = self.scores[: n * longest].reshape(sequences, longest, longest)
        q, k, v, out = (a[:n].reshape(sequences, longest, self.d) for a in self.qkv)
        for _ in range(self.blocks):
            np.matmul(q, k.mT, out=scores)
            np.matmul(scores, v, out=out)
            np.matmul(scores.mT, q, out=out)
            np.matmul(q, v.mT, out=scores)
            np.matmul(scores, k, out=out)
            np.matmul(scores.mT, q, out=out)


class Decoding:
    """The products of a text's prompt, all rows at once, and of each later word, a single row."""

    def __init__(self, vocab_size: int, d: int, hidden: int, blocks: int = 3, capacity: int = 80):
        shapes = [(d, 3 * d), (d, hidden), (hidden, d)]
        rng = np.random.default_rng(0)
        self.blocks = [[rng.random(shape, np.float32) for shape in shapes] for _ in range(blocks)]
        self.w_out, self.logits = rng.random((d, vocab_size), np.float32), np.empty(vocab_size, np.float32)
        self.x = [rng.random((capacity, shape[0]), np.float32) for shape in shapes]
        self.y = [rng.random((capacity, shape[1]), np.float32) for shape in shapes]
        self.q, self.k, self.v = rng.random((3, capacity, d), np.float32)
        self.scores, self.mix = rng.random((capacity, capacity), np.float32), np.empty_like(self.q)

    def of_text(self, prompt: int, words: int) -> None:
        self._rows(slice(prompt), prompt)
        for position in range(prompt, prompt + words - 1):
            self._rows(position, position + 1)

    def _rows(self, rows: slice | int, seen: int) -> None:
        for weights in self.blocks:
            for w, x, y in zip(weights, self.x, self.y, strict=True):
                np.matmul(x[rows], w, out=y[rows])
            np.matmul(self.q[rows], self.k[:seen].T, out=self.scores[rows, :seen])
            np.matmul(self.scores[rows, :seen], self.v[:seen], out=self.mix[rows])
        np.matmul(self.x[0][0], self.w_out, out=self.logits)
