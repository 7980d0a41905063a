"""What stands where in a model file: a tree of its fields, read without building a model."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .reader import Reader, inside, require_count
from .safetensors import PREFIX, read_header
from .schema import FLOAT, FLOATS, Entry, Map, Matrix, Scalar, Seq

RUST = {"string": "str", "version": "u8", "floats": "seq<f32>", "usize_key": "usize", "Matrix": "Array2<f32>"}
RUST |= {"AnyLayer": "enum", "Pair": "tuple", "State": "struct", "Form": "struct", "Derived": "struct"}
RUST |= dict.fromkeys(("count", "tag", "layer_tag"), "varint")
"""Our names of types -> theirs in Rust, where they differ."""
SHOWN = 3
"""Children of a long list of scalars that `str(node)` shows."""
LONGEST = 2000
"""Signs of a value that it shows: a tokenizer's JSON has a million."""


@dataclass
class Stats:
    """What an array holds; `sha256` is that of its numbers as float32, little-endian: the same in every format.

    `min`, `max` and `mean` are NaN for an array without numbers.
    """

    sha256: str
    min: float
    max: float
    mean: float


@dataclass
class Node:
    """A value in a file.

    Attributes:
        name: of the field; "[index]" in a list; the key in a map.
        kind: the type, by its Rust name.
        offset, length: its bytes; in a compressed file, those of the decompressed one.
        value: of a scalar; the count of a list, a map, or an array's numbers.
        shape, stats: of an array.
        children: its parts. In the binary format a count or a tag that stands before them is a part, too.
    """

    name: str
    kind: str
    offset: int
    length: int
    value: Any = None
    shape: tuple[int, int] | None = None
    stats: Stats | None = None
    children: list["Node"] = field(default_factory=list)

    def lines(self, indent: int = 0) -> Iterator[str]:
        """The tree as text, one line a node; an array is one line, a long list of scalars is shortened."""
        text = f"{'  ' * indent}{self.name}: {self.kind}"
        if self.shape is not None:
            text += f" {self.shape[0]} x {self.shape[1]}"
        elif self.value is not None:
            text += f" = {self.value!r:.{LONGEST}}"
        text += f"  [byte {self.offset}, {self.length} long]"
        if self.stats is not None:
            s = self.stats
            text += f"  min {s.min:.6g}, max {s.max:.6g}, mean {s.mean:.6g}, sha256 {s.sha256}"
        yield text
        children = [] if self.shape is not None else self.children
        long = len(children) > 2 * SHOWN and self.kind in ("seq", "map") and len(children[-1].children) < 3
        for child in children[:SHOWN] if long else children:
            yield from child.lines(indent + 1)
        if long:
            yield f"{'  ' * (indent + 1)}… {len(children) - SHOWN} more"

    def __str__(self) -> str:
        return "\n".join(self.lines())


class Watched(Reader):
    """A reader that notes what it reads, where: every part becomes a node above those of its own parts."""

    quick = False

    def __init__(self, data: Any):
        super().__init__(data)
        self.nodes: list[Node] = []

    def part(self, name: str, kind: Any) -> Any:
        start, before = self.start(), len(self.nodes)
        value = super().part(name, kind)
        label = kind.name if isinstance(kind, Scalar) else type(kind).__name__
        node = Node(name.removeprefix("."), RUST.get(label, label.lower()), start, self.offset - start)
        node.children = self.nodes[before:]
        self.nodes[before:] = [node]
        if kind is FLOATS:
            node.value = value.limit
            if node.children:  # a count, which only the binary format has
                size = value.limit * FLOAT.itemsize
                node.children.append(Node("numbers", "f32", self.offset - size, size))
        elif isinstance(kind, Scalar):
            node.value = value
        elif isinstance(kind, Matrix):
            rows, columns = value["dim"]
            node.shape, node.children[-1].value = (rows, columns), rows * columns
            with inside(name if name != "value" else ""):
                node.stats = _stats(value["data"], value["dim"])
        elif isinstance(kind, Entry):
            node.name = str(value[0])
        elif isinstance(kind, Seq | Map):
            node.value = len(value)
        return value


def tree(reader: type[Reader], data: Any) -> Node:
    """The tree of a whole file that such a reader reads."""
    watched = type("Watched", (Watched, reader), {})(data)
    watched.whole()
    [root] = watched.nodes
    return root


def _stats(floats: Any, dim: list[int]) -> Stats:
    digest, low, high, total, count = hashlib.sha256(), np.nan, np.nan, 0.0, 0
    with np.errstate(invalid="ignore"):  # infinities may meet
        for piece in floats.pieces():
            if piece.size:
                digest.update(piece.astype(FLOAT, copy=False).data)
                low, high = float(np.fmin(low, piece.min())), float(np.fmax(high, piece.max()))
                total += float(piece.sum(dtype=np.float64))
                count += piece.size
    require_count(dim, count)
    return Stats(digest.hexdigest(), low, high, total / count if count else np.nan)


def safetensors_tree(data: Any) -> Node:
    """The tree of a `.safetensors` file: the header, then the tensors as they lie in the file."""
    metadata, tensors = read_header(data)
    start = PREFIX + int.from_bytes(data[:PREFIX], "little")
    header = Node("header", "JSON", PREFIX, start - PREFIX)
    header.children = [Node(name, "str", PREFIX, start - PREFIX, value) for name, value in metadata.items()]
    length = Node("length", "u64", 0, PREFIX, start - PREFIX)
    root = Node("", "struct", 0, len(data), children=[length, header])
    for name, tensor in tensors.items():
        stats, size = _stats(tensor["data"], tensor["dim"]), tensor["data"].array.nbytes
        root.children.append(
            Node(name, tensor["dtype"], tensor["offset"], size, shape=(*tensor["dim"],), stats=stats)
        )
    return root
