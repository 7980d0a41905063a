"""Our pages: every link within the repository leads somewhere, and every command that is shown is one."""

import importlib.util
import json
import re
import shlex
from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path

import pytest

from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.cli.options import parser

PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob(".github/**/*.md"),
    *ROOT.glob("notebooks/*.md"),
    *ROOT.glob("notebooks/*.ipynb"),
    ROOT / "rustgpt_lab/data/README.md",
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
START = re.compile(r"(?:\S*/)?(rustgpt-lab|python3? -m (?:rustgpt_lab|tests)\b)")


def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def anchors(text: str) -> set[str]:
    """The ids that GitHub gives to headings."""
    headings = re.findall(r"^#+ +(.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands(text: str) -> list[str]:
    """What a reader would type, of ours: in shell blocks a line each, and in the text."""
    lines = [line for kind, code in BLOCK.findall(text) if kind == "sh" for line in code.splitlines()]
    spoken = [code.replace("\n", " ") for code in INLINE.findall(BLOCK.sub("", text))]
    return [code.split("  #")[0].strip() for code in [*lines, *spoken] if START.match(code)]


def subparsers() -> dict[str, ArgumentParser]:
    [found] = [action for action in parser()._actions if isinstance(action, _SubParsersAction)]
    return dict(found.choices)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    text = text_of(path)
    for link in LINK.findall(BLOCK.sub("", text)):
        name, _, anchor = link.partition("#")
        target = (path.parent / name) if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(text_of(target)), link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_is_one(path: Path) -> None:
    for command in commands(text_of(path)):
        words = shlex.split(command)
        ours = words[1:] if words[0].endswith("rustgpt-lab") else words[3:]
        if "-m" in words[:2] and words[2] != "rustgpt_lab":
            spec = importlib.util.find_spec(words[2])
            if spec is not None and spec.submodule_search_locations:
                spec = importlib.util.find_spec(f"{words[2]}.__main__")
            assert spec and spec.origin, command
            assert "__main__" in spec.origin or "__main__" in Path(spec.origin).read_text(), command
        elif len(ours) > 1 and ours[0] != "COMMAND":
            parser().parse_args(ours)  # which ends the test if it does not know an option
        elif ours and ours[0] != "COMMAND":
            assert ours[0] in subparsers(), command


def test_every_option_that_the_readme_names_is_one() -> None:
    known = {option for command in subparsers().values() for option in command._option_string_actions}
    benchmarks = (ROOT / "tests/benchmarks/__main__.py").read_text(encoding="utf-8")
    known |= set(re.findall(r'"(--[\w-]+)"', benchmarks))
    named = set(re.findall(r"(?<!\w)--[a-z][\w-]*", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named - known - {"--to", "--template"} == set()  # those are nbconvert's


def test_commands_were_found() -> None:
    found = commands(text_of(ROOT / "README.md"))
    assert {"python3 -m rustgpt_lab", "rustgpt-lab grade class", "rustgpt-lab chat MODEL"} <= set(found)
