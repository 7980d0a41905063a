"""The house has floors, and every module imports only from those above its own, as its source says."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import rustgpt_lab
from rustgpt_lab.bootstrap import ROOT

PACKAGE = ROOT / "rustgpt_lab"
# fmt: off
FLOORS = [
    "errors", "files", "folder_lock", "machine", "numerics", "gradcheck", "parameters", "batch", "cache",
    "texts", "tokenizers", "corpora", "dataset", "layers", "network", "quantized", "optim", "compiled", "generation",
    "training", "persistence", "llm", "experiments", "views", "course", "serve", "launch", "cli",
]
# fmt: on
BOOTSTRAP = "bootstrap"  # it runs before anything is installed, and so imports nothing of ours
ENTRANCES = ("", "__main__")  # the package itself and its command import their parts when they are asked for


class Import(NamedTuple):
    module: str  # "numpy.typing", or for our own "rustgpt_lab.layers.base"
    line: int
    typing: bool  # for the type checker only, which is no arrow


def module_name(path: Path) -> str:
    """`rustgpt_lab/layers/base.py` -> "layers.base", `rustgpt_lab/layers/__init__.py` -> "layers"."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(path: Path) -> Iterator[Import]:
    """Every import of a module, wherever it stands. `from . import x` counts as one of x if x is a module."""
    here = "rustgpt_lab." + module_name(path)
    package = here if path.name == "__init__.py" else here.rpartition(".")[0]

    def visit(node: ast.AST, typing: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, typing) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rstrip(".").split(".")
            parts = base[: len(base) - node.level + 1] if node.level else []
            module = ".".join([*parts, *(node.module or "").split(".")]).rstrip(".")
            names = [alias for alias in node.names if (module, alias.name) != ("rustgpt_lab", "__version__")]
            for alias in names:
                inner = f"{module}.{alias.name}"
                is_module = inner.removeprefix("rustgpt_lab.") in MODULES
                yield Import(inner if is_module else module, node.lineno, typing)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, typing or is_type_checking(node))

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), False)


def own(path: Path) -> list[tuple[str, Import]]:
    """The imports of our own modules, wherever they stand, each with its short name: "" for the package."""
    found = [i for i in imports(path) if i.module.split(".")[0] == "rustgpt_lab" and not i.typing]
    return [(i.module.removeprefix("rustgpt_lab").removeprefix("."), i) for i in found]


def floor(module: str) -> str:
    return module.split(".")[0]


HOUSE = [name for name in MODULES if name not in (*ENTRANCES, BOOTSTRAP)]


@pytest.mark.parametrize("module", HOUSE)
def test_a_module_imports_only_from_the_floors_above_it(module: str) -> None:
    assert floor(module) in FLOORS, f"{module} has no floor: give it a place in FLOORS"
    for name, where in own(MODULES[module]):
        place = f"{MODULES[module].name}:{where.line} imports {where.module}"
        if name == BOOTSTRAP:
            continue
        assert name, f"{place}: import from the module where a name lives, not from the package"
        same_floor = floor(name) == floor(module)
        assert same_floor or FLOORS.index(floor(name)) < FLOORS.index(floor(module)), place


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {module: {name for name, _ in own(MODULES[module])} for module in HOUSE}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_bootstrap_imports_the_standard_library_alone() -> None:
    found = {i.module.split(".")[0] for i in imports(MODULES[BOOTSTRAP])}
    assert "subprocess" in found
    assert found <= sys.stdlib_module_names


def test_only_views_import_widgets() -> None:
    users = {
        module
        for module, path in MODULES.items()
        for i in imports(path)
        if i.module.split(".")[0] in ("ipywidgets", "anywidget")
    }
    assert {floor(module) for module in users} <= {"views"}


def test_the_files_that_greet_an_old_python_can_be_read_by_it() -> None:
    """Python 3.7 must get as far as the line that says which one is needed."""
    tests = Path(__file__).parent
    for path in (
        *map(MODULES.get, ("", "__main__", BOOTSTRAP)),
        tests / "__init__.py",
        tests / "__main__.py",
    ):
        source = path.read_text(encoding="utf-8")
        ast.parse(source, str(path), feature_version=(3, 7))
        assert "->" not in source or "from __future__ import annotations" in source, path


def in_a_fresh_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, text=True, capture_output=True).stdout


@pytest.mark.parametrize("statement", ["import rustgpt_lab", "from rustgpt_lab import LLM"])
def test_importing_is_light(statement: str) -> None:
    loaded = in_a_fresh_python(f"{statement}; import sys; print(*sys.modules)").split()
    names = {module.split(".")[0] for module in loaded}
    assert "rustgpt_lab" in names
    heavy = {
        "IPython",
        "anywidget",
        "ipywidgets",
        "joblib",
        "jupyter_core",
        "jupyterlab",
        "matplotlib",
        "numba",
        "pandas",
        "torch",
    }
    assert not names & heavy


def test_every_public_name_is_where_the_table_says() -> None:
    """The table of lazy imports, the imports for type checkers, and what the modules define are the same."""
    tree = ast.parse(MODULES[""].read_text(encoding="utf-8"))
    block = next(node for node in tree.body if is_type_checking(node))
    declared = {alias.name: node.module for node in block.body for alias in node.names}
    assert declared == rustgpt_lab._HOMES
    for name in rustgpt_lab.__all__:
        assert getattr(rustgpt_lab, name).__name__ == name
    assert set(rustgpt_lab.__all__) <= set(dir(rustgpt_lab))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'rustgpt_lab' has no attribute 'GPT'$"):
        rustgpt_lab.GPT  # noqa: B018
