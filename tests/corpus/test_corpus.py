"""Every bad file is refused by its own error, which says where, what was expected and what was found."""

import ast
from pathlib import Path

import pytest

from rustgpt_lab import LLM, errors
from rustgpt_lab.persistence import describe

from . import binary, text
from .binary import Bad

FILES = [(file, ".bin") for file in binary.FILES] + [(file, ".json") for file in text.FILES]


@pytest.mark.parametrize(("good", "extension"), [(binary.GOOD, ".bin"), (text.GOOD, ".json")])
def test_the_file_that_all_others_are_made_from_is_sound(good: bytes, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"good{extension}"
    path.write_bytes(good)
    assert LLM.load(path).adam.settings["0.gamma"].timestep == 7
    assert describe(path).length == len(good)


@pytest.mark.parametrize(("file", "extension"), FILES, ids=[f"{e[1:]}: {f.what}" for f, e in FILES])
def test_a_bad_file_is_refused(file: Bad, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"bad{extension}"
    path.write_bytes(file.data)
    with pytest.raises(errors.FileError) as caught:
        LLM.load(path)
    assert caught.value.kind == file.kind
    message = str(caught.value)
    assert message.startswith(str(path))
    for word in file.words:
        assert word in message
    assert len(message) < 600, "a message is for reading"


@pytest.mark.parametrize("data", text.TWICE)
def test_of_two_equal_keys_in_json_the_last_counts(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "twice.json").write_bytes(data)
    (tmp_path / "good.json").write_bytes(text.GOOD)
    found, expected = (LLM.load(tmp_path / f"{name}.json") for name in ("twice", "good"))
    found.save(tmp_path / "found.bin")
    expected.save(tmp_path / "expected.bin")
    assert (tmp_path / "found.bin").read_bytes() == (tmp_path / "expected.bin").read_bytes()


def test_messages_hold_nothing_but_printable_text() -> None:
    for file, _ in FILES:
        assert all(word.isprintable() for word in file.words)


def test_every_kind_of_error_has_its_file() -> None:
    elsewhere = {  # these need more than the bytes of a file: see the tests of files, limits, compression, tensors
        "access", "not a file", "too large", "bomb", "extension", "other extension", "foreign", "not compressed",
        "compression", "too deep", "no layer", "header", "tensor place",
        "tensor type", "missing tensor", "surplus tensor", "unregistered", "no place", "not computed", "not the model",
        "tokenizer",
    }  # fmt: skip
    assert set(errors.KINDS) - elsewhere == {file.kind for file, _ in FILES}


def test_every_kind_that_is_raised_is_written_down() -> None:
    """The first argument of every `FileError` in the library that is a kind, not a sentence of its own."""
    raised = set()
    for path in (Path(errors.__file__).parent / "persistence").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) == "FileError"
                and path.stem != "checkpoint"
            ):
                raised |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    assert raised <= set(errors.KINDS)
