"""What stands where in a model file: a tree of its fields, read without building a model."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..layers import REGISTRY
from .bincode import Bincode
from .json import Json
from .reader import Reader, inside, require_count
from .safetensors import PREFIX, read_header
from .schema import FLOAT, FLOATS, AnyLayer, Entry, Map, Matrix, Option, Pair, Scalar, Seq, Struct

LABELS = {Matrix: "Array2<f32>", Struct: "struct", AnyLayer: "enum", Pair: "tuple", Entry: "entry"}
LABELS |= {Seq: "seq", Map: "map", Option: "option"}
RUST = {"string": "str", "version": "u8", "floats": "seq<f32>", "usize_key": "usize"}
"""The types by their Rust names; of scalars, where ours differ."""
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
        node = Node(name.removeprefix("."), _label(kind), start, self.offset - start)
        node.children = self.nodes[before:]
        self.nodes[before:] = [node]
        if isinstance(kind, Scalar):
            node.value = value.limit if kind.name == "floats" else value
        elif isinstance(kind, Matrix):
            rows, columns = value["dim"]
            node.shape, node.children[-1].value = (rows, columns), rows * columns
            with inside(name if name != "value" else ""):
                node.stats = _stats(value["data"], value["dim"])
        elif isinstance(kind, Entry):
            node.name = str(value[0])
        elif isinstance(kind, Seq | Map):
            node.value = len(node.children)
        return value

    def tree(self) -> Node:
        """The tree of the whole file."""
        self.whole()
        [root] = self.nodes
        return root


class WatchedJson(Watched, Json):
    """Notes what is in JSON."""


class WatchedBincode(Watched, Bincode):
    """Notes what is in the binary format: a count or a tag that stands before the parts is a node, too."""

    def part(self, name: str, kind: Any) -> Any:
        value = super().part(name, kind)
        node, before = self.nodes[-1], ""
        first = node.children[0].offset if node.children else self.offset
        if isinstance(kind, Seq | Map):
            before, number = "count", node.value
        elif isinstance(kind, Option):
            before, number = "tag", int(value is not None)
        elif isinstance(kind, AnyLayer):
            before, number = "tag", REGISTRY[node.children[0].name].tag
        elif kind is FLOATS:
            before, number = "count", value.limit
            first = self.offset - number * FLOAT.itemsize
            node.children = [Node("numbers", "f32", first, self.offset - first)]
        if before:
            node.children.insert(0, Node(before, "varint", node.offset, first - node.offset, number))
        return value


def _label(kind: Any) -> str:
    if isinstance(kind, Scalar):
        return RUST.get(kind.name, kind.name)
    return next(label for base, label in LABELS.items() if isinstance(kind, base))


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
        (rows, columns), numbers = tensor["dim"], tensor["data"]
        node = Node(name, tensor["dtype"], tensor["offset"], numbers.array.nbytes, shape=(rows, columns))
        node.stats = _stats(numbers, tensor["dim"])
        root.children.append(node)
    return root
