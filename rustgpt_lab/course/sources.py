"""The source of a learner's function, with all that it takes from the other cells of its notebook."""

import ast
import builtins
import inspect
import linecache
import symtable
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

LONGEST = 300
"""Characters of a constant that is taken along."""


class NotTaken(Exception):
    """The source cannot be taken; the message says why, and what to do."""


@dataclass
class Source:
    """A function as it was written, and what it needs.

    Attributes:
        text: the function.
        imports: lines.
        helpers: name -> source, of functions and constants from other cells, each after what it needs itself.
    """

    text: str
    imports: list[str] = field(default_factory=list)
    helpers: dict[str, str] = field(default_factory=dict)


def take(function: Callable[..., Any], name: str, given: Collection[str] = ()) -> Source:
    """The source of a function, under this name.

    Args:
        given: names that need not be looked for.

    Raises:
        NotTaken: it cannot be read, or needs something that cannot be written down.
    """
    found = _original(function, name)
    source = Source(_text(found, name))
    _collect(source, source.text, found, {name, *given})
    return source


def _original(function: Any, name: str) -> FunctionType:
    """The function below its decorators."""
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):
        raise NotTaken("it is no function of your own; write one with `def`")
    inner = (cell.cell_contents for cell in function.__closure__ or () if _is_full(cell))
    hidden = [f for f in inner if isinstance(f, FunctionType) and f.__name__ == name != function.__name__]
    return hidden[0] if hidden else function


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty one raises
    except ValueError:
        return False
    return True


# ---- one function ---------------------------------------------------------------------------------------------------


def _text(function: FunctionType, name: str) -> str:
    """The lines of a function: decorators, comments and all."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        lines = []
    if not lines:
        raise NotTaken("its source cannot be read; write it in a cell of its own")
    if code.co_name == "<lambda>":
        return _lambda_text(code, name, lines, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node.name, _first(node)) == (
            code.co_name,
            code.co_firstlineno,
        ):
            text = definition(lines, node)
            return text if node.name == name else f"{text}\n\n\n{name} = {node.name}"
    raise NotTaken("its source has changed since; run its cell again")


def _first(node: ast.stmt) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])


def definition(lines: list[str], node: ast.stmt) -> str:
    """The lines of a statement, with its decorators and the comments right above it."""
    return _lines(lines, _first(node), node.end_lineno or 0)


def _lines(lines: list[str], first: int, last: int) -> str:
    """Some lines, counted from 1, and the comments that stand right above them."""
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return textwrap.dedent("".join(lines[first - 1 : last])).rstrip()


def _lambda_text(code: CodeType, name: str, lines: list[str], tree: ast.AST) -> str:
    whole = "".join(lines)
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    here = [node for node in lambdas if node.lineno == code.co_firstlineno]
    found = here if len(here) == 1 else [node for node in here if _is(code, node)]
    if not found:
        raise NotTaken("its source cannot be read; write it with `def`")
    for node in ast.walk(tree):
        named = (
            isinstance(node, ast.Assign) and node.value is found[0] and ast.unparse(node.targets[0]) == name
        )
        if isinstance(node, ast.Assign) and named and len(node.targets) == 1:
            return definition(lines, node)
    text = ast.get_source_segment(whole, found[0]) or ""
    return f"{name} = (\n    {text}\n)" if "\n" in text else f"{name} = {text}"


def _is(code: CodeType, node: ast.Lambda) -> bool:
    """Whether a lambda in the source is the one that this code was made from."""
    [made] = [c for c in compile(ast.Expression(node), "", "eval").co_consts if isinstance(c, CodeType)]
    return (made.co_names, made.co_varnames, made.co_code) == (code.co_names, code.co_varnames, code.co_code)


# ---- what it needs --------------------------------------------------------------------------------------------------


def _collect(source: Source, text: str, function: FunctionType, given: Collection[str]) -> None:
    """Put what a text takes from elsewhere into `source`."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    scope = function.__globals__ | {name: cell.cell_contents for name, cell in cells if _is_full(cell)}
    for name in sorted(set(names(text))):
        if name in source.helpers or name in given:
            continue
        if name not in scope:
            raise NotTaken(f"it uses `{name}`, which this notebook does not define")
        elif line := _import(name, scope[name], function.__module__):
            if line not in source.imports:
                source.imports.append(line)
        else:
            _take_along(source, name, scope[name], function, given)


def _take_along(source: Source, name: str, value: Any, user: FunctionType, given: Collection[str]) -> None:
    if isinstance(value, FunctionType):
        try:
            text = _text(value, name)
        except NotTaken as problem:
            raise NotTaken(f"it uses `{name}`: {problem}") from problem
        _collect(source, text, value, {name, *given})
        source.helpers[name] = text
        return
    text = _constant(value)
    if not text:
        what = (
            f"an array of shape {value.shape}"
            if isinstance(value, np.ndarray)
            else f"a {type(value).__name__}"
        )
        raise NotTaken(
            f"it uses `{name}` from another cell, {what}, which cannot be written down in a line: "
            "make it in the function, or take it as an argument"
        )
    source.helpers[name] = f"{name} = {text}"
    if isinstance(value, np.ndarray) and "import numpy as np" not in source.imports:
        source.imports.append("import numpy as np")


def names(text: str) -> Iterator[str]:
    """The names that a source takes from outside, built-in ones aside."""
    top = symtable.symtable(text, "source", "exec")
    own = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}

    def walk(table: symtable.SymbolTable) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                yield symbol.get_name()
        for inner in table.get_children():
            yield from walk(inner)

    return (name for name in walk(top) if name not in own and not hasattr(builtins, name))


def _import(name: str, value: Any, home: str) -> str:
    """The line that imports a value under this name; "" if it was made in the notebook."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + f" as {name}" * (name != value.__name__)
    for home_of_constants in ("string", "math"):
        if getattr(sys.modules.get(home_of_constants), name, None) is value:
            return f"from {home_of_constants} import {name}"
    own = getattr(value, "__name__", "")
    if not isinstance(own, str) or not own.isidentifier():
        return ""
    module = getattr(value, "__module__", None) or ("numpy" if isinstance(value, np.ufunc) else "")
    if module in ("__main__", home) or getattr(sys.modules.get(module), own, None) is not value:
        return ""
    return f"from {module} import {own}" + f" as {name}" * (name != own)


def _constant(value: Any) -> str:
    """A value as Python writes it; "" if it is too long, or would not come back the same."""
    if isinstance(value, np.ndarray):
        listed = _constant(value.tolist())
        return listed and f"np.array({listed}, dtype={value.dtype.str!r})"
    value = value.item() if isinstance(value, np.generic) else value
    text = repr(value) if isinstance(value, _PLAIN) else ""
    try:
        return text if len(text) <= LONGEST and text and ast.literal_eval(text) == value else ""
    except (ValueError, SyntaxError):
        return ""


_PLAIN = (bool, int, float, complex, str, bytes, tuple, list, dict, set, type(None))
