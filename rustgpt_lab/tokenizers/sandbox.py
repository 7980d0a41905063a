"""A stranger's template, rendered within limits of time and memory.

Jinja's sandbox keeps a template from everything but its own values; what it leaves is to loop for ever, and to fill
the memory. So everything that makes a value, and every step of a loop, passes through `Sandbox.spend`, which weighs
what was made and looks at the clock. As no value is heavy, no single step can take long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

MAX_TEMPLATE, MAX_VALUE, MAX_WORK, SECONDS = 1 << 16, 1 << 18, 1 << 25, 2.0
"""Characters of a template; characters and items of one value, and of all that a rendering makes; and its time."""
MAX_NESTED = 64
FILTERS = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last", "length",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "safe", "select", "selectattr", "sort",
    "string", "title", "trim", "unique", "upper",
)  # fmt: skip
"""Jinja's filters that a template may use; the others can make much of little."""
METHODS = (
    "capitalize", "endswith", "find", "get", "isdigit", "items", "keys", "lower", "lstrip", "rstrip", "split",
    "startswith", "strip", "title", "upper", "values",
)  # fmt: skip
"""The methods of texts, lists and mappings that it may call; and `replace`, which is our own."""
WEIGHED, STEPS, JOINED = "weighed ", "steps ", "joined "  # no template can name these filters


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's environment for one template."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "**", "%"])

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, optimized=False, extensions=[loopcontrols])
        self.begin()
        known = {name: self.weighing(self.filters[name]) for name in FILTERS}
        own = {"join": self.join, "replace": self.replace, "tojson": self.to_json}
        inner = {WEIGHED: self.spend, STEPS: self.steps, JOINED: lambda parts: self.concat(map(str, parts))}
        self.filters = known | own | inner
        self.tests.pop("in")
        self.globals = {
            "namespace": self.globals["namespace"],
            "dict": self.weighing(dict),
            "range": self.weighing(range),
            "raise_exception": refuse,
            "strftime_now": time.strftime,
        }
        self.concat: Any = self.concat_checked

    def begin(self) -> None:
        """A rendering begins."""
        self.work, self.end = 0, time.monotonic() + SECONDS

    def spend(self, value: Any) -> Any:
        """The value itself, which was made just now, if it is not too heavy, and time and work are left."""
        self.work += 1 + self.limited(weight(value, MAX_VALUE))
        if self.work > MAX_WORK or time.monotonic() > self.end:
            raise SecurityError("it takes too long, or goes round in loops")
        return value

    def limited(self, size: int) -> int:
        if size > MAX_VALUE:
            raise SecurityError(f"it makes a value of more than {MAX_VALUE:,} characters or items")
        return size

    def steps(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.spend(None)
            yield item

    def weighing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose result is weighed; Jinja reads from its attributes what it is to be given first."""

        def weighed(*arguments: Any, **named: Any) -> Any:
            return self.spend(function(*arguments, **named))

        if not isinstance(function, type):
            weighed.__dict__.update(getattr(function, "__dict__", {}))
        return weighed

    # ---- what is made of values ----

    def concat_checked(self, parts: Iterable[str]) -> str:
        kept, size = list[str](), 0
        for part in parts:
            size = self.limited(size + len(part))
            kept.append(part)
        return self.spend("".join(kept))

    def join(self, items: Iterable[Any], between: str = "") -> str:
        texts = [str(item) for item in items]
        self.limited(sum(map(len, texts)) + len(texts) * len(between))
        return self.spend(between.join(texts))

    def replace(self, text: Any, old: str, new: str, count: int = -1) -> str:
        text = str(text)
        self.limited(len(text) + text.count(old) * len(new))
        return self.spend(text.replace(old, new, count))

    def to_json(self, value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:
        self.limited((indent or 0) * 1024)
        return self.spend(json.dumps(value, ensure_ascii=ensure_ascii, indent=indent))

    def wrap_str_format(self, value: Any) -> None:
        """A text's `format` is one of the methods that may not be called."""

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("it formats a text by %")
        if operator == "*" and not isinstance(left, str | list | tuple):
            left, right = right, left
        if operator == "*" and isinstance(left, str | list | tuple):
            self.limited(weight(left, MAX_VALUE) * int(right))
        elif operator in ("**", "*"):
            self.limited(
                weight(left, MAX_VALUE) * (min(abs(int(right)), MAX_VALUE + 1) if operator == "**" else 1)
            )
        return self.spend(super().call_binop(context, operator, left, right))

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str | bytes | list | tuple | Mapping | int | float):
            if (name := __obj.__name__) == "replace" and isinstance(owner, str):
                return __self.replace(owner, *args)
            if name not in METHODS:
                raise SecurityError(f"it calls {name}")
        return __self.spend(super().call(__context, __obj, *args, **kwargs))

    # ---- the template itself ----

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """The template's tree, in which loops, and values made of others, pass through our filters."""
        if len(source) > MAX_TEMPLATE:
            raise SecurityError(f"it has {len(source):,} characters, and {MAX_TEMPLATE:,} are allowed")
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise SecurityError("it has a recursive loop")
            loop.iter = _through(STEPS, loop.iter)
        _weigh_literals(tree, 0)
        return tree


def _weigh_literals(node: nodes.Node, depth: int) -> None:
    """Lead lists, mappings and joined texts through filters, from the inside outwards."""
    if depth > MAX_NESTED:
        raise SecurityError(f"its parts are nested more than {MAX_NESTED} deep")
    for field, value in node.iter_fields():
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, nodes.Node):
                continue
            _weigh_literals(child, depth + 1)
            new: nodes.Node = child
            if isinstance(child, nodes.Concat):
                new = _through(JOINED, nodes.Tuple(child.nodes, "load", lineno=child.lineno))
            elif isinstance(child, nodes.List | nodes.Dict) or (
                isinstance(child, nodes.Tuple) and child.ctx == "load"
            ):
                new = _through(WEIGHED, child)
            if isinstance(value, list):
                value[i] = new
            else:
                setattr(node, field, new)


def _through(name: str, node: Any) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def weight(value: Any, most: int) -> int:
    """Characters and items of a value, all that it holds included; counting ends when there are more than `most`."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, int):
        return 1 + value.bit_length() // 8
    if isinstance(value, range):
        return len(value)
    if isinstance(value, Namespace):
        value = object.__getattribute__(value, "_Namespace__attrs")
    if isinstance(value, Mapping):
        value = [part for item in value.items() for part in item]
    if not isinstance(value, list | tuple | set | frozenset):
        return 1
    found = 1
    for part in value:
        found += 1 + weight(part, most - found)
        if found > most:
            break
    return found


def refuse(message: object) -> None:
    """What a template calls if it cannot say a conversation."""
    raise ValueError(str(message))
