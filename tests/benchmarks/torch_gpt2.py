"""GPT-2's network in PyTorch, with its fused attention: the rival."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, d: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.merge = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, d) -> (B, T, d)"""
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, h)
        return self.think(x + self.merge(found.transpose(1, 2).flatten(2)))

    def after(self, x: Tensor, cache: Tensor, read: int, until: int) -> Tensor:
        """The positions from `read` to `until`, after those whose keys and values are in the cache, (2, B, H, C, h)."""
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        cache[0, :, :, read:until], cache[1, :, :, read:until] = k, v
        keys, values = cache[:, :, :, :until]
        found = F.scaled_dot_product_attention(q, keys, values, is_causal=read == 0)
        return self.think(x + self.merge(found.transpose(1, 2).flatten(2)))

    def think(self, x: Tensor) -> Tensor:
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT2(nn.Module):
    def __init__(self, vocab_size: int, d: int, heads: int, hidden: int, blocks: int, max_seq_len: int):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocab_size, d), nn.Embedding(max_seq_len, d)
        self.blocks = nn.ModuleList(Block(d, heads, hidden) for _ in range(blocks))
        self.norm = nn.LayerNorm(d)

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (B, T) -> logits (B, T, V)"""
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T

    @torch.inference_mode()
    def greedy(self, ids: Tensor, count: int) -> Tensor:
        """The most likely `count` words after each prompt of (B, T), with a key-value cache that is made once."""
        batch, length = ids.shape
        width = self.tokens.weight.shape[1]
        heads = self.blocks[0].heads
        caches = [torch.zeros(2, batch, heads, length + count, width // heads) for _ in self.blocks]
        found = []
        read, new = 0, ids
        for _ in range(count):
            until = read + new.shape[1]
            x = self.tokens.weight[new] + self.positions.weight[read:until]
            for block, cache in zip(self.blocks, caches, strict=True):
                x = block.after(x, cache, read, until)
            new = (self.norm(x[:, -1:]) @ self.tokens.weight.T).argmax(-1)
            found.append(new)
            read = until
        return torch.cat(found, dim=1)

    def take_over(self, weights: Mapping[str, np.ndarray]) -> "GPT2":
        """Take all weights of a model of the library, in its order."""
        windows = [self.tokens.weight, self.positions.weight]
        for block in self.blocks:
            windows += [block.norm1.weight, block.norm1.bias]
            windows += [part.T for part in block.qkv.weight.chunk(3)] + [block.merge.weight.T]
            windows += [*block.qkv.bias.chunk(3), block.merge.bias]
            windows += [block.norm2.weight, block.norm2.bias]
            windows += [block.up.weight.T, block.up.bias, block.down.weight.T, block.down.bias]
        windows += [self.norm.weight, self.norm.bias]
        with torch.no_grad():
            for own, array in zip(windows, weights.values(), strict=True):
                own.copy_(torch.from_numpy(array).reshape(own.shape))
        return self
