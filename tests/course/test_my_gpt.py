"""What passes is written into `my_gpt.py` as it was written, nothing that passed is lost, no stranger's code runs."""
# ruff: noqa: E501

import ast
import inspect
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.course import check, guard, import_my_gpt, keep, progress, stand_alone
from rustgpt_lab.course.exercise import find_exercise
from rustgpt_lab.course.my_file import GLUE, KEPT, PARTS, File
from rustgpt_lab.course.my_gpt import functions_of
from rustgpt_lab.errors import ModelError

from .cells import run_cells

NUMPY = "import numpy as np\n"
NORM = """def layer_norm(x, gamma, beta, epsilon=1e-5):
    # every row by itself
    centred = x - x.mean(axis=-1, keepdims=True)  # (T, d)
    return gamma * centred / (x.std(axis=-1, keepdims=True) + epsilon) + beta
"""


@pytest.fixture
def file(progress_file: Path) -> Path:
    return progress_file.with_name("my_gpt.py")


def solved(id: str):
    return check(id, find_exercise(id).solution)


def test_a_pass_is_written_as_it_was_written(file: Path) -> None:
    verdict = check("04.4", run_cells(NUMPY, "x = 1\n\n# mine, at last\n" + NORM)["layer_norm"])
    assert verdict.message == "Your `layer_norm` is now in my_gpt.py."
    assert file.read_text().endswith(f"# ==== 04.4 Layer norm ====\n# mine, at last\n{NORM}")
    x = np.random.default_rng(0).normal(size=(3, 4))
    found = import_my_gpt().layer_norm(x, np.ones(4), np.zeros(4))
    assert np.allclose(found, find_exercise("04.4").solution(x, np.ones(4), np.zeros(4)))


def test_what_does_not_pass_or_is_no_part_of_a_model_is_not_written(file: Path) -> None:
    assert not check("04.4", lambda x, gamma, beta, epsilon=0: x)
    assert solved("02.3").message == ""
    assert not file.exists()


def test_the_order_is_fixed_and_the_learners_edits_stay(file: Path) -> None:
    solved("07.2")
    file.write_text(file.read_text().replace("m_hat", "mean") + "\n\n# my own notes\n")
    solved("02.1")
    solved("06.3")
    text = file.read_text()
    assert list(File.parse(text).sections) == ["02.1", "06.3", "07.2"]
    assert "# my own notes" in text and "mean = m / (1 - 0.9**t)" in text
    ast.parse(text)


def test_a_later_attempt_replaces_nothing_until_it_is_asked_for(file: Path) -> None:
    check("04.4", run_cells(NUMPY, NORM)["layer_norm"])
    first = file.read_text()
    check("04.4", lambda x, gamma, beta, epsilon=0: x)
    assert file.read_text() == first
    better = "def layer_norm(x, gamma, beta, epsilon=1e-5):\n    m, s = x.mean(1, keepdims=True), x.std(1, keepdims=True)\n"
    better += "    return (x - m) / (s + epsilon) * gamma + beta\n"
    verdict = check("04.4", run_cells(better)["layer_norm"])
    assert verdict
    assert '`course.keep("04.4")` puts this one in its place' in verdict.message
    assert file.read_text() == first
    assert keep("04.4") == "Your `layer_norm` is now in my_gpt.py."
    assert better in file.read_text()
    with pytest.raises(
        ModelError, match=r"nothing has passed here yet\. Run check\(\"08.1\", clip_by_norm\) first"
    ):
        keep("08.1")


def test_a_heading_that_stands_twice_loses_nothing(file: Path) -> None:
    solved("04.4")
    file.write_text(file.read_text() + "\n\n# ==== 04.4 Layer norm ====\nNOTES = 'mine'\n")
    solved("07.2")
    assert "NOTES = 'mine'" in file.read_text() and "def layer_norm" in file.read_text()


def test_a_file_that_is_not_python_at_the_moment_is_left_alone(file: Path) -> None:
    file.write_text("def half(:\n")
    verdict = solved("04.4")
    assert verdict
    assert "line 1 of my_gpt.py is not Python" in verdict.message
    assert file.read_text() == "def half(:\n"
    with pytest.raises(ModelError, match="cannot be imported"):
        import_my_gpt()


def test_a_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RUSTGPT_LAB_PROGRESS", str(tmp_path / "none" / "p.json"))
    with pytest.warns(UserWarning, match="cannot be written"):
        verdict = solved("04.4")
    assert verdict and "my_gpt.py cannot be written" in verdict.message


# ---- what a function needs ------------------------------------------------------------------------------------------

PLUS = "def embed(ids, token_table, position_table):\n"


@pytest.mark.parametrize(
    ("cells", "lines"),
    [
        ([PLUS + "    return add(token_table[ids], position_table[:len(ids)])\n"], ["from numpy import add"]),
        (["import numpy as xp\n", PLUS + "    return xp.add(token_table[ids], position_table[:len(ids)])\n"], ["import numpy as xp"]),
        (["from numpy import add as plus\n", PLUS + "    return plus(token_table[ids], position_table[:len(ids)])\n"], ["from numpy import add as plus"]),
        (["ONE = 1  # a constant\n", PLUS + "    return ONE * token_table[ids] + position_table[:len(ids)]\n"], ["ONE = 1"]),
        ([NUMPY + "ONES = np.ones(2)\n", PLUS + "    return ONES[0] * token_table[ids] + position_table[:len(ids)]\n"], ["ONES = np.array([1.0, 1.0], dtype='<f8')", "import numpy as np"]),
        (["def first(t, n):\n    # the first n\n    return t[:n]\n", PLUS + "    return token_table[ids] + first(position_table, len(ids))\n"], ["def first(t, n):\n    # the first n\n"]),
        (["def a(x):\n    return x\n", "def b(x):\n    return a(x)\n", PLUS + "    return b(token_table[ids]) + position_table[:len(ids)]\n"], ["def a(x)", "def b(x)"]),
        (["embed = lambda ids, t, p: t[ids] + p[: len(ids)]  # short\n"], ["embed = lambda ids, t, p: t[ids] + p[: len(ids)]  # short\n"]),
        (["pair = (lambda x: x), (lambda ids, t, p: t[ids] + p[: len(ids)])\nembed = pair[1]\n"], ["embed = lambda ids, t, p: t[ids] + p[: len(ids)]"]),
        (["def add_up(ids, t, p):\n    return t[ids] + p[: len(ids)]\nembed = add_up\n"], ["def add_up(ids, t, p)", "embed = add_up"]),
        (["def make(n):\n    def embed(ids, t, p):\n        return n * t[ids] + p[: len(ids)]\n    return embed\nembed = make(1)\n"], ["n = 1", "\ndef embed(ids, t, p):\n    return n * t[ids]"]),
        (["import functools\ndef noisy(f):\n    @functools.wraps(f)\n    def g(*a):\n        return f(*a)\n    return g\n", "@noisy\n" + PLUS + "    return token_table[ids] + position_table[:len(ids)]\n"], ["def noisy(f)", "@noisy\ndef embed", "import functools"]),
        (["def plain(f):\n    def g(*a):\n        return f(*a)\n    return g\n", "@plain\n" + PLUS + "    return token_table[ids] + position_table[:len(ids)]\n"], ["def plain(f)", "@plain\ndef embed"]),
        ([PLUS + "    return 1\n" + PLUS + "    return token_table[ids] + position_table[:len(ids)]  # second\n"], ["# second"]),
        ([PLUS + "    return sum([token_table[ids], position_table[:len(ids)]], HERE)\n", "HERE = 0\n"], ["HERE = 0"]),
        ([PLUS + "    def inner(x):\n        return x + SHIFT - SHIFT\n    return inner(token_table[ids]) + position_table[:len(ids)]\n", "SHIFT = 2.5\n"], ["SHIFT = 2.5"]),
    ],
)  # fmt: skip
def test_what_a_function_takes_from_its_notebook_comes_along(
    file: Path, cells: list[str], lines: list[str]
) -> None:
    namespace = run_cells("from numpy import add\n", *cells)
    verdict = check("02.1", namespace["embed"])
    assert verdict.message == "Your `embed` is now in my_gpt.py."
    text = file.read_text()
    assert all(line in text for line in lines), text
    assert "    return 1\n" not in text
    ids, tables = np.array([1, 0]), np.arange(24.0).reshape(2, 4, 3)
    assert np.array_equal(import_my_gpt().embed(ids, *tables), tables[0][ids] + tables[1][:2])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([NUMPY + "zeros = np.zeros((40, 40))\n", PLUS + "    return token_table[ids] + position_table[:len(ids)] + zeros[0, 0]\n"], "it uses `zeros` from another cell, an array of shape (40, 40), which cannot be written down"),
        ([NUMPY + "rng = np.random.default_rng()\n", PLUS + "    return token_table[ids] + position_table[:len(ids)] + 0 * rng.random()\n"], "it uses `rng` from another cell, a Generator"),
        ([PLUS + "    return token_table[ids] + position_table[:len(ids)] if len(ids) else nowhere\n"], "it uses `nowhere`, which this notebook does not define"),
        (["import operator\nclass C:\n    def __call__(self, ids, t, p):\n        return t[ids] + p[: len(ids)]\nembed = C()\n"], "it is no function of your own"),
    ],
)  # fmt: skip
def test_what_cannot_come_along_is_asked_for(file: Path, cells: list[str], words: str) -> None:
    verdict = check("02.1", run_cells(*cells)["embed"])
    assert verdict and verdict.message.startswith("It is not written into my_gpt.py: ")
    assert words in verdict.message
    assert not file.exists()


def test_without_a_source_the_pass_stays(file: Path) -> None:
    namespace: dict = {}
    exec(NUMPY + NORM, namespace)
    verdict = check("04.4", namespace["layer_norm"])
    assert verdict and "its source cannot be read" in verdict.message
    assert progress().rows


def test_two_helpers_of_one_name_are_told_apart(file: Path) -> None:
    one, other = (
        f"def softmax(s):\n    e = np.exp(s{minus})\n    return e / e.sum(-1, keepdims=True)\n"
        for minus in ("", " - 1")
    )
    users = {id: inspect.getsource(find_exercise(id).solution) for id in ("03.3", "05.1")}
    assert check("03.3", run_cells(NUMPY, one, users["03.3"])["self_attention"])
    same = one.replace("):\n", '):\n    """With a docstring."""\n', 1)
    verdict = check("05.1", run_cells(NUMPY, other, users["05.1"])["cross_entropy"])
    assert verdict and "section 03.3 of the file has another `softmax`" in verdict.message
    assert check("05.1", run_cells(NUMPY, same, users["05.1"])["cross_entropy"]).message.startswith("Your")
    assert file.read_text().count("def softmax") == 1
    lonely = inspect.getsource(find_exercise("03.3").solution).replace(
        "softmax(scores)", "np.exp(scores) / np.exp(scores).sum(1, keepdims=True)"
    )
    check("03.3", run_cells(NUMPY, lonely)["self_attention"])
    keep("03.3")
    logits = np.array([[1.0, 2.0]])
    assert np.isclose(
        import_my_gpt().cross_entropy(logits, np.array([1])),
        find_exercise("05.1").solution(logits, np.array([1])),
    )


def test_in_ipython_itself(file: Path) -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in ("import numpy as np", "%precision 3\\nscale = 1.0", "def embed(ids, t, p):\\n    # as it is\\n    return scale * t[ids] + p[: len(ids)]",
             "from rustgpt_lab.course import check\\nprint(check('02.1', embed).message)"):
    shell.run_cell(cell).raise_error()
"""
    run = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert "Your `embed` is now in my_gpt.py." in run.stdout, run.stdout + run.stderr
    assert "scale = 1.0\n\n\ndef embed(ids, t, p):\n    # as it is\n" in file.read_text()


def test_names_are_those_of_one_exercise_each() -> None:
    names = [find_exercise(id).name for id in KEPT]
    assert len({*names}) == len(names)
    assert {find_exercise(id).id for id in PARTS} == {*PARTS}


# ---- hostile and hapless code ---------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("checking", "my_gpt", "your_layers"):
        monkeypatch.setattr(f"rustgpt_lab.course.{module}.SECONDS", 0.3)


LOOP = "    while True:\n        "
ENDLESS = {
    "plain": LOOP + "pass\n",
    "calling": LOOP + "len(ids)\n",
    "catching all": LOOP + "try:\n            x = 1\n        except:\n            pass\n",
    "catching all in NumPy": LOOP
    + "try:\n            np.linalg.svd(np.eye(60))\n        except:\n            pass\n",
    "loops in loops": LOOP + "try:\n            while True: pass\n        except:\n            pass\n",
}


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_a_loop_for_ever_is_a_sentence(impatient: None, body: str) -> None:
    verdict = check("02.1", run_cells(NUMPY + PLUS + body)["embed"])
    assert verdict.status == "wrong"
    assert "it does not end: after 0.3 seconds it was still at line" in verdict.message
    assert solved("02.1")


def test_the_time_limit_leaves_nothing_behind() -> None:
    for _ in range(3):
        with pytest.raises(guard.TimeUp):
            guard.within(0.05, lambda: [None for _ in iter(int, 1)])
    total = 0
    for i in range(3_000_000):  # if an exception were still to come, it would come here
        total += i
    assert total
    assert guard.within(5, guard.within, 5, max, 1, 2) == 2
    for _ in range(50):
        if not [t for t in threading.enumerate() if t.name.startswith("rustgpt_lab time")]:
            break
        threading.Event().wait(0.1)
    else:
        raise AssertionError("the thread that looks on is still there")


def test_a_thousand_lines_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    check("02.1", run_cells(PLUS + "    for i in range(1000):\n        print('line', i)\n")["embed"])
    out = capsys.readouterr().out
    assert len(out) < 2 * guard.LETTERS
    assert "line 7\n" in out and "the rest of what is printed here is not shown" in out


# ---- a stranger's file, and the way home ----------------------------------------------------------------------------


def test_nothing_of_a_file_runs_until_it_is_imported(file: Path, tmp_path: Path) -> None:
    marker, stranger = tmp_path / "it ran", tmp_path / "stranger.json"
    runs = f"from pathlib import Path\n\nPath({str(marker)!r}).touch()\n"
    file.write_text(f"{runs}\n\n# ==== 08.3 Adaptive clipping ====\n{runs}")
    solved("04.4")
    keep("04.4")
    stranger.write_text(
        json.dumps({"passed": [], "predictions": {}, "my_gpt": f"# ==== 02.1 x ====\n{runs}embed = None\n"})
    )
    progress.restore(stranger)
    progress.download()
    with pytest.raises(ModelError):
        keep("01.1")
    stand_alone()
    assert file.read_text().count("touch()") == 3 and not marker.exists()
    import_my_gpt()
    assert marker.exists()


def test_it_is_downloaded_with_the_progress_and_brought_back(file: Path, tmp_path: Path) -> None:
    solved("04.4")
    solved("07.2")
    download = tmp_path / "download.json"
    download.write_bytes(progress.download().content)
    before = file.read_text()
    file.unlink()
    progress.restore(download)
    assert file.read_text() == before
    file.unlink()
    mine = run_cells(NUMPY, NORM)["layer_norm"]
    check("04.4", mine)
    progress.restore(download)
    assert NORM in file.read_text() and "def adam_step" in file.read_text()
    assert file.read_text().count("def layer_norm") == 1
    download.write_text(json.dumps({"passed": [], "predictions": {}, "my_gpt": "def ("}))
    with pytest.raises(ModelError, match="is not Python"):
        progress.restore(download)
    download.write_text(json.dumps({"passed": [], "predictions": {}, "my_gpt": 1}))
    with pytest.raises(ModelError, match="`my_gpt` is not a text"):
        progress.restore(download)


# ---- it stands alone ------------------------------------------------------------------------------------------------


def notebook_sources() -> dict[str, dict]:
    """The folded solutions, as a learner would have them in a notebook."""
    softmax = 'def softmax(scores):\n    """(..., n) -> (..., n); every row sums to 1."""\n    e = np.exp(scores - scores.max(axis=-1, keepdims=True))\n    return e / e.sum(axis=-1, keepdims=True)\n'
    before = (
        NUMPY
        + "from string import punctuation\nfrom rustgpt_lab.tokenizers import tokenize\nfrom rustgpt_lab.persistence.bincode import varint\n"
    )
    return {id: run_cells(before, softmax, find_exercise(id).code) for id in PARTS}


@pytest.mark.parametrize("order", [list(PARTS), list(PARTS)[::-1]], ids=["in order", "backwards"])
def test_the_file_stands_alone(file: Path, order: list[str]) -> None:
    namespaces = notebook_sources()
    for id in order:
        verdict = check(id, namespaces[id][find_exercise(id).name])
        assert verdict.message.endswith("is now in my_gpt.py."), verdict
    said = stand_alone()
    text = file.read_text()
    assert f"my_gpt.py stands alone: {len(text.splitlines())} lines, 19 of 19 functions are yours." in said
    assert len(text.splitlines()) <= 300
    assert len(str(File.parse(text).sections[GLUE]).splitlines()) <= 120
    assert "rustgpt_lab" not in text
    answers = alone(file)
    assert "the sun -> is a star </s>\n" in answers
    stand_alone()
    assert file.read_text() == text


def alone(file: Path) -> str:
    """What the file prints, where of all that is installed only NumPy can be imported."""
    only_numpy = (
        "import importlib.abc, runpy, sys\n"
        "import numpy\n"
        "class Only(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] not in sys.stdlib_module_names | {'numpy'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Only())\n"
        f"runpy.run_path({str(file)!r}, run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", only_numpy], text=True, capture_output=True, check=True
    ).stdout


def test_what_has_not_passed_is_filled_in_and_marked_as_ours(file: Path) -> None:
    check("04.4", run_cells(NUMPY, NORM)["layer_norm"])
    assert "1 of 19 functions are yours" in stand_alone()
    assert NORM in file.read_text()
    assert set(functions_of(import_my_gpt())) == {"04.4"}
    assert "-> is a star" in alone(file)
    solved("07.2")
    assert set(functions_of(import_my_gpt())) == {"04.4", "07.2"}
    assert "2 of 19 functions are yours" in stand_alone()


def test_what_it_takes_from_the_library_must_be_written_first(file: Path) -> None:
    before = NUMPY + "from rustgpt_lab.numerics import causal, softmax as soft\n"
    body = "def self_attention(x, w_q, w_k, w_v):\n    q, k, v = x @ w_q, x @ w_k, x @ w_v\n"
    check(
        "03.3",
        run_cells(before, body + "    return x + soft(causal(q @ k.T / np.sqrt(q.shape[1]))) @ v\n")[
            "self_attention"
        ],
    )
    with pytest.raises(ModelError, match="it takes `causal` from rustgpt_lab; write that yourself"):
        stand_alone()


def test_alone_it_trains_like_the_library(file: Path) -> None:
    from rustgpt_lab import Dataset

    for id in PARTS:
        solved(id)
    stand_alone()
    mine, data = import_my_gpt(), Dataset.packaged()
    texts = data.pretraining[:60] + data.chat[:60]
    ours = LLM.build(Vocab.from_texts(texts), 16, 24, 2, seed=3, dtype="float64")
    model = mine.MyGPT(texts, 16, 24, 2, seed=3)
    assert all(np.array_equal(w, model.p[name]) for name, w in ours.parameters.items())
    history = ours.train(texts, epochs=1, learning_rate=0.01, batch_size=4)
    assert len(history.loss) == 30
    assert np.abs(model.train(texts, 1, 0.01, 4) - np.array(history.loss)).max() < 1e-6
    for name, w in ours.parameters.items():
        assert np.abs(model.p[name] - w).max() < 1e-6
    for text in texts[::10]:
        start = " ".join(text.split()[:4])
        assert model.answer(start) == ours.predict(start)
    folder = file.parent
    for name in model.p:  # from the same numbers, the same bytes
        model.p[name][...], model.m[name][...], model.v[name][...] = (
            ours.parameters[name],
            ours.adam.m[name],
            ours.adam.v[name],
        )
    model.save(folder / "mine.bin")
    ours.save(folder / "ours.bin")
    assert (folder / "mine.bin").read_bytes() == (folder / "ours.bin").read_bytes()


def test_the_progress_variable_names_the_folder(file: Path) -> None:
    solved("04.4")
    assert file.parent == Path(os.environ["RUSTGPT_LAB_PROGRESS"]).parent and file.exists()
