"""Every bad file is refused by its own error, which says where, what was expected and what was found."""

import re
from pathlib import Path

import pytest

from rustgpt_lab import LLM, errors
from rustgpt_lab.persistence import describe

from . import binary, text
from .binary import Bad

FILES = [(file, ".bin") for file in binary.FILES] + [(file, ".json") for file in text.FILES]


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


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
    assert type(caught.value) is file.error
    message = str(caught.value)
    assert message.startswith(str(path))
    for word in file.words:
        assert word in message
    assert len(message) < 600, "a message is for reading"


def test_messages_hold_nothing_but_printable_text() -> None:
    for file, _ in FILES:
        assert all(word.isprintable() for word in file.words)


def test_every_fault_has_its_error_and_every_error_its_file() -> None:
    elsewhere = {  # these need more than the bytes of a file: see the tests of files, limits and compression
        errors.FileError,
        errors.AccessError,
        errors.NotAFileError,
        errors.WrongExtensionError,
        errors.CompressionError,
    }
    own = {
        kind for kind in subclasses(errors.FileError) if re.match(r"rustgpt_lab\.errors$", kind.__module__)
    }
    assert own - elsewhere == {file.error for file, _ in FILES}
