"""A model's file, byte by byte: what each one means, and what happens if one of its bits is another."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ModelError, ShapeError
from ...files import mapped
from ...llm import LLM
from ...numerics import Array, softmax
from ...persistence import MAX_BYTES, Node, describe
from ...persistence.gguf import read_header
from ...persistence.numbers import Kind
from ...tokenizers import Vocab
from ..base import Table, View
from ..style import ACCENT, INKS, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = {"bin": "binary", "json": "JSON", "safetensors": "safetensors", "gguf": "GGUF"}
COLUMNS, ROWS = 8, 24
"""Of the window on the bytes."""
SHOWN = 12
"""Neighbours in the tree that are shown."""
WRITTEN = 6
"""Numbers of a block that are written out."""


@dataclass(frozen=True)
class ModelFileData:
    """A window on a file, and the place in it.

    Attributes:
        format: "bin" or "json"; "safetensors" of a model with byte pairs, which has no other; "gguf" of a given file.
        size: of the file, in bytes.
        at: the chosen byte.
        start: the first byte of the window.
        window: uint8, the bytes of the window as they are now.
        trail: the nodes that hold the chosen byte, from the whole file to the smallest.
        around: the parts of the last node that has parts, as many as are shown.
        number: the four bytes' place, the value in the file and the value now; None if no float32 stands there.
        changed: (byte, bit) of every bit that is not as it was written; bit 0 is the lowest.
        loads: whether the file as it is now is a model.
        verdict: the effect of the change, or the error's words.
    """

    format: str
    size: int
    at: int
    start: int
    window: np.ndarray
    trail: tuple[Node, ...]
    around: tuple[Node, ...]
    number: tuple[int, float, float] | None
    changed: tuple[tuple[int, int], ...]
    loads: bool
    verdict: str


def trail_to(node: Node, at: int) -> tuple[Node, ...]:
    """The nodes that hold a byte, from `node` to the smallest."""
    inside = next((part for part in node.children if part.offset <= at < part.offset + part.length), None)
    return (node, *trail_to(inside, at)) if inside else (node,)


def flattened(tree: Node) -> dict[str, Any]:
    """A tree as columns, for the browser: its nodes in the order of the file, each before its parts.

    A node's span counts itself and all nodes below it.
    """
    nodes: list[Node] = []
    spans: list[int] = []

    def add(node: Node) -> None:
        place = len(nodes)
        nodes.append(node)
        spans.append(1)
        for part in node.children:
            add(part)
        spans[place] = len(nodes) - place

    add(tree)
    return {
        "names": [node.name for node in nodes],
        "kinds": [node.kind for node in nodes],
        "values": [_shown(node) for node in nodes],
        "offsets": np.array([node.offset for node in nodes]),
        "lengths": np.array([node.length for node in nodes]),
        "spans": np.array(spans),
    }


class ModelFile(View):
    """The live file; `model_file` makes it."""

    name = "model_file"
    title = "Model file: every byte, and what it means"
    data: ModelFileData

    def __init__(self, llm: LLM, text: str):
        self.llm, self.text = llm, text
        self._before = softmax(llm.logits(text)[-1])
        self._files: dict[str, tuple[Any, Node]] = {}
        with TemporaryDirectory() as folder:
            for form in ("bin", "json") if isinstance(llm.vocab, Vocab) else ("safetensors",):
                path = Path(folder) / f"model.{form}"
                llm.save(path)
                self._files[form] = path.read_bytes(), describe(path)
                self._files[form][1].name = path.name
        form, (_, tree) = next(iter(self._files.items()))
        first = next(node for node in _leaves(tree) if node.kind in ("f32", "F32") and node.length >= 4)
        super().__init__(self._look(form, first.offset, ()))

    def _look(self, form: str, at: int, changed: Sequence[tuple[int, int]]) -> ModelFileData:
        """The file with some bits changed, loaded, and seen at a byte."""
        original, tree = self._files[form]
        if not 0 <= at < len(original):
            expected = f"0 to {len(original) - 1}"
            raise ShapeError("there is no such byte in the file", where="byte", expected=expected, got=at)
        trail = trail_to(tree, at)
        parts = (trail[-1] if trail[-1].children or len(trail) == 1 else trail[-2]).children
        chosen = next((i for i, part in enumerate(parts) if part is trail[-1]), 0)
        first = max(0, min(chosen - SHOWN // 2, len(parts) - SHOWN))
        start = max(0, min(at // COLUMNS - ROWS // 3, -(-len(original) // COLUMNS) - ROWS)) * COLUMNS
        number = None
        if form == "bin" and trail[-1].kind == "f32":
            place = at - (at - trail[-1].offset) % 4
            four = original[place : place + 4]
            number = (
                place,
                *(struct.unpack("<f", data)[0] for data in (four, turned(four, place, changed))),
            )
        loads, verdict = self._judge(form, at, trail, changed)
        return ModelFileData(
            form,
            len(original),
            at,
            start,
            np.frombuffer(turned(original[start : start + ROWS * COLUMNS], start, changed), np.uint8),
            trail,
            tuple(parts[first : first + SHOWN]),
            number,
            tuple(changed),
            loads,
            verdict,
        )

    def _judge(
        self, form: str, at: int, trail: Sequence[Node], changed: Sequence[tuple[int, int]]
    ) -> tuple[bool, str]:
        """Whether the file is still a model, and what to say of that."""
        if not changed:
            return True, "The file is as it was written."
        return self._load(form, turned(self._files[form][0], 0, changed))

    def _load(self, form: str, data: bytes) -> tuple[bool, str]:
        """Load bytes as a model: whether it is one, and the effect or the error in words."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"model.{form}"
            path.write_bytes(data)
            try:
                found = LLM.load(path)
                after = softmax(found.logits(self.text)[-1])
            except ModelError as error:
                return False, f"{type(error).__name__}: {error}".replace(f"{path}: ", "").replace(
                    str(path), path.name
                )
        return True, f"The file loads. {self._effect(found, after)}"

    def _effect(self, found: LLM, after: np.ndarray) -> str:
        if found.vocab != self.llm.vocab or after.shape != self._before.shape:
            return "Its vocabulary is another."
        best, then = int(self._before.argmax()), int(after.argmax())
        first, now = self.llm.vocab.pieces([best, then])
        moved = float(np.abs(after - self._before).sum() / 2)
        if moved == 0:
            return f"After “{self.text}” the model says the same as before."
        return (
            f"After “{self.text}”, {moved:.2g} of the next word's probability moves: first came “{first}” with "
            f"{self._before[best]:.3f}, now “{now}” with {after[then]:.3f}."
        )

    @property
    def sentence(self) -> str:
        data = self.data
        path = " › ".join(node.name for node in data.trail[1:]) or "the whole file"
        value = data.trail[-1].value
        means = (
            f", which is {data.number[2]:.6g}"
            if data.number
            else ""
            if value is None
            else f", which says {value!r:.80}"
        )
        form = FORMATS[data.format]
        return f"Byte {data.at} of {data.size} in the {form} file belongs to {path}{means}. {data.verdict}"

    def figure(self) -> Figure:
        data, last = self.data, self.data.trail[-1]

        def draw(figure: Any, ax: Any) -> None:
            rows = -(-len(data.window) // COLUMNS)
            ax.set(xlim=(-2, COLUMNS * 1.7 + 0.5), ylim=(rows - 0.5, -0.5))
            ax.axis("off")
            style: Any = {
                "family": "monospace",
                "va": "center",
                "ha": "center",
                "parse_math": False,
            }
            for i, byte in enumerate(map(int, data.window)):
                y, x = divmod(i, COLUMNS)
                here = last.offset <= data.start + i < last.offset + last.length
                colour = ACCENT if here else INKS["text"]
                weight = "bold" if data.start + i == data.at else "normal"
                ax.text(x, y, f"{byte:02x}", color=colour, weight=weight, **style)
                ax.text(COLUMNS + 0.5 + x * 0.5, y, _character(byte), color=colour, **style)
            for y in range(rows):
                ax.text(
                    -1.3, y, f"{data.start + y * COLUMNS}", **{**style, "ha": "right"}, color=INKS["muted"]
                )

        return plot(draw, 7, 6)

    def table(self) -> Table:
        rows = [
            (node.name, node.kind, node.offset, node.length) for node in (*self.data.trail, *self.data.around)
        ]
        return Table(("part", "kind", "first byte", "bytes"), rows)

    def state(self) -> dict[str, Any]:
        """The window and what was done to it; what its bytes mean, the browser finds in the tree that it has."""
        left_out = ("trail", "around", "number")
        return {name: value for name, value in super().state().items() if name not in left_out}

    def fixed(self) -> dict[str, Any]:
        trees = {form: flattened(tree) for form, (_, tree) in self._files.items()}
        return {"trees": trees, "columns": COLUMNS, "formats": {form: FORMATS[form] for form in trees}}

    def answer(self, question: dict[str, Any]) -> ModelFileData:
        """Look at {format, at}, after turning the bit {flip: [byte, bit]} if there is one; {restore} undoes all.

        What the browser's window shows it looks at by itself, and asks nothing.
        """
        form = question["format"]
        changed = [] if form != self.data.format or "restore" in question else list(self.data.changed)
        if "flip" in question:
            bit = tuple(question["flip"])
            changed = [other for other in changed if other != bit] + ([] if bit in changed else [bit])
        return self._look(form, question["at"], changed)


class GGUFFile(ModelFile):
    """The live view of a GGUF file. It is not loaded anew for a turned bit: the block that changed is decoded."""

    def __init__(self, path: str | PathLike[str]):
        data, tree = mapped(path, MAX_BYTES), describe(path)
        tree.name = Path(path).name
        self._tensors = read_header(data).tensors
        self._files = {"gguf": (data, tree)}
        first = min((tensor.offset for tensor in self._tensors.values()), default=0)
        View.__init__(self, self._look("gguf", first, ()))

    def _judge(
        self, form: str, at: int, trail: Sequence[Node], changed: Sequence[tuple[int, int]]
    ) -> tuple[bool, str]:
        tensor = self._tensors.get(trail[-1].name)
        if tensor is None:
            return True, "It is no number of the model."
        kind = tensor.kind
        first = at - (at - tensor.offset) % kind.nbytes
        block = self._files[form][0][first : first + kind.nbytes]
        old, new = (_numbers(kind, bytes(data)) for data in (block, turned(block, first, changed)))
        count = f"{kind.size} numbers" if kind.size > 1 else "one number"
        some = ", ".join(f"{number:.4g}" for number in old[:WRITTEN]) + ", …" * (kind.size > WRITTEN)
        said = f"Bytes {first} to {first + kind.nbytes - 1} are {count} of kind {kind.name}: {some}."
        differ = np.flatnonzero(~(old == new))
        if not differ.size:
            return True, said
        i = differ[0]
        return True, f"{said} With the turned bits {differ.size} differ: {old[i]:.4g} is now {new[i]:.4g}."


def _numbers(kind: Kind, block: bytes) -> Array:
    """What a block of bytes stands for."""
    found = np.empty((1, kind.size), np.float32)
    with np.errstate(all="ignore"):
        kind.decode(np.frombuffer(block, np.uint8)[None], found)
    return found[0]


def turned(data: Any, start: int, changed: Sequence[tuple[int, int]]) -> bytes:
    """A part of a file, which begins at byte `start` of it, with some bits changed."""
    now = bytearray(data)
    for byte, bit in changed:
        if 0 <= byte - start < len(now):
            now[byte - start] ^= 1 << bit
    return bytes(now)


def _leaves(node: Node) -> list[Node]:
    return [leaf for part in node.children for leaf in _leaves(part)] or [node]


def _character(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else "·"


def _shown(node: Node) -> str:
    """The value of a node, short."""
    if node.shape:
        return f"{node.shape[0]} × {node.shape[1]}"
    return "" if node.value is None else str(node.value)[:40]


def model_file(source: LLM | str | PathLike[str], text: str = "") -> ModelFile:
    """A model's file as bytes beside its tree: point at either to see the other, turn a bit, and see what loads.

    In the tree, arrow keys go from row to row, open and close; Enter goes to the bytes. A float32 is taken apart into
    sign, exponent and fraction (IEEE 754-2019, section 3.4). After every turned bit the file is loaded: the error's
    words appear, or the effect on the next word. The model itself is not changed.

    Args:
        source: a model; both of RustGPT's formats, binary and JSON, are written and shown. A small one is easier to
            read. Or a GGUF file: then the numbers appear that the chosen block of bytes stands for.
        text: what the model reads when its file has been loaded.
    """
    return ModelFile(source, text) if isinstance(source, LLM) else GGUFFile(source)
