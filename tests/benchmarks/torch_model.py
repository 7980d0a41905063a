"""RustGPT's network in PyTorch, as fast as PyTorch goes on a CPU: the rival.

Two liberties in its favour: its own LayerNorm, with epsilon inside the root, and b_out trained by Adam like
the rest.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, d: int, hidden: int):
        super().__init__()
        self.qkv = nn.Linear(d, 3 * d, bias=False)  # the three products as one
        self.norm1, self.norm2 = nn.LayerNorm(d, eps=1e-10), nn.LayerNorm(d, eps=1e-10)
        self.up, self.down = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, T, d) -> (B, T, d)"""
        q, k, v = self.qkv(x).unsqueeze(1).chunk(3, dim=-1)  # one head: (B, 1, T, d) each
        mix = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return self.rest(x, mix.squeeze(1))

    def rest(self, x: Tensor, mix: Tensor) -> Tensor:
        """What follows attention, position by position."""
        x = self.norm1(x + mix)
        return self.norm2(x + self.down(F.relu(self.up(x))))


class GPT(nn.Module):
    def __init__(self, vocab_size: int, d: int, hidden: int, blocks: int = 3, max_seq_len: int = 80):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocab_size, d), nn.Embedding(max_seq_len, d)
        self.blocks = nn.ModuleList(Block(d, hidden) for _ in range(blocks))
        self.out = nn.Linear(d, vocab_size)

    def forward(self, ids: Tensor, positions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Ids (B, T) -> logits (B, T, V); without a mask, attention is causal."""
        x = self.tokens(ids) + self.positions(positions)
        for block in self.blocks:
            x = block(x, mask)
        return self.out(x)

    def loss(
        self, ids: Tensor, positions: Tensor, mask: Tensor | None, targets: Tensor, share: Tensor
    ) -> Tensor:
        """The mean over sequences of their positions' mean: `share` (B, T) sums to 1, 0 on padding."""
        logits = self(ids, positions, mask).flatten(0, 1)
        return F.cross_entropy(logits, targets.flatten(), reduction="none") @ share.flatten()

    def take_over(self, weights: Mapping[str, np.ndarray]) -> "GPT":
        """Take all weights of a model of the library, in its order."""
        with torch.no_grad():
            for own, array in zip(self._windows(), weights.values(), strict=True):
                own.copy_(torch.from_numpy(array).reshape(own.shape))
        return self

    def _windows(self) -> Iterator[Tensor]:
        """Every weight as the library lays it out, in the library's order."""
        yield from (self.tokens.weight, self.positions.weight)
        for block in self.blocks:
            yield from (weight.T for weight in block.qkv.weight.chunk(3))
            yield from (block.norm1.weight, block.norm1.bias)
            yield from (block.up.weight.T, block.up.bias, block.down.weight.T, block.down.bias)
            yield from (block.norm2.weight, block.norm2.bias)
        yield from (self.out.weight.T, self.out.bias)


def padded(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, None, Tensor, Tensor]:
    """A batch for `GPT.loss`: sequences as the rows of a matrix, filled up with zeros."""
    longest = max(map(len, sequences)) - 1
    ids, targets = (torch.zeros(len(sequences), longest, dtype=torch.long) for _ in range(2))
    share = torch.zeros(len(sequences), longest)
    for row, sequence in enumerate(sequences):
        n = len(sequence) - 1
        ids[row, :n], targets[row, :n] = torch.tensor(sequence[:-1]), torch.tensor(sequence[1:])
        share[row, :n] = 1 / (n * len(sequences))
    return ids, torch.arange(longest).expand(len(sequences), -1), None, targets, share


def packed(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A batch for `GPT.loss`: sequences one after the other in one row, and a mask that keeps them apart."""
    lengths = torch.tensor([len(sequence) - 1 for sequence in sequences])
    owner = torch.arange(len(sequences)).repeat_interleave(lengths)
    n = len(owner)
    ids = torch.tensor([i for sequence in sequences for i in sequence[:-1]])
    targets = torch.tensor([i for sequence in sequences for i in sequence[1:]])
    positions = torch.cat([torch.arange(length) for length in lengths])
    mask = (owner[:, None] == owner) & torch.ones(n, n, dtype=torch.bool).tril()
    bias = torch.zeros(n, n).masked_fill(~mask, -torch.inf)
    share = (1 / (lengths * len(sequences))).repeat_interleave(lengths)
    return ids[None], positions[None], bias[None, None], targets, share


class Decoder:
    """Greedy generation with a key-value cache that is made once."""

    def __init__(self, model: GPT, compiled: bool = False, capacity: int = 80):
        self.model, self.capacity = model.eval(), capacity
        self.cache = [torch.zeros(2, capacity, model.out.in_features) for _ in model.blocks]
        self.step = torch.compile(self._step, dynamic=True) if compiled else self._step

    @torch.inference_mode()
    def greedy(self, ids: Sequence[int], end: int) -> list[int]:
        """The most likely word each time, until `end` or until the model can see no more."""
        found = [int(self._prompt(torch.tensor(ids)).argmax())]
        for position in range(len(ids), self.capacity - 1):
            if found[-1] == end:
                break
            found.append(int(self.step(found[-1], position).argmax()))
        return found

    def _prompt(self, ids: Tensor) -> Tensor:
        """All positions of the prompt at once, (T,) -> the scores of the word after it, (1, V)."""
        n = len(ids)
        x = self.model.tokens.weight[ids] + self.model.positions.weight[:n]
        for block, (keys, values) in zip(self.model.blocks, self.cache, strict=True):
            q, k, v = block.qkv(x).chunk(3, dim=-1)
            keys[:n], values[:n] = k, v
            mix = F.scaled_dot_product_attention(q[None, None], k[None, None], v[None, None], is_causal=True)
            x = block.rest(x, mix[0, 0])
        return self.model.out(x[-1:])

    def _step(self, token: int, position: int) -> Tensor:
        """One more word -> the scores of the word after it, (1, V)."""
        x = self.model.tokens.weight[token : token + 1] + self.model.positions.weight[position]
        for block, (keys, values) in zip(self.model.blocks, self.cache, strict=True):
            q, keys[position], values[position] = block.qkv(x).chunk(3, dim=-1)
            scores = q @ keys[: position + 1].T
            mix = torch.softmax(scores * q.shape[1] ** -0.5, dim=-1) @ values[: position + 1]
            x = block.rest(x, mix)
        return self.model.out(x)
