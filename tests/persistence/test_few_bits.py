"""Models of few bits as `.safetensors`: what comes back, how small it is, and what is refused."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from rustgpt_lab import LLM, Dataset, Vocab, persistence
from rustgpt_lab.errors import FileError, ModelError
from rustgpt_lab.quantized import KINDS, Quantized, QuantizedNetwork, quantized
from rustgpt_lab.tokenizers import BytePairs

VOCAB = Vocab([*"abcdefgh", "</s>"])


def small(kind: str = "int8", **options: Any) -> LLM:
    heads = {"heads": 2} if options.get("architecture", "rustgpt") != "rustgpt" else {}
    llm = LLM.build(VOCAB, 8, 12, 1, **options, **heads)
    return LLM(llm.vocab, quantized(llm.network, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", ["rustgpt", "gpt2", "llama"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_comes_back_to_the_bit(kind: str, architecture: str, suffix: str, tmp_path: Path) -> None:
    llm, path = small(kind, architecture=architecture), tmp_path / f"m.safetensors{suffix}"
    assert f"parameters in {kind}, for answering only" in llm.save(path)
    again = LLM.load(path)
    assert isinstance(again.network, QuantizedNetwork) and repr(again) == repr(llm)
    assert again.max_seq_len == llm.max_seq_len
    for name, weights in llm.parameters.items():
        found = again.parameters[name]
        assert type(found) is type(weights)
        for ours, theirs in (
            [(weights.data, found.data), (weights.scale, found.scale)]
            if isinstance(weights, Quantized)
            else [(weights, found)]
        ):
            assert ours is theirs is None or (ours.dtype == theirs.dtype and np.array_equal(ours, theirs))
    np.testing.assert_array_equal(again.logits("a b c"), llm.logits("a b c"))
    again.save(tmp_path / "again.safetensors")
    llm.save(tmp_path / "first.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "first.safetensors").read_bytes()
    with pytest.raises(ModelError, match="only answers"):
        again.train(["a b"], 1, 0.1)


def test_byte_pairs_come_back(tmp_path: Path) -> None:
    llm = LLM.build(BytePairs.train(["a hat, a cat </s>"] * 2, 261), 8, 8, 1)
    LLM(llm.vocab, quantized(llm.network)).save(tmp_path / "m.safetensors")
    assert LLM.load(tmp_path / "m.safetensors").tokenize("a cat") == llm.tokenize("a cat")


def test_the_formats_own_library_reads_it(tmp_path: Path) -> None:
    llm = small()
    llm.save(tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", framework="numpy") as file:
        whole = file.get_tensor("1.w_q")
        scale = file.get_tensor("1.w_q.scale")
        assert whole.dtype == np.int8 and scale.dtype == np.float32 and scale.shape == (1, 8)
        np.testing.assert_array_equal(whole * scale, np.asarray(llm.parameters["1.w_q"]))
        assert file.metadata()["precision"] == "int8"
        starts = {name: file.get_slice(name).get_dtype() for name in file.offset_keys()}
    assert [kind for kind in starts.values() if kind == "F32"] == list(starts.values())[
        : list(starts.values()).count("F32")
    ]


def test_the_packaged_model_is_a_quarter_and_answers_as_before(tmp_path: Path) -> None:
    """Beside the weights alone: a file of 32 bits has two moments for each of them, too, one of few bits has none."""
    llm = LLM.packaged()
    LLM(llm.vocab, quantized(llm.network)).save(tmp_path / "m.safetensors")
    size = (tmp_path / "m.safetensors").stat().st_size
    assert size <= 0.27 * llm.parameters.flat.nbytes
    prompts = [text.split(" Assistant:")[0] for text in Dataset.packaged().chat]
    pairs = zip(
        llm.predict_all(prompts), LLM.load(tmp_path / "m.safetensors").predict_all(prompts), strict=True
    )
    assert np.mean([a == b for a, b in pairs]) >= 0.99


def test_only_safetensors_has_a_place_for_it(tmp_path: Path) -> None:
    for name in ("m.bin", "m.json", "m.bin.gz"):
        with pytest.raises(FileError, match="no place") as caught:
            small().save(tmp_path / name)
        assert caught.value.kind == "no place" and not (tmp_path / name).exists()


def test_describe_names_what_it_holds(tmp_path: Path) -> None:
    llm = small()
    llm.save(tmp_path / "m.safetensors")
    node = next(c for c in persistence.describe(tmp_path / "m.safetensors").children if c.name == "1.w_q")
    assert (node.kind, node.length, node.shape) == ("I8", 64, (8, 8))
    assert node.stats is not None and max(abs(node.stats.min), node.stats.max) == 127


# ---- hostile files --------------------------------------------------------------------------------------------------


def taken_apart(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def put_together(path: Path, header: dict[str, Any], numbers: bytes) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)


def meta(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda header: header["__metadata__"].update({name: value})


def layers(change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def edit(header: dict[str, Any]) -> None:
        found = json.loads(header["__metadata__"]["architecture"])
        found = change(found) or found
        header["__metadata__"]["architecture"] = json.dumps(found)

    return edit


def tensor(name: str, **change: Any) -> Callable[[dict[str, Any]], None]:
    return lambda header: header[name].update(change)


def renamed(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    return lambda header: header.update({new: header.pop(old)})


def nested(depth: int) -> Any:
    inner: Any = [{"RMSNorm": {"d": 8, "epsilon": 1e-5}}]
    for _ in range(depth):
        inner = [{"Residual": {"layers": inner}}]
    return inner


HOSTILE: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("setting", meta("precision", "int4")),
    ("setting", meta("precision", "x" * 10_000)),
    ("tensor type", meta("precision", "float16")),
    ("tensor type", lambda header: header["__metadata__"].pop("precision")),
    ("json", meta("architecture", "[" * 100_000)),
    ("json", meta("architecture", "[NaN]")),
    ("type", meta("architecture", "{}")),
    ("type", meta("architecture", '[["SelfAttention"]]')),
    ("type", meta("architecture", '[{"SelfAttention": 3}]')),
    ("layer", meta("architecture", '[{"Pickle": {}}]')),
    ("surplus tensor", meta("architecture", "[]")),
    ("json", meta("vocabulary", "nonsense")),
    ("type", meta("vocabulary", '["a", 3]')),
    ("word twice", meta("vocabulary", '["a", "a", "</s>"]')),
    ("shape", meta("vocabulary", '["a", "</s>"]')),
    ("type", meta("max_seq_len", '"many"')),
    ("type", meta("max_seq_len", "true")),
    ("setting", meta("max_seq_len", "-1")),
    ("json", meta("max_seq_len", "")),
    ("missing field", layers(lambda found: found[1]["SelfAttention"].clear())),
    ("unknown field", layers(lambda found: found[1]["SelfAttention"].update(more=1))),
    ("type", layers(lambda found: found[1]["SelfAttention"].update(embedding_dim="8"))),
    ("type", layers(lambda found: found[1]["SelfAttention"].update(embedding_dim=True))),
    ("setting", layers(lambda found: found[1]["SelfAttention"].update(embedding_dim=-8))),
    ("shape", layers(lambda found: found[1]["SelfAttention"].update(embedding_dim=1 << 40))),
    ("setting", layers(lambda found: found[2]["LayerNorm"].update(epsilon=-1.0))),
    ("missing tensor", layers(lambda found: found.insert(1, {"RMSNorm": {"d": 1 << 40, "epsilon": 1e-5}}))),
    ("too deep", layers(lambda found: nested(200))),
    ("missing tensor", renamed("1.w_q.scale", "1.w_q.scales")),
    ("missing tensor", renamed("0.token_embeddings", "0.embeddings")),
    ("tensor type", tensor("1.w_q", dtype="U8")),
    ("header", tensor("1.w_q", dtype="F64")),
    ("header", tensor("1.w_q", dtype="F16")),
    ("tensor type", tensor("1.w_q", shape=[64])),
    ("shape", tensor("1.w_q", shape=[4, 16])),
    ("shape", tensor("1.w_q.scale", shape=[8, 1])),
    ("header", tensor("1.w_q", shape=[8, 9])),
    ("header", tensor("1.w_q", data_offsets=[0, 64])),
]


@pytest.mark.parametrize(
    ("kind", "change"), HOSTILE, ids=[f"{i}-{kind}" for i, (kind, _) in enumerate(HOSTILE)]
)
def test_a_hostile_file_is_refused(kind: str, change: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    small().save(path)
    header, numbers = taken_apart(path)
    change(header)
    put_together(path, header, numbers)
    with pytest.raises(FileError) as caught:
        LLM.load(path)
    assert caught.value.kind == kind and str(path) in str(caught.value)


def test_the_ends_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    small().save(path)
    header, numbers = taken_apart(path)
    for kind, changed in (("cut off", numbers[:-1]), ("trailing bytes", numbers + b"\0")):
        put_together(path, header, changed)
        with pytest.raises(FileError) as caught:
            LLM.load(path)
        assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("kind", "name"), [("int8", "1.w_q.scale"), ("float16", "1.w_q"), ("int8", "2.beta")]
)
def test_what_is_not_finite_is_refused_unless_it_is_allowed(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    small(kind).save(path)
    header, numbers = taken_apart(path)
    start = header[name]["data_offsets"][0]
    size = 2 if header[name]["dtype"] == "F16" else 4
    nan = np.array(np.nan, f"<f{size}").tobytes()
    put_together(path, header, numbers[:start] + nan + numbers[start + size :])
    with pytest.raises(FileError, match="not finite") as caught:
        LLM.load(path)
    assert name in str(caught.value)
    assert LLM.load(path, allow_nonfinite=True)


def test_whatever_is_changed_it_loads_or_is_refused(tmp_path: Path) -> None:
    """2,000 files with some bytes changed, of two kinds; nothing else may come of them."""
    rng, path, loaded = random.Random(0), tmp_path / "m.safetensors", 0
    for kind in KINDS:
        small(kind, architecture="llama" if kind == "int8" else "rustgpt").save(path)
        whole = path.read_bytes()
        for _ in range(1000):
            data = bytearray(whole)
            for _ in range(rng.choice((1, 1, 2, 5))):
                place = rng.randrange(min(len(data), 4000))
                data[place] = rng.choice((rng.randrange(256), data[place] ^ 1 << rng.randrange(8), ord("9")))
            path.write_bytes(data[: rng.choice((len(data), rng.randrange(len(data))))])
            try:
                LLM.load(path, allow_nonfinite=True)
                loaded += 1
            except FileError:
                pass
    assert loaded > 20
