"""Kinds of layer that are not RustGPT's: their form follows from their constructor and their parameters."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from rustgpt_lab import LLM, Embeddings, FeedForward, LayerNorm, OutputProjection, SelfAttention, Vocab
from rustgpt_lab.errors import FileError
from rustgpt_lab.layers import REGISTRY, Layer, Residual, RMSNorm, TiedOutput, register
from rustgpt_lab.parameters import Param, ones
from rustgpt_lab.persistence import describe
from rustgpt_lab.persistence.bincode import varint
from rustgpt_lab.persistence.schema import MAX_DEPTH

from . import independent
from .models import same

EXTENSIONS = pytest.mark.parametrize("extension", ["bin", "json", "safetensors", "bin.zst"])
VOCAB = Vocab.default()


def fill(llm: LLM) -> LLM:
    rng = np.random.default_rng(0)
    for array in (llm.parameters.flat, llm.adam.m.flat, llm.adam.v.flat):
        array[:] = rng.random(array.size, np.float32)
    for name in llm.parameters.keys() - llm.adam.settings.keys():
        llm.adam.m[name][...] = llm.adam.v[name][...] = 0
    for i, settings in enumerate(llm.adam.settings.values()):
        settings.timestep = i
    return llm


@pytest.fixture
def toy() -> type[Layer]:
    """A kind of layer that only this test knows: settings of every type, parameters of every dimension."""

    @register(tag=200)
    class Toy(Layer):
        def __init__(self, d: int, slope: float, on: bool, word: str, most: int | None = None):
            self.d = self.d_in = self.d_out = d
            self.slope, self.on, self.word, self.most = slope, on, word, most

        def parameters(self) -> dict[str, Param]:
            cube = Param((2, self.d, 3))
            line = Param((self.d,), ones, adam=False)
            return {"cube": cube, "line": line, **({"extra": Param((1, 1))} if self.on else {})}

        def forward(self, x, batch, past=None):
            return x * self.p.line, None

    yield Toy
    del REGISTRY["Toy"]


def network(toy: type[Layer]) -> LLM:
    blocks = [
        Residual(RMSNorm(4, 1e-6), Residual(SelfAttention(4), toy(4, -0.1, True, "naïve"))),
        toy(4, 0.25, False, "", 7),
        FeedForward(4, 6),
    ]
    return fill(LLM(VOCAB, [Embeddings(6, 4, 5), *blocks, TiedOutput(4, 6)]))


@EXTENSIONS
def test_any_registered_layer_goes_through_every_file(
    extension: str, toy: type[Layer], tmp_path: Path
) -> None:
    llm, path = network(toy), tmp_path / f"m.{extension}"
    llm.save(path)
    found = LLM.load(path)
    assert same(found, llm)
    outer, plain = found.network[1], found.network[2]
    assert outer.layers[0].settings() == {"d": 4, "epsilon": 1e-6}
    assert outer.layers[1].layers[1].settings() == {
        "d": 4,
        "slope": -0.1,
        "on": True,
        "word": "naïve",
        "most": None,
    }
    assert plain.settings() == {"d": 4, "slope": 0.25, "on": False, "word": "", "most": 7}
    assert found.parameters["1.1.1.cube"].shape == (2, 4, 3)
    np.testing.assert_array_equal(found.logits([0, 1, 2]), llm.logits([0, 1, 2]))
    assert str(describe(path)).startswith(f"{path}: struct")
    found.save(tmp_path / "again.bin")
    llm.save(tmp_path / "direct.bin")
    assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "direct.bin").read_bytes()


def test_a_derived_form_is_its_settings_its_parameters_then_adams_states(tmp_path: Path) -> None:
    llm = fill(LLM(VOCAB, [RMSNorm(2, 0.5)]))
    llm.save(tmp_path / "m.bin")
    gamma, m, v = (a.tobytes() for a in (llm.parameters.flat, llm.adam.m.flat, llm.adam.v.flat))
    one_by_two = bytes([1, 1, 2, 2])
    settings = b"".join(independent.write("f32", x) for x in (0.9, 0.999, 1e-8)) + varint(0)
    layer = bytes([6, 2]) + independent.write("f32", 0.5) + one_by_two + gamma
    state = settings + one_by_two + m + one_by_two + v
    assert (tmp_path / "m.bin").read_bytes().endswith(b"\x01" + layer + state)


def test_names_of_tensors_go_from_the_network_inwards_and_a_tied_one_is_its_owners(
    toy: type[Layer], tmp_path: Path
) -> None:
    network(toy).save(tmp_path / "m.safetensors")
    names = set(safetensors.numpy.load_file(tmp_path / "m.safetensors"))
    assert {
        "1.0.gamma",
        "1.1.0.w_q",
        "1.1.1.cube",
        "1.1.1.optimizer_cube.m",
        "2.line",
        "0.token_embeddings",
    } <= names
    assert not [name for name in names if name.startswith("4.") or "optimizer_line" in name]


def test_no_other_kind_is_written_in_a_rustgpt_model(tmp_path: Path) -> None:
    LLM.build(VOCAB, 4, 6, 1).save(tmp_path / "m.bin")
    independent.decode((tmp_path / "m.bin").read_bytes())


@pytest.mark.parametrize("extension", ["bin", "json"])
def test_layers_cannot_be_nested_without_end(extension: str, tmp_path: Path) -> None:
    head = b"\x01\x04</s>\x00\x01\x00\x04</s>\x01\x04</s>\x01"
    vocab = b'{"vocab": {"encode": {"</s>": 0}, "decode": {"0": "</s>"}, "words": ["</s>"]}, "network": ['
    path = tmp_path / f"m.{extension}"
    path.write_bytes(
        head + b"\x05\x01" * 100_000 if extension == "bin" else vocab + b'{"Residual": {"layers": [' * 100_000
    )
    with pytest.raises(FileError, match=f"nested too deeply; expected at most {MAX_DEPTH} levels") as caught:
        LLM.load(path)
    assert caught.value.kind == "too deep"
    with pytest.raises(FileError, match="nested too deeply"):
        describe(path)


def test_settings_of_which_no_layer_can_be_made(tmp_path: Path) -> None:
    text = (
        '{"vocab": {"encode": {"</s>": 0}, "decode": {"0": "</s>"}, "words": ["</s>"]},'
        ' "network": [{"Residual": {"layers": []}}]}'
    )
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(
        FileError, match=r"network\[0\]\.Residual: no such layer can be made; expected settings"
    ):
        LLM.load(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"d": 2', '"d": 3', "RMSNorm.gamma.dim: a shape that does not fit.*expected 1 x 3, found 1 x 2"),
        ('"d": 2', '"d": 0', "expected 1 x 0, found 1 x 2"),
        ('"d": 2', '"d": 2.5', r"RMSNorm\.d.*expected a whole number from 0, found 2\.5"),
        ('"d": 2,', "", "an unknown field; expected d, epsilon, found 'gamma'"),
        (
            '"epsilon": 0.5',
            '"epsilon": null',
            r"RMSNorm\.epsilon.*expected a finite number from 0, found nan",
        ),
        ('"epsilon": 0.5', '"epsilon": -1', r"RMSNorm\.epsilon.*expected a finite number from 0, found -1"),
        (
            '"optimizer_gamma"',
            '"optimizer_beta"',
            "an unknown field; expected d, epsilon, gamma, optimizer_gamma",
        ),
    ],
)
def test_a_bad_field_of_a_derived_form_is_named(old: str, new: str, words: str, tmp_path: Path) -> None:
    fill(LLM(VOCAB, [RMSNorm(2, 0.5)])).save(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text()
    assert old in text
    (tmp_path / "m.json").write_text(text.replace(old, new, 1))
    with pytest.raises(FileError, match=words):
        LLM.load(tmp_path / "m.json")


def test_of_two_equal_settings_the_last_counts(tmp_path: Path) -> None:
    llm = fill(LLM(VOCAB, [RMSNorm(2, 0.5)]))
    llm.save(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text()
    (tmp_path / "m.json").write_text(text.replace('"d": 2,', '"d": 3, "d": 2,'))
    assert same(LLM.load(tmp_path / "m.json"), llm)
    (tmp_path / "m.json").write_text(text.replace('"gamma"', '"d": 3, "gamma"', 1))
    with pytest.raises(FileError, match="expected 1 x 3, found 1 x 2"):
        LLM.load(tmp_path / "m.json")


@EXTENSIONS
def test_a_setting_that_no_file_can_keep(extension: str, tmp_path: Path) -> None:
    @register(tag=201)
    class Own(Layer):
        def __init__(self, d: int, table: dict):
            self.d = self.d_in = self.d_out = d
            self.table = table

    try:
        with pytest.raises(
            FileError, match=r"Own\.table.*annotated as int, float, bool or str, found <class 'dict'>"
        ):
            LLM(VOCAB, [Own(3, {})]).save(tmp_path / f"m.{extension}")
        assert not list(tmp_path.iterdir())
    finally:
        del REGISTRY["Own"]


@pytest.mark.parametrize("extension", ["bin", "json"])
def test_a_limit_that_no_layer_knows_needs_safetensors(extension: str, tmp_path: Path) -> None:
    from rustgpt_lab.network import Network

    llm = LLM(VOCAB, Network([LayerNorm(4), OutputProjection(4, 6)], max_seq_len=9))
    with pytest.raises(FileError, match=r"no place for this; found max_seq_len=9.*safetensors"):
        llm.save(tmp_path / f"m.{extension}")
    llm.save(tmp_path / "m.safetensors")
    assert LLM.load(tmp_path / "m.safetensors").network.max_seq_len == 9


@EXTENSIONS
@pytest.mark.parametrize("field", ["timestep", "epsilon"])
def test_what_could_not_be_loaded_is_not_saved(extension: str, field: str, tmp_path: Path) -> None:
    llm = LLM.build(VOCAB, 4, 6, 1)
    setattr(llm.adam.settings["1.w_q"], field, (1 << 63) if field == "timestep" else float("nan"))
    with pytest.raises(FileError, match=rf"1\.w_q\.{field}: a setting outside its range"):
        llm.save(tmp_path / f"m.{extension}")
    assert not list(tmp_path.iterdir())


def test_a_model_of_the_largest_timestep_takes_a_step(tmp_path: Path) -> None:
    llm = LLM.build(VOCAB, 4, 6, 1)
    for settings in llm.adam.settings.values():
        settings.timestep = (1 << 63) - 1
    llm.save(tmp_path / "m.bin")
    LLM.load(tmp_path / "m.bin").train(["hello world </s>"], epochs=1, learning_rate=0.01)


@EXTENSIONS
def test_a_layer_without_numbers_is_not_saved(extension: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"a parameter without numbers; expected sizes from 1, found 1 x 0"):
        LLM(VOCAB, [LayerNorm(0)]).save(tmp_path / f"m.{extension}")
