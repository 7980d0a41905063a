"""Both of RustGPT's formats, both ways, against an independent reader and writer of them."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.errors import FileError
from rustgpt_lab.persistence import describe

from . import independent

TEXTS = ["naïve words learn words </s>", "words learn 日本 </s>"]


@pytest.fixture(scope="module")
def trained() -> LLM:
    """A small model whose weights, moments and counters have all moved."""
    llm = LLM.build(Vocab.from_texts(TEXTS), embedding_dim=4, hidden_dim=6, blocks=2, max_seq_len=7)
    llm.train(TEXTS, epochs=3, learning_rate=0.01)
    return llm


def without_activations(model: independent.Plain) -> independent.Plain:
    forms = dict(independent.LAYERS)
    for entry in model["network"]:
        [(name, fields)] = entry.items()
        fields |= {field: None for field, form in forms[name] if form == "?A"}
    return model


def assert_same(llm: LLM, model: independent.Plain) -> None:
    """The model's numbers, settings and words are those of the plain data, to the bit."""
    assert list(llm.vocab.words) == model["vocab"]["words"]
    assert len(llm.network) == len(model["network"])
    forms = dict(independent.LAYERS)

    def same(array: np.ndarray, plain: independent.Plain) -> None:
        assert array.dtype == np.float32
        assert list(array.shape) == plain["dim"]
        assert array.tobytes() == np.array(plain["data"], np.float32).tobytes()

    for i, entry in enumerate(model["network"]):
        [(name, fields)] = entry.items()
        assert type(llm.network[i]).__name__ == name
        for field, form in forms[name]:
            if form == "A":
                same(llm.parameters[f"{i}.{field}"], fields[field])
            elif form is independent.ADAM:
                parameter = f"{i}.{independent.parameter_of(field)}"
                same(llm.adam.m[parameter], fields[field]["m"])
                same(llm.adam.v[parameter], fields[field]["v"])
                settings = llm.adam.settings[parameter]
                for key in ("beta1", "beta2", "epsilon"):
                    assert np.float32(getattr(settings, key)) == np.float32(fields[field][key])
                assert settings.timestep == fields[field]["timestep"]
            elif form == "f32":
                assert np.float32(llm.network[i].epsilon) == np.float32(fields[field])  # type: ignore[attr-defined]


def test_a_saved_binary_file_has_every_field_in_order_and_no_byte_left(trained: LLM, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.bin")
    model = independent.decode((tmp_path / "m.bin").read_bytes())
    assert_same(trained, model)
    assert list(model["vocab"]["decode"]) == [str(i) for i in range(len(trained.vocab))]
    assert without_activations(model) == model


def test_a_saved_json_file_has_every_field_in_order(trained: LLM, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text("utf-8")
    model = json.loads(text)
    assert_same(trained, model)
    assert list(model) == ["vocab", "network"]
    assert list(model["vocab"]) == ["encode", "decode", "words"]
    for entry in model["network"]:
        [(name, fields)] = entry.items()
        assert list(fields) == [field for field, _ in dict(independent.LAYERS)[name]]
    lines = text.splitlines()
    assert lines[:3] == ["{", '  "vocab": {', '    "encode": {']
    assert lines[-1] == "}"
    assert '"epsilon": 1e-8' in text


def test_floats_in_json_are_the_shortest_that_mean_the_same(tmp_path: Path) -> None:
    llm = LLM.build(Vocab.default(), embedding_dim=2, hidden_dim=2, blocks=0, max_seq_len=3)
    hard = np.nextafter(np.float32(7.038531e-26), np.float32(0))  # NumPy, too, rounds twice
    special = np.array([0.1, -0.0, 1e-45, 3.4028235e38, 16777216.0, hard], np.float32)
    llm.parameters["0.positional_embeddings"].flat = special
    llm.save(tmp_path / "m.json")
    model = json.loads((tmp_path / "m.json").read_text(), parse_float=str)
    found = model["network"][0]["Embeddings"]["positional_embeddings"]["data"]
    assert [float(x) for x in found] == [0.1, -0.0, 1e-45, 3.4028235e38, 16777216.0, 7.038531e-26]
    assert found[0] == "0.1"
    assert found[1] == "-0.0"
    again = LLM.load(tmp_path / "m.json")
    assert again.parameters["0.positional_embeddings"].tobytes() == special.tobytes()


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("extension", ["bin", "json"])
def test_a_file_of_rustgpts_loads(extension: str, cached: bool, tmp_path: Path) -> None:
    model = independent.model(cached=cached)
    path = tmp_path / f"m.{extension}"
    if extension == "bin":
        path.write_bytes(independent.encode(model))
    else:
        path.write_text(json.dumps(model, indent=2, ensure_ascii=False), "utf-8")
    llm = LLM.load(path)
    assert_same(llm, model)
    llm.save(tmp_path / "again.bin")
    again = independent.decode((tmp_path / "again.bin").read_bytes())
    assert_same(llm, again)
    assert again == without_activations(model)


def test_no_format_changes_a_single_bit(trained: LLM, tmp_path: Path) -> None:
    trained.save(tmp_path / "direct.bin")
    llm = trained
    extensions = (
        "bin",
        "json",
        "safetensors",
        "bin.gz",
        "bin.zst",
        "json.gz",
        "json.zst",
        "safetensors.zst",
        "BIN",
        "Json.GZ",
        "SafeTensors",
    )
    for extension in extensions:
        llm.save(tmp_path / f"m.{extension}")
        llm = LLM.load(tmp_path / f"m.{extension}")
    llm.save(tmp_path / "last.bin")
    assert (tmp_path / "last.bin").read_bytes() == (tmp_path / "direct.bin").read_bytes()


def test_training_goes_on_as_if_the_model_had_never_been_a_file(trained: LLM, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.bin")
    loaded, stayed = LLM.load(tmp_path / "m.bin"), trained.copy()
    for llm in (loaded, stayed):
        llm.train(TEXTS, epochs=2, learning_rate=0.01)
    np.testing.assert_array_equal(loaded.parameters.flat, stayed.parameters.flat)
    assert loaded.adam.settings == stayed.adam.settings


def test_a_float64_model_is_rounded(trained: LLM, tmp_path: Path) -> None:
    wide = LLM.build(trained.vocab, 4, 6, 1, 7, dtype="float64")
    for extension in ("bin", "json", "safetensors"):
        wide.save(tmp_path / f"m.{extension}")
        loaded = LLM.load(tmp_path / f"m.{extension}")
        np.testing.assert_array_equal(loaded.parameters.flat, wide.parameters.flat.astype(np.float32))


def test_the_extension_decides(trained: LLM, tmp_path: Path) -> None:
    for name in ("m.json", "m.bin", "m.bin.zst", "m.JSON", "m.BIN", "x.json.bin"):
        trained.save(tmp_path / name)
        head = (tmp_path / name).read_bytes()[:1]
        assert (head == b"{") == name.lower().endswith(".json")
    trained.save(tmp_path / "m.Bin.GZ")
    assert (tmp_path / "m.Bin.GZ").read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("name", ["m", "m.npz", "m.gz", "m.pt", "m.jsonl", "json", "m.bin.bz2", "m.bin.old"])
def test_an_unknown_extension_is_refused(name: str, trained: LLM, tmp_path: Path) -> None:
    known = r"expected \.bin, \.json, \.safetensors, perhaps with \.gz or \.zst"
    with pytest.raises(FileError, match=known) as caught:
        trained.save(tmp_path / name)
    assert caught.value.kind == "extension"
    assert not list(tmp_path.iterdir())
    (tmp_path / name).write_bytes(b"\0")
    for use in (LLM.load, describe):
        with pytest.raises(FileError, match=known):
            use(tmp_path / name)


@pytest.mark.parametrize("name", ["m", "m.npz", "m.json"])
def test_a_model_under_another_name_is_recognized(name: str, trained: LLM, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.bin")
    (tmp_path / "m.bin").rename(tmp_path / name)
    with pytest.raises(FileError, match=r"Rename it so that it ends in \.bin\."):
        LLM.load(tmp_path / name)


def test_a_compressed_file_does_not_depend_on_the_time(trained: LLM, tmp_path: Path) -> None:
    for extension in ("bin.gz", "json.zst", "safetensors"):
        trained.save(tmp_path / f"a.{extension}")
        trained.save(tmp_path / f"b.{extension}")
        assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


def exact_float32(text: str) -> np.float32:
    """The nearest float32, by comparing exact fractions; ties to even."""
    exact = Fraction(text)
    guess = np.float32(float(text))
    near = [guess, np.nextafter(guess, np.float32(np.inf)), np.nextafter(guess, np.float32(-np.inf))]
    near.sort(key=lambda x: (abs(Fraction(float(x)) - exact), int(x.view(np.uint32)) & 1))
    return near[0]


def middles() -> list[str]:
    """Decimals on, just above and just below the middle between two neighbouring float32, where rounding is hard."""
    rng = np.random.default_rng(0)
    bits = np.append(rng.integers(1, 0x7F7FFFFE, 200), [0, 1, 2, 0x7FFFFF, 0x800000]).astype(np.uint32)
    found = ["7.038531e-26", "-7.038531e-26"]
    for low in bits.view(np.float32):
        middle = (float(low) + float(np.nextafter(low, np.float32(np.inf)))) / 2
        digits = f"{middle:.160e}".split("e")
        found += [f"{middle:.160e}", f"{digits[0]}1e{digits[1]}", repr(middle)]
        lowered = digits[0].rstrip("0")
        found.append(f"{lowered[:-1]}{int(lowered[-1]) - 1}{'9' * 20}e{digits[1]}")
    return found


def test_json_numbers_become_the_nearest_float32_even_where_float64_would_round_twice(tmp_path: Path) -> None:
    texts = middles()
    model = independent.model(words=3, d=1, hidden=1, length=len(texts), cached=False)
    model["network"][0]["Embeddings"]["positional_embeddings"]["data"] = ["@"] * len(texts)
    for moment in "mv":
        model["network"][0]["Embeddings"]["positional_optimizer"][moment]["data"] = [0.0] * len(texts)
    text = json.dumps(model)
    for number in texts:
        text = text.replace('"@"', number, 1)
    (tmp_path / "m.json").write_text(text)
    found = LLM.load(tmp_path / "m.json").parameters["0.positional_embeddings"].ravel()
    assert found.tobytes() == np.array([exact_float32(t) for t in texts]).tobytes()
