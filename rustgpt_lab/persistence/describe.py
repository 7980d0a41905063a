"""What stands where in a model file: a tree of its fields, read without building a model."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..errors import FileError
from .bincode_source import FLOAT, Bincode
from .kinds import Enum, Floats, Kind, Map, Matrix, Option, Scalar, Seq, Source, Struct, Tuple, require_count
from .safetensors import PREFIX, read_header
from .schema import MODEL

RUST = {"string": "str", "version": "u8", "floats": "seq<f32>"}
"""The names of Rust's types, where ours differ."""
SHOWN = 3
"""Children of a long list of scalars that `str(node)` shows."""


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
            text += f" = {self.value!r}"
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


def tree(source: Source) -> Node:
    """The tree of a file in one of RustGPT's formats."""
    node = Node("", "struct", 0, 0)
    _fill(node, MODEL, source)
    source.finish()
    node.length = source.end()
    return node


def _node(name: str, kind: Kind, source: Source) -> Node:
    """Read the next value, and note where it stands."""
    node = Node(name, _label(kind), source.start(), 0)
    try:
        _fill(node, kind, source)
    except FileError as error:
        error.where.enter(name if name.startswith("[") else f".{name}")
        raise
    node.length = source.end() - node.offset
    return node


def _label(kind: Kind) -> str:
    if isinstance(kind, Scalar):
        return RUST.get(kind.name, kind.name)
    return (
        "Array2<f32>" if isinstance(kind, Matrix) else "option" if isinstance(kind, Option) else _plain(kind)
    )


def _plain(kind: Kind) -> str:
    names = {Struct: "struct", Enum: "enum", Seq: "seq", Tuple: "tuple", Map: "map"}
    return next(name for base, name in names.items() if isinstance(kind, base))


def _fill(node: Node, kind: Kind, source: Source) -> None:
    """Read what a node stands for."""
    if isinstance(kind, Matrix):
        _fill_matrix(node, kind, source)
    elif isinstance(kind, Struct):
        node.children = [_node(name, kind.fields[name], source) for name in source.fields(kind.fields)]
    elif isinstance(kind, Enum):
        node.children = [_node(name, kind.variants[name], source) for name in source.variant(kind.variants)]
        _add_prefix(node, source, "tag", list(kind.variants).index(node.children[0].name))
    elif isinstance(kind, Tuple):
        node.children = [_node(f"[{i}]", kind.items[i], source) for i in source.parts(len(kind.items))]
    elif isinstance(kind, Seq):
        node.children = [_node(f"[{i}]", kind.item, source) for i in source.items(kind.most)]
        node.value = len(node.children)
        _add_prefix(node, source, "count", node.value)
    elif isinstance(kind, Map):
        key, value = partial(_key, kind, source), partial(_node, "value", kind.value, source)
        node.children = [_entry(*pair) for pair in source.pairs(key, value, kind.most)]
        node.value = len(node.children)
        _add_prefix(node, source, "count", node.value)
    elif isinstance(kind, Option):
        present = source.option()
        node.children = [_node("value", kind.item, source)] if present else []
        _add_prefix(node, source, "tag", int(present))
    else:
        node.value = kind.read(source)


def _key(kind: Map, source: Source) -> Node:
    node = Node("key", _label(kind.key), source.start(), 0)
    node.value = source.key(kind.key.name)()
    node.length = source.end() - node.offset
    return node


def _entry(key: Node, value: Node) -> Node:
    return Node(
        str(key.value), "entry", key.offset, value.offset + value.length - key.offset, children=[key, value]
    )


def _add_prefix(node: Node, source: Source, name: str, value: int) -> None:
    """The count or the tag that stands before the parts in the binary format."""
    if isinstance(source, Bincode):
        end = node.children[0].offset if node.children else source.end()
        node.children.insert(0, Node(name, "varint", node.offset, end - node.offset, value))


def _fill_matrix(node: Node, kind: Matrix, source: Source) -> None:
    node.children = [_node(name, kind.fields[name], source) for name in source.fields(kind.fields)]
    parts = {child.name: child for child in node.children}
    dim = [child.value for child in parts["dim"].children]
    floats, data = parts["data"].value, parts["data"]
    kind.check(dim, floats, node.offset)
    node.shape = (dim[0], dim[1])
    node.stats = _stats(floats, dim)
    data.value = dim[0] * dim[1]
    if isinstance(source, Bincode):
        start = source.end() - data.value * FLOAT.itemsize
        data.children = [
            Node("count", "varint", data.offset, start - data.offset, data.value),
            Node("numbers", "f32", start, data.value * FLOAT.itemsize),
        ]


def _stats(floats: Floats, dim: list[int]) -> Stats:
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
    root = Node(
        "", "struct", 0, len(data), children=[Node("length", "u64", 0, PREFIX, start - PREFIX), header]
    )
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1]["offset"]):
        dim = tensor["dim"]
        stats = _stats(tensor["data"], dim)
        length = dim[0] * dim[1] * FLOAT.itemsize
        root.children.append(Node(name, "F32", tensor["offset"], length, shape=(dim[0], dim[1]), stats=stats))
    return root
