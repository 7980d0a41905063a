"""What is built from this repository, what Binder installs, and what the README promises."""

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
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


def test_the_readme_s_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert targets
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert not missing


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
