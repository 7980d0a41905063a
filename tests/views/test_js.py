"""The JavaScript that ships with the package: its own tests, and where it must agree with Python."""

import json
import random
import subprocess

import pytest

from rustgpt_lab import Dataset
from rustgpt_lab.bootstrap import ROOT
from rustgpt_lab.tokenizers import tokenize
from rustgpt_lab.views.canvas import bundle
from rustgpt_lab.views.style import JS

FOLDER = ROOT / "tests" / "js"
VIEWS = [path.stem for path in JS.glob("*.js") if "export default" in path.read_text(encoding="utf-8")]


def test_the_javascript_tests_pass(node: str) -> None:
    done = subprocess.run([node, "--test"], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# tests 0" not in done.stdout


def test_both_tokenizers_cut_alike(node: str) -> None:
    rng = random.Random(0)
    pieces = [
        *map(chr, range(0x250)),
        *"\u1680\u180e\u2003\u200b\u2028\u2029\u202f\u205f\u3000\ufeff\U0001f600",
        *("</s>", "<", " ", "the"),
    ]  # fmt: skip
    texts = ["".join(rng.choices(pieces, k=rng.randint(0, 12))) for _ in range(5000)]
    texts += [" ".join(rng.choices(["</s>", "a</s>", "</s>.", "é!"], k=6)) for _ in range(100)]
    texts += Dataset.packaged().texts
    done = subprocess.run(
        [node, "tokenize_stdin.js"],
        cwd=FOLDER,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    for text, found in zip(texts, json.loads(done.stdout), strict=True):
        assert found == tokenize(text), repr(text)


@pytest.mark.parametrize("view", VIEWS)
def test_a_bundle_is_one_module_without_imports(view: str, node: str) -> None:
    source = bundle(view)
    assert not any(line.startswith("import ") for line in source.splitlines())
    assert source.count("export ") == source.count("export default ") == 1
    check = subprocess.run(
        [node, "--check", "--input-type=module"], input=source, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stderr
    assert "http" not in source.replace("http://www.w3.org/2000/svg", "")
