"""A student reads the library in an afternoon: README says in which order, and it stays short."""

import re

from rustgpt_lab.bootstrap import ROOT
from tests.reading import MOST, PATH, whole


def test_it_is_short() -> None:
    assert sum(whole().values()) <= MOST


def test_readme_lists_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.search(r"<!-- reading -->(.*?)<!-- /reading -->", readme, re.DOTALL)
    assert listed is not None
    assert re.findall(r"\(rustgpt_lab/(.*?)\.py\)", listed[1]) == [name.replace(".", "/") for name in PATH]
