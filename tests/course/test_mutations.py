"""The table of mutations fits the library as it is."""

import ast
import shutil
from pathlib import Path

import pytest

from rustgpt_lab.bootstrap import ROOT

from .mutations import MUTATIONS, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_changes_a_file_that_is_still_python(mutation: Mutation, tmp_path: Path) -> None:
    copy = tmp_path / "rustgpt_lab" / mutation.file
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / "rustgpt_lab" / mutation.file, copy)
    before = mutation.apply(tmp_path)
    after = copy.read_text(encoding="utf-8")
    assert ast.dump(ast.parse(before)) != ast.dump(ast.parse(after))


def test_a_text_that_is_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rustgpt_lab").mkdir()
    (tmp_path / "rustgpt_lab" / "vocab.py").write_text("END = 1\n", encoding="utf-8")
    with pytest.raises(LookupError, match="0 times"):
        Mutation("gone", "01", "vocab.py", "START", "END").apply(tmp_path)
