"""What is between a file and a model: diverged models, layers of one's own, the memory of loading."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from rustgpt_lab import LLM, Embeddings, LayerNorm, OutputProjection, Vocab, errors
from rustgpt_lab.layers import REGISTRY, RMSNorm
from rustgpt_lab.parameters import Param
from rustgpt_lab.persistence import schema
from rustgpt_lab.persistence.bincode import Bincode
from rustgpt_lab.persistence.json import Json
from rustgpt_lab.persistence.reader import Reader

EXTENSIONS = pytest.mark.parametrize("extension", ["bin", "json", "safetensors"])


def small() -> LLM:
    return LLM.build(Vocab.default(), embedding_dim=4, hidden_dim=6, blocks=1)


def test_rustgpts_forms_have_the_tags_parameters_and_optimizers_of_the_layers() -> None:
    assert [REGISTRY[name].tag for name in schema.RUSTGPT] == [0, 1, 2, 3, 4]
    for layer in small().network:
        fields, params = schema.form_of(type(layer).__name__).fields, layer.parameters()
        assert [name for name, kind in fields.items() if isinstance(kind, schema.Matrix)] == list(params)
        with_adam = [kind.parameter for kind in fields.values() if isinstance(kind, schema.State)]
        assert with_adam == [name for name, param in params.items() if param.adam]


@pytest.mark.parametrize("extension", ["bin", "safetensors", "bin.gz"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_diverged_model_is_saved_refused_and_opened_on_demand(
    extension: str, value: float, tmp_path: Path
) -> None:
    llm, path = small(), tmp_path / f"m.{extension}"
    llm.parameters["1.w_q"][1, 2] = value
    llm.save(path)
    with pytest.raises(
        errors.FileError,
        match=rf"network\[1\]\.SelfAttention\.w_q\[6\].*found {value}.*allow_nonfinite=True",
    ):
        LLM.load(path)
    np.testing.assert_array_equal(LLM.load(path, allow_nonfinite=True).parameters.flat, llm.parameters.flat)


@EXTENSIONS
def test_numbers_whose_squares_overflow_are_finite_all_the_same(extension: str, tmp_path: Path) -> None:
    llm, path = small(), tmp_path / f"m.{extension}"
    llm.parameters["1.w_q"][1, 2] = np.finfo(np.float32).max
    llm.save(path)
    assert LLM.load(path).parameters["1.w_q"][1, 2] == np.finfo(np.float32).max


def test_json_has_no_nan(tmp_path: Path) -> None:
    llm, path = small(), tmp_path / "m.json"
    llm.save(path)
    old = path.read_bytes()
    llm.parameters["1.w_q"][1, 2] = np.nan
    with pytest.raises(errors.FileError, match=r"m\.json: 1\.w_q\[6\]"):
        llm.save(path)
    assert path.read_bytes() == old


def test_what_serde_json_writes_for_nan_is_opened_on_demand(tmp_path: Path) -> None:
    llm, path = small(), tmp_path / "m.json"
    llm.parameters["1.w_q"][1, 2] = 0.25
    llm.save(path)
    path.write_text(path.read_text().replace(" 0.25,", " null,"))
    with pytest.raises(errors.FileError):
        LLM.load(path)
    assert np.isnan(LLM.load(path, allow_nonfinite=True).parameters["1.w_q"][1, 2])


@EXTENSIONS
def test_a_vocabulary_without_an_end_is_not_saved(extension: str, tmp_path: Path) -> None:
    llm = LLM.build(Vocab(["a", "b"]), 4, 6, 1)
    with pytest.raises(errors.FileError, match="'</s>'"):
        llm.save(tmp_path / f"m.{extension}")
    assert not list(tmp_path.iterdir())


@EXTENSIONS
def test_a_word_that_is_no_unicode_is_not_saved(extension: str, tmp_path: Path) -> None:
    llm = LLM.build(Vocab(["\ud800", "</s>"]), 4, 6, 1)
    with pytest.raises(errors.FileError, match=r"vocab\.words\[0\]"):
        llm.save(tmp_path / f"m.{extension}")
    assert not list(tmp_path.iterdir())


@EXTENSIONS
def test_a_layer_of_ones_own_is_not_saved(extension: str, tmp_path: Path) -> None:
    class Own(LayerNorm):
        pass

    llm = LLM(Vocab.default(), [Own(3)])
    with pytest.raises(errors.FileError, match=r"network\[0\].*found Own"):
        llm.save(tmp_path / f"m.{extension}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("limit", ["MAX_WORDS", "MAX_LAYERS"])
@EXTENSIONS
def test_more_words_or_layers_than_the_limit_are_not_saved(
    extension: str, limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, limit, 5)
    with pytest.raises(errors.FileError, match=r"at most 5, found 6"):
        small().save(tmp_path / f"m.{extension}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("source", [Bincode(b"\x03\x00\x00\x00"), Json(b'["", "", ""]')])
def test_a_file_with_more_words_than_the_limit_is_not_read(source: Reader) -> None:
    with pytest.raises(errors.FileError, match="at most 2"):
        source.read(schema.Seq(schema.STRING, most=2))


@pytest.mark.parametrize("extension", ["bin", "json", "safetensors", "bin.gz"])
def test_a_model_that_only_answers_takes_the_memory_of_its_weights(extension: str, tmp_path: Path) -> None:
    llm, path = small(), tmp_path / f"m.{extension}"
    llm.save(path)
    assert not {"m", "v"} & vars(llm.adam).keys(), "saving does not need moments"
    found = LLM.load(path)
    found.predict("hello")
    found.save(tmp_path / "again.bin")
    assert not {"m", "v"} & vars(found.adam).keys()
    assert "gradients" not in vars(found.network.parameters)
    llm.adam.v["1.w_q"][3, 3] = 0.5  # one number that is not 0
    llm.save(path)
    found = LLM.load(path)
    assert "m" not in vars(found.adam)
    np.testing.assert_array_equal(found.adam.v.flat, llm.adam.v.flat)
    llm.adam.m["1.w_q"][2, 1] = -0.0  # not even the sign of a 0 is lost
    llm.save(path)
    assert np.signbit(LLM.load(path).adam.m["1.w_q"][2, 1])


def test_a_safetensors_file_has_only_the_moments_that_moved(tmp_path: Path) -> None:
    llm, path = small(), tmp_path / "m.safetensors"

    def moments() -> set[str]:
        return {name for name in load_file(path) if name.endswith((".m", ".v"))}

    assert "without Adam's moments, which are all 0" in llm.save(path)
    assert load_file(path).keys() == llm.parameters.keys()
    llm.adam.v["1.w_q"][3, 3] = 0.5
    assert "and Adam's state for them" in llm.save(path)
    assert moments() == {"1.optimizer_w_q.v"}


class Moving(RMSNorm):
    """A layer with a parameter of a moment's name, and more of its own kind."""

    def parameters(self) -> dict[str, Param]:
        return {**super().parameters(), "m": Param((1, self.d_in))}


def test_a_parameter_of_a_moment_s_name_is_never_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Moving, "tag", 250)
    monkeypatch.setitem(REGISTRY, "Moving", Moving)
    llm, path = (
        LLM(Vocab.default(), [Embeddings(6, 4, 8), Moving(4), OutputProjection(4, 6)]),
        tmp_path / "m.safetensors",
    )
    llm.save(path)
    assert "1.m" in load_file(path) and "1.optimizer_m.m" not in load_file(path)
    np.testing.assert_array_equal(LLM.load(path).parameters["1.m"], np.zeros((1, 4)))


def test_copying_and_saving_a_model_that_only_answers_allocate_no_moments(tmp_path: Path) -> None:
    llm = LLM.build(Vocab.default(), embedding_dim=256, hidden_dim=512, blocks=2)
    weights = llm.parameters.flat.nbytes

    def most(do: Callable[[], Any]) -> float:
        tracemalloc.start()
        do()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak / weights

    assert most(llm.copy) < 1.2, "the weights, once more"
    assert most(lambda: llm.save(tmp_path / "m.safetensors")) < 0.3
    assert most(lambda: llm.save(tmp_path / "m.bin")) < 0.4
    assert not {"m", "v"} & (vars(llm.adam).keys() | vars(llm.copy().adam).keys())
    assert (tmp_path / "m.safetensors").stat().st_size < 1.1 * weights
    llm.adam.v["1.w_q"][3, 3] = 0.5
    assert llm.copy().adam.v["1.w_q"][3, 3] == 0.5 and "m" not in vars(llm.copy().adam)


PEAK = """
import os, re, sys
from pathlib import Path
import numpy as np
from rustgpt_lab import LLM, Vocab
def peak(name="VmHWM"):
    return int(re.search(rf"{name}:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) << 10
what, small, path = sys.argv[1:]
LLM.load(small).save(small)  # what is needed once is there
if what == "save":
    llm = LLM.build(Vocab.default(), embedding_dim=256, hidden_dim=512, blocks=2)
    for array in (llm.parameters.flat, llm.adam.m.flat, llm.adam.v.flat):
        array[:] = np.random.default_rng(0).random(array.size, np.float32)
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = peak("VmRSS")
if what == "save":
    llm.save(path)
else:
    before += 3 * LLM.load(path).parameters.flat.nbytes  # both moments, too; nothing has touched the gradients
print((peak() - before) / os.path.getsize(path))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a part of a process's life")
@EXTENSIONS
def test_loading_needs_the_memory_of_the_file_and_the_model_and_saving_little(
    extension: str, tmp_path: Path
) -> None:
    small_path, path = tmp_path / f"s.{extension}", tmp_path / f"m.{extension}"
    small().save(small_path)
    for what, most in (("save", 0.4), ("load", 1.1)):
        command = [sys.executable, "-c", PEAK, what, str(small_path), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        assert float(done.stdout) < most, f"files' sizes above the model, to {what}"
