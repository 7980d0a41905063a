"""What is built from this repository, what Binder installs, and what the README promises."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_markdown_cell
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import rustgpt_lab
from rustgpt_lab.bootstrap import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}
RUN_NOT_IMPORTED = {"ipykernel", "jupyterlab"}  # programs that the course runs in
IMPORTED_AS = {"simdjson": "pysimdjson"}
OPTIONAL = {
    "distributed",
    "fastapi",
    "jupyter_client",
    "jupyter_core",
    "numba",
    "pandas",
    "pydantic",
    "starlette",
    "uvicorn",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(wheel, sdist) of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def course_and_package() -> dict[str, Path]:
    """Path inside the wheel -> file of the checkout, for all that must travel."""
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "rustgpt_lab", "notebooks"],
        cwd=ROOT,
        check=True,
        text=True,
        capture_output=True,
    ).stdout.splitlines()
    files = {re.sub("^notebooks/", "rustgpt_lab/notebooks/", name): ROOT / name for name in tracked}
    return {name: path for name, path in files.items() if path.exists()}


def test_the_wheel_carries_the_package_and_the_course(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        inside = {name for name in wheel.namelist() if not re.search(r"\.(dist-info|data)/", name)}
        expected = course_and_package()
        assert inside == set(expected)
        assert "rustgpt_lab/notebooks/00_start_here.ipynb" in inside
        for name, path in expected.items():
            assert wheel.read(name) == path.read_bytes(), name


def test_the_wheel_s_metadata(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        info = f"rustgpt_lab-{rustgpt_lab.__version__}.dist-info/"
        metadata = Parser().parsestr(wheel.read(info + "METADATA").decode())
        scripts = wheel.read(info + "entry_points.txt").decode()
        assert info + "licenses/LICENSE" in wheel.namelist()
        template = "data/share/jupyter/nbconvert/templates/rustgpt_lab/index.html.j2"
        assert info.replace("dist-info/", "data/") + template in wheel.namelist()
    assert metadata["Version"] == rustgpt_lab.__version__
    assert metadata["License-Expression"] == "MIT"
    base = [r for r in map(Requirement, metadata.get_all("Requires-Dist")) if r.marker is None]
    assert {r.name: r.specifier for r in base} == REQUIREMENTS
    assert scripts.split() == ["[console_scripts]", "rustgpt-lab", "=", "rustgpt_lab.cli:main"]


def test_the_sdist_can_be_built_and_tested_from(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    names = {str(path.relative_to(ROOT)) for path in course_and_package().values()}
    assert names <= inside
    assert {"LICENSE", "README.md", "environment.yml", "pyproject.toml", "tests/__main__.py"} <= inside


def test_what_is_imported_is_what_is_required() -> None:
    imported = set()
    for path in (ROOT / "rustgpt_lab").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.split(".")[0])
    third_party = imported - sys.stdlib_module_names - {"rustgpt_lab"} - OPTIONAL
    third_party = {IMPORTED_AS.get(name, name.lower()) for name in third_party}
    assert third_party == set(REQUIREMENTS) - RUN_NOT_IMPORTED


def test_binder_installs_what_pyproject_requires() -> None:
    """The same packages, each pinned with one `=` to a release inside the range, then the package itself."""
    *conda, pip = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert pip == {"pip": ["-e ."]}
    conda.remove("pip")
    pins = dict(re.fullmatch(r"([\w-]+)=(\d[\d.]*)", line).groups() for line in conda)
    python = pins.pop("python")
    assert python == "3.11"
    assert Version(python) in SpecifierSet(PROJECT["requires-python"])
    assert set(pins) == set(REQUIREMENTS)
    for name, pin in pins.items():
        assert Version(pin) in REQUIREMENTS[name], name


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_opens_with_the_two_commands_and_a_picture() -> None:
    blocks = re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert [block.strip() for block in blocks[:2]] == ["python3 -m rustgpt_lab", "python3 -m tests"]
    for module in ("rustgpt_lab", "tests"):
        assert (ROOT / module / "__main__.py").exists()


def test_the_binder_badge_opens_the_first_notebook_in_lab() -> None:
    badge = r"\(https://mybinder\.org/v2/gh/[\w./-]+\?urlpath=lab/tree/([\w./-]+)\)"
    (path,) = set(re.findall(badge, README))
    assert (ROOT / path).exists()
    assert Path(path).name == "00_start_here.ipynb"


def test_the_readme_s_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["answer"] == names["again"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_a_learner_s_work_outlives_an_upgrade(built: tuple[Path, Path], tmp_path: Path) -> None:
    """Installed elsewhere, opened in an empty folder, worked in, upgraded: all of theirs stays, all else is new."""
    place, mine = tmp_path / "installed", tmp_path / "empty"
    mine.mkdir()
    install(built[0], place)
    open_course(place, mine)
    course = mine / "rustgpt_lab_course"
    packaged = {path.name for path in (ROOT / "notebooks").iterdir() if path.is_file()}
    assert {path.name for path in course.glob("*.*") if not path.name.startswith(".")} == packaged - OWN

    add_cell(course / "00_start_here.ipynb", "my answer")
    for name in OWN:
        (course / name).write_text("mine")
    theirs = {name: (course / name).read_bytes() for name in ("00_start_here.ipynb", *OWN)}

    install(next_edition(tmp_path / "source"), place)
    open_course(place, mine)
    assert {name: (course / name).read_bytes() for name in theirs} == theirs
    for name in ("00_start_here.new.ipynb", "01_text_to_tokens.ipynb", "99_new.ipynb"):
        assert "of the next edition" in (course / name).read_text(encoding="utf-8")
    version = [sys.executable, "-c", "import rustgpt_lab; print(rustgpt_lab.__version__)"]
    said = subprocess.run(version, cwd=mine, env=os.environ | {"PYTHONPATH": str(place)}, capture_output=True)
    assert said.stdout.split() == [b"99.0.0"]


OWN = {"my_progress.json", "my_gpt.py", "notes.txt"}


def install(wheel: Path, place: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--upgrade",
        "--target",
        str(place),
    ]
    subprocess.run([*pip, str(wheel)], check=True)


def open_course(place: Path, folder: Path) -> None:
    """Run `rustgpt-lab` in a folder until Lab is open, and end it as a learner does."""
    command = [sys.executable, str(place / "bin" / "rustgpt-lab"), "--no-browser"]
    environment = os.environ | {"PYTHONPATH": str(place), "HOME": str(folder.parent)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            lines = iter(process.stdout.readline, "")
            assert any("Your course is open at" in line for line in lines)
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 0
        finally:
            process.kill()


def next_edition(source: Path) -> Path:
    """The wheel of a later version: two lessons changed, one new."""
    for name in ("rustgpt_lab", "notebooks"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    first = source / "notebooks" / "00_start_here.ipynb"
    shutil.copy(first, source / "notebooks" / "99_new.ipynb")
    for name in ("00_start_here", "01_text_to_tokens", "99_new"):
        add_cell(source / "notebooks" / f"{name}.ipynb", "of the next edition")
    module = source / "rustgpt_lab" / "__init__.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace(f'"{rustgpt_lab.__version__}"', '"99.0.0"'), encoding="utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(source / "dist")]
    subprocess.run(build, cwd=source, check=True)
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel


def add_cell(path: Path, text: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_markdown_cell(text))
    nbformat.write(notebook, path)
