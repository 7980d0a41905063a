"""The examples in docstrings run, and say what they print; README's runs, too."""

import doctest
import re
from importlib import import_module

import numpy as np
import pytest

from rustgpt_lab.bootstrap import ROOT
from tests.test_floors import HOUSE

EXAMPLES = [
    test
    for module in HOUSE
    if not module.endswith("__main__")
    for test in doctest.DocTestFinder(exclude_empty=True).find(import_module(f"rustgpt_lab.{module}"))
    if test.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_of_a_docstring(example: doctest.DocTest) -> None:
    example.globs["np"] = np
    found: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    with np.printoptions(precision=8, suppress=False):  # a lesson that ran before may have set others
        runner.run(example, out=found.append)
    assert not found, "".join(found)


def test_the_example_of_the_readme(tmp_path, monkeypatch, capsys) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(from rustgpt_lab import LLM, Vocab.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    namespace: dict = {}
    exec(code, namespace)
    assert capsys.readouterr().out.strip() == re.search(r"print\(answer\)  # (.*)", code)[1]
    assert namespace["again"] == namespace["answer"]
